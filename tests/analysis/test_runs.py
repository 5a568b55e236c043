from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from rftlab.analysis.runs import SampledMetrics, read_outcomes, read_run
from rftlab.errors import BadInputError
from rftlab.runfolder.read import read_document
from rftlab.runfolder.study_plan import read_plan
from synthetic import accuracy, write_study

ASKED = SampledMetrics(samples=4, pass_at=(1, 2, 4))
FILE = Path("results/synthetic/evaluations/tiny-qwen2/chains/baseline/seed-0/id.parquet")


@pytest.fixture(autouse=True)
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_study(tmp_path, variants=("baseline",), seeds=(0,))
    monkeypatch.chdir(tmp_path)


def rewrite(change: Callable[[pa.Table], pa.Table]) -> None:
    pq.write_table(change(pq.read_table(FILE)), FILE)


def without(**values: object) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        drop = pa.array(np.ones(len(table), bool))
        for column, value in values.items():
            drop = pc.and_(drop, pc.equal(table[column], value))
        return table.filter(pc.invert(drop))

    return change


def test_what_was_written_is_read() -> None:
    outcomes = read_outcomes(FILE, ["chains_test", "chains_validation"], ASKED, {})["chains_test"]
    assert outcomes.rounds == (5, 10)
    assert outcomes.queries == tuple(f"chains_test-{i:04d}" for i in range(20))
    expected = [accuracy("baseline", "chains_test", number, 0) for number in (5, 10)]
    assert outcomes.correct_QP.mean(axis=0).tolist() == pytest.approx(expected)
    assert outcomes.tokens_P.tolist() == pytest.approx([np.mean([10 + i % 3 for i in range(20)])] * 2)
    assert outcomes.forms["greedy_strict"].tolist() == pytest.approx(expected)
    assert outcomes.forms["format_rate"].tolist() == pytest.approx([0.95, 0.95])
    assert list(outcomes.sampled) == [10]
    solved_Q = outcomes.correct_QP[:, -1]
    assert outcomes.sampled[10]["pass@1"].tolist() == np.where(solved_Q, 0.75, 0.25).tolist()
    assert list(outcomes.sampled[10]) == ["pass@1", "pass@2", "pass@4", "maj@4"]


def test_rows_may_come_in_any_order() -> None:
    before = read_outcomes(FILE, ["chains_test"], ASKED, {})["chains_test"]
    rewrite(lambda table: table.take(np.random.default_rng(0).permutation(len(table))))
    after = read_outcomes(FILE, ["chains_test"], ASKED, {})["chains_test"]
    assert after.queries == before.queries
    assert (after.correct_QP == before.correct_QP).all()
    assert all((after.sampled[10][m] == before.sampled[10][m]).all() for m in before.sampled[10])


def test_the_values_of_a_cluster_are_averaged_and_stand_for_one_query() -> None:
    single = read_outcomes(FILE, ["chains_test", "chains_validation"], ASKED, {})
    clusters = {"chains_test": {f"chains_test-{i:04d}": f"{i // 5}" for i in range(5, 20)}}
    read = read_outcomes(FILE, ["chains_test", "chains_validation"], ASKED, clusters)
    assert (read["chains_validation"].correct_QP == single["chains_validation"].correct_QP).all()
    alone, averaged = single["chains_test"], read["chains_test"]
    assert averaged.queries == alone.queries

    def by_hand(values: np.ndarray) -> np.ndarray:
        return np.array([*values[:5], *(values[i : i + 5].mean(axis=0) for i in (5, 10, 15))])

    assert averaged.correct_QP == pytest.approx(by_hand(alone.correct_QP))
    for metric, values_Q in alone.sampled[10].items():
        assert averaged.sampled[10][metric] == pytest.approx(by_hand(values_Q))
    assert averaged.tokens_P.tolist() == pytest.approx([by_hand(10.0 + np.arange(20) % 3).mean()] * 2)
    assert averaged.forms["greedy_strict"] == pytest.approx(averaged.correct_QP.mean(axis=0))


def test_without_samples_there_are_no_sampled_metrics() -> None:
    rewrite(without(decoding="sampled"))
    assert read_outcomes(FILE, ["chains_test"], SampledMetrics(0, ()), {})["chains_test"].sampled == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without(evaluation_set="chains_test"), "no outcomes of the evaluation set chains_test"),
        (
            without(query="chains_test-0003", round=5),
            "chains_test has not exactly one row for every query and round",
        ),
        (lambda table: pa.concat_tables([table, table]), "not exactly one row for every query and round"),
        (without(decoding="sampled"), "chains_test has no samples at round 10, the plan asks for 4 a query"),
        (without(sample=3), "chains_test has 3 samples of 20 queries at round 10, the plan asks for 4 of 20"),
        (
            without(query="chains_test-0003", decoding="sampled"),
            "chains_test has 4 samples of 19 queries at round 10, the plan asks for 4 of 20",
        ),
        (lambda table: table.drop_columns("correct"), "the columns correct are missing"),
    ],
)
def test_half_the_data_is_refused(change: Callable[[pa.Table], pa.Table], message: str) -> None:
    rewrite(change)
    with pytest.raises(BadInputError, match=message) as refused:
        read_outcomes(FILE, ["chains_test"], ASKED, {})
    assert str(FILE) in str(refused.value)


def test_a_run_begins_with_its_base_model_and_has_every_checkpoint_of_its_manifest() -> None:
    run = read_plan(Path("results/synthetic/plan.json")).runs[0]
    manifest = read_document(Path(run.folder) / "checkpoints.json")
    base = read_outcomes(Path(run.base), None, ASKED, {})
    outcomes = read_run(run, manifest, base, ASKED, {})
    assert outcomes.rounds_P.tolist() == [0, 5, 10]
    assert outcomes.rollouts_P.tolist() == [0, 20, 40]
    assert outcomes.sets["longer"].correct_QP[:, 0].mean() == accuracy("baseline", "longer", 0, 0)
    assert sorted(outcomes.sets["longer"].sampled) == [0, 10]
    with pytest.raises(
        BadInputError, match=r"base/0123456789ab\.parquet: no outcomes of the evaluation set chains_val"
    ):
        read_run(run, manifest, {}, ASKED, {})
    rewrite(without(round=5))
    with pytest.raises(BadInputError, match=r"was evaluated at rounds 10, but .*checkpoints.json lists 5, 10"):
        read_run(run, manifest, base, ASKED, {})


def test_a_run_and_its_base_model_answer_the_same_queries() -> None:
    run = read_plan(Path("results/synthetic/plan.json")).runs[0]
    manifest = read_document(Path(run.folder) / "checkpoints.json")
    base = read_outcomes(Path(run.base), None, ASKED, {})
    rewrite(without(query="chains_test-0003"))
    with pytest.raises(BadInputError, match="not the queries of chains_test"):
        read_run(run, manifest, base, ASKED, {})
