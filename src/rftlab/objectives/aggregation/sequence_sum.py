"""The log-probability of whole rollouts, averaged: w = 1 / N.

The mean over rollouts of each rollout's sum over tokens: the policy gradient as it is derived, with a rollout as the
bandit's one action. At n = 1 the formula is the same.
Source: REINFORCE (Williams 1992); verl calls it seq-mean-token-sum.
Equivalents: TRL `loss_type: luspo` (with `gspo`'s ratio); verl `loss_agg_mode: seq-mean-token-sum`.
"""

import numpy as np
from numpy.typing import NDArray


def token_weights(lengths_Bn: NDArray[np.int64], limit: int) -> NDArray[np.float64]:  # noqa: ARG001
    """Return weights_Bn = 1 / N, with N = B·n; lengths are in tokens, at least 1."""
    return np.full(lengths_Bn.shape, 1.0 / lengths_Bn.size)
