"""Every mistake in a study is one line that names the file, the key and what would be valid."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from checkout import ROOT
from rftlab.errors import BadInputError
from rftlab.files import canonical_json
from rftlab.planning.plan import Plan
from rftlab.planning.planfile import describe
from rftlab.study.read import load_study, read_study
from rftlab.study.variants import AGAIN_SEED, variants_of
from rftlab.study.yaml_file import merged
from studies import GONE, STUDY, TEXT, changed, refusal


def test_the_small_study_is_valid(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(TEXT)
    study = load_study(tmp_path / "study.yaml")
    assert list(variants_of(study)) == ["baseline", "again", "advantage/group_norm", "rollouts/n4", "lr/zero"]


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
            "factors.lr.zero: optimizer: adamw has no parameter 'learning_rate'; valid: weight_decay, betas, epsilon",
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
            "factors.lr.zero: optimizer.lr.value: unknown key 'optimizer.lr'; valid keys: schedule",
        ),
        (
            ("factors/lr/zero", {"reward.correct.x.y": 1}),
            "factors.lr.zero: reward.correct.x.y: unknown key 'reward.correct'; valid keys: parameters, terms",
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
        (("baseline/optimizer/betas", [0.9, 1.0]), "baseline: optimizer.betas: at least 0 and less than 1 is"),
        (("baseline/reward/probability", float("nan")), "baseline.reward.probability: "),
        (
            ("baseline/reward/name", "coin"),
            "baseline: reward.name: 'coin' is not one of format, label_noise, outcome, ",
        ),
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
def test_names_that_yaml_reads_as_something_else(tmp_path: Path, text: str, expected: str) -> None:
    assert refusal(tmp_path, text).startswith(expected)


def test_several_wrong_things_are_counted(tmp_path: Path) -> None:
    line = refusal(tmp_path, changed(("budget/rounds", 0), ("seeds", [-1, -2])))
    assert line == "seeds.0: at least 0 is needed, not -1 (and 2 more)"


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


# --config -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "as_snakemake_reads_it", "expected"),
    [
        ("budget={rounds: 2}", {"rounds": "2"}, {"rounds": 2}),
        ("seeds=[4, 5]", ["4", "5"], [4, 5]),
        ("noise_floor=no", "no", False),
        ("threads=2", 2, 2),
        ("description=2026: a study", {"2026": "a study"}, "2026: a study"),
        ("description=7", 7, "7"),
        ("description=", None, ""),
    ],
)
def test_values_of_the_command_line_are_read_as_those_of_a_file(
    option: str, as_snakemake_reads_it: object, expected: object
) -> None:
    key = option.partition("=")[0]
    study = read_study(merged(STUDY, {key: as_snakemake_reads_it}), [], [option])
    assert study.model_dump(include={key}, exclude_none=True)[key] == expected


@pytest.mark.parametrize(
    ("option", "line"),
    [
        ("budget={rounds: 2", "--config budget:1: not YAML: expected ',' or '}'"),
        ("budget={rounds: 2, rounds: 3}", "--config budget:1: 'rounds' is given twice"),
        ("budget={rounds: x}", "--config: budget.rounds: a whole number is needed, not 'x'"),
        ("budgets=2", "--config: unknown key 'budgets'"),
    ],
)
def test_values_of_the_command_line_that_are_wrong(option: str, line: str) -> None:
    with pytest.raises(BadInputError) as error:
        read_study(STUDY, [], [option])
    assert str(error.value).startswith(line)
