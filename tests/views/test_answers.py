"""Greedy answers, query by query: those of the files of outcomes, at the last checkpoint and at any."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

import presented
from rftlab.errors import BadInputError
from rftlab.views.answers import SetAnswers, read_answers, read_greedy, weights_of
from rftlab.views.results import Results, read_results


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("answers")
    presented.write(presented.study(variants=presented.FEW), folder)
    return folder


@pytest.fixture
def study(place: Path) -> Results:
    return read_results(place / "plan.json", place / "tables")


@pytest.fixture
def answers(study: Results) -> list[SetAnswers]:
    return read_answers(study, study.pairs[0], {})


def changed(study: Results, folder: Path, change) -> Results:
    """The study with other outcomes in distribution of its first run."""
    run = study.plan.runs[0]
    path = folder / "changed.parquet"
    change(pd.read_parquet(run.evaluations["id"])).to_parquet(path)
    other = dataclasses.replace(run, evaluations={**run.evaluations, "id": str(path)})
    return dataclasses.replace(study, plan=dataclasses.replace(study.plan, runs=(other, *study.plan.runs[1:])))


def test_every_reported_set_has_all_variants_and_seeds_in_the_order_of_the_report(study: Results, answers) -> None:
    assert [one.name for one in answers] == [s.name for s in study.evaluation_sets(study.pairs[0])]
    for one in answers:
        assert list(one.arms) == [v.name for v in study.plan.variants]
        assert all([run.seed for run in arm.runs] == [0, 1, 2] for arm in one.arms.values())
        assert list(one.queries) == sorted(one.queries)


def test_they_are_those_of_the_last_checkpoint_and_the_tables_say_as_much(study: Results, answers) -> None:
    greedy = study.greedy(study.pairs[0]).query("round == 60")
    for one in answers:
        for name, arm in one.arms.items():
            of = greedy[(greedy["variant"] == name) & (greedy["evaluation_set"] == one.name)].sort_values("seed")
            assert arm.correct_SQ.mean(axis=1) == pytest.approx(of["value"].to_numpy())


def test_ever_is_right_at_any_checkpoint_and_flexible_holds_other_forms(study: Results, answers) -> None:
    arm = answers[0].arms["rollouts/n8"]
    rows = pd.read_parquet(arm.runs[1].evaluations["id"]).query("decoding == 'greedy'")
    rows = rows[rows["evaluation_set"] == answers[0].name]
    ever = set(rows.loc[rows["correct"], "query"])
    assert {q for q, right in zip(answers[0].queries, arm.ever_SQ[1], strict=True) if right} == ever
    last = rows[rows["round"] == 60].sort_values("query")
    assert arm.flexible_SQ[1].tolist() == last["flexible"].tolist()
    assert arm.strict_SQ[1].tolist() == last["strict"].tolist()


def test_a_run_without_a_checkpoint_answers_as_its_base_model(study: Results, tmp_path: Path) -> None:
    gone = changed(study, tmp_path, lambda rows: rows[rows["decoding"] == "sampled"])
    one = read_answers(gone, gone.pairs[0], {})[0]
    assert (one.arms["baseline"].correct_SQ[0] == one.base_Q).all()
    assert not one.arms["baseline"].ever_SQ[0].any()


def test_outcomes_that_the_tables_were_not_made_of_are_refused(study: Results, tmp_path: Path) -> None:
    wrong = changed(study, tmp_path, lambda rows: rows.assign(correct=~rows["correct"]))
    with pytest.raises(
        BadInputError, match=r"baseline/seed-0, chains_test, round 60: its evaluation is not what the tab"
    ):
        read_answers(wrong, wrong.pairs[0], {})


def test_outcomes_of_other_queries_than_the_base_models_are_refused(study: Results, tmp_path: Path) -> None:
    fewer = changed(study, tmp_path, lambda rows: rows[rows["query"] != "chains_test-007"])
    with pytest.raises(BadInputError, match=r"changed.parquet: it has other queries than the evaluation of its base"):
        read_answers(fewer, fewer.pairs[0], {})


def test_a_file_that_is_missing_or_no_evaluation_ends_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"gone.parquet: no such file: not evaluated yet"):
        read_greedy(tmp_path / "gone.parquet", ["query"])
    (tmp_path / "text.parquet").write_text("text")
    with pytest.raises(BadInputError, match=r"text.parquet: not an evaluation file"):
        read_greedy(tmp_path / "text.parquet", ["query"])
    pd.DataFrame({"query": ["a"]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(BadInputError, match=r"other.parquet: not an evaluation file"):
        read_greedy(tmp_path / "other.parquet", ["query", "correct"])


def test_only_greedy_rows_of_the_queries_asked_for_are_read(study: Results) -> None:
    path = Path(study.plan.runs[0].evaluations["id"])
    rows = read_greedy(path, ["query", "completion"], ["chains_test-001"])
    assert set(rows["query"]) == {"chains_test-001"}
    assert "sampled" not in set(read_greedy(path, ["completion"])["completion"])


def test_queries_of_a_cluster_share_what_one_query_counts() -> None:
    """As the tables have it: means of clusters first, then over clusters and queries without one."""
    weights = weights_of(["a", "b", "c", "d"], {"b": "x", "d": "x", "c": "a"})
    assert weights == pytest.approx([1 / 3, 1 / 6, 1 / 3, 1 / 6])
    assert weights_of(["a", "b"], {}) == pytest.approx([0.5, 0.5])


def test_accuracies_of_clusters_are_those_of_the_tables(study: Results) -> None:
    """Where queries are in clusters the tables average those first, and so does what is compared with them."""
    one = study.evaluation_sets(study.pairs[0])[0].name
    rows = pd.read_parquet(study.plan.runs[0].evaluations["id"]).query("decoding == 'greedy' and round == 60")
    rows = rows[rows["evaluation_set"] == one]
    right = rows.loc[rows["correct"], "query"].tolist()
    clusters = {one: dict.fromkeys(right, "copies")}
    with pytest.raises(BadInputError, match="its evaluation is not what the tables say"):
        read_answers(study, study.pairs[0], clusters)  # these tables count every query
    evaluations = study.evaluations.copy()
    for run in study.plan.runs:
        of_run = pd.read_parquet(run.evaluations["id"]).query("decoding == 'greedy'")
        of_run = of_run[of_run["evaluation_set"] == one]
        unit = of_run["query"].map(clusters[one]).fillna(of_run["query"])
        means = of_run.groupby([of_run["round"], unit])["correct"].mean().groupby("round").mean()
        here = (evaluations["variant"] == run.variant) & (evaluations["seed"] == run.seed)
        here &= (evaluations["evaluation_set"] == one) & (evaluations["metric"] == "greedy")
        for number, value in means.items():
            evaluations.loc[here & (evaluations["round"] == number), "value"] = value
    clustered = dataclasses.replace(study, evaluations=evaluations)
    assert read_answers(clustered, study.pairs[0], clusters)[0].name == one
