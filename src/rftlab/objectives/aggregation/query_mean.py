"""Every query weighs the same, the tokens of its rollouts sharing the weight: w = 1 / (B·ΣL over the query).

`token_mean` within a query, then the mean over queries. At n = 1 it is `sequence_mean`.
Source: the group-wise length normalisation of Magistral (arXiv 2506.10910).
"""

import numpy as np
from numpy.typing import NDArray


def token_weights(lengths_Bn: NDArray[np.int64], limit: int) -> NDArray[np.float64]:  # noqa: ARG001
    """Return weights_Bn = 1 / (B·Σ lengths_Bn), the sum along each query's row; lengths are in tokens, at least 1."""
    weights_B1 = 1.0 / (len(lengths_Bn) * lengths_Bn.sum(axis=1, keepdims=True))
    return np.broadcast_to(weights_B1, lengths_Bn.shape).copy()
