"""Every mistake in a study is one line that names the file, the key and what would be valid."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from checkout import ROOT
from rftlab import levels
from rftlab.errors import BadInputError
from rftlab.files import canonical_json
from rftlab.planning.plan import Plan
from rftlab.planning.planfile import describe
from rftlab.study.read import load_study, read_study
from rftlab.study.variants import AGAIN_SEED, variants
from studies import GONE, STUDY, TEXT, changed, refusal


def test_the_small_study_is_valid(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(TEXT)
    study = load_study(tmp_path / "study.yaml")
    assert list(variants(study)) == ["baseline", "again", "advantage/group_norm", "rollouts/n4", "lr/zero"]


@pytest.mark.parametrize("path", sorted(ROOT.glob("config/*.yaml")), ids=lambda p: p.stem)
def test_the_studies_that_come_with_it_are_valid(path: Path, repository: Path, monkeypatch) -> None:
    monkeypatch.chdir(repository)
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    sources = [*config["datasets"].values(), *config["evaluation_sets"].values()]
    if not all(Path(file).exists() for source in sources for file in source.get("files", {}).values()):
        pytest.skip("its data has to be fetched first")
    if any(source.get("source") == "hub" for source in sources) and not path.with_suffix(".lock").exists():
        pytest.skip("its lock has to be fetched first")
    assert load_study(path).study


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (("modells", {}), "unknown key 'modells'; valid keys: study, description, models, "),
        (("modells", {}), "(did you mean 'models'?)"),
        (
            ("budget/round", 3),
            "budget: unknown key 'round'; valid keys: rounds, rollouts, tokens (did you mean 'rounds'?)",
        ),
        (("baseline/rollout/querys", 3), "baseline.rollout: unknown key 'querys'; valid keys: queries, rollouts, "),
        (("baseline/objective/kl/coeff", 3), "baseline.objective.kl: unknown key 'coeff'; valid keys: coefficient, "),
        (("models/tiny/layer", 3), "models.tiny: unknown key 'layer'; valid keys: source, architecture, layers, "),
        (("datasets/chains/terns", 3), "datasets.chains: terns: no such key; chains has seed, sizes, terms, "),
        (("datasets/chains/prompt", {"tmpl": "{{ query }}"}), "datasets.chains.prompt: unknown key 'tmpl'"),
        (
            ("datasets/chains/sizes/dev", 3),
            "datasets.chains.sizes: no such split 'dev'; there are train, validation, test",
        ),
        (("evaluation_sets/longer/shifts", "x"), "evaluation_sets.longer: shifts: no such key; chains has "),
        (
            ("evaluation_sets/chains_test/shifts", "x"),
            "evaluation_sets.chains_test: unknown key 'shifts'; valid keys: ",
        ),
        (("evaluation/every/round", 3), "evaluation.every: unknown key 'round'"),
        (
            ("factors/lr/zero", {"optimizer.learning_rate": 0.1}),
            "factors.lr.zero: optimizer: unknown key 'learning_rate'; valid keys: lr, weight_decay, betas, epsilon, ",
        ),
        (
            ("factors/lr/zero", {"optimiser.lr": 0.1}),
            "factors.lr.zero: optimiser.lr: unknown key 'optimiser'; valid keys: rollout, engine, reward, advantage, "
            "objective, optimizer, update, precision, lora (did you mean 'optimizer'?)",
        ),
        (
            ("factors/lr/zero", {"objective.kll.coefficient": 0.1}),
            "factors.lr.zero: objective.kll.coefficient: unknown key 'objective.kll'; valid keys: ratio, aggregation",
        ),
        (
            ("factors/lr/zero", {"optimizer.lr.value": 0.1}),
            "factors.lr.zero: optimizer.lr.value: unknown key 'optimizer.lr'; there are no keys below this one",
        ),
        (
            ("factors/lr/zero", {"reward.correct.x.y": 1}),
            "factors.lr.zero: reward.correct.x.y: unknown key 'reward.correct'; there are no keys below this one",
        ),
        (("factors/lr/zero", {"": 0.1}), "factors.lr.zero: unknown key ''; valid keys: rollout, "),
    ],
    ids=str,
)
def test_unknown_keys_at_every_depth(tmp_path: Path, edit, expected: str) -> None:
    line = refusal(tmp_path, changed(edit))
    assert expected in line
    assert line.startswith(expected[:12]) or expected.startswith("(did")


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (("study", 3), "study: a text is needed, not 3"),
        (("models", {}), "models: at least 1 entry is needed, not {}"),
        (("models", GONE), "models: this key is needed"),
        (("models/tiny", None), "models.tiny: a mapping is needed, not None"),
        (("models/tiny/source", GONE), "models.tiny: source: one of 'tiny', 'gguf', 'directory', 'hub' is needed"),
        (
            ("models/tiny/source", "tinny"),
            "models.tiny: source: one of 'tiny', 'gguf', 'directory', 'hub' is needed, not 'tinny'",
        ),
        (
            ("models/tiny/architecture", "gpt"),
            "models.tiny.architecture: one of 'qwen2', 'llama' or 'olmo2' is needed, not 'gpt'",
        ),
        (("models/tiny/hidden_size", 100), "models.tiny.hidden_size: a multiple of 32 is needed, not 100"),
        (("models/tiny/trained_range", [0.5, 0.3, 0.1]), "models.tiny.trained_range: the least, the goal and the most"),
        (
            ("models/tiny/trained_range", [0.1, 0.3]),
            "models.tiny.trained_range: at least 3 entries are needed, not [0.1, 0.3]",
        ),
        (("models/tiny/train_on", {}), "models.tiny.train_on: at least 1 entry is needed, not {}"),
        (("datasets/chains", [1]), "datasets.chains: a mapping is needed, not [1]"),
        (
            ("datasets/chains/source", "json"),
            "datasets.chains: source: one of 'procedural', 'reasoning_gym', 'jsonl', 'parquet', 'hub' is needed, not ",
        ),
        (
            ("datasets/chains/family", "chain"),
            "datasets.chains: family: 'chain' is not one of chains, products (did you",
        ),
        (
            ("datasets/chains/sizes/train", 0),
            "datasets.chains.sizes.train: at least 1 is needed, not 0",
        ),
        (
            ("datasets/chains/prompt", {"template": "Hello"}),
            "datasets.chains.prompt.template: the template drops the question",
        ),
        (
            ("evaluation_sets/longer/source", "json"),
            "evaluation_sets.longer: source: one of 'procedural', 'reasoning_gym', 'jsonl', 'parquet', 'hub' is needed",
        ),
        (
            ("evaluation_sets/longer/source", [1]),
            "evaluation_sets.longer: source: one of 'procedural', 'reasoning_gym', 'jsonl', 'parquet', 'hub' is needed",
        ),
        (("evaluation_sets/longer", 3), "evaluation_sets.longer: a mapping is needed, not 3"),
        (
            ("evaluation_sets/chains_test/split", "train"),
            "evaluation_sets.chains_test.split: one of 'validation' or 'test' is needed",
        ),
        (("baseline/rollout", 3), "baseline.rollout: a mapping is needed, not 3"),
        (("baseline/rollout/queries", "many"), "baseline.rollout.queries: a whole number is needed, not 'many'"),
        (("baseline/rollout/queries", True), "baseline.rollout.queries: a whole number is needed, not True"),
        (("baseline/rollout/queries", 2.5), "baseline.rollout.queries: a whole number is needed, not 2.5"),
        (("baseline/rollout/queries", 0), "baseline.rollout.queries: at least 1 is needed, not 0"),
        (
            ("baseline/rollout/statistics_rollouts", -1),
            "baseline.rollout.statistics_rollouts: at least 0 is needed, not -1",
        ),
        (("baseline/rollout/temperature", 0), "baseline.rollout.temperature: more than 0 is needed, not 0"),
        (("baseline/rollout/top_p", 1.5), "baseline.rollout.top_p: at most 1 is needed, not 1.5"),
        (("baseline/optimizer/lr", float("nan")), "baseline.optimizer.lr: a finite number is needed, not nan"),
        (("baseline/optimizer/lr", float("inf")), "baseline.optimizer.lr: a finite number is needed, not inf"),
        (("baseline/optimizer/lr", True), "baseline.optimizer.lr: a number is needed, not True"),
        (("baseline/optimizer/lr", "1e999"), "baseline.optimizer.lr: a finite number is needed"),
        (("baseline/optimizer/betas", [0.9, 1.0]), "baseline.optimizer.betas.1: less than 1 is needed, not 1.0"),
        (("baseline/reward/probability", float("nan")), "baseline.reward.probability: "),
        (("baseline/reward/name", "coin"), "baseline.reward.name: one of 'outcome' or 'random' is needed, not 'coin'"),
        (("noise_floor", "yes"), "noise_floor: true or false is needed, not 'yes'"),
        (("seeds", 3), "seeds: a list is needed, not 3"),
        (("seeds", []), "seeds: at least 1 entry is needed, not []"),
        (("seeds", [0, 1, 0]), "seeds: 0 is given twice; seeds must differ"),
        (("seeds", [0, -1]), "seeds.1: at least 0 is needed, not -1"),
        (("seeds", [AGAIN_SEED]), "seeds.0: less than 2147483648 is needed, not 2147483648"),
        (("budget", {"rounds": 3, "tokens": 4}), "budget: give exactly one of rounds, rollouts, tokens"),
        (("budget", {}), "budget: give exactly one of rounds, rollouts, tokens"),
        (("budget/rounds", -3), "budget.rounds: at least 1 is needed, not -3"),
        (("evaluation/every", {}), "evaluation.every: give exactly one of rounds, rollouts"),
        (("evaluation/pass_at", [1, 4]), "evaluation: pass_at: 4 is more than samples (2)"),
        (("report", {"confidence": 1}), "report.confidence: less than 1 is needed, not 1"),
        (("factors/lr", None), "factors.lr: a mapping is needed, not None"),
        (("factors/lr/zero", None), "factors.lr.zero: a mapping is needed, not None"),
        (
            ("factors/lr/zero", {"optimizer.lr": "fast"}),
            "factors.lr.zero: optimizer.lr: a number is needed, not 'fast'",
        ),
        (("factors/lr/zero", {"optimizer": 3}), "factors.lr.zero: optimizer: a mapping is needed, not 3"),
        (("factors/lr/zero", {"optimizer.lr": -0.1}), "factors.lr.zero: optimizer.lr: at least 0 is needed, not -0.1"),
    ],
    ids=str,
)
def test_wrong_types_and_values(tmp_path: Path, edit, expected: str) -> None:
    assert refusal(tmp_path, changed(edit)).startswith(expected)


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
            "objective.ratio.name: 'clipp' is not one of cispo, clip, dual_clip, gspo, none, truncated "
            "(did you mean 'clip'?)",
        ),
        (
            {"advantage": {"name": "pass_at_k", "k": 4}, "rollout.rollouts": 3},
            "advantage.k: at most rollout.rollouts + rollout.statistics_rollouts, 3, is needed, not 4",
        ),
        (
            {"advantage.name": "pass_at_k"},
            "advantage.name: pass_at_k needs rollout.rollouts + rollout.statistics_rollouts",
        ),
        ({"objective.ratio": {"name": "truncated", "cap": 0.0}}, "objective.ratio.cap: more than 0 is needed, not 0.0"),
        ({"precision.autocast": "float16"}, "precision.autocast: one of 'none' or 'bfloat16' is needed, not 'float16'"),
        ({"lora": {"rank": 8, "target": ["q_proj"]}}, "lora: unknown key 'target'"),
        ({"objective.aggregation.name": "mean"}, "objective.aggregation.name: 'mean' is not one of constant, "),
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
        ({}, "the level overrides nothing; give dotted keys of the baseline, as in `optimizer.lr: 1.0e-4`"),
        ({"relative_to": "baseline"}, "the level overrides nothing; give dotted keys of the baseline"),
        ({"optimizer.lr": 0.0001}, "the level overrides nothing: it is the same configuration as baseline"),
        ({"optimizer.lr": "1e-4"}, "the level overrides nothing: it is the same configuration as baseline"),
        ({"advantage": "raw"}, "the level overrides nothing: it is the same configuration as baseline"),
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
        {"advantage.name": "max_likelihood"},
    ):
        read_study(changed(("factors/lr/zero", level)), [])


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("lr/nul", "'lr/nul' is not one of baseline, advantage/group_norm, rollouts/n4"),
        ("advantage/grup_norm", "(did you mean 'advantage/group_norm'?)"),
        ("lr/zero", "'lr/zero' is not one of baseline, advantage/group_norm, rollouts/n4"),
        ("again", "'again' is not one of baseline"),
        (["baseline"], "['baseline'] is not one of baseline"),
        (None, "None is not one of baseline"),
    ],
    ids=str,
)
def test_bad_references(tmp_path: Path, reference, expected: str) -> None:
    line = refusal(tmp_path, changed(("factors/lr/zero/relative_to", reference)))
    assert line.startswith("factors.lr.zero.relative_to: ")
    assert expected in line


def test_references_in_a_circle(tmp_path: Path) -> None:
    line = refusal(tmp_path, changed(("factors/advantage/group_norm/relative_to", "rollouts/n4")))
    assert line == (
        "factors.advantage.group_norm.relative_to: advantage/group_norm → rollouts/n4 → advantage/group_norm "
        "is a circle; comparisons must end at the baseline"
    )


def test_a_level_that_is_the_same_as_the_one_it_is_compared_with(tmp_path: Path) -> None:
    same = {"advantage": {"name": "group_norm", "ddof": 1}, "rollout.statistics_rollouts": 3}
    line = refusal(tmp_path, changed(("factors/lr/zero", same | {"relative_to": "advantage/group_norm"})))
    assert line.startswith("factors.lr.zero: the level overrides nothing: it is the same configuration as advantage/")


@pytest.mark.parametrize(
    "name", ["../up", "/etc/passwd", "a/b", "", ".", "..", ".hidden", "a b", "a\nb", "a\x1b[2Jb", "ä", "x" * 65]
)
@pytest.mark.parametrize("key", ["study", "models", "datasets", "evaluation_sets", "factors", "factors.lr"])
def test_names_that_cannot_be_file_names(tmp_path: Path, key: str, name: str) -> None:
    study = copy.deepcopy(STUDY)
    if key == "study":
        study["study"] = name
    else:
        *parents, last = key.split(".")
        place = study
        for parent in [*parents, last]:
            place = place[parent]
        place[name] = copy.deepcopy(next(iter(place.values())))
    assert refusal(tmp_path, study).startswith(f"{key}: {name!r} cannot be a name: letters, digits,")


@pytest.mark.parametrize("key", ["factors", "datasets"])
@pytest.mark.parametrize("name", ["baseline", "again", "base", "noise_floor"])
def test_reserved_names(tmp_path: Path, key: str, name: str) -> None:
    study = changed()
    study[key][name] = next(iter(study[key].values()))
    assert refusal(tmp_path, study).startswith(f"{key}.{name}: this name is taken; so are ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            TEXT.replace("  lr: {zero", "  lr: {zero: {optimizer.lr: 0.1}, zero"),
            ":8: 'zero' is given twice, first on line 8",
        ),
        (f"{TEXT}seeds: [7]\n", ":16: 'seeds' is given twice, first on line 9; names must differ"),
        (TEXT.replace("rounds: 6", "rounds: 6, rounds: 7"), ":10: 'rounds' is given twice"),
        (f"{TEXT}\tseeds: [7]\n", ":16: not YAML: "),
        (TEXT.replace("{rounds: 6}", "{rounds: 6"), ":11: not YAML: "),
        (TEXT.replace("{rounds: 6}", "*nowhere"), ":10: not YAML: found undefined alias 'nowhere'"),
        (
            TEXT.replace("{rounds: 6}", "!!python/object/apply:os.getcwd []"),
            ":10: not YAML: could not determine a constructor",
        ),
        (TEXT.replace("{rounds: 6}", "&a {rounds: *a}"), ":10: not YAML: found unconstructable recursive node"),
        (TEXT.replace("{rounds: 6}", "2026-13-41"), "not YAML: month must be in 1..12"),
        (TEXT.replace("{rounds: 6}", "[" * 5000), "not YAML: "),
        (TEXT + "\x00", "not YAML: "),
        ("---\na: 1\n---\nb: 2\n", ":3: not YAML: "),
        ("- study\n- models\n", "the file holds a list; a study is a mapping with study, models, "),
        ("", "the file holds nothing; a study is a mapping"),
        ("# a comment\n", "the file holds nothing; a study is a mapping"),
        ("study", "the file holds a str; a study is a mapping"),
        (
            TEXT.replace("lr: {zero", "lr: {1.0"),
            "factors.lr.1.0: a name is a text, and YAML reads this one as something else",
        ),
        (
            TEXT.replace("lr: {zero", "no: {zero"),
            "factors.False: a name is a text, and YAML reads this one as something else",
        ),
        (TEXT.replace("rounds: 6", "1: 6"), "budget: unknown key 1; valid keys: rounds, rollouts, tokens"),
    ],
)
def test_files_that_are_no_study(tmp_path: Path, text: str, expected: str) -> None:
    assert refusal(tmp_path, text).startswith(expected)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(
        BadInputError, match=r"gone\.yaml: cannot be read: No such file or directory; a study is a YAML"
    ):
        load_study(tmp_path / "gone.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"study: caf\xe9\n")
    with pytest.raises(BadInputError, match=r"latin\.yaml: not YAML: 'utf-8' codec can't decode"):
        load_study(tmp_path / "latin.yaml")


def test_a_number_that_yaml_reads_as_text_is_a_number() -> None:
    level = {"advantage": {"name": "group_norm", "epsilon": "1e-4"}, "optimizer.lr": "3e-5"}
    study = read_study(changed(("baseline/optimizer/lr", "1e-4"), ("factors/lr/zero", level)), [])
    assert study.baseline.optimizer.lr == 1e-4
    config = variants(study)["lr/zero"].config
    assert config["optimizer"]["lr"] == 3e-5
    assert config["advantage"] == {"name": "group_norm", "epsilon": 1e-4, "ddof": 1}


def test_a_number_is_the_same_with_and_without_its_point() -> None:
    """``1`` and ``1.0`` must not give two fingerprints."""
    epsilons = []
    for epsilon in (1, 1.0):
        level = {"advantage": {"name": "group_norm", "epsilon": epsilon}, "reward.incorrect": epsilon - 2}
        epsilons.append(canonical_json(variants(read_study(changed(("factors/lr/zero", level)), []))["lr/zero"].config))
    assert epsilons[0] == epsilons[1]


def test_a_name_alone_is_short_for_a_mapping() -> None:
    short = variants(read_study(changed(("factors/lr/zero", {"objective.ratio": "clip"})), []))["lr/zero"]
    long = variants(read_study(changed(("factors/lr/zero", {"objective.ratio": {"name": "clip"}})), []))["lr/zero"]
    assert short.config == long.config
    assert short.config["objective"]["ratio"] == {"name": "clip", "epsilon_low": 0.2, "epsilon_high": 0.2}


def test_several_wrong_things_are_counted(tmp_path: Path) -> None:
    line = refusal(tmp_path, changed(("budget/rounds", 0), ("seeds", [-1, -2])))
    assert line == "seeds.0: at least 0 is needed, not -1 (and 2 more)"


LAUGHS = "".join(f", &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]" for i in range(1, 9))
MANY = ": more than 200000 values; an alias that holds itself, or aliases of aliases?"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("[0, 1, 2]", "&s [*s]", MANY),
        ("optimizer.lr: 0.0", f"optimizer.lr: [&l0 [a, a, a]{LAUGHS}]", MANY),
        ("[0, 1, 2]", f"[0x{'f' * 20_000}]", ": seeds.0: a whole number is too large; at most 1000000000000000"),
        ("optimizer.lr: 0.0", f"0x{'f' * 1000}: 0.0", ": factors.lr.zero: a whole number is too large"),
        ("rounds: 6", f"rollouts: 1{'0' * 400}", ": budget.rollouts: a whole number is too large"),
        ("four terms", '"\\ud800"', ": evaluation_sets.longer.shift: a text holds a null character or half of a "),
        ("study: small", 'study: small\ndescription: "a\\0"', ": description: a text holds a null character"),
        ("optimizer.lr: 0.0", '"\\ud800": 0.0', ": factors.lr.zero: a text holds a null character"),
    ],
    ids=["itself", "laughs", "hexadecimal", "key", "decimal", "surrogate", "null", "name"],
)
def test_values_that_no_study_means(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in TEXT
    assert f": {refusal(tmp_path, TEXT.replace(old, new, 1))}".startswith(expected)


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([("description", "x" * 100_000)], "the study is 1"),
        ([("description", "'" * 30_000)], "the study is 1"),
        ([("seeds", list(range(3000)))], "seeds, factors: 15000 runs; at most 10000 are possible in one study"),
        (
            [("budget/rounds", 10**12), ("evaluation/every/rounds", 1)],
            "evaluation.every: 1000000000000 checkpoints of each run of baseline; at most 10000 are possible",
        ),
        ([("evaluation/pass_at", [1, 1])], "evaluation: pass_at: 1 is given twice"),
    ],
    ids=["long", "quotes", "runs", "checkpoints", "twice"],
)
def test_more_than_can_be_planned(tmp_path: Path, edits, expected: str) -> None:
    assert refusal(tmp_path, changed(*edits)).startswith(expected)


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
    ],
    ids=str,
)
def test_levels_whose_file_cannot_be_used(tmp_path: Path, monkeypatch, parameters, constants, expected: str) -> None:
    def read(kind: str, name: str) -> levels.LevelFile:
        return levels.LevelFile(kind, name, "", parameters, constants)

    monkeypatch.setattr("rftlab.levels.read", read)
    assert refusal(tmp_path, changed()) == f"baseline: advantage.name: advantages/raw.py: {expected}"


def test_a_long_value_is_not_repeated_at_length(tmp_path: Path) -> None:
    assert len(refusal(tmp_path, changed(("baseline/rollout/queries", "many" * 1000)))) < 200


def test_merged_files_are_all_named(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(TEXT)
    with pytest.raises(BadInputError) as error:
        read_study(changed(("seeds", [])), [tmp_path / "a.yaml", tmp_path / "b.yaml"])
    assert str(error.value).startswith(f"{tmp_path / 'a.yaml'}, {tmp_path / 'b.yaml'}: seeds: ")


# any value at any place ----------------------------------------------------------------------------------------------


def places(value: object, path: tuple = ()) -> list[tuple]:
    """Every place of a study: paths of keys and list positions."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [place for key, below in items for place in places(below, (*path, key))]


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from(
        [10**30, float("nan"), float("-inf"), 0.5, "1e-4", "raw", "group_norm", "chains", "longer", "..", "a\nb"]
    ),
    st.text(max_size=3),
    st.lists(st.sampled_from([0, 1, 4, "chains_test", "longer"]), max_size=3),
    st.dictionaries(
        st.sampled_from(["name", "source", "rounds", "optimizer.lr", "x", "relative_to"]), st.integers(0, 2)
    ),
)


@given(data=st.data())
@settings(max_examples=300)
def test_any_edit_gives_a_plan_or_one_line(data: st.DataObject) -> None:
    study = copy.deepcopy(STUDY)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(places(study)))
        holder = study
        for key in place[:-1]:
            holder = holder[key]
        edit = data.draw(st.sampled_from(["delete", "rename", "replace"]))
        old = holder[place[-1]]
        if edit != "replace":
            del holder[place[-1]]
        if edit == "rename" and isinstance(holder, dict):
            holder[data.draw(st.sampled_from(["x", 1, None, f"{place[-1]}s", "../x"]))] = old
        if edit == "replace":
            holder[place[-1]] = data.draw(VALUES)
        if not study:
            break
    try:
        plan = Plan(read_study(study, []))
    except BadInputError as error:
        plan, line = None, str(error)
    if plan is None:
        assert line.isprintable()
        assert line.startswith("study: ")
    else:
        canonical_json(describe(plan))
        for run in plan.runs():
            plan.run_params(run)
