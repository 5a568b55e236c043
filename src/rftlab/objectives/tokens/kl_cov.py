"""The few tokens that cost most entropy are held back: + coefficient·½·(log π − log π_old)² where c is largest.

c = (A − Ā)·(log π − mean log π) as in `clip_cov`; of the K tokens the ⌊share·K⌋ of largest c, at least one, keep their
policy loss and get this penalty. In the first step on a round π = π_old, and the penalty has no gradient: it acts from
the second on, where `update.minibatches` or epochs make several, or where the sampler is not the trainer and the ratio
compares with it. Means are over the tokens of a step. At n = 1 the formula is the same; equal advantages of all tokens
give c = 0, and the first tokens are taken.
Source: KL-Cov (arXiv 2505.22617); share and coefficient are verl's. There log π in c is that of the policy in this very
step, and the penalty is |log π − log π_old|: its gradient has one size however small the difference, so that the
rounding of a sampler would pull as hard as a policy that has moved far. Half the square is `k2`, of the same KL.
Equivalents: verl `loss_mode: kl_cov`, but for the above; its policy loss is that of `importance`.
"""

import numpy as np
from numpy.typing import NDArray

PULLS = True
RANGES = {"share": "(0, 1]", "coefficient": "[0, inf)"}


def keep(
    entropies_K: NDArray[np.float64],  # noqa: ARG001
    logprobs_K: NDArray[np.float64],
    advantages_K: NDArray[np.float64],
    *,
    share: float = 2e-4,
    coefficient: float = 1.0,  # noqa: ARG001 - of the penalty, which is not this function's
) -> NDArray[np.bool_]:
    """Return kept_K, false for the tokens that are held back."""
    covariances_K = (advantages_K - advantages_K.mean()) * (logprobs_K - logprobs_K.mean())
    largest = np.argsort(-covariances_K, kind="stable")[: max(int(share * covariances_K.size), 1)]
    kept_K = np.ones(covariances_K.shape, dtype=bool)
    kept_K[largest] = False
    return kept_K
