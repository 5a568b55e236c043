"""Every token of the round weighs the same: w = 1 / ΣL.

Long responses weigh more than short ones, and failures' tokens count in the denominator though their advantage is 0.
At n = 1 the formula is the same.
Source: DAPO (arXiv 2503.14476), verl's default over a whole batch; arXiv 2601.22532 averages micro-batches, see
`micro_batch_mean`.
Equivalents: TRL `loss_type: dapo`; verl `loss_agg_mode: token-mean`.
"""

import numpy as np
from numpy.typing import NDArray


def token_weights(lengths_Bn: NDArray[np.int64], limit: int) -> NDArray[np.float64]:  # noqa: ARG001
    """Return weights_Bn = 1 / Σ lengths_Bn; lengths are in tokens, at least 1."""
    return np.full(lengths_Bn.shape, 1.0 / lengths_Bn.sum())
