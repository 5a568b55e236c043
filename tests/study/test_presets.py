"""Names of the field: each is a preset that can be trained, and a study's own keys win."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rftlab.study.configuration import resolve
from rftlab.study.presets import PRESETS, as_json, described, in_baseline, in_level, preset, with_names
from rftlab.study.variants import variants_of
from studies import changed, planned, refusal

KNOWN = ("grpo", "dr_grpo", "rloo", "reinforce++", "dapo", "cispo", "gspo", "remax", "spo", "luspo", "bnpo")


def test_the_names() -> None:
    assert tuple(PRESETS) == KNOWN
    assert all(one.source and one.means for one in PRESETS.values())
    assert json.loads(json.dumps(as_json())) == as_json()


@pytest.mark.parametrize("name", KNOWN)
def test_a_name_is_the_same_configuration_in_the_baseline_and_in_a_level(name: str) -> None:
    rollout = {"queries": 4, "rollouts": 4, "max_new_tokens": 8}
    plain = {"rollout": rollout, "optimizer": {"lr": 1e-4}}
    in_place = changed(("baseline", {"like": name, **plain}), ("factors", {"lr": {"zero": {"optimizer.lr": 0.0}}}))
    as_level = changed(("baseline", plain), ("factors", {"algorithm": {"named": {"like": name}}}))
    one = planned(*in_place.items()).variants["baseline"].config
    other = planned(*as_level.items()).variants["algorithm/named"].config
    assert one == other
    section = PRESETS[name]
    assert (one["advantage"]["name"], one["objective"]["aggregation"]["name"]) == (
        section.advantage,
        section.aggregation,
    )
    assert one["objective"]["shaping"]["name"] == section.shaping


def test_what_dapo_is() -> None:
    config = resolve(in_baseline({"like": "dapo", "rollout": {"queries": 4, "rollouts": 4}}), "baseline")
    assert config["objective"]["ratio"] == {"name": "clip", "epsilon_low": 0.2, "epsilon_high": 0.28}
    assert config["rollout"]["redraws"] == 9
    assert config["reward"]["terms"] == {"overlong_soft": {"weight": 1.0, "share": 0.2}}


def test_keys_beside_a_name_win() -> None:
    own = {
        "like": "dapo",
        "rollout": {"redraws": 2},
        "objective": {"ratio": {"epsilon_high": 0.3}, "mask": "truncated"},
    }
    tree = in_baseline(own)
    assert tree["objective"]["ratio"] == {"name": "clip", "epsilon_high": 0.3}
    assert tree["objective"]["mask"] == "truncated"
    assert (tree["rollout"], tree["advantage"]) == ({"redraws": 2}, {"name": "group_norm"})
    other = {"like": "dapo", "objective": {"ratio": {"name": "cispo", "cap": 3.0}}}
    assert in_baseline(other)["objective"]["ratio"] == {"name": "cispo", "cap": 3.0}, "another level, none of its keys"


def test_keys_beside_a_name_win_in_a_level() -> None:
    keys = in_level({"like": "dapo", "objective.ratio.epsilon_high": 0.3, "rollout": {"queries": 2}}, "factors.a.b")
    assert keys["objective.ratio"] == {"name": "clip", "epsilon_high": 0.3}
    assert "rollout.redraws" not in keys
    assert keys["rollout"] == {"queries": 2}
    again = in_level({"like": "dapo", "objective.ratio.name": "none", "relative_to": "a/c"}, "factors.a.b")
    assert again["objective.ratio"] == {"name": "none"}
    assert again["relative_to"] == "a/c"
    assert preset("dapo", "x").overrides["objective.ratio"] == {"name": "clip", "epsilon_high": 0.28}, "unchanged"


def test_a_study_without_names_is_as_it_was() -> None:
    assert with_names(changed()) == changed()
    assert with_names({"factors": 3, "baseline": None}) == {"factors": 3, "baseline": None}


def test_overrides_of_a_named_level_are_the_keys() -> None:
    study = planned(("factors/algorithm", {"grpo": {"like": "grpo"}})).study
    assert variants_of(study)["algorithm/grpo"].overrides == PRESETS["grpo"].overrides


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("baseline/like", "GRPO", "baseline.like: 'GRPO' is not one of grpo, dr_grpo, rloo"),
        ("baseline/like", "drgrpo", "(did you mean 'dr_grpo'?)"),
        ("baseline/like", ["grpo"], "baseline.like: ['grpo'] is not one of"),
        ("factors/lr/zero/like", "dapoo", "factors.lr.zero.like: 'dapoo' is not one of"),
        ("factors/lr/zero/advantage.name", "rloo", "rloo is several keys: write `like: rloo`"),
        ("baseline/advantage", "rloo", "rloo is several keys: write `like: rloo`"),
        ("baseline/like", "rloo", "baseline: advantage.name: leave_one_out needs"),
    ],
    ids=str,
)
def test_refusals(tmp_path: Path, path: str, value: object, expected: str) -> None:
    assert expected in refusal(tmp_path, changed((path, value)))


def test_a_name_in_words() -> None:
    told = described("dapo")
    assert told.startswith("like: dapo\n  advantage: group_norm\n")
    assert "  objective.ratio: {'name': 'clip', 'epsilon_high': 0.28}\n" in told
    assert "  In TRL: `loss_type: dapo`, its default, is the aggregation alone" in told
