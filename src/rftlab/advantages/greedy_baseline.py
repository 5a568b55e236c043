"""The reward minus that of the query's greedy response: A = r − r_greedy.

The greedy response is decoded by the same policy in the same round, scored like a rollout and never trained on; it
costs one more rollout of each query, which counts in budgets of rollouts and tokens. At n = 1 the formula is the same.
Equal rewards give equal advantages, zero only where the greedy response earns the same. Statistics rollouts do not
enter.
Source: ReMax (arXiv 2310.10505).
Equivalents: verl `remax`.
"""

from rftlab.advantages import Floats, Round

GREEDY = True  # planning and the loop read it without importing this file


def advantage(scores: Round) -> Floats:
    """Return advantages_Bn = rewards_Bn − greedy_B.

    Raises:
        ValueError: the round has no greedy responses.
    """
    if scores.greedy_B is None:
        raise ValueError("greedy_baseline needs the rewards of greedy responses")
    baselines_B1: Floats = scores.greedy_B[:, None]
    return scores.rewards_Bn - baselines_B1
