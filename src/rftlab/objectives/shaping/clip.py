"""Advantages within a bound: A' = min(max(A, −bound), bound).

The rare outcome of a query that is nearly always or nearly never solved weighs no more than the bound. At n = 1 the
formula is the same, and so it is for a single rollout and for equal advantages.
Source: a bound on standardised advantages is common and nobody's invention; 5 is our choice.
Equivalents: ROLL `advantage_clip`, which is unset by default.
"""

import numpy as np
from numpy.typing import NDArray

RANGES = {"bound": "(0, inf)"}


def shape(
    advantages_Bn: NDArray[np.float64],
    lengths_Bn: NDArray[np.int64],  # noqa: ARG001
    *,
    bound: float = 5.0,
) -> NDArray[np.float64]:
    """Return advantages_Bn, none below −``bound`` and none above ``bound``."""
    return np.clip(advantages_Bn, -bound, bound)
