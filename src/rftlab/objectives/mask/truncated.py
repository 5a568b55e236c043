"""Truncated rollouts are left out: w = 0 for them, and for the others w·ΣwL / Σ(wL of the others).

Their share of the loss is shared out among the others in proportion, so that all tokens together weigh what they did
before: with `token_mean` the loss is the mean over the others' tokens, with `sequence_mean` the mean over the others.
With `share_out: false` the others keep their weights, and the loss shrinks with what is left out. A round that is
truncated throughout has no weight at all. At n = 1 the formula is the same. Equal rewards or not, it does not look at
them: those of truncated rollouts still count in the means and standard deviations of advantages.
Source: the overlong filtering of DAPO (arXiv 2503.14476); `share_out: false` is TRL's `mask_truncated_completions` with
its losses grpo and dr_grpo, which divide by all rollouts.
"""

import numpy as np
from numpy.typing import NDArray


def mask(
    weights_Bn: NDArray[np.float64],
    lengths_Bn: NDArray[np.int64],
    truncated_Bn: NDArray[np.bool_],
    *,
    share_out: bool = True,
) -> NDArray[np.float64]:
    """Return weights_Bn of tokens, 0 where the rollout is truncated; lengths are in tokens."""
    kept_Bn = np.where(truncated_Bn, 0.0, weights_Bn)
    total, kept = (weights_Bn * lengths_Bn).sum(), (kept_Bn * lengths_Bn).sum()
    return kept_Bn * (total / kept) if share_out and 0 < kept < total else kept_Bn
