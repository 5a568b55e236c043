"""Every token weighs the same in every round: w = 1 / (N·limit), limit being the longest response allowed.

`sequence_sum` at another scale: no length of any response enters a weight. At n = 1 the formula is the same.
Source: Dr. GRPO (arXiv 2503.20783).
Equivalents: TRL `loss_type: dr_grpo`; verl `loss_agg_mode: seq-mean-token-sum-norm`.
"""

import numpy as np
from numpy.typing import NDArray


def token_weights(lengths_Bn: NDArray[np.int64], limit: int) -> NDArray[np.float64]:
    """Return weights_Bn = 1 / (N·``limit``), with N = B·n; lengths and ``limit`` are in tokens, at least 1."""
    return np.full(lengths_Bn.shape, 1.0 / (lengths_Bn.size * limit))
