"""Without the few tokens that cost most entropy: dropped where low < c < high, c = (A − Ā)·(log π − mean log π).

Tokens that are likely and well paid, or unlikely and badly paid, have a large c, and learning from them makes the
policy more certain. At most ⌊share·K⌋ of the K tokens are dropped, and at least one where one is in the band: those
of largest c. Means are over the tokens of a step. At n = 1 the formula is the same; equal advantages of all tokens give
c = 0, and nothing is dropped.
Source: Clip-Cov (arXiv 2505.22617); the bounds are verl's. There the tokens of the band that are dropped are drawn by
chance, log π is that of the policy in this very step, and tokens that a clip has silenced are not counted.
Equivalents: verl `loss_mode: clip_cov`, but for the above.
"""

import numpy as np
from numpy.typing import NDArray

RANGES = {"share": "(0, 1]"}


def keep(
    entropies_K: NDArray[np.float64],  # noqa: ARG001
    logprobs_K: NDArray[np.float64],
    advantages_K: NDArray[np.float64],
    *,
    share: float = 2e-4,
    low: float = 1.0,
    high: float = 5.0,
) -> NDArray[np.bool_]:
    """Return kept_K."""
    covariances_K = (advantages_K - advantages_K.mean()) * (logprobs_K - logprobs_K.mean())
    in_band_K = (covariances_K > low) & (covariances_K < high)
    count = min(max(int(share * covariances_K.size), 1), int(in_band_K.sum()))
    largest = np.argsort(np.where(in_band_K, -covariances_K, np.inf), kind="stable")[:count]
    kept_K = np.ones(covariances_K.shape, dtype=bool)
    kept_K[largest] = False
    return kept_K
