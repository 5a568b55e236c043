"""Penalties for leaving the base model, one number per token, with d = log π − log π_ref of the sampled token.

``penalty(logprobs_NT, reference_logprobs_NT) -> penalty_NT``. k1 and k3 have the expectation KL(π‖π_ref) under π, k2
has nearly that; but the gradient of an unbiased estimate is no unbiased estimate of the gradient, because the
tokens themselves were drawn from π. Each level says what its gradient estimates when it is a term of the loss.

All statements hold for the next token at a given prefix. That π also chooses the prefixes is differentiated by none
of them (arXiv 2506.09477).
"""
