"""The policy loss of a token, and what becomes of the ratio ρ = π/π_old between the trained and the sampling policy.

``policy_loss(logprobs_NT, old_logprobs_NT, mask_NT, advantages_N, *, parameters…) -> loss_NT``. π_old is the
sampler's distribution. With one update per round, on rollouts drawn from the policy itself, ρ = 1 and all levels have
the gradient of `none`; they differ where the sampler computes otherwise than the trainer, by as much as the metrics
`mismatch_…` say.
"""
