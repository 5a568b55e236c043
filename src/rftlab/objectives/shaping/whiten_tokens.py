"""Advantages standardised over the round's tokens: A' = (A − ΣL·A/ΣL) / √(σ² + ε), L being response lengths.

σ² = ΣL·(A − mean)² / (ΣL − 1): every token is one observation, so that long responses weigh more in both moments. On
`raw` it is REINFORCE++, on `group_mean` REINFORCE++ with a group baseline. At n = 1 the formula is the same (verl's
variant with a group baseline leaves the reward of a lone rollout, where `group_mean` gives 0). A round of one token has
no spread, and A' = A; equal advantages give A' = 0. ε is inside the root, as in verl, and not added to it.
Source: REINFORCE++ (arXiv 2501.03262) as verl computes it, without discount: `masked_whiten`, Bessel's correction over
tokens and ε = 1e-8 included.
Equivalents: verl `reinforce_plus_plus` (of `raw`) and `reinforce_plus_plus_baseline` (of `group_mean`); OpenRLHF
`reinforce` and `reinforce_baseline`, by their published formula.
"""

import numpy as np
from numpy.typing import NDArray

RANGES = {"epsilon": "(0, inf)"}


def shape(
    advantages_Bn: NDArray[np.float64], lengths_Bn: NDArray[np.int64], *, epsilon: float = 1e-8
) -> NDArray[np.float64]:
    """Return (advantages_Bn − mean) / √(variance + ``epsilon``), both over tokens."""
    tokens = int(lengths_Bn.sum())
    if tokens == 1:
        return advantages_Bn.copy()
    relative_Bn = advantages_Bn - advantages_Bn.flat[0]  # equal advantages then give exactly 0
    deviations_Bn = relative_Bn - (lengths_Bn * relative_Bn).sum() / tokens
    variance = (lengths_Bn * deviations_Bn**2).sum() / (tokens - 1)
    whitened_Bn: NDArray[np.float64] = deviations_Bn / np.sqrt(variance + epsilon)
    return whitened_Bn
