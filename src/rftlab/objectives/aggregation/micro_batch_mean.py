"""The mean over micro-batches of each one's mean over tokens: w = 1 / (K·ΣL over the micro-batch), K micro-batches.

A micro-batch is ``size`` rollouts that follow one another in the round, query by query; the last one has what is left,
each rollout of which then weighs more: five at ``size`` 4 leave one that is half of the loss.
It belongs to the formula, as frameworks that average each piece by itself made it, and not to the machine: how a round
is cut to fit into memory changes nothing here. A token's weight depends on its neighbours' lengths, and differs from
`token_mean`'s the more, the more lengths differ.

At n = 1 the formula is the same. With ``size`` = n it is `query_mean`, with 1 `sequence_mean`, with B·n or more
`token_mean`.
Source: arXiv 2601.22532, whose scripts train on micro-batches of 4; TRL's bnpo and SkyRL's legacy mean with their own.
Equivalents: TRL `loss_type: bnpo` with its own micro-batches.
"""

import numpy as np
from numpy.typing import NDArray

RANGES = {"size": "[1, inf)"}


def token_weights(lengths_Bn: NDArray[np.int64], limit: int, *, size: int = 4) -> NDArray[np.float64]:  # noqa: ARG001
    """Return weights_Bn = 1 / (K·Σ lengths of the micro-batch), K = ⌈B·n / ``size``⌉; lengths in tokens, at least 1."""
    starts = np.arange(0, lengths_Bn.size, size)
    totals_K = np.add.reduceat(lengths_Bn.ravel(), starts)
    weights_N = 1.0 / (len(starts) * totals_K.repeat(size)[: lengths_Bn.size])
    return weights_N.reshape(lengths_Bn.shape)
