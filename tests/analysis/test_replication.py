"""Two folders of results of one study: what is the same, what is not, and when that is a failure."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from rftlab.analysis.replication import compare, main
from rftlab.analysis.tables import main as make_tables
from rftlab.errors import BadInputError
from synthetic import stage_arguments, write_study

RUNS = "results/synthetic/runs/tiny-qwen2/chains"
OUTCOMES = "results/synthetic/evaluations/tiny-qwen2/chains"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("study")
    plan = write_study(where)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(where)
        make_tables(stage_arguments(plan, str(plan.parent / "tables")))
    return where


@pytest.fixture
def both(study: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Results here and elsewhere."""
    shutil.copytree(study, tmp_path / "there")
    return study / "results/synthetic", tmp_path / "there/results/synthetic"


def edit_json(path: Path, change: Callable[[dict], object]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def edit_parquet(path: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    changed = change(table.to_pandas())
    pq.write_table(pa.Table.from_pandas(changed, schema=table.schema, preserve_index=False), path)


def test_the_same_results_agree_in_everything(both: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    main(list(map(str, both)))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:] == [
        "runs: 15 of 15 equal",
        "base models: 1 of 1 equal",
        "rounds: 150 of 150 equal",
        "greedy answers: 2,400 of 2,400 equal",  # 15 runs, 2 checkpoints, 4 sets, 20 queries
        "sampled answers: 4,800 of 4,800 equal",  # 4 samples at the last
        "verdicts: 16 of 16 equal",
    ]


def test_answers_and_rounds_that_differ_are_counted_and_placed(
    both: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    there = both[1].parent.parent

    def other(rows: pd.DataFrame) -> pd.DataFrame:
        rows.loc[rows.index[:2], "correct"] = ~rows.loc[rows.index[:2], "correct"]
        return rows

    edit_parquet(there / OUTCOMES / "baseline/seed-1/id.parquet", other)
    edit_parquet(there / OUTCOMES / "baseline/seed-2/ood.parquet", lambda rows: rows.iloc[:-1])
    metrics = there / RUNS / "again/seed-0/metrics.jsonl"
    lines = metrics.read_text().splitlines()
    row = json.loads(lines[3])
    lines[3] = json.dumps(row | {"reward_mean": row["reward_mean"] + 0.25})
    metrics.write_text("".join(f"{line}\n" for line in lines))
    main(list(map(str, both)))
    printed = capsys.readouterr().out
    assert "rounds: 149 of 150 equal\n  tiny-qwen2/chains/again/seed-0: 1 of 10 differ, first 4\n" in printed
    assert (
        "greedy answers: 2,398 of 2,400 equal\n  tiny-qwen2/chains/baseline/seed-1: 2 of 160 differ, first " in printed
    )
    assert (
        "sampled answers: 4,799 of 4,800 equal\n  tiny-qwen2/chains/baseline/seed-2: 1 of 320 differ, first " in printed
    )
    assert "verdicts: 16 of 16 equal" in printed


def test_another_base_model_is_named(both: tuple[Path, Path]) -> None:
    import pyarrow.parquet as pq

    (path,) = (both[1].parent.parent / "results/synthetic/evaluations/tiny-qwen2/base").iterdir()
    table = pq.read_table(path)
    made = json.loads(table.schema.metadata[b"made"])
    made["checkpoints"] = dict.fromkeys(made["checkpoints"], "f" * 64)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"made": json.dumps(made).encode()}), path)
    (found,) = [one for one in compare(*both) if one.what == "base models"]
    assert (found.compared, found.differing) == (1, 1)


def test_another_verdict_is_a_failure(both: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    def other(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(verdict=["higher", *rows["verdict"].iloc[1:]]).iloc[:-1]

    edit_parquet(both[1] / "tables/verdicts.parquet", other)
    with pytest.raises(SystemExit) as stopped:
        main(list(map(str, both)))
    assert stopped.value.code == 1
    said = capsys.readouterr().out
    assert "verdicts: 14 of 16 equal" in said
    assert "undecided, there higher" in said
    assert ", there none" in said


def test_a_run_that_one_of_them_lacks_is_a_failure(both: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    edit_json(both[1] / "plan.json", lambda plan: plan["runs"].pop())
    with pytest.raises(SystemExit) as stopped:
        main(list(map(str, both)))
    assert stopped.value.code == 1
    assert f"runs: 14 of 15 equal\n  tiny-qwen2/chains/ratio/clip/seed-2: only in {both[0]}" in capsys.readouterr().out


def test_results_that_cannot_be_compared_are_one_line(both: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"plan.json: no such file"):
        main([str(both[0]), str(tmp_path)])
    shutil.rmtree(both[1] / "tables")
    with pytest.raises(SystemExit, match=r"runs.parquet: no table of runs"):
        main(list(map(str, both)))
    edit_json(both[1] / "plan.json", lambda plan: plan.update(study="other"))
    with pytest.raises(BadInputError, match="results of other, those of synthetic are needed"):
        list(compare(*both))
