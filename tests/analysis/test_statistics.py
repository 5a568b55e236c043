from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from rftlab.analysis.statistics import METHOD, Estimate, crossed, mean_squares, standard_error

CONFIDENCE = 0.95


def estimate(low: float, high: float, seeds: int = 3) -> Estimate:
    return Estimate((low + high) / 2, low, high, 0.5, 2.0, seeds, 100, METHOD)


def test_the_formula_by_hand() -> None:
    # rows 1 and 3, columns 1 and 3, residuals ±1: grand mean 2
    d_SQ = np.array([[1.0, 1.0], [1.0, 5.0]])
    ms_s, ms_q, ms_r = 2 * (1 + 1), 2 * (1 + 1), 4 * 1
    assert mean_squares(d_SQ) == (ms_s, ms_q, ms_r)
    found = crossed(d_SQ, CONFIDENCE)
    variance = (ms_s + ms_q - ms_r) / 4
    df = 4**2 / (4**2 + 4**2 + 4**2)
    assert found.df == max(df, 1)
    assert found.estimate == 2.0
    assert found.high - found.estimate == pytest.approx(stats.t.ppf(0.975, 1) * math.sqrt(variance))
    assert found.estimate - found.low == pytest.approx(found.high - found.estimate)
    assert found.p == pytest.approx(2 * stats.t.sf(2 / math.sqrt(variance), 1))
    assert (found.n_seeds, found.n_queries) == (2, 2)


def test_p_and_interval_agree() -> None:
    d_SQ = np.random.default_rng(0).normal(0.05, 0.4, (4, 150))
    p = crossed(d_SQ, CONFIDENCE).p
    assert 0.001 < p < 0.999
    touching = crossed(d_SQ, 1 - p)  # the interval at confidence 1 − p ends at zero
    assert min(abs(touching.low), abs(touching.high)) == pytest.approx(0, abs=1e-9)


def test_the_variance_does_not_fall_below_the_residual() -> None:
    error, _ = standard_error(np.array(0.1), np.array(0.1), np.array(1.0), 3, 50)
    assert error == pytest.approx(math.sqrt(1 / 150))


def test_degrees_of_freedom_do_not_fall_below_those_of_the_smaller_effect() -> None:
    # 1² / (1.5²/2 + …) is below 1, and its t quantile beyond 10
    _, df = standard_error(np.array(1.5), np.array(0.5), np.array(1.0), 3, 50)
    assert df == 2
    _, df = standard_error(np.array(1.0), np.array(2.0), np.array(1.0), 3, 50)
    assert df == pytest.approx(2**2 / (1 / 2 + 2**2 / 49 + 1 / 98))


def test_swapping_reference_and_variant_flips_the_sign_only() -> None:
    d_SQ = np.random.default_rng(1).integers(-1, 2, (3, 40)).astype(float)
    there, back = crossed(d_SQ, CONFIDENCE), crossed(-d_SQ, CONFIDENCE)
    assert (back.estimate, back.low, back.high) == pytest.approx((-there.estimate, -there.high, -there.low))
    assert back.p == pytest.approx(there.p)


def test_orders_of_seeds_and_queries_do_not_matter() -> None:
    generator = np.random.default_rng(2)
    d_SQ = generator.integers(-1, 2, (5, 30)).astype(float)
    shuffled = d_SQ[generator.permutation(5)][:, generator.permutation(30)]
    assert crossed(shuffled, CONFIDENCE).high == pytest.approx(crossed(d_SQ, CONFIDENCE).high)


def test_one_seed_has_no_interval() -> None:
    found = crossed(np.array([[1.0, 0.0, 0.0, 1.0]]), CONFIDENCE)
    assert found.estimate == 0.5
    assert all(math.isnan(value) for value in (found.low, found.high, found.p, found.df))


def test_one_query_has_no_interval() -> None:
    found = crossed(np.array([[1.0], [0.0], [1.0]]), CONFIDENCE)
    assert math.isnan(found.low)


def test_no_difference_at_all() -> None:
    """Ten queries on which nothing changed do not show that nothing would change on a tenth of all."""
    found = crossed(np.zeros((3, 10)), CONFIDENCE)
    assert (found.estimate, found.p) == (0, 1)
    assert (-found.low, found.high) == pytest.approx((1 - 0.025 ** (1 / 10),) * 2)


def test_one_constant_difference() -> None:
    found = crossed(np.full((3, 10), 0.5), CONFIDENCE)
    assert (found.estimate, found.p) == (0.5, 2 * 0.5**10)
    assert found.high - 0.5 == pytest.approx(1 - 0.025 ** (1 / 10))


@pytest.mark.parametrize("bad", [np.zeros(3), np.zeros((0, 3)), np.array([[1.0, math.nan]])])
def test_what_is_not_a_matrix_of_differences_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="finite seeds × queries matrix"):
        crossed(bad, CONFIDENCE)


def test_confidence_is_a_fraction() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        crossed(np.eye(3), 95)


# Coverage. Two standard errors of simulation noise are about 0.008 with 3000 studies a cell.


def covered(d_NSQ: np.ndarray, truth: float) -> float:
    """Share of simulated studies whose interval holds the truth; the arithmetic of ``crossed``, all studies at once."""
    S, Q = d_NSQ.shape[-2:]
    error, df = standard_error(*mean_squares(d_NSQ), S, Q)
    return float((abs(d_NSQ.mean(axis=(1, 2)) - truth) <= stats.t.ppf((1 + CONFIDENCE) / 2, df) * error).mean())


def test_the_simulation_computes_what_crossed_computes() -> None:
    d_NSQ = np.random.default_rng(3).normal(0.1, 0.4, (50, 3, 20))
    inside = [found.low <= 0.1 <= found.high for found in (crossed(d_SQ, CONFIDENCE) for d_SQ in d_NSQ)]
    assert covered(d_NSQ, truth=0.1) == np.mean(inside)


@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize("seed_sd", [0.0, 0.01, 0.04])
def test_intervals_cover_the_truth(seeds: int, seed_sd: float) -> None:
    generator = np.random.default_rng([seeds, int(100 * seed_sd)])
    N, Q = 3000, 100
    d_NSQ = (
        generator.normal(0.03, seed_sd, (N, seeds, 1))
        + generator.normal(0, 0.15, (N, 1, Q))
        + generator.normal(0, 0.45, (N, seeds, Q))
    )
    assert covered(d_NSQ, truth=0.03) >= 0.93


@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize("queries", [20, 1000, 5000])
@pytest.mark.parametrize("seed_sd", [0.0, 0.04])
def test_intervals_cover_at_other_sizes(seeds: int, queries: int, seed_sd: float) -> None:
    # Of normal effects, the mean and the three mean squares are independent, and all an interval depends on.
    generator = np.random.default_rng([seeds, queries, int(100 * seed_sd)])
    N, S, Q = 20_000, seeds, queries
    expected = 0.45**2 + Q * seed_sd**2, 0.45**2 + S * 0.15**2, 0.45**2
    dfs = S - 1, Q - 1, (S - 1) * (Q - 1)
    squares = [e * generator.chisquare(df, N) / df for e, df in zip(expected, dfs, strict=True)]
    mean = generator.normal(0, math.sqrt((expected[0] + expected[1] - expected[2]) / (S * Q)), N)
    error, df = standard_error(squares[0], squares[1], squares[2], S, Q)
    assert (abs(mean) <= stats.t.ppf(0.975, df) * error).mean() >= 0.93


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_intervals_cover_for_right_and_wrong_answers(seeds: int) -> None:
    # Differences of answers are −1, 0 or 1: both models answer query q with a chance of its own, moved by the seed.
    generator = np.random.default_rng(seeds)
    N, Q, gain = 1500, 100, 0.05
    chance_N1Q = generator.uniform(0.1, 0.8, (N, 1, Q))
    moved_NS1 = generator.normal(gain, 0.03, (N, seeds, 1))
    reference_NSQ = generator.random((N, seeds, Q)) < chance_N1Q
    changed_NSQ = generator.random((N, seeds, Q)) < chance_N1Q + moved_NS1
    assert covered(changed_NSQ.astype(float) - reference_NSQ, truth=gain) >= 0.93


def test_a_t_interval_over_seed_means_would_cover_too_little() -> None:
    generator = np.random.default_rng(4)
    d_NSQ = generator.normal(0, 0.15, (3000, 1, 100)) + generator.normal(0, 0.45, (3000, 10, 100))
    means_NS = d_NSQ.mean(axis=2)
    half_N = stats.t.ppf(0.975, 9) * means_NS.std(axis=1, ddof=1) / math.sqrt(10)
    assert (abs(means_NS.mean(axis=1)) <= half_N).mean() < 0.9
    assert covered(d_NSQ, truth=0) >= 0.93
