"""The section `baseline`: its defaults are the paper's minimalist baseline, and a name alone is a level."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from rftlab.study.baseline import LATER, Baseline, concise
from rftlab.study.configuration import resolve


def test_nothing_given_is_the_minimalist_baseline() -> None:
    baseline = Baseline()
    assert (baseline.rollout.queries, baseline.rollout.rollouts, baseline.rollout.statistics_rollouts) == (32, 1, 0)
    assert (baseline.reward.correct, baseline.reward.incorrect) == (1.0, 0.0)
    assert baseline.advantage.name == "raw"
    assert (baseline.objective.ratio.name, baseline.objective.aggregation.name) == ("none", "token_mean")
    assert (baseline.objective.kl.coefficient, baseline.lora.rank) == (0.0, 0)


def test_a_name_alone_is_short_for_a_level_and_parameters_stand_beside_it() -> None:
    short, long = (Baseline(advantage=given) for given in ("raw", {"name": "raw"}))
    assert short == long
    assert Baseline(advantage={"name": "ema", "decay": 0.5}).advantage.model_dump() == {"name": "ema", "decay": 0.5}


@pytest.mark.parametrize(
    "given",
    [
        {"rollout": {"queries": 0}},
        {"rollout": {"top_p": 0.0}},
        {"optimizer": {"warmup": -1}},
        {"optimizer": {"lr": -1.0}},
        {"precision": {"autocast": "float16"}},
        {"engine": {"sleep": 3}},
        {"advantage": {"decay": 0.5}},
        {"lora": {"targets": []}},
        {"rolout": {}},
    ],
    ids=str,
)
def test_what_no_baseline_is(given) -> None:
    with pytest.raises(ValidationError):
        Baseline.model_validate(given)


def test_later_keys_of_a_section_are_written_where_they_are_not_their_default() -> None:
    plain = Baseline().model_dump()
    assert [key for key in plain["update"] if key not in concise(plain)["update"]] == ["minibatches", "epochs"]
    changed = Baseline.model_validate({"update": {"epochs": 2}}).model_dump()
    assert concise(changed) == {**concise(plain), "update": {**concise(plain)["update"], "epochs": 2}}
    assert sorted(concise(plain)["update"]) == ["compile", "gradient_checkpointing", "token_budget"]
    assert plain["update"]["minibatches"] == 1, "what was given is left as it is"


def test_later_keys_are_keys() -> None:
    plain = Baseline().model_dump()
    for dotted in LATER:
        section = plain
        for key in dotted.split("."):
            section = section[key]


def test_keys_that_came_later_are_not_told_where_they_have_their_default() -> None:
    plain = resolve({}, "baseline")
    told = concise(plain)
    assert _dotted(plain) - _dotted(told) == {key for key in _dotted(plain) if key.startswith(LATER)}
    changed = resolve({"optimizer": {"warmup": 2}, "objective": {"shaping": "clip"}}, "baseline")
    assert concise(changed)["optimizer"] == {**told["optimizer"], "warmup": 2}
    assert concise(changed)["objective"]["shaping"] == {"name": "clip", "bound": 5.0}
    assert told["optimizer"] == {
        "lr": 1e-6,
        "weight_decay": 0.01,
        "betas": [0.9, 0.999],
        "epsilon": 1e-8,
        "max_gradient_norm": 1.0,
    }


def _dotted(config: dict[str, Any], above: str = "") -> set[str]:
    """Every key of a configuration that holds a value."""
    found: set[str] = set()
    for key, value in config.items():
        found |= _dotted(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}"}
    return found
