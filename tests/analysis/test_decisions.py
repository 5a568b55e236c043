"""Verdicts: Holm in two families over looks, and the error of simulated studies."""

from __future__ import annotations

import numpy as np
import pytest

from rftlab.analysis.decisions import Looks, Verdict, decide
from rftlab.analysis.estimator import Difference
from simulated import known

RACE = Looks((3, 4, 6, 8, 12), 0.05, 0.03)
ONCE = Looks((5,), 0.05, 0.02)


def found(estimate: float, se: float, df: float = 10.0) -> Difference:
    return known(estimate, se, df)


def test_one_look_is_holm() -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        look = {str(i): found(float(rng.normal(0, 0.05)), 0.02) for i in range(6)}
        p = np.array([d.p() for d in look.values()])
        order = np.argsort(p)
        adjusted = np.empty(6)
        adjusted[order] = np.maximum.accumulate(p[order] * np.arange(6, 0, -1))
        verdicts = decide([look], ONCE)
        different = {name for name, v in verdicts.items() if v.verdict in ("higher", "lower")}
        assert different == {name for name, p in zip(look, adjusted, strict=True) if p < 0.05}


def test_what_is_decided_stands_whatever_comes_later() -> None:
    first, later = {"a": found(0.2, 0.01), "b": found(0.0, 0.02)}, {"a": found(-0.2, 0.01), "b": found(-0.2, 0.01)}
    verdicts = decide([first, later], RACE)
    assert (verdicts["a"].verdict, verdicts["a"].look) == ("higher", 0)
    assert (verdicts["b"].verdict, verdicts["b"].look) == ("lower", 1)


def test_a_later_look_may_leave_out_what_was_decided() -> None:
    verdicts = decide([{"a": found(0.2, 0.01), "b": found(0.0, 0.02)}, {"b": found(0.0, 0.004, 40.0)}], RACE)
    assert [verdicts[name].verdict for name in ("a", "b")] == ["higher", "equivalent"]
    assert [v.decided for v in verdicts.values()] == [True, True]


def test_an_open_level_has_the_level_of_its_next_test() -> None:
    verdicts = decide([{"a": found(0.2, 0.01), "b": found(0.03, 0.02)}], RACE)
    assert verdicts["b"] == Verdict("undecided", 0, RACE.level(0, 1))
    assert not verdicts["b"].decided


def test_a_difference_frees_no_error_for_equivalences() -> None:
    """Equivalent at the level of one test of two, not at that of the only one left."""
    alone, of_two = ONCE.level(0, 1), ONCE.level(0, 2)
    between = found(0.0, 0.02 / 2.45)  # p_equivalent ≈ 0.034, between .025 and .05
    assert of_two < between.p_equivalent(0.02) < alone
    assert decide([{"a": found(0.2, 0.01), "b": between}], ONCE)["b"].verdict == "undecided"
    assert decide([{"b": between}], ONCE)["b"].verdict == "equivalent"


def test_a_level_without_a_standard_error_is_undecided() -> None:
    verdicts = decide([{"a": found(0.5, float("nan"), float("nan")), "b": found(0.2, 0.01)}], ONCE)
    assert [v.verdict for v in verdicts.values()] == ["undecided", "higher"]


def test_more_looks_or_levels_than_were_planned() -> None:
    look = {"a": found(0.0, 0.1), "b": found(0.0, 0.1)}
    with pytest.raises(ValueError, match="2 looks at 2 levels, 1 and 2 were planned"):
        decide([look, look], ONCE)
    with pytest.raises(ValueError, match="1 looks at 2 levels, 1 and 1 were planned"):
        decide([look], ONCE, tests=1)
