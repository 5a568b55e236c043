from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from rftlab.analysis.tables import MARGINAL_GAINS, flattened, main, tables, typed, write_table
from rftlab.errors import BadInputError
from rftlab.runfolder.expected import read_expected
from rftlab.runfolder.read import read_document
from rftlab.runfolder.study_plan import TUNED_TABLES, read_plan
from rftlab.views.results import read_results
from rftlab.views.warnings import warnings
from synthetic import accuracy, manifest_again, stage_arguments, tables_of, write_study

NAMES = ("runs", "curves", "evaluations", "marginal_gains", "verdicts", "effects", "pooled", "collapses", *TUNED_TABLES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables of a study of two models and two datasets, one run of it diverged."""
    where = tmp_path_factory.mktemp("study")
    plan = write_study(
        where,
        models=("tiny-qwen2", "tiny-llama"),
        datasets=("chains", "words"),
        diverged={("advantage/group_norm_extra7", 2): 7},
    )
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(where)
        main(stage_arguments(plan, "tables"))
    return where / "tables"


def test_every_table_is_written_twice_with_the_same_content(folder: Path) -> None:
    assert sorted(p.name for p in folder.iterdir()) == sorted(f"{n}.{e}" for n in NAMES for e in ("csv", "parquet"))
    for name in NAMES:
        binary = pd.read_parquet(folder / f"{name}.parquet")
        text = pd.read_csv(folder / f"{name}.csv")
        assert list(text) == list(binary)
        assert len(text) == len(binary)
        nothing = name in ("effects", *TUNED_TABLES)
        assert (len(text) == 0) == nothing, "of a study that crosses no factors and tunes nothing"
        for column in binary.select_dtypes("number"):
            assert text[column].to_numpy(float) == pytest.approx(
                binary[column].to_numpy(float, na_value=float("nan")), rel=1e-9, nan_ok=True
            )


def test_csv_bytes_depend_on_the_inputs_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = write_study(tmp_path)
    monkeypatch.chdir(tmp_path)
    main(stage_arguments(plan, "first"))
    document = read_document(plan)
    for part in ("runs", "variants"):
        document[part].reverse()
    plan.write_text(json.dumps(document))
    main(stage_arguments(plan, "second"))
    for name in NAMES:
        assert Path("first", f"{name}.csv").read_bytes() == Path("second", f"{name}.csv").read_bytes()


def test_runs(folder: Path) -> None:
    runs = pd.read_parquet(folder / "runs.parquet")
    assert len(runs) == 2 * 2 * 5 * 3
    keyed = runs.set_index(["model", "dataset", "variant", "seed"])
    assert keyed.index.is_unique
    baseline = keyed.loc["tiny-qwen2", "chains", "baseline", 0]
    assert pd.isna(baseline["relative_to"])
    assert (baseline["status"], baseline["rounds"], baseline["rollouts"], baseline["seconds"]) == (
        "finished",
        10,
        40,
        7.5,
    )
    assert baseline["reward_last"] > baseline["reward_first"]
    assert baseline["config.rollout.queries"] == 4
    assert baseline["config.evaluation_rounds"] == "[0,5,10]"
    diverged = keyed.loc["tiny-llama", "words", "advantage/group_norm_extra7", 2]
    assert (diverged["status"], diverged["rounds"], diverged["rollouts"]) == ("diverged", 7, 7 * 32)
    assert runs.loc[runs["inert"], "variant"].unique().tolist() == ["ratio/clip"]


def test_curves(folder: Path) -> None:
    curves = pd.read_parquet(folder / "curves.parquet")
    assert len(curves) == 2 * 2 * (5 * 3 * 10 - 3)
    assert curves["kl_base"].notna().sum() < len(curves)
    one = curves.query("model == 'tiny-qwen2' and dataset == 'words' and variant == 'rollouts/n8' and seed == 1")
    assert one["round"].tolist() == list(range(1, 11))
    assert one["rollouts"].tolist() == list(range(32, 352, 32))
    assert one["seconds"].is_monotonic_increasing


def test_evaluations(folder: Path) -> None:
    evaluations = pd.read_parquet(folder / "evaluations.parquet")
    key = ["model", "dataset", "variant", "seed", "round", "evaluation_set", "metric"]
    values = evaluations.set_index(key)["value"].sort_index()
    assert values.index.is_unique
    for dataset, name in (("chains", "chains_test"), ("words", "chains_test"), ("words", "words_validation")):
        for number in (0, 5, 10):
            written = accuracy("rollouts/n8", name, number, 1, dataset)
            assert values["tiny-qwen2", dataset, "rollouts/n8", 1, number, name, "greedy"] == pytest.approx(written)
    base = values["tiny-llama", "chains", "baseline", 0, 0, "chains_test"]
    assert base["pass@1"] == pytest.approx(0.3 * 0.75 + 0.7 * 0.25)
    assert base["maj@4"] == pytest.approx(0.30 + 0.65 * 0.25 + 0.05)  # the last query's wrong samples do not vote
    assert base["truncation_rate"] == 0.05
    assert base["response_length"] == pytest.approx(10.95)
    forms = {name: base[name] for name in ("greedy_strict", "greedy_flexible", "format_rate", "verifier_failure_rate")}
    assert list(forms.values()) == pytest.approx([0.30, 0.35, 0.95, 0.05])


def test_samples_are_of_the_base_model_and_the_last_checkpoint(folder: Path) -> None:
    evaluations = pd.read_parquet(folder / "evaluations.parquet")
    sampled = evaluations[evaluations["metric"] == "pass@2"]
    last = sampled.groupby(["variant", "seed"])["round"].agg(["min", "max"])
    assert set(last["min"]) == {0}
    assert last["max"].drop(index=("advantage/group_norm_extra7", 2)).unique().tolist() == [10]
    assert last.loc[("advantage/group_norm_extra7", 2), "max"] == 5


def test_the_suite_of_a_set_depends_on_the_training_dataset(folder: Path) -> None:
    gains = pd.read_parquet(folder / "marginal_gains.parquet")
    suites = gains.groupby(["dataset", "evaluation_set"])["suite"].unique()
    assert suites["chains", "chains_test"].tolist() == ["id"]
    assert suites["words", "chains_test"].tolist() == ["ood"]
    assert list(gains) == list(MARGINAL_GAINS)
    assert not gains.duplicated(["model", "dataset", "evaluation_set", "level", "metric", "budget"]).any()


def test_a_run_without_a_single_round_is_a_row_and_not_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = write_study(tmp_path, diverged={("rollouts/n8", 0): 0})
    monkeypatch.chdir(tmp_path)
    made = tables_of(plan)
    row = made["runs"].set_index(["variant", "seed"]).loc["rollouts/n8", 0]
    assert (row["status"], row["rounds"], row["rollouts"]) == ("diverged", 0, 0)
    assert pd.isna(row["reward_first"])
    assert not row["collapsed"]
    assert pd.api.types.is_integer_dtype(made["curves"]["round"])


def test_a_collapse_is_told_and_counted_by_variant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = write_study(tmp_path)
    monkeypatch.chdir(tmp_path)
    for seed in (0, 2):
        folder = next(
            Path(r["folder"]) for r in read_document(plan)["runs"] if (r["variant"], r["seed"]) == ("rollouts/n8", seed)
        )
        rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        for row in rows[-5:]:
            row |= {"truncation_rate": 1.0, "accuracy": 0.0}
        (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        manifest_again(folder)
    made = tables_of(plan)
    told = made["runs"].set_index(["variant", "seed"])["collapse"]
    assert told["rollouts/n8"].tolist() == ["reward, truncation", "", "reward, truncation"]
    assert set(told["baseline"]) == {""}
    gains = made["marginal_gains"]
    assert set(gains.loc[gains["level"] == "n8", "n_collapsed"]) == {2}
    assert set(gains.loc[gains["level"] != "n8", "n_collapsed"]) == {0}


def test_clusters_of_the_checked_data_are_the_units_of_every_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = write_study(tmp_path)
    monkeypatch.chdir(tmp_path)
    path = plan.with_name("data.json")
    single, document = tables_of(plan), json.loads(path.read_text())
    document["evaluation_sets"]["longer"]["clusters"] = {f"longer-{i:04d}": f"{i // 4}" for i in range(20)}
    path.write_text(json.dumps(document))
    averaged = tables_of(plan)
    for name in ("evaluations", "marginal_gains"):
        counts = averaged[name].groupby("evaluation_set")["n_queries"].unique()
        assert counts["longer"].tolist() == [5]
        assert counts["chains_test"].tolist() == [20]
    place = ["level", "suite", "budget"]
    before, after = (made["verdicts"].set_index(place).sort_index() for made in (single, averaged))
    assert after["estimate"].tolist() == pytest.approx(before["estimate"].tolist()), "clusters of four queries each"
    assert after.loc[("n8", "id"), "low"].tolist() == before.loc[("n8", "id"), "low"].tolist()
    assert after.loc[("n8", "ood"), "low"].tolist() != before.loc[("n8", "ood"), "low"].tolist()


def test_a_plan_without_runs_is_refused(tmp_path: Path) -> None:
    plan = write_study(tmp_path, variants=())
    with pytest.raises(BadInputError, match="the plan of synthetic has no runs"):
        tables_of(plan)


@pytest.mark.parametrize(
    "missing",
    [
        "runs/tiny-qwen2/chains/again/seed-1/checkpoints.json",
        "runs/tiny-qwen2/chains/again/seed-1/metrics.jsonl",
        "runs/tiny-qwen2/chains/again/seed-1/provenance.json",
        "evaluations/tiny-qwen2/chains/again/seed-1/ood.parquet",
        "evaluations/tiny-qwen2/base/0123456789ab.parquet",
        "plan.json",
        "expected.json",
        "data.json",
    ],
)
def test_a_missing_file_stops_the_stage_in_one_line_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    write_study(tmp_path, variants=("baseline", "again"))
    monkeypatch.chdir(tmp_path)
    Path("results/synthetic", missing).unlink()
    with pytest.raises(SystemExit) as stopped:
        main(stage_arguments(Path("results/synthetic/plan.json"), "tables"))
    assert str(stopped.value.code).startswith(f"results/synthetic/{missing}: no such file")
    assert "\n" not in str(stopped.value.code)
    assert not Path("tables").exists()


def test_a_configuration_is_flattened_by_dotted_names() -> None:
    assert flattened("config", {"b": {"c": 1, "a": None}, "a": [0, 20]}) == {
        "config.a": "[0,20]",
        "config.b.a": None,
        "config.b.c": 1,
    }


def test_columns_of_configurations_that_differ_have_one_type_each() -> None:
    table = typed(
        [
            {"seed": 0, "config.n": 1, "config.x": 1, "config.mixed": "a"},
            {"seed": 1, "config.x": 0.5, "config.mixed": 3, "config.flag": True},
        ]
    )
    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == {
        "seed": "Int64",
        "config.flag": "boolean",
        "config.mixed": "string",
        "config.n": "Int64",
        "config.x": "Float64",
    }
    assert table["config.mixed"].tolist() == ['"a"', "3"]
    assert table["config.n"].isna().tolist() == [False, True]


def test_the_stage_imports_no_torch() -> None:
    code = "import sys, rftlab.analysis.tables; assert not ({'torch', 'transformers', 'mlflow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_tables_of_a_study_that_has_not_ended_hold_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variants = ("baseline", "ratio/clip", "rollouts/n8", "advantage/group_norm_extra7")
    path = write_study(tmp_path, datasets=("chains", "words"), variants=variants)
    monkeypatch.chdir(tmp_path)
    next(path.parent.glob("runs/**/n8/seed-2/checkpoints.json")).unlink()
    for gone in path.parent.glob("runs/**/clip/*/checkpoints.json"):
        gone.unlink()
    expected, data = (path.with_name(name) for name in ("expected.json", "data.json"))
    partial = tables(read_plan(path), read_expected(expected), read_document(data), so_far=True)
    assert set(partial["verdicts"]["verdict"]) == {"running"}
    assert partial["pooled"].empty, "what is judged once waits for the end"
    assert partial["collapses"]["p"].isna().all()
    counts = partial["runs"]["variant"].value_counts()
    assert dict(counts) == {"baseline": 6, "rollouts/n8": 5, "advantage/group_norm_extra7": 6}
    for name, table in partial.items():
        write_table(tmp_path / "partial", name, table)
    results = read_results(path, tmp_path / "partial")
    assert results.partial.startswith("The study has not ended: 17 runs are finished")
    assert any(warning.headline == "Partial." for warning in warnings(results))
