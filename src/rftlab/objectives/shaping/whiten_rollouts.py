"""Advantages standardised over the round's rollouts: A' = (A − mean) / (std + ε), each rollout counting once.

At n = 1 the formula is the same. A single rollout has no spread, and A' = A; equal advantages give A' = 0. The mean of
a round is 0 then whatever the advantage was, so that a query without signal can get one: of what others earned.
Source: SPO (arXiv 2509.13232), which standardises over a batch; ε and ddof are those of `group_norm`.
Equivalents: SPO's global normalisation; tinker-cookbook and TRL (`scale_rewards: batch`) divide and subtract otherwise.
"""

import numpy as np
from numpy.typing import NDArray

RANGES = {"epsilon": "(0, inf)", "ddof": (0, 1)}


def shape(
    advantages_Bn: NDArray[np.float64],
    lengths_Bn: NDArray[np.int64],  # noqa: ARG001
    *,
    epsilon: float = 1e-6,
    ddof: int = 1,
) -> NDArray[np.float64]:
    """Return (advantages_Bn − mean) / (std + ``epsilon``), mean and std over all of them."""
    if advantages_Bn.size == 1:
        return advantages_Bn.copy()
    relative_Bn = advantages_Bn - advantages_Bn.flat[0]  # equal advantages then give exactly 0
    deviations_Bn: NDArray[np.float64] = relative_Bn - relative_Bn.mean()
    std = float(deviations_Bn.std(ddof=ddof))
    return deviations_Bn / (std + epsilon)
