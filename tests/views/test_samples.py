"""What models wrote: which queries are shown, whose completions, and how much room they may take."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import presented
from rftlab.errors import BadInputError
from rftlab.views import samples as module
from rftlab.views.answers import Arm, SetAnswers, read_answers
from rftlab.views.comparisons import Comparison, comparisons
from rftlab.views.results import Results, read_results
from rftlab.views.samples import KINDS, LOT, MOST_CHANGED, chosen, lot, samples, shortened, shown_seed, verdict


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("samples")
    return read_results(*presented.write(presented.study(variants=presented.FEW), folder))


@pytest.fixture(scope="module")
def answers(study: Results) -> list[SetAnswers]:
    return read_answers(study, study.pairs[0], {})


@pytest.fixture(scope="module")
def shown(study: Results, answers: list[SetAnswers]) -> dict[str, Any]:
    return samples(study, {study.pairs[0]: answers})[study.pairs[0]]


def arm(study: Results, *rows: str) -> Arm:
    correct = np.array([[mark == "1" for mark in row] for row in rows])
    return Arm(study.plan.runs[: len(rows)], correct, correct, correct, correct)


def of_two(study: Results, level: Arm, reference: Arm) -> tuple[list[SetAnswers], Comparison]:
    comparison = comparisons(study, study.pairs[0])[0]
    queries = tuple(f"q{i}" for i in range(level.correct_SQ.shape[1]))
    arms = {comparison.level.name: level, comparison.reference.name: reference}
    return [SetAnswers("chains_test", "id", queries, level.correct_SQ[0], arms)], comparison


def test_those_that_differ_most_are_shown_and_some_by_lot(study: Results) -> None:
    level, reference = arm(study, "1111100000", "1110000001"), arm(study, "0000011000", "0000010001")
    found = chosen(*of_two(study, level, reference))
    of_kind = {kind: [one.query for one in found if one.kind == kind] for kind in KINDS}
    assert set(of_kind[KINDS[0]]) == {"q0", "q1", "q2"}, "by 1, where q3 and q4 differ by a half"
    assert of_kind[KINDS[1]] == ["q5", "q6"], "by 1 before a half"
    rest = sorted(["q3", "q4", "q7", "q8", "q9"], key=lot)
    assert of_kind[KINDS[2]] == rest[:LOT]


def test_ties_are_broken_by_lot_and_not_by_place(study: Results) -> None:
    found = chosen(*of_two(study, arm(study, "1" * 20), arm(study, "0" * 20)))
    first = [one.query for one in found if one.kind == KINDS[0]]
    assert first == sorted((f"q{i}" for i in range(20)), key=lot)[:MOST_CHANGED]


def test_both_suites_are_shown(study: Results, answers) -> None:
    for comparison in comparisons(study, study.pairs[0]):
        suites = [one.answers.suite for one in chosen(answers, comparison)]
        assert min(suites.count("id"), suites.count("ood")) > 0
        assert len(suites) <= 2 * (2 * MOST_CHANGED + LOT)


@pytest.mark.parametrize(
    ("rows", "seed"), [(("0", "1", "1"), 1), (("1", "0", "0"), 1), (("1", "0"), 0), (("0", "1"), 0)]
)
def test_the_seed_shown_is_the_first_that_is_judged_as_most_are(study: Results, rows, seed: int) -> None:
    assert shown_seed(arm(study, *rows), 0) == seed


def test_completions_are_those_of_the_files(study: Results, answers, shown: dict[str, Any]) -> None:
    entry = next(entry for entry in shown["comparisons"] if entry["name"] == "rollouts/n8")
    assert (entry["level"], entry["reference"]) == ("rollouts/n8", "advantage/group_norm_extra7")
    for query in entry["queries"]:
        number = int(query["query"][-3:])
        assert shown["texts"][query["question"]] == f"thinking {number}?"
        assert shown["texts"][query["answer"]] == str(number)
        assert shown["texts"][query["base"]["text"]] == f"thinking base 0 {number}"
        assert shown["texts"][query["level"]["text"]] == f"thinking rollouts/n8 60 {number}"
        assert shown["texts"][query["reference"]["text"]] == f"thinking advantage/group_norm_extra7 60 {number}"
        for side in ("base", "reference", "level"):
            told = query[side]
            assert told["extracted"] == (str(number) if told["right"] else None)
            assert (told["verdict"] == "right") is told["right"]


def test_each_side_says_with_how_many_seeds_it_is_right(answers, shown: dict[str, Any]) -> None:
    for entry in shown["comparisons"]:
        for query in entry["queries"]:
            one = next(one for one in answers if one.name == query["set"])
            right = int(one.arms[entry["name"]].correct_SQ[:, one.queries.index(query["query"])].sum())
            assert query["level"]["seeds"].startswith(f"right with {right} of 3 seeds; shown: seed ")
            assert query["level"]["right"] is (right >= 2)


def test_the_same_study_gives_the_same_samples(study: Results, answers, shown: dict[str, Any]) -> None:
    again = samples(study, {study.pairs[0]: answers})[study.pairs[0]]
    assert json.dumps(again) == json.dumps(shown)


def test_a_long_text_keeps_its_head_and_its_tail() -> None:
    assert shortened("a" * 10, 10) == "a" * 10
    assert shortened("head" + "x" * 2000 + "tail", 8) == "head\n[… 2,000 characters …]\ntail"


def test_all_texts_together_have_a_limit(study: Results, answers, monkeypatch) -> None:
    monkeypatch.setattr(module, "CHARACTERS", 0)
    monkeypatch.setattr(module, "SHORTEST", 6)
    texts = samples(study, {study.pairs[0]: answers})[study.pairs[0]]["texts"]
    assert all(len(text.replace("\n", "")) <= 6 or "characters …]" in text for text in texts)
    assert any(text.startswith("thi\n[… ") for text in texts)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"correct": True}, "right"),
        ({}, "wrong"),
        ({"flexible": True}, "right, but not in the form asked for"),
        ({"failure": "timeout", "flexible": True}, "not judged: timeout"),
        ({"truncated": True}, "wrong, cut off"),
    ],
)
def test_a_verdict_is_told_in_words(row: dict[str, Any], said: str) -> None:
    assert verdict({"correct": False, "flexible": False, "failure": None, "truncated": False} | row) == said


def test_a_query_that_its_file_has_not_is_refused(study: Results, answers, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    sets = {
        name: dataclasses.replace(s, path=str(tmp_path / "empty.jsonl"))
        for name, s in study.plan.evaluation_sets.items()
    }
    other = dataclasses.replace(study, plan=dataclasses.replace(study.plan, evaluation_sets=sets))
    with pytest.raises(BadInputError, match=r"empty.jsonl: it has no query \S+, which was evaluated"):
        samples(other, {study.pairs[0]: answers})


def test_a_run_that_left_no_checkpoint_says_so(study: Results, answers) -> None:
    found = module._shown({}, chosen(answers, comparisons(study, study.pairs[0])[0])[0], module.Texts(10))
    assert found["verdict"] == "diverged before its first checkpoint"
    assert not found["right"]
