"""Advantages as they are: A' = A.

At n = 1, for a single rollout and for equal advantages alike.
Source: none needed.
"""

import numpy as np
from numpy.typing import NDArray


def shape(advantages_Bn: NDArray[np.float64], lengths_Bn: NDArray[np.int64]) -> NDArray[np.float64]:  # noqa: ARG001
    """Return advantages_Bn."""
    return advantages_Bn
