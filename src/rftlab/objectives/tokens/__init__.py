"""Which tokens the policy loss is taken of: chosen over all tokens of a step, before any of them is trained on.

``keep(entropies_K, logprobs_K, advantages_K, *, parameters…) -> kept_K``, over the K response tokens of the rollouts
that a step trains on, whatever micro-batches they are cut into. What is not kept has no policy loss; it still counts in
the weights of tokens, and has its KL penalty and its entropy bonus. ``entropies_K`` are those of the policy before the
step and cost a forward pass: a file that needs them declares `ENTROPIES = True`, and gets an empty array otherwise.
``logprobs_K`` are the sampler's. In a file that declares `PULLS = True`, a token that is not kept has its policy loss
and ``coefficient`` · ½(log ρ)² more.
"""
