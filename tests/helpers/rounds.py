"""A round written in one line, for the tests of advantages."""

from collections.abc import Sequence

import numpy as np

from rftlab.advantages import Past, Round


def round_of(
    *rewards: Sequence[float],
    n: int | None = None,
    lengths: Sequence[Sequence[int]] | None = None,
    queries: Sequence[str] | None = None,
    past: Past | None = None,
    greedy: Sequence[float] | None = None,
) -> Round:
    """One row of rewards per query; all rollouts are trained on unless ``n`` says how many, all lengths are 7."""
    rewards_BM = np.array(rewards, dtype=np.float64)
    lengths_BM = np.full(rewards_BM.shape, 7) if lengths is None else np.array(lengths)
    ids = tuple(queries or (f"q{row}" for row in range(len(rewards))))
    greedy_B = None if greedy is None else np.array(greedy, dtype=np.float64)
    return Round(rewards_BM, lengths_BM.astype(np.int64), n or rewards_BM.shape[1], ids, past or Past(), greedy_B)
