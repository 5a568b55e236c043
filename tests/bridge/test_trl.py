"""What TRL calls things."""

from __future__ import annotations

from rftlab import levels
from rftlab.bridge import trl
from trainers import GRPO_CONFIG, MODEL_CONFIG, TRAINING_ARGUMENTS


def test_every_key_is_one_of_trl() -> None:
    assert {*trl.DEFAULTS} <= {*GRPO_CONFIG, *TRAINING_ARGUMENTS, *MODEL_CONFIG}
    assert {*trl.VESPO.values(), *trl.SAPO.values()} <= {*trl.DEFAULTS}


def test_every_name_on_our_side_is_a_level() -> None:
    assert {*trl.SCALES.values()} <= {*levels.names("advantages")}
    assert {*trl.AGGREGATIONS.values()} <= {*levels.names("objectives.aggregation")}
    assert {*trl.OPTIMIZERS.values()} <= {*levels.names("optimizers")}
    assert {*trl.SCHEDULES.values()} <= {*levels.names("optimizers.schedule")}
    for name, keys in (("vespo", trl.VESPO), ("sapo", trl.SAPO)):
        parameters = levels.read("objectives.ratio", name).parameters
        assert {*parameters} == {*keys}
        assert all(parameters[ours] == trl.DEFAULTS[theirs] for ours, theirs in keys.items())
    assert {*trl.CLIPPED, *trl.SHARED_OUT, *trl.WHOLE_ROUND} <= {*trl.AGGREGATIONS}
