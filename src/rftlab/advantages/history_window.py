"""The reward standardised over its query's last w rewards, this round's included: A = (r − mean_w) / (std_w + ε).

Only rewards are remembered; no old rollout is trained on. A window that holds one reward gives A = r, so with n = 1
this is `raw` until queries recur. A window of equal rewards gives A = 0. A query drawn twice in a round is taken row by
row: the later row sees the earlier one's rewards. The window stands in for statistics rollouts, which do not enter it.
Source: the replay of arXiv 2601.22532; taking ε and ddof as in `group_norm` is our assumption.
"""

import numpy as np

from rftlab.advantages import Floats, Round, deviations

RANGES = {"window": "[n, inf)", "epsilon": "(0, inf)", "ddof": (0, 1)}


def advantage(scores: Round, *, window: int = 8, epsilon: float = 1e-6, ddof: int = 1) -> Floats:
    """Return advantages_Bn, each row standardised over the last ``window`` rewards of its query.

    Raises:
        ValueError: the n rewards of a row do not fit into the window.
    """
    if scores.n > window:
        raise ValueError(f"history_window: window={window} is shorter than the {scores.n} rollouts of a query")
    this_round: dict[str, list[float]] = {}
    advantages_Bn = np.empty_like(scores.rewards_Bn)
    for row, (query, rewards_n) in enumerate(zip(scores.queries, scores.rewards_Bn, strict=True)):
        seen = this_round.setdefault(query, [])
        seen.extend(rewards_n.tolist())
        recent = np.array([*scores.past.by_query.get(query, []), *seen][-window:])
        if recent.size == 1:
            advantages_Bn[row] = rewards_n
        else:
            deviations_w = deviations(recent, axis=None)
            advantages_Bn[row] = deviations_w[-scores.n :] / (deviations_w.std(ddof=ddof) + epsilon)
    return advantages_Bn
