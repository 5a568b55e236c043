"""What verl calls things."""

from __future__ import annotations

from rftlab import levels
from rftlab.bridge import verl
from trainers import VERL_KEYS


def test_every_key_is_one_of_verl() -> None:
    assert {*verl.DEFAULTS} <= VERL_KEYS


def test_every_name_on_our_side_is_a_level() -> None:
    assert {name for name, _ in verl.ESTIMATORS.values()} | {*verl.ALONE} <= {*levels.names("advantages")}
    assert {shaping for _, shaping in verl.ESTIMATORS.values()} <= {*levels.names("objectives.shaping")}
    assert {*verl.AGGREGATIONS.values()} <= {*levels.names("objectives.aggregation")}
    assert {*verl.RATIOS.values()} <= {*levels.names("objectives.ratio")}
    assert {*verl.KL.values()} <= {*levels.names("objectives.kl")}
    assert {*verl.OVER_RESPONSES} <= {*verl.RATIOS}


def test_nested_and_flat() -> None:
    tree = {"a": {"b": {"c": 1}, "_target_": "x"}, "d": None}
    assert verl.flat(tree) == {"a.b.c": 1, "d": None}
    assert verl.nested({"a.b.c": 1, "a.e": 2, "d": None}) == {"a": {"b": {"c": 1}, "e": 2}, "d": None}
