"""Every rollout weighs the same, its tokens sharing the weight: w = 1 / (N·L).

The mean over rollouts of each rollout's mean over tokens. A long failure costs no more than a short one, so length
goes unpunished. At n = 1 the formula is the same.
Source: GRPO (arXiv 2402.03300).
Equivalents: TRL `loss_type: grpo`; verl `loss_agg_mode: seq-mean-token-mean`.
"""

import numpy as np
from numpy.typing import NDArray


def token_weights(lengths_Bn: NDArray[np.int64], limit: int) -> NDArray[np.float64]:  # noqa: ARG001
    """Return weights_Bn = 1 / (N·lengths_Bn), with N = B·n; lengths are in tokens, at least 1."""
    return 1.0 / (lengths_Bn.size * lengths_Bn.astype(np.float64))
