"""Only the tokens at which the policy was most undecided: kept where H is at or above its quantile 1 − share.

H is the entropy of the next-token distribution, at the sampling temperature, before the step. A fifth of all tokens
unless told: the forks of a response, while the rest follows from them. The threshold is that of all tokens of a step
together; ties at it are kept. At n = 1 the formula is the same; a step of equal entropies keeps every token.
Source: "Beyond the 80/20 rule" (arXiv 2506.01939); the quantile interpolates linearly, as TRL's does.
Equivalents: TRL `top_entropy_quantile: 0.2`, whose threshold is that of a micro-batch over all processes, tokens of
rollouts without an advantage among them.
"""

import numpy as np
from numpy.typing import NDArray

ENTROPIES = True
RANGES = {"share": "(0, 1]"}


def keep(
    entropies_K: NDArray[np.float64],
    logprobs_K: NDArray[np.float64],  # noqa: ARG001
    advantages_K: NDArray[np.float64],  # noqa: ARG001
    *,
    share: float = 0.2,
) -> NDArray[np.bool_]:
    """Return kept_K."""
    kept: NDArray[np.bool_] = entropies_K >= np.quantile(entropies_K, 1.0 - share)
    return kept
