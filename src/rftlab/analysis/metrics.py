"""Metrics: arrays in, numbers out. Values of one query each, and summaries of a curve over checkpoints or rounds."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def pass_at_k(correct: ArrayLike, samples: int, k: int) -> Floats:
    """Chance that at least one of k samples is correct, unbiased from n ≥ k samples of which c are.

    1 − C(n−c, k) / C(n, k) = 1 − Π_{j<k} (n−c−j) / (n−j), the share of the subsets of k samples with a success.
    Resampling with replacement instead is biased low (n=8, c=1, k=4: 0.414 against 0.500).

    Args:
        correct: c, an array of any shape.
        samples: n.
        k: size of the subsets.

    Returns:
        Fractions, shaped as ``correct``.

    Raises:
        ValueError: not 1 ≤ k ≤ n, or a count outside 0…n.

    Source: Chen et al., arXiv 2107.03374.
    """
    counts = np.asarray(correct, dtype=np.float64)
    if not 1 <= k <= samples:
        raise ValueError(f"pass@{k} needs 1 ≤ k ≤ the number of samples, which is {samples}")
    if ((counts < 0) | (counts > samples)).any():
        raise ValueError(f"counts of correct samples must lie in 0…{samples}")
    j = np.arange(k)
    factors = np.clip(samples - counts[..., None] - j, 0, None) / (samples - j)
    return np.asarray(1.0 - factors.prod(axis=-1))


def maj_at_k(answers_Qn: NDArray[np.int64], correct_Qn: NDArray[np.bool_], k: int) -> Floats:
    """Chance that the most frequent answer among the first k samples is correct.

    A sample without an answer (code −1) does not vote; no vote at all counts as wrong. Tied answers share the decision
    equally, which is the expectation of a fair draw: the value is deterministic and does not depend on the order of the
    k samples. Answers are the same when their codes are, so two spellings of one number do not pool their votes.

    Args:
        answers_Qn: code of each extracted answer, −1 for none.
        correct_Qn: whether the sample was scored correct.
        k: number of samples that vote; with k = n all of them, and the sampling order plays no part.

    Returns:
        values_Q, fractions.

    Raises:
        ValueError: shapes differ, or not 1 ≤ k ≤ n.

    Source: self-consistency, arXiv 2203.11171.
    """
    if answers_Qn.shape != correct_Qn.shape:
        raise ValueError(f"answers {answers_Qn.shape} and correct {correct_Qn.shape} differ in shape")
    if not 1 <= k <= answers_Qn.shape[1]:
        raise ValueError(f"maj@{k} needs 1 ≤ k ≤ the number of samples, which is {answers_Qn.shape[1]}")
    answers_Qk, correct_Qk = answers_Qn[:, :k], correct_Qn[:, :k]
    votes_Qk = (answers_Qk[:, :, None] == answers_Qk[:, None, :]).sum(axis=2)
    votes_Qk[answers_Qk < 0] = 0
    most_Q1 = votes_Qk.max(axis=1, keepdims=True)
    # Winning answers have equally many samples each: a mean over those samples weighs the answers equally.
    won_Qk = (votes_Qk == most_Q1) & (most_Q1 > 0)
    return np.asarray((won_Qk & correct_Qk).sum(axis=1) / np.maximum(won_Qk.sum(axis=1), 1))


def value_at(x_P: Floats, y: Floats, at: float) -> Floats:
    """Read curves at ``at``, linearly between their points.

    Args:
        x_P: increasing positions of the P points.
        y: values, shape (…, P).
        at: a position in x_0 … x_P.

    Returns:
        Values, shape (…).

    Raises:
        ValueError: positions do not increase, or ``at`` lies outside them.
    """
    _check_positions(x_P, y)
    if not x_P[0] <= at <= x_P[-1]:
        raise ValueError(f"{at:g} lies outside the curve, which runs from {x_P[0]:g} to {x_P[-1]:g}")
    right = max(1, int(np.searchsorted(x_P, at)))
    if right == len(x_P):  # a curve of one point, at that point
        return np.asarray(y[..., -1])
    share = (at - x_P[right - 1]) / (x_P[right] - x_P[right - 1])
    return np.asarray(y[..., right - 1] * (1.0 - share) + y[..., right] * share)


def area_under_curve(x_P: Floats, y: Floats, until: float) -> Floats:
    """Average height of curves from their first point to ``until``: ∫ y dx / (until − x_0), by trapezoids.

    In the unit of y: for accuracies it is an average accuracy. A span of zero gives the height at that point.

    Args:
        x_P: increasing positions of the P points.
        y: values, shape (…, P).
        until: where to stop, in x_0 … x_P.

    Returns:
        Averages, shape (…).

    Raises:
        ValueError: as for :func:`value_at`.
    """
    end = value_at(x_P, y, until)
    if until == x_P[0]:
        return end
    before = x_P < until
    x = np.append(x_P[before], until)
    heights = np.concatenate([y[..., before], end[..., None]], axis=-1)
    return np.asarray(np.trapezoid(heights, x, axis=-1) / (until - x_P[0]))


def first_mean(values_R: Floats, share: float) -> float:
    """Mean over the first ⌈share·R⌉ rounds; NaN without any."""
    return float(values_R[: _window(values_R, share)].mean()) if len(values_R) else float("nan")


def last_mean(values_R: Floats, share: float) -> float:
    """Mean over the last ⌈share·R⌉ rounds; NaN without any."""
    return float(values_R[-_window(values_R, share) :].mean()) if len(values_R) else float("nan")


def peak_mean(values_R: Floats, share: float) -> float:
    """Largest mean over any ⌈share·R⌉ consecutive rounds; NaN without any."""
    if not len(values_R):
        return float("nan")
    windows = np.lib.stride_tricks.sliding_window_view(values_R, _window(values_R, share))
    return float(windows.mean(axis=1).max())


def collapsed(accuracy_R: Floats, share: float, kept: float) -> bool:
    """Whether a run lost what it had: its last mean accuracy is below ``kept`` times its peak mean.

    Both means are over ⌈share·R⌉ consecutive rounds. A run that never rose above zero has nothing to lose.
    """
    return last_mean(accuracy_R, share) < kept * peak_mean(accuracy_R, share)


def collapse(accuracy_R: Floats, entropy_R: Floats, truncated_R: Floats, share: float) -> tuple[str, ...]:
    """In which ways a policy has ended up dead: over the last ⌈share·R⌉ rounds, and not over the first.

    ``reward``: nothing is correct any more. ``entropy``: below a hundredth of what it was in the first ⌈share·R⌉
    rounds, so that sampling gives the same again and again. ``truncation``: no response ends by itself.
    """
    if not len(accuracy_R):
        return ()
    ways = {
        "reward": last_mean(accuracy_R, share) == 0.0 < peak_mean(accuracy_R, share),
        "entropy": last_mean(entropy_R, share) < 0.01 * first_mean(entropy_R, share),
        "truncation": last_mean(truncated_R, share) == 1.0 > first_mean(truncated_R, share),
    }
    return tuple(name for name, found in ways.items() if found)


def _window(values_R: Floats, share: float) -> int:
    if not 0 < share <= 1:
        raise ValueError(f"a share of the rounds lies in (0, 1], not {share:g}")
    return max(1, int(np.ceil(share * len(values_R) - 1e-9)))  # 0.2·15 is 3.0000000000000004


def _check_positions(x_P: Floats, y: Floats) -> None:
    if len(x_P) == 0 or y.shape[-1] != len(x_P) or not (np.diff(x_P) > 0).all():
        raise ValueError(f"a curve needs increasing positions, one for each of its values: {x_P.tolist()}")
