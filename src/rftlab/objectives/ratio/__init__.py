"""The policy loss of a token, and what becomes of the ratio ρ = π/π_old between the trained and the sampling policy.

``policy_loss(logprobs_NT, old_logprobs_NT, mask_NT, advantages_N, *, parameters…) -> loss_NT``. π_old is the
sampler's distribution, or, in a file that declares `OLD_POLICY = "trainer"`, what the trainer computes before the
update: a clip would otherwise silence whole rollouts for a sampler's rounding in bfloat16. With one step per round,
on rollouts drawn from the policy itself, ρ = 1 and all levels have the gradient of `none`; those that compare with the
sampler differ where it computes otherwise than the trainer, by as much as the metrics `mismatch_…` say.
`update.minibatches` and `update.epochs` make several steps: from the second on ρ is how far the round has moved it.
A file whose loss has a gradient where the advantage is 0 declares `LEASH = True`: such rollouts are trained on then.
`clipped_tokens` and `clipped_rollouts` are the shares whose ratio is held at a bound.
"""
