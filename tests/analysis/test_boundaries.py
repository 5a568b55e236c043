"""Group-sequential levels: the published ones, and what they are for, an error of α over all looks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rftlab.analysis.boundaries import nominal_levels

LOOKS = (3, 4, 6, 8, 12)


@pytest.mark.parametrize(
    ("tests", "levels"),
    [
        (10, (3.13e-4, 3.43e-4, 8.37e-4, 1.36e-3, 3.46e-3)),
        (5, (6.25e-4, 7.03e-4, 1.71e-3, 2.81e-3, 7.12e-3)),
        (1, (3.12e-3, 3.77e-3, 9.09e-3, 1.53e-2, 3.85e-2)),
    ],
)
def test_levels_that_were_computed_elsewhere(tests: int, levels: tuple[float, ...]) -> None:
    assert nominal_levels(LOOKS, 0.05 / tests) == pytest.approx(levels, rel=0.02)


@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_one_look_spends_all(alpha: float) -> None:
    assert nominal_levels((7,), alpha) == pytest.approx((alpha,), rel=1e-9)


def test_the_first_look_spends_by_the_square_of_its_share() -> None:
    assert nominal_levels((3, 6), 0.04)[0] == pytest.approx(0.01, rel=1e-9)


def test_all_looks_together_err_with_alpha() -> None:
    """Means of normal draws, looked at five times: 40,000 studies without an effect."""
    rng = np.random.default_rng(3)
    sums = np.cumsum(rng.normal(size=(40_000, LOOKS[-1])), axis=1)
    levels = np.array(nominal_levels(LOOKS, 0.05))
    p = 2 * stats.norm.sf(np.abs(sums[:, np.array(LOOKS) - 1] / np.sqrt(LOOKS)))
    errors = (p < levels).any(axis=1).mean()
    assert errors == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 40_000))
    assert (p < 0.05).any(axis=1).mean() > 0.1, "uncorrected looks err more than twice as often"


@pytest.mark.parametrize("seeds", [(), (0, 1), (3, 3), (4, 3)])
def test_looks_that_do_not_grow(seeds: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="increasing numbers of seeds"):
        nominal_levels(seeds, 0.05)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_an_error_that_is_none(alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha lies between"):
        nominal_levels((3,), alpha)
