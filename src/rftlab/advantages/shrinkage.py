"""The reward minus a shrunken mean: A = r − [(1 − λ)·μ₋ⱼ + λ·μ̄₋ᵢ], over the query's M = n + m rollouts.

μ₋ⱼ is the mean of the query's other rollouts, as in `leave_one_out`, μ̄₋ᵢ that of the other queries' means. A mean of
few rollouts is mostly noise, so it is drawn towards the others' by λ = v/(v + τ²): v is the noise of μ₋ⱼ, the mean of
s²/(M − 1), and τ² the spread of true means, the variance of means less their noise s²/M, at least 0. All of these are
taken over the other queries, so that no rollout is in its own yardstick. At n = 1 without statistics rollouts λ = 1;
below three queries τ² is unknown and λ = 0; a single rollout gives A = r. Equal rewards of a query leave
λ·(r − μ̄₋ᵢ); A = 0 only when those of the whole round are equal.
Source: the baseline is arXiv 2511.03710's; estimating λ by moments, as above, is our choice.
"""

import numpy as np

from rftlab.advantages import Floats, Round


def advantage(scores: Round) -> Floats:
    """Return advantages_Bn as above."""
    relative_BM = scores.rewards_BM - scores.rewards_BM.flat[0]  # equal rewards then give exactly 0
    B, M = relative_BM.shape
    if B == M == 1:  # nothing to compare with
        return scores.rewards_Bn.copy()
    means_B1 = relative_BM.mean(axis=1, keepdims=True)
    others_B1 = (means_B1.sum() - means_B1) / (B - 1) if B > 1 else np.zeros((1, 1))
    if M == 1:
        shrunken_BM = others_B1
    else:
        alone_BM = (relative_BM.sum(axis=1, keepdims=True) - relative_BM) / (M - 1)
        share_B1 = noise_share(relative_BM)
        shrunken_BM = (1.0 - share_B1) * alone_BM + share_B1 * others_B1
    return (relative_BM - shrunken_BM)[:, : scores.n]


def noise_share(rewards_BM: Floats) -> Floats:
    """λ of each query [B, 1], from the rewards of the other queries; 0 where they are too few or without noise."""
    B, M = rewards_BM.shape
    shares_B1 = np.zeros((B, 1))
    for i in range(B if B > 2 else 0):
        others_BM = np.delete(rewards_BM, i, axis=0)
        variance = float(others_BM.var(axis=1, ddof=1).mean())
        spread = max(0.0, float(others_BM.mean(axis=1).var(ddof=1)) - variance / M)
        noise = variance / (M - 1)
        shares_B1[i] = noise / (noise + spread) if noise > 0 else 0.0
    return shares_B1
