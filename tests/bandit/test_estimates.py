"""Estimates against every outcome of small bandits, and against theory worked out here."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from math import sqrt

import numpy as np
import pytest
from scipy.stats import binom

from rftlab import levels
from rftlab.advantages import Round
from rftlab.bandit import estimates
from rftlab.bandit.estimates import binomial, chances, enumerated, estimate, pasts, sample, sampled
from rftlab.bandit.problem import bandit
from rftlab.bandit.rounds import Shape, level, reads_past, shape_of

SMALL = bandit([0.2, 0.7], right=1, wrong=2, dimensions=3)
ALIKE = bandit([0.3] * 4)
MIXED = bandit([0.05, 0.3, 0.6, 0.9])
NAMES = levels.names("advantages")
WITHOUT_PAST = [name for name in NAMES if name not in ("ema", "history_window", "value_tracker")]
P = 0.3  # of ALIKE


def outcome_by_outcome(name: str, shape: Shape) -> tuple[np.ndarray, float, float]:
    """E ĝ, E‖ĝ‖² and silent rounds of ``SMALL``, summed over every query and every action of every rollout."""
    advantage, (B, n, M) = level(name), (shape.B, shape.n, shape.n + shape.m)
    one_query = [
        (x, actions, float(np.prod(SMALL.policy_XK[x, list(actions)])) / len(SMALL.policy_XK))
        for x in range(len(SMALL.policy_XK))
        for actions in product(range(SMALL.policy_XK.shape[1]), repeat=M)
    ]
    mean_D, square, silent = np.zeros(3), 0.0, 0.0
    for queries in product(one_query, repeat=B):
        chance = float(np.prod([chance for _, _, chance in queries]))
        right_BM = np.array([actions for _, actions, _ in queries]) < SMALL.right
        lengths_BM = np.where(right_BM, *SMALL.lengths)
        scores = Round(right_BM.astype(float), lengths_BM, n, tuple(f"q{b}" for b in range(B)))
        greedy_B = np.array([float(SMALL.policy_XK[x].argmax() < SMALL.right) for x, _, _ in queries])
        advantages_Bn = advantage(replace(scores, greedy_B=greedy_B) if shape.greedy else scores)
        scores_BnD = np.stack([SMALL.scores_XKD[x][list(actions[:n])] for x, actions, _ in queries])
        gradient_D = (advantages_Bn[:, :, None] * scores_BnD).mean(axis=(0, 1))
        mean_D += chance * gradient_D
        square += chance * float(gradient_D @ gradient_D)
        silent += chance * (not advantages_Bn.any())
    return mean_D, square, silent


@pytest.mark.parametrize("name", WITHOUT_PAST)
@pytest.mark.parametrize("shape", [Shape(1, 1), Shape(2, 1), Shape(1, 1, 2), Shape(1, 3), Shape(2, 2)], ids=str)
def test_enumeration_is_the_sum_over_every_outcome(name: str, shape: Shape) -> None:
    shape = shape_of(name, shape.B, shape.n, shape.m)
    seen = shape.n + (0 if name == "max_variance" else shape.m)
    if seen < levels.read("advantages", name).constants.get("MINIMUM_ROLLOUTS", 1):
        with pytest.raises(ValueError, match="rollouts of a query"):
            enumerated(level(name), shape, SMALL)
        return
    found = enumerated(level(name), shape, SMALL)
    mean_D, square, silent = outcome_by_outcome(name, shape)
    g = SMALL.gradient_D
    norm2, length2 = float(g @ g), float(mean_D @ mean_D)
    assert found.scale == pytest.approx(float(mean_D @ g) / norm2, abs=1e-9)
    assert found.bias == pytest.approx(np.linalg.norm(mean_D - g) / sqrt(norm2), abs=1e-7)
    assert found.variance == pytest.approx((square - length2) / norm2, abs=1e-9)
    assert found.silent == pytest.approx(silent, abs=1e-9)
    if length2 > 1e-12:
        assert found.cosine == pytest.approx(float(mean_D @ g) / sqrt(norm2 * length2), abs=1e-9)
        assert found.signal == pytest.approx(found.scale**2 / found.variance / shape.rollouts)
    else:
        assert (found.scale, found.signal) == (pytest.approx(0, abs=1e-9), pytest.approx(0, abs=1e-9))


UNBIASED = ["raw", "constant", "positive_only", "negative_only"]


@pytest.mark.parametrize("name", [*UNBIASED, "leave_one_out", "shrinkage"])
@pytest.mark.parametrize("shape", [Shape(32, 1), Shape(4, 1, 3), Shape(3, 2), Shape(2, 8)], ids=str)
def test_what_is_unbiased_in_theory_is_unbiased_exactly(name: str, shape: Shape) -> None:
    if shape == Shape(32, 1) and name == "leave_one_out":
        return  # refused
    for problem in (ALIKE, MIXED):
        one = estimate(level(name), shape, problem)
        assert one.method in ("enumerated", "by query")
        assert one.errors is None
        assert (one.found.scale, one.found.cosine) == (pytest.approx(1), pytest.approx(1))
        assert one.found.bias == pytest.approx(0, abs=1e-7)


def share(n: int, value) -> float:
    """E[value(k/n)], k of n successes."""
    k = np.arange(n + 1)
    return float(binom.pmf(k, n, P) @ [value(f) for f in k / n])


# s⁺ = E[∇log π | 1] = (1 − p)·d and s⁻ = −p·d, with d = s⁺ − s⁻ and ∇p = p(1 − p)·d.
# Of n rollouts with k = f·n successes: E[ĝ | k] = f·A⁺·s⁺ + (1 − f)·A⁻·s⁻ = d·(f·A⁺·(1 − p) − (1 − f)·A⁻·p).
def scale_of(n: int, right, wrong) -> float:
    """E[f·A⁺·(1 − p) − (1 − f)·A⁻·p] / (p(1 − p))."""
    return share(n, lambda f: f * right(f) * (1 - P) - (1 - f) * wrong(f) * P) / (P * (1 - P))


def centred_scale(n: int, spread) -> float:
    """Of (r − f)/spread(f): f(1 − f)/spread(f), and 0 where the rewards are equal."""
    return share(n, lambda f: f * (1 - f) / spread(f) if 0 < f < 1 else 0.0) / (P * (1 - P))


def std(n: int):
    return lambda f: sqrt(n / (n - 1) * f * (1 - f)) + 1e-6


def pass_at_2(n: int) -> float:
    def sets(f: float) -> tuple[float, float]:
        failures = n - round(f * n)
        found = 1 - failures * (failures - 1) / (n * (n - 1))
        return found, 1 - (failures - 1) / (n - 1) if failures else found

    def of(value: float, found: float) -> float:
        return (value - found) / (sqrt(found * (1 - found)) + 1e-6)

    return scale_of(n, lambda f: of(1.0, sets(f)[0]), lambda f: of(sets(f)[1], sets(f)[0]))


def optimal(n: int) -> float:
    right, wrong = ALIKE.lengths

    def mean(f: float) -> float:
        return f * right / (f * right + (1 - f) * wrong)

    return scale_of(n, lambda f: 1 - mean(f), lambda f: -mean(f))


@pytest.mark.parametrize(
    ("name", "shape", "scale"),
    [
        ("weighted", Shape(4, 1), 1.1),  # 0.1 of what successes teach and all of what failures do
        ("batch_mean", Shape(8, 1), 1 - 1 / 8),  # a rollout is a part of its own mean
        ("batch_mean", Shape(4, 2), 1 - 1 / 8),
        ("batch_mean", Shape(2, 1, 3), 1 - 1 / 8),
        ("group_mean", Shape(4, 4), 1 - 1 / 4),
        ("group_mean", Shape(2, 1, 3), 1 - 1 / 4),
        ("group_mean", Shape(4, 1), 0.0),
        ("max_likelihood", Shape(2, 4), (1 - (1 - P) ** 3) / P),  # ∇log p as far as n rollouts see it
        ("max_likelihood", Shape(1, 8), (1 - (1 - P) ** 7) / P),
        ("group_norm", Shape(4, 4), centred_scale(4, std(4))),
        ("group_norm", Shape(1, 8), centred_scale(8, std(8))),
        ("batch_norm", Shape(8, 1), centred_scale(8, std(8))),  # without groups, a round is one
        ("batch_norm", Shape(2, 4), centred_scale(8, std(8))),
        ("group_mean_batch_std", Shape(1, 8), centred_scale(8, std(8))),
        ("optimal_baseline", Shape(2, 4), optimal(4)),
        ("pass_at_k", Shape(2, 4), pass_at_2(4)),
    ],
)
def test_what_is_biased_in_theory_has_that_bias(name: str, shape: Shape, scale: float) -> None:
    found = estimate(level(name), shape, ALIKE).found
    assert found.scale == pytest.approx(scale, rel=1e-9, abs=1e-12)
    assert found.bias >= abs(1 - scale) - 1e-9


def test_with_alike_queries_standardising_changes_the_length_and_with_mixed_ones_the_direction() -> None:
    norm, mean = level("group_norm"), level("group_mean")
    one_kind = bandit([0.3])
    assert enumerated(norm, Shape(1, 4), one_kind).cosine == pytest.approx(1)
    assert enumerated(mean, Shape(1, 4), MIXED).cosine == pytest.approx(1)
    assert enumerated(norm, Shape(1, 4), MIXED).cosine < 0.99999
    assert enumerated(level("max_likelihood"), Shape(1, 8), MIXED).cosine < 0.99


def test_variance_falls_by_the_number_of_queries_and_the_signal_per_rollout_stays() -> None:
    one, many = (estimate(level("group_norm"), Shape(B, 8), MIXED) for B in (1, 32))
    assert (one.method, many.method) == ("enumerated", "by query")
    assert many.found.variance == pytest.approx(one.found.variance / 32)
    assert many.found.signal == pytest.approx(one.found.signal)
    assert many.found.silent == pytest.approx(one.found.silent**32)
    assert many.found.scale == pytest.approx(one.found.scale)


def test_by_query_is_what_enumeration_gives() -> None:
    shape = Shape(4, 2)
    for name in ("raw", "group_norm", "max_likelihood"):
        whole, parts = enumerated(level(name), shape, MIXED), enumerated(level(name), Shape(1, 2), MIXED, copies=4)
        for measure in ("scale", "bias", "cosine", "variance", "signal", "silent"):
            assert getattr(parts, measure) == pytest.approx(getattr(whole, measure), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", ["batch_norm", "leave_one_out", "group_norm"])
def test_a_sample_agrees_with_enumeration_within_its_error(name: str) -> None:
    shape = Shape(4, 2)
    exact, one = enumerated(level(name), shape, MIXED), sampled(level(name), shape, MIXED)
    assert one.method == "sampled"
    assert one.errors is not None
    for measure in ("scale", "variance", "signal", "silent"):
        error = getattr(one.errors, measure)
        assert 0 < error < 0.5 * max(0.1, getattr(exact, measure))
        assert abs(getattr(one.found, measure) - getattr(exact, measure)) < 4 * error


def test_what_depends_on_queries_and_cannot_be_enumerated_is_sampled() -> None:
    assert estimate(level("batch_norm"), Shape(16, 8), ALIKE).method == "sampled"
    assert estimate(level("batch_norm"), Shape(16, 1), ALIKE).method == "enumerated"


def test_what_reads_the_past_gets_one() -> None:
    for B in (2, 8):
        ema = estimate(level("ema"), Shape(B, 2), MIXED)
        assert ema.method == "sampled"
        assert ema.errors is not None
        assert abs(ema.found.scale - 1) < 4 * ema.errors.scale  # its baseline knows nothing of this round
        assert ema.found.variance < enumerated(level("raw"), Shape(B, 2), MIXED).variance
    alone = estimate(level("history_window"), Shape(4, 1), ALIKE)
    assert alone.found.silent < 0.1  # a window of eight rewards, where a round alone gives one
    assert alone.found.scale > 1.2  # divided by a standard deviation below 1/2


def test_a_greedy_response_is_the_likeliest_action_and_counts_as_a_rollout() -> None:
    shape = shape_of("greedy_baseline", 4, 2)
    assert (shape.greedy, shape.rollouts, len(shape.states)) == (True, 12, 6)
    exact, one = enumerated(level("greedy_baseline"), shape, MIXED), sampled(level("greedy_baseline"), shape, MIXED)
    assert (exact.scale, exact.bias) == (pytest.approx(1), pytest.approx(0, abs=1e-7))  # it depends on no rollout
    assert one.errors is not None
    assert abs(one.found.signal - exact.signal) < 4 * one.errors.signal


def test_what_is_said_to_look_back_does() -> None:
    assert {name for name in NAMES if reads_past(level(name), shape_of(name, 3, 2))} == {*NAMES} - {*WITHOUT_PAST}


def test_a_sample_has_its_seed_and_its_policy() -> None:
    shape = Shape(3, 2, 1)
    kinds_SB, counts_SB3 = sample(shape, ALIKE)
    again = sample(shape, ALIKE)
    assert (kinds_SB == again[0]).all()
    assert (counts_SB3 == again[1]).all()
    assert counts_SB3.shape == (estimates.SAMPLED, 3, 3)
    assert counts_SB3.max(axis=(0, 1)).tolist() == [2, 1, 0]
    once, twice = ([*pasts(shape, ALIKE, kinds_SB[:500])] for _ in range(2))
    assert once == twice
    assert np.mean([past.round_means for past in once]) == pytest.approx(P, abs=0.01)
    assert np.mean([past.by_query["q2"] for past in once]) == pytest.approx(P, abs=0.02)
    assert len(once[0].by_query["q0"]) == estimates.SEEN * 2


def test_chances_are_binomials() -> None:
    assert binomial(5, np.array([[0.3]]))[0] == pytest.approx(binom.pmf(np.arange(6), 5, 0.3))
    both = chances(Shape(1, 2, 1), SMALL)
    assert both.sum(axis=1) == pytest.approx([1, 1])
    assert both[0, Shape(1, 2, 1).states.index((2, 0, 0))] == pytest.approx(0.2**2 * 0.8)
