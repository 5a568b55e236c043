"""What is written down of a round: a line of ``metrics.jsonl``, which holds no clock, and one of ``timings.jsonl``."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rftlab.advantages import Round
from rftlab.rewards.scoring import Score, rates
from rftlab.rollouts import Rollout
from rftlab.runfolder.log import peak_memory_mb


def metrics(
    scores: Round,
    advantages_Bn: NDArray[np.float64],
    rollouts: Sequence[Rollout],
    judgements: Sequence[Score],
    trained_indices: Sequence[int],
) -> dict[str, Any]:
    """Means over the trained rollouts of a round; failures of verifiers are counted over all rollouts.

    Args:
        scores: rewards and lengths of the round.
        advantages_Bn: its training signal.
        rollouts: all B·M of them, statistics rollouts included.
        judgements: the verifier's of each.
        trained_indices: of those that are trained on.
    """
    trained_judgements = [judgements[i] for i in trained_indices]
    trained_rollouts = [rollouts[i] for i in trained_indices]
    return {
        "reward_mean": float(scores.rewards_Bn.mean()),
        "accuracy": float(np.mean([judgement.correct for judgement in trained_judgements])),
        **rates(trained_judgements, judgements),
        "signal_share": float((advantages_Bn != 0).any(axis=1).mean()),
        "response_length": float(scores.lengths_BM[:, : scores.n].mean()),
        "truncation_rate": float(np.mean([rollout.truncated for rollout in trained_rollouts])),
        "entropy": -float(np.mean(np.concatenate([rollout.logprobs for rollout in trained_rollouts]))),
    }


class Clock:
    """Seconds of a round by what they were spent on, each of which may come several times."""

    def __init__(self) -> None:
        self.seconds = {"sample_s": 0.0, "score_s": 0.0, "update_s": 0.0}
        self._mark = time.perf_counter()

    def lap(self, name: str) -> None:
        """Count the time since the last lap, or since the beginning, as spent on ``name``."""
        now = time.perf_counter()
        self.seconds[name] += now - self._mark
        self._mark = now


def timings(seconds: Mapping[str, float], tokens: int) -> dict[str, Any]:
    """When a round ended and where its seconds went.

    Args:
        seconds: spent on sampling, scoring and the update.
        tokens: sampled in the round.
    """
    return {
        "time_ms": int(time.time() * 1000),
        **seconds,
        "tokens_per_s": tokens / sum(seconds.values()),
        "peak_memory_mb": peak_memory_mb(),
    }
