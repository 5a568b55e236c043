"""A variant's complete configuration, and the levels that cannot be one."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from rftlab import levels
from rftlab.errors import BadInputError
from rftlab.files import canonical_json, file_sha256
from rftlab.study.configuration import apply, refuse_impossible, resolve
from rftlab.study.read import read_study
from rftlab.study.schema import Baseline
from rftlab.study.variants import variants_of
from studies import changed, refusal


@pytest.mark.parametrize(
    ("advantage", "expected"),
    [
        ("grup_norm", "advantage.name: 'grup_norm' is not one of batch_mean, "),
        ("../levels", "advantage.name: '../levels' is not one of batch_mean, "),
        ({"name": 3}, "advantage.name: a text is needed, not 3"),
        (3, "advantage: a mapping is needed, not 3"),
        ({"epsilon": 1.0}, "advantage.name: this key is needed"),
        (
            {"name": "group_norm", "epsilom": 1.0},
            "advantage: group_norm has no parameter 'epsilom'; valid: epsilon, ddof (did",
        ),
        ({"name": "raw", "epsilon": 1.0}, "advantage: raw has no parameter 'epsilon'; valid: none"),
        ({"name": "group_norm", "epsilon": "small"}, "advantage.epsilon: a number is needed, not 'small'"),
        ({"name": "group_norm", "epsilon": True}, "advantage.epsilon: a number is needed, not True"),
        ({"name": "group_norm", "epsilon": float("nan")}, "advantage.epsilon: a finite number is needed, not nan"),
        ({"name": "group_norm", "ddof": 1.0}, "advantage.ddof: a whole number is needed, not 1.0"),
        ({"name": "group_norm", "ddof": True}, "advantage.ddof: a whole number is needed, not True"),
        ({"name": "group_norm", "ddof": -1}, "advantage.ddof: at least 0 is needed, not -1"),
        ({"name": "group_norm", "ddof": None}, "advantage.ddof: a whole number is needed, not None"),
    ],
    ids=str,
)
def test_levels_that_are_files(tmp_path: Path, advantage, expected: str) -> None:
    # a mapping overrides the whole section
    in_a_level = refusal(tmp_path, changed(("factors/lr/zero", {"advantage": advantage})))
    assert in_a_level.startswith(f"factors.lr.zero: {expected}")
    in_the_baseline = refusal(tmp_path, changed(("baseline/advantage", advantage)))
    assert in_the_baseline.startswith(("baseline: " + expected, "baseline." + expected))


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (
            {"objective.ratio": "clipp"},
            f"objective.ratio.name: 'clipp' is not one of {', '.join(levels.names('objectives.ratio'))} "
            "(did you mean 'clip'?)",
        ),
        (
            {"advantage": {"name": "pass_at_k", "k": 4}, "rollout.rollouts": 3},
            "advantage.k: less than rollout.rollouts + rollout.statistics_rollouts, 3, is needed, not 4",
        ),
        (
            {"advantage.name": "pass_at_k"},
            "advantage.name: pass_at_k needs rollout.rollouts + rollout.statistics_rollouts",
        ),
        ({"objective.ratio": {"name": "truncated", "cap": 0.0}}, "objective.ratio.cap: more than 0 is needed, not 0.0"),
        ({"precision.autocast": "float16"}, "precision.autocast: one of 'none' or 'bfloat16' is needed, not 'float16'"),
        ({"lora": {"rank": 8, "target": ["q_proj"]}}, "lora: unknown key 'target'"),
        ({"objective.aggregation.name": "mean"}, "objective.aggregation.name: 'mean' is not one of constant, "),
        (
            {"update.minibatches": 3},
            "update.minibatches: 3 does not divide rollout.queries, 4: minibatches are of whole queries and of ",
        ),
        (
            {"rollout.redraws": 2},
            "rollout.redraws needs rollout.rollouts + rollout.statistics_rollouts ≥ 2: a single reward equals itself",
        ),
        (
            {"objective.drop_equal_rewards": True},
            "objective.drop_equal_rewards needs rollout.rollouts + rollout.statistics_rollouts ≥ 2: a single reward",
        ),
        (
            {"objective.kl.in_reward": True},
            "objective.kl.coefficient: more than 0 is needed where the penalty is configured",
        ),
        (
            {"objective.kl": {"coefficient": 0.1, "target": 0.01}},
            "objective.kl.target: needs objective.kl.in_reward: true, where KL is measured",
        ),
        (
            {
                "advantage.name": "max_likelihood",
                "rollout.rollouts": 2,
                "objective.kl": {"coefficient": 0.1, "in_reward": True},
            },
            "advantage.name: max_likelihood needs rewards ≥ 0.0, and objective.kl.in_reward lowers them",
        ),
        (
            {"objective.kl": {"coefficient": 0.1, "in_reward": True, "target": 0.1, "horizon": 3}},
            "objective.kl.horizon: at least the 4 rollouts that a round trains on are needed, not 3",
        ),
        ({"objective.kl": {"coefficient": 0.1, "target": 0.0}}, "objective.kl.target: more than 0 is needed, not 0.0"),
        (
            {"rollout.down_sample": 4, "rollout.rollouts": 4},
            "rollout.down_sample: less than rollout.rollouts, 4, and no rollout.statistics_rollouts are needed, not 4 ",
        ),
        (
            {"rollout.down_sample": 2, "rollout.rollouts": 4, "advantage": {"name": "pass_at_k", "k": 3}},
            "advantage.k: less than rollout.down_sample, 2, is needed, not 3",
        ),
        (
            {"rollout.order": "easy_first"},
            "rollout.difficulty.rollouts: at least 1 is needed to know how hard queries are, not 0",
        ),
        (
            {"rollout.difficulty": {"rollouts": 4, "low": 0.5, "high": 0.25}},
            "rollout.difficulty.low: at most rollout.difficulty.high, 0.25, is needed, not 0.5",
        ),
        ({"rollout.only": 9}, "rollout.only: 9 queries to train on, and datasets.chains has 8"),
        (
            {"rollout.order": "random"},
            "rollout.order: one of 'epochs', 'replacement' or 'easy_first' is needed, not 'random'",
        ),
        ({"rollout.redraws": -1}, "rollout.redraws: at least 0 is needed, not -1"),
        ({"objective.kl.estimator": "k4"}, "objective.kl.estimator: 'k4' is not one of k1, k2, k3"),
        (
            {"advantage.name": "leave_one_out"},
            "advantage.name: leave_one_out needs rollout.rollouts + rollout.statistics_rollouts ≥ 2, not 1",
        ),
        (
            {"advantage.name": "max_likelihood", "reward.incorrect": -1},
            "advantage.name: max_likelihood needs reward.correct and reward.incorrect ≥ 0.0, not -1.0",
        ),
        (
            {"advantage": {"name": "history_window", "window": 3}, "rollout.rollouts": 4},
            "advantage.window: at least rollout.rollouts, 4, is needed, not 3",
        ),
        (
            {"advantage": {"name": "history_window", "window": 0}},
            "advantage.window: at least rollout.rollouts, 1, is needed",
        ),
        (
            {"objective.kl": {"coefficient": 0.1}, "objective.kl.coefficient": 0.2},
            "objective.kl and objective.kl.coefficient override the same thing; give it once",
        ),
        (
            {"objective.shaping": {"name": "clip", "bound": 0.0}},
            "objective.shaping.bound: more than 0 is needed, not 0.0",
        ),
        ({"optimizer.name": "adamv"}, "optimizer.name: 'adamv' is not one of adamw, adamw_8bit, muon, sgd, sign_sgd"),
        ({"optimizer.betas": [0.9]}, "optimizer.betas: a list of 2 is needed, not [0.9]"),
        ({"optimizer.betas": [0.9, "x"]}, "optimizer.betas: a number is needed, not 'x'"),
        ({"optimizer.betas": [0.9, 1.0]}, "optimizer.betas: at least 0 and less than 1 is needed, not 1.0"),
        (
            {"optimizer": {"name": "sgd", "betas": [0.9, 0.99]}},
            "optimizer: sgd has no parameter 'betas'; valid: momentum, weight_decay, lr, max_gradient_norm, warmup, ",
        ),
        ({"optimizer.name": "adamw_8bit"}, "optimizer.name: adamw_8bit needs bitsandbytes, which is not installed"),
        ({"optimizer.warmup": 7}, "optimizer.warmup: at most the 6 rounds of a run are possible, not 7"),
        (
            {"optimizer.schedule": {"name": "linear", "final": 1.5}},
            "optimizer.schedule.final: a number from 0 to 1 is needed, not 1.5",
        ),
        ({}, "the level overrides nothing; give dotted keys of the baseline, as in `optimizer.lr: 1.0e-4`"),
        ({"relative_to": "baseline"}, "the level overrides nothing; give dotted keys of the baseline"),
    ],
    ids=str,
)
def test_impossible_levels(tmp_path: Path, level, expected: str) -> None:
    assert refusal(tmp_path, changed(("factors/lr/zero", level))).startswith(f"factors.lr.zero: {expected}")


def test_levels_that_are_possible() -> None:
    for level in (
        {"advantage.name": "leave_one_out", "rollout.statistics_rollouts": 1},
        {"advantage.name": "group_norm"},  # legal at n = 1: the reward itself
        {"advantage": {"name": "history_window", "window": 4}, "rollout.rollouts": 4},
        {"advantage.name": "max_likelihood", "rollout.statistics_rollouts": 1},
    ):
        read_study(changed(("factors/lr/zero", level)), [])


def test_an_optimizer_has_its_own_parameters_beside_the_keys_of_all() -> None:
    levels_of_it = {
        "momentum": {"optimizer": {"name": "sgd", "lr": 0.1, "momentum": "5e-1"}},
        "muon": {"optimizer.name": "muon", "optimizer.schedule": "cosine", "optimizer.warmup": 2},
        "betas": {"optimizer.betas": [0, 0.5]},
    }
    variants = variants_of(read_study(changed(("factors/optimizer", levels_of_it)), []))
    configs = {name: variants[f"optimizer/{name}"].config["optimizer"] for name in levels_of_it}
    common = {"max_gradient_norm": 1.0, "warmup": 0, "schedule": {"name": "constant"}}
    assert configs["momentum"] == {"name": "sgd", "lr": 0.1, "momentum": 0.5, "weight_decay": 0.0, **common}
    assert configs["muon"]["schedule"] == {"name": "cosine", "final": 0.0}
    assert configs["betas"]["betas"] == [0.0, 0.5]
    assert {type(one) for one in configs["betas"]["betas"]} == {float}


def test_a_schedule_over_the_whole_run_needs_to_know_its_rounds(tmp_path: Path) -> None:
    tokens = ("budget", {"tokens": 500})
    line = refusal(tmp_path, changed(tokens, ("factors/lr/zero", {"optimizer.schedule": "linear"})))
    assert (
        line == "factors.lr.zero: optimizer.schedule.name: linear needs a budget in rounds, or one in rollouts without "
        "rollout.redraws and rollout.difficulty"
    )
    line = refusal(tmp_path, changed(tokens, ("baseline/optimizer", {"schedule": "cosine"})))
    assert line.startswith("baseline: optimizer.schedule.name: cosine needs a budget in rounds, or one in rollouts")
    read_study(changed(tokens, ("factors/lr/zero", {"optimizer.warmup": 7})), [])
    crossed = {"x": {"a": {"optimizer.schedule": "cosine"}}, "y": {"b": {"rollout.redraws": 1, "rollout.rollouts": 2}}}
    edits = [("factors", crossed), ("design", {"factorial": ["x", "y"]}), ("budget", {"rollouts": 64})]
    line = refusal(tmp_path, changed(*edits))
    assert line.startswith(
        "x+y/a+b: optimizer.schedule.name: cosine needs a budget in rounds, or one in rollouts without"
    )


def test_a_number_that_yaml_reads_as_text_is_a_number() -> None:
    level = {"advantage": {"name": "group_norm", "epsilon": "1e-4"}, "optimizer.lr": "3e-5"}
    study = read_study(changed(("baseline/optimizer/lr", "1e-4"), ("factors/lr/zero", level)), [])
    assert study.baseline.optimizer.lr == 1e-4
    config = variants_of(study)["lr/zero"].config
    assert config["optimizer"]["lr"] == 3e-5
    assert config["advantage"] == {"name": "group_norm", "epsilon": 1e-4, "ddof": 1}


def test_a_number_is_the_same_with_and_without_its_point() -> None:
    """``1`` and ``1.0`` must not give two fingerprints."""
    epsilons = []
    for epsilon in (1, 1.0):
        level = {"advantage": {"name": "group_norm", "epsilon": epsilon}, "reward.incorrect": epsilon - 2}
        epsilons.append(
            canonical_json(variants_of(read_study(changed(("factors/lr/zero", level)), []))["lr/zero"].config)
        )
    assert epsilons[0] == epsilons[1]


def test_a_name_alone_is_short_for_a_mapping() -> None:
    short = variants_of(read_study(changed(("factors/lr/zero", {"objective.ratio": "clip"})), []))["lr/zero"]
    long = variants_of(read_study(changed(("factors/lr/zero", {"objective.ratio": {"name": "clip"}})), []))["lr/zero"]
    assert short.config == long.config
    assert short.config["objective"]["ratio"] == {"name": "clip", "epsilon_low": 0.2, "epsilon_high": 0.2}


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ({"advantage": {"name": "group_norm", "epsilon": 0}}, "advantage.epsilon: more than 0 is needed, not 0"),
        ({"advantage": {"name": "batch_norm", "ddof": 2}}, "advantage.ddof: 0 or 1 is needed, not 2"),
        ({"advantage": {"name": "ema", "decay": 1.1}}, "advantage.decay: a number from 0 to 1 is needed, not 1.1"),
        (
            {"objective.ratio": {"name": "clip", "epsilon_low": 1.0}},
            "objective.ratio.epsilon_low: at least 0 and less than 1 is needed, not 1.0",
        ),
        ({"objective.ratio": {"name": "clip", "epsilon_high": -0.1}}, "objective.ratio.epsilon_high: at least 0 is"),
    ],
    ids=str,
)
def test_parameters_out_of_range(tmp_path: Path, level, expected: str) -> None:
    assert refusal(tmp_path, changed(("factors/lr/zero", level))).startswith(f"factors.lr.zero: {expected}")


A_TUPLE = "a tuple of the values that are possible, the default among them, is needed"


@pytest.mark.parametrize(
    ("parameters", "constants", "expected"),
    [
        ({"a": None}, {}, "a needs a default that is a finite number, a text, true or false, not None"),
        ({"a": {1}}, {}, "a needs a default that is a finite number, a text, true or false, not {1}"),
        ({"a": float("inf")}, {}, "a needs a default that is a finite number, a text, true or false, not inf"),
        ({}, {"MINIMUM_ROLLOUTS": "two"}, "MINIMUM_ROLLOUTS must be a number"),
        ({"a": 1}, {"RANGES": {"b": "[0, 1]"}}, "RANGES must be a mapping of its parameters, a"),
        ({"a": 1}, {"RANGES": "[0, 1]"}, "RANGES must be a mapping of its parameters, a"),
        ({"a": 1}, {"RANGES": {"a": "0 to 1"}}, "RANGES: a: '0 to 1' is no interval such as '[0, 1)'"),
        ({"a": 1}, {"RANGES": {"a": "[0, N]"}}, "RANGES: a: could not convert string to float: 'N'"),
        ({"a": "x"}, {"RANGES": {"a": "[0, 1]"}}, f"RANGES: a: {A_TUPLE}"),
        ({"a": 1}, {"RANGES": {"a": ()}}, f"RANGES: a: an interval such as '[0, 1)', or {A_TUPLE}"),
        ({"a": 2.0}, {"RANGES": {"a": "[0, 1]"}}, "RANGES: a: '[0, 1]' does not hold the default, 2.0"),
        ({}, {"MINIMUM_ROLLOUTS": True}, "MINIMUM_ROLLOUTS must be a number"),
    ],
    ids=str,
)
def test_levels_whose_file_cannot_be_used(tmp_path: Path, monkeypatch, parameters, constants, expected: str) -> None:
    def read(kind: str, name: str) -> levels.LevelFile:
        return levels.LevelFile(kind, name, "", parameters, constants)

    monkeypatch.setattr("rftlab.levels.read", read)
    assert refusal(tmp_path, changed()) == f"baseline: advantage.name: advantages/raw.py: {expected}"


# one function at a time ----------------------------------------------------------------------------------------------


def test_overrides_go_into_a_copy() -> None:
    baseline, level = {"a": {"b": {"c": 1}, "d": [2]}, "e": 3}, {"a.b.c": [4], "e": {"f": 5}}
    before, given = copy.deepcopy(baseline), copy.deepcopy(level)
    changed_ = apply(baseline, level, "key")
    assert changed_ == {"a": {"b": {"c": [4]}, "d": [2]}, "e": {"f": 5}}
    changed_["a"]["d"].append(6)
    changed_["a"]["b"]["c"].append(7)
    changed_["e"]["f"] = 8
    assert (baseline, level) == (before, given)


def test_an_override_may_add_a_key_to_a_section() -> None:
    """Whether there may be such a key is the schema's to say."""
    assert apply({"a": {}}, {"a.b": 1, "c": 2}, "key") == {"a": {"b": 1}, "c": 2}


def test_names_that_only_begin_alike_are_no_clash() -> None:
    assert apply({"a": {"b": 1, "bc": 2}}, {"a.b": 3, "a.bc": 4}, "key") == {"a": {"b": 3, "bc": 4}}


@pytest.mark.parametrize("overrides", [{"a.b": 1, "a": {"b": 2}}, {"a": {"b": 2}, "a.b": 1}])
def test_the_same_thing_is_not_overridden_twice(overrides) -> None:
    with pytest.raises(BadInputError) as error:
        apply({"a": {"b": 0}}, overrides, "factors.f.l")
    assert str(error.value) == "factors.f.l: a and a.b override the same thing; give it once"


def test_a_configuration_is_complete() -> None:
    config = resolve({"advantage": "group_norm", "objective": {"ratio": {"name": "clip", "epsilon_high": 0.3}}}, "key")
    assert config.keys() == Baseline.model_fields.keys()
    assert config["advantage"] == {"name": "group_norm", "epsilon": 1e-6, "ddof": 1}
    assert config["objective"]["ratio"] == {"name": "clip", "epsilon_low": 0.2, "epsilon_high": 0.3}
    assert config["objective"]["aggregation"]["name"] == "token_mean"
    assert resolve(config, "key") == config, "nothing is left to fill in"


def resolved(*, n: int = 2, m: int = 0, incorrect: float = 0.0, **advantage: object) -> dict[str, object]:
    rollout = {"rollouts": n, "statistics_rollouts": m}
    config = {"rollout": rollout, "reward": {"incorrect": incorrect}, "advantage": advantage}
    return resolve(config, "key")


@pytest.mark.parametrize(
    "possible",
    [
        {"name": "leave_one_out", "n": 2},
        {"name": "leave_one_out", "n": 1, "m": 1},
        {"name": "pass_at_k", "n": 2, "m": 3, "k": 4},
        {"name": "history_window", "n": 3, "m": 5, "window": 3},
        {"name": "max_likelihood", "incorrect": 0.0},
        {"name": "raw", "n": 1, "incorrect": -1.0},
    ],
    ids=str,
)
def test_values_at_a_bound_are_possible(possible) -> None:
    refuse_impossible(resolved(**possible), "key")


@pytest.mark.parametrize(
    ("impossible", "line"),
    [
        (
            {"name": "leave_one_out", "n": 1},
            "advantage.name: leave_one_out needs rollout.rollouts + rollout.statistics_rollouts ≥ 2, not 1",
        ),
        (
            {"name": "pass_at_k", "n": 2, "m": 1, "k": 4},
            "advantage.k: less than rollout.rollouts + rollout.statistics_rollouts, 3, is needed, not 4",
        ),
        (
            {"name": "history_window", "n": 3, "m": 5, "window": 2},
            "advantage.window: at least rollout.rollouts, 3, is needed, not 2",
        ),
        (
            {"name": "max_likelihood", "incorrect": -0.5},
            "advantage.name: max_likelihood needs reward.correct and reward.incorrect ≥ 0.0, not -0.5",
        ),
    ],
    ids=str,
)
def test_values_beyond_a_bound_are_refused(impossible, line: str) -> None:
    with pytest.raises(BadInputError) as error:
        resolved(**impossible)
    assert str(error.value) == f"key: {line}"


# rewards -------------------------------------------------------------------------------------------------------------


def test_a_reward_without_terms_and_a_loss_without_a_mask_have_no_such_keys() -> None:
    config = resolve({}, "key")
    assert config["reward"] == {"name": "outcome", "correct": 1.0, "incorrect": 0.0, "probability": 0.5}
    assert "mask" not in config["objective"]


def test_terms_and_masks_are_complete() -> None:
    terms = {"overlong_soft": {}, "format": {"weight": 1, "incorrect": -1}}
    config = resolve({"reward": {"terms": terms}, "objective": {"mask": "truncated"}}, "key")
    assert config["reward"]["terms"] == {
        "overlong_soft": {"weight": 1.0, "share": 0.2},
        "format": {"weight": 1.0, "correct": 1.0, "incorrect": -1.0},
    }
    assert config["objective"]["mask"] == {"name": "truncated", "share_out": True}
    assert resolve(config, "key") == config, "nothing is left to fill in"


def test_a_reward_file_is_named_with_its_digest_and_all_its_parameters(tmp_path: Path) -> None:
    path = tmp_path / "my.py"
    path.write_text("RANGES = {'scale': '(0, inf)'}\n\ndef reward(records, *, scale=1.0, why='so'): ...\n")
    config = resolve({"reward": {"file": str(path), "parameters": {"scale": 2}, "terms": {"format": {}}}}, "key")
    assert config["reward"] == {
        "file": str(path),
        "sha256": file_sha256(path),
        "parameters": {"scale": 2.0, "why": "so"},
        "terms": {"format": {"weight": 1.0, "correct": 1.0, "incorrect": 0.0}},
    }


@pytest.mark.parametrize(
    ("reward", "line"),
    [
        ({"name": "outcom"}, "reward.name: 'outcom' is not one of "),
        ({"name": "overlong_soft"}, "reward.name: overlong_soft does not pay successes: it is a term, to be named in "),
        ({"terms": {"overlong": {}}}, "reward.terms: 'overlong' is not one of "),
        ({"terms": {"format": {"wait": 1.0}}}, "reward.terms.format: format has no parameter 'wait'; valid: correct, "),
        ({"terms": {"format": {"weight": "much"}}}, "reward.terms.format.weight: a number is needed, not 'much'"),
        ({"terms": {"format": {"weight": float("inf")}}}, "reward.terms.format.weight: a finite number is needed"),
        ({"terms": {"outcome": {}}}, "reward.terms.outcome: it is reward.name already; give it once"),
        ({"terms": {"overlong_soft": {"share": 0}}}, "reward.terms.overlong_soft.share: more than 0 and at most 1 is "),
        ({"terms": {"format": None}}, "reward.terms.format: a mapping is needed, not None"),
        ({"parameters": {"x": 1}}, "reward.parameters: those of reward.file, and there is none: remove them"),
        (
            {"file": "my.py", "name": "random"},
            "reward.name: reward.file is the reward, and does not read this: remove ",
        ),
        (
            {"file": "my.py", "correct": 2.0},
            "reward.correct: reward.file is the reward, and does not read this: remove ",
        ),
        ({"file": "no.py"}, "reward.file: no.py cannot be read: No such file or directory"),
        ({"file": "."}, "reward.file: . cannot be read: Is a directory"),
        ({"file": "empty.py"}, "reward.file: empty.py defines no function reward()"),
        ({"file": "my.py", "parameters": {"scala": 1}}, "reward.parameters: my has no parameter 'scala'; valid: scale"),
        ({"file": "my.py", "parameters": {"scale": 3.0}}, "reward.parameters.scale: a number from 0 to 2 is needed"),
        ({"file": "none.py"}, "reward.file: none.py: a needs a default that is a finite number, a text, true or false"),
    ],
    ids=str,
)
def test_a_reward_that_cannot_be_is_one_line(tmp_path: Path, monkeypatch, reward, line: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my.py").write_text("RANGES = {'scale': '[0, 2]'}\n\ndef reward(records, *, scale=1.0): ...\n")
    Path("none.py").write_text("def reward(records, *, a=None): ...\n")
    Path("empty.py").write_text("")
    with pytest.raises(BadInputError) as refusal:
        resolve({"reward": reward}, "key")
    assert str(refusal.value).replace("key.", "key: ").startswith(f"key: {line}")


def test_an_advantage_that_needs_rewards_of_zero_or_more_is_told_what_terms_can_do() -> None:
    config = {"advantage": "max_likelihood", "rollout": {"rollouts": 2}}
    resolve({**config, "reward": {"terms": {"format": {}}}}, "key")
    with pytest.raises(
        BadInputError, match=r"^key: advantage\.name: max_likelihood needs the sum of rewards ≥ 0.*-1\.0$"
    ):
        resolve({**config, "reward": {"terms": {"overlong_hard": {}}}}, "key")
