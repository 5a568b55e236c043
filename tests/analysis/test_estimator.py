"""The estimator against values worked out by hand, its identities, and its coverage on simulated arms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rftlab.analysis.estimator import Arm, SeedVariance, Term, contrast, difference, moderated, prior
from simulated import PAIR, Population, Study, known

V = Arm.of([[1.0, 0.0, 1.0, 1.0], [1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0, 0.0]])  # rows .75, .75, .25; mean 7/12
R = Arm.of([[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 1.0, 0.0]])  # rows .25, .5; mean 3/8
FLAT = Arm.of([[1.0, 0.0, 1.0, 0.0]] * 3)


def raw(arm: Arm) -> SeedVariance:
    return SeedVariance(arm.variance, arm.seeds - 1)


def test_variances_by_hand() -> None:
    assert V.means[0].tolist() == pytest.approx([2 / 3, 1 / 3, 1.0, 1 / 3])
    assert V.variance == pytest.approx((2 * (1 / 6) ** 2 + (1 / 3) ** 2) / 2)
    total = 7 * (5 / 12) ** 2 + 5 * (7 / 12) ** 2
    queries = 3 * sum((q - 7 / 12) ** 2 for q in (2 / 3, 1 / 3, 1.0, 1 / 3))
    assert V.residuals == (pytest.approx((total - 2 * 4 * V.variance - queries) / (2 * 3)),)
    assert (V.mean, V.seeds, V.queries, V.live, FLAT.live) == (pytest.approx(7 / 12), 3, (4,), True, False)


def test_a_difference_by_hand() -> None:
    d = difference(V, R, raw(V), raw(R))
    a, b = V.variance / 3, R.variance / 2
    rho = V.residuals[0] / 12 + R.residuals[0] / 8
    gap_Q = np.array([2 / 3 - 1 / 2, 1 / 3, 0.0, 1 / 3])
    query_part = max(0.0, gap_Q.var(ddof=1) / 4 - rho)
    assert d.estimate == pytest.approx(7 / 12 - 3 / 8)
    assert d.se**2 == pytest.approx(max(a + b + query_part, rho))
    assert d.df == pytest.approx((a + b) ** 2 / (a**2 / 2 + b**2 / 1))
    assert (d.seeds, d.queries) == ((3, 2), 4)


def test_sets_count_equally_and_seeds_are_common_to_them() -> None:
    """A second set of two queries: seeds' means .75, .75, .25 and 1, .5, 0 are averaged before they vary."""
    more = Arm.of(
        [[1.0, 0.0, 1.0, 1.0], [1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0, 0.0]], [[1.0, 1.0], [1.0, 0.0], [0.0] * 2]
    )
    assert more.mean == pytest.approx((7 / 12 + 1 / 2) / 2)
    assert more.variance == pytest.approx(np.var([0.875, 0.625, 0.125], ddof=1))
    assert (more.queries, more.residuals[0]) == ((4, 2), V.residuals[0])
    none = Arm.of(np.zeros((3, 4)), np.zeros((3, 2)))
    d = difference(more, none, raw(more), raw(none))
    gaps = [float(mean_Q.var(ddof=1)) / len(mean_Q) for mean_Q in more.means]
    rho = sum(ms / (3 * Q) for ms, Q in zip(more.residuals, more.queries, strict=True)) / 4
    assert d.se**2 == pytest.approx(max(more.variance / 3 + max(0.0, sum(gaps) / 4 - rho), rho))
    assert (d.estimate, d.queries) == (pytest.approx(more.mean), 4)


def test_a_set_twice_is_the_set_once_but_for_its_queries() -> None:
    y, z = np.random.default_rng(2).random((2, 5, 9))
    once, twice = (difference(v, r, raw(v), raw(r)) for v, r in ((Arm.of(y), Arm.of(z)), (Arm.of(y, y), Arm.of(z, z))))
    assert twice.estimate == pytest.approx(once.estimate)
    assert twice.df == pytest.approx(once.df)
    assert twice.se < once.se, "as if its queries were twice as many"


def test_it_is_antisymmetric_and_does_not_depend_on_order() -> None:
    there, back = difference(V, R, raw(V), raw(R)), difference(R, V, raw(R), raw(V))
    assert (there.estimate, there.se, there.df) == pytest.approx((-back.estimate, back.se, back.df))
    rng = np.random.default_rng(0)
    y = rng.random((4, 9))
    shuffled = Arm.of(y[rng.permutation(4)])
    assert (shuffled.variance, *shuffled.residuals) == pytest.approx((Arm.of(y).variance, *Arm.of(y).residuals))


def test_one_seed_or_one_query_has_no_standard_error() -> None:
    one = Arm.of([[1.0, 0.0, 1.0, 0.0]])
    d = difference(V, one, raw(V), raw(one))
    assert np.isnan([d.se, d.df, d.p(), *d.interval(0.95)]).all()
    assert d.p_equivalent(0.5) == 1.0
    narrow = Arm.of([[1.0], [0.0]])
    assert np.isnan(difference(narrow, narrow, raw(narrow), raw(narrow)).se)


def test_arms_of_other_queries_are_not_paired() -> None:
    with pytest.raises(ValueError, match=r"arms of \(4,\) and \(2,\) queries are not paired"):
        difference(V, Arm.of([[1.0, 0.0], [0.0, 1.0]]), raw(V), raw(V))


# contrasts -----------------------------------------------------------------------------------------------------------


def terms(weights: list[float], arms: list[Arm], *names: str) -> list[Term]:
    return [Term(w, arm, raw(arm), (name,)) for w, arm, name in zip(weights, arms, names, strict=True)]


def test_a_contrast_by_hand() -> None:
    """Four arms on the same queries, half a difference and half another: their noise of queries is common."""
    rng = np.random.default_rng(3)
    y = [rng.random((S, 6)) for S in (3, 4, 5, 2)]
    weights = [0.5, -0.5, 0.5, -0.5]
    d = contrast(terms(weights, [Arm.of(values) for values in y], *["q"] * 4))
    a = [0.25 * values.mean(axis=1).var(ddof=1) / len(values) for values in y]
    gap_Q = sum(w * values.mean(axis=0) for w, values in zip(weights, y, strict=True))
    rho = sum(0.25 * Arm.of(values).residuals[0] / (len(values) * 6) for values in y)
    assert d.estimate == pytest.approx(gap_Q.mean())
    assert d.se**2 == pytest.approx(max(sum(a) + max(0, gap_Q.var(ddof=1) / 6 - rho), rho))
    assert d.df == pytest.approx(sum(a) ** 2 / sum(v**2 / (len(values) - 1) for v, values in zip(a, y, strict=True)))
    assert (d.seeds, d.queries) == ((3, 2), 6)


def test_queries_of_another_name_are_other_queries() -> None:
    y, z = np.random.default_rng(2).random((2, 5, 9))
    arms = [Arm.of(y), Arm.of(z)] * 2
    once = contrast(terms([1, -1], arms[:2], "a", "a"))
    same = contrast(terms([0.5, -0.5, 0.5, -0.5], arms, "a", "a", "a", "a"))
    apart = contrast(terms([0.5, -0.5, 0.5, -0.5], arms, "a", "a", "b", "b"))
    assert same.estimate == pytest.approx(once.estimate)
    assert apart.estimate == pytest.approx(once.estimate)
    assert apart.se == pytest.approx(once.se / np.sqrt(2)), "twice as many runs and queries"
    assert same.se > apart.se, "twice as many runs only"
    assert (once.queries, same.queries, apart.queries) == (9, 9, 18)


def test_a_contrast_without_any_variance_has_a_standard_error_of_zero() -> None:
    ones, zeros = Arm.of(np.ones((3, 7))), Arm.of(np.zeros((3, 7)))
    d = contrast(terms([1 / 3, -1 / 3] * 3, [ones, zeros] * 3, *["q"] * 6))
    assert (d.estimate, d.se) == (pytest.approx(1), 0.0)


@pytest.mark.parametrize("weights", [[1, -0.5], [2, -2], [1, 1], [1, 0]])
def test_weights_that_make_no_difference_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="positive weights must sum to 1 and negative ones to -1"):
        contrast(terms(weights, [V, V], "q", "q"))


@pytest.mark.parametrize("values", [[], [[]], [1.0, 2.0], [[float("nan"), 1.0]]])
def test_values_that_are_none(values: list[object]) -> None:
    with pytest.raises(ValueError, match="finite seeds × queries matrices"):
        Arm.of(values)


# moderation ----------------------------------------------------------------------------------------------------------


def arms(*variances: float, seeds: int = 3) -> list[Arm]:
    return [Arm((np.zeros(10),), seeds, variance, (0.1,)) for variance in variances]


def all_moderated(*some: Arm) -> list[SeedVariance]:
    return [moderated(arm, prior(some)) for arm in some]


def test_arms_are_drawn_towards_their_median_and_gain_its_freedom() -> None:
    found = all_moderated(*arms(1.0, 2.0, 4.0))
    common = 2.0 * 2 / stats.chi2.ppf(0.5, 2)
    assert [variance.df for variance in found[:2]] == [6.0, 6.0]
    assert found[0].variance == pytest.approx((4 * common + 2 * 1.0) / 6)
    assert found[1].variance == pytest.approx((4 * common + 2 * 2.0) / 6)
    borrowed = 4 * stats.f.sf(4.0 / common, 2, 4) / 0.5
    assert 0 < borrowed < 4
    assert found[2].df == pytest.approx(borrowed + 2)


def test_a_noisy_arm_keeps_its_noise() -> None:
    quiet, noisy = all_moderated(*arms(1.0, 1.0, 1.0, 400.0))[2:]
    assert noisy.variance > 390
    assert noisy.df < 2.1
    assert quiet.df == 6


def test_arms_without_variance_neither_lend_nor_borrow() -> None:
    found = all_moderated(*arms(1.0, 2.0, 4.0), FLAT)
    assert found[:3] == all_moderated(*arms(1.0, 2.0, 4.0))
    assert found[3] == SeedVariance(0.0, 2)


def test_two_live_arms_say_nothing_of_each_other() -> None:
    assert prior([*arms(1.0, 4.0), FLAT]) is None
    assert all_moderated(*arms(1.0, 4.0), FLAT) == [SeedVariance(v, 2) for v in (1.0, 4.0, 0.0)]


# tests and intervals -------------------------------------------------------------------------------------------------


def test_tests_and_intervals_agree() -> None:
    d = known(0.02, 0.01, 8.0, (3, 3), 100)
    assert d.p() == pytest.approx(2 * stats.t.sf(2, 8))
    low, high = d.interval(0.95)
    assert d.p(low) == pytest.approx(0.05)
    assert d.p(high) == pytest.approx(0.05)
    assert d.p_equivalent(0.02) == 1.0
    assert d.p_equivalent(0.05) == pytest.approx(2 * stats.t.sf(3, 8))
    assert d.p_equivalent(high) == pytest.approx(0.05), "an interval that ends at the margin is the test at its level"


def test_what_is_called_detectable_would_have_been_found() -> None:
    rng = np.random.default_rng(1)
    d = known(0.0, 0.01, 8.0, (3, 3), 100)
    at = d.detectable(0.01)
    noise, spread = rng.normal(size=20_000), np.sqrt(rng.chisquare(8, 20_000) / 8)
    found = (at + 0.01 * noise) / (0.01 * spread) > stats.t.isf(0.005, 8)
    assert found.mean() == pytest.approx(0.8, abs=0.03)


def test_no_discordant_answer_bounds_the_share_that_could_be() -> None:
    """1 − (α/2)^(1/Q), and no interval of zero width."""
    d = difference(FLAT, FLAT, raw(FLAT), raw(FLAT))
    assert (d.estimate, d.se) == (0.0, 0.0)
    low, high = d.interval(0.95)
    assert (-low, high) == pytest.approx((1 - 0.025 ** (1 / 4),) * 2)
    assert d.p() == 1.0
    assert d.p_equivalent(0.02) == 1.0, "four queries prove nothing"
    many = known(0.0, 0.0, np.inf, (3, 3), 300)
    assert many.p_equivalent(0.02) == pytest.approx(2 * 0.98**300)
    assert many.p_equivalent(many.interval(0.95)[1]) == pytest.approx(0.05)


def test_what_is_detectable_where_nothing_varies_is_the_exact_bound_and_not_nothing() -> None:
    d = difference(FLAT, FLAT, raw(FLAT), raw(FLAT))
    assert d.detectable(0.05) == pytest.approx(1 - 0.025 ** (1 / 4))
    assert d.detectable(0.05) == d.half_width(0.05) > 0


def test_every_answer_changed_is_no_chance() -> None:
    flipped = Arm.of([[0.0] * 8] * 3), Arm.of([[1.0] * 8] * 3)
    d = difference(*flipped, *map(raw, flipped))
    assert (d.estimate, d.se) == (-1.0, 0.0)
    assert d.p() == 2 * 0.5**8
    assert d.p_equivalent(0.5) == 1.0


@pytest.mark.parametrize("seeds", [3, 8])
def test_coverage(seeds: int) -> None:
    """Nominal 95% intervals of arms that are alike cover zero at least as often, up to the noise of 1,500 of them."""
    rng = np.random.default_rng(11)
    covered = []
    for _ in range(150):
        study = Study(rng, {str(i): 0.0 for i in range(10)}, Population(queries=200))
        found = [
            one.found
            for one in study.compare(PAIR, dict.fromkeys([v.name for v in study.variants], seeds) | {"baseline": 9})
        ]
        covered += [low <= 0 <= high for low, high in (d.interval(0.95) for d in found)]
    assert np.mean(covered) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 150), "levels of a study share their reference"
