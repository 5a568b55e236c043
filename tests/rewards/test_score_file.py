"""Records of a completion and an answer, scored: a line for each as soon as it is scored, and a summary."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rftlab.errors import BadInputError
from rftlab.levels import UnknownLevelError
from rftlab.rewards import score_file
from rftlab.rewards.score_file import Located, score_records, summary
from rftlab.rewards.scoring import Score


def located(*records: dict[str, Any]) -> list[Located]:
    return [(f"x.jsonl:{number}", record) for number, record in enumerate(records, start=1)]


def texts(*completions: str, answer: str = "18") -> list[Located]:
    return located(*({"answer": answer, "completion": completion} for completion in completions))


def test_score_uses_processes_for_verifiers_that_may_hang() -> None:
    boxes = [("x^2+1", "1 + x^2"), ("12", "10+2"), ("\\sqrt{2}", "9^{9^{9}}"), ("7", "7")]
    lines: list[str] = []
    records = located(*({"answer": answer, "completion": f"\\boxed{{{given}}}"} for answer, given in boxes))
    told = score_records("math_boxed_strict", records, lines.append)
    judgements = [json.loads(line) for line in lines]
    assert [judgement["strict"] for judgement in judgements] == [False, False, False, True]
    assert [judgement["flexible"] for judgement in judgements] == [True, False, False, True]
    assert [judgement["failure"] for judgement in judgements] == [None, None, "exponent", None]
    assert told.endswith("strict 1, flexible 2, formatted 4; failures: 1 exponent")


@pytest.mark.parametrize(
    ("reward", "record", "message"),
    [
        ("marked", {"answer": "1"}, "x.jsonl:1: a text is needed in field 'completion', not None"),
        ("marked", {"answer": 1, "completion": ""}, "x.jsonl:1: a text is needed in field 'answer', not 1"),
        ("numeric", {"answer": "blue", "completion": ""}, "x.jsonl:1: rewards/verifiers/numeric compares numbers"),
        ("math_verify", {"answer": "$", "completion": ""}, "x.jsonl:1: rewards/verifiers/math_boxed_strict compares"),
        (
            "marked",
            {"answer": ["x" * 99], "completion": ""},
            f"x.jsonl:1: a text is needed in field 'answer', not ['{'x' * 58}",
        ),
    ],
)
def test_a_record_that_cannot_be_scored_is_named(reward: str, record: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInputError) as error:
        score_records(reward, located(record), lambda line: None)
    assert str(error.value).startswith(message)
    assert str(error.value).isprintable()


def test_a_verifier_that_is_not_there_is_refused_before_any_record_is_read() -> None:
    def records():
        raise AssertionError
        yield

    with pytest.raises(UnknownLevelError, match="did you mean 'numeric'"):
        score_records("numerc", records(), lambda line: None)


def test_the_record_comes_back_with_its_score_in_its_own_letters() -> None:
    lines: list[str] = []
    records = located({"id": [1], "answer": "18", "completion": "größer: #### 18", "correct": "of the user"})
    score_records("gsm8k_strict", records, lines.append)
    (line,) = lines
    assert "größer" in line
    assert json.loads(line) == {
        "id": [1],
        "answer": "18",
        "completion": "größer: #### 18",
        "correct": True,
        "extracted": "18",
        "failure": None,
        "strict": True,
        "flexible": True,
        "formatted": True,
    }


def test_lines_appear_as_they_are_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score_file, "BATCH", 2)
    seen: list[str] = []
    read: list[int] = []

    def records():
        for record in texts("18", "17", "18", "no", "18"):
            read.append(len(seen))
            yield record

    told = score_records("numeric", records(), seen.append)
    assert read == [0, 0, 2, 2, 4]
    assert [json.loads(line)["completion"] for line in seen] == ["18", "17", "18", "no", "18"]
    assert told.startswith("3 of 5 correct (60.0%), an answer found in 4; ")


@pytest.mark.parametrize("bad", [{"answer": "blue", "completion": ""}, {"answer": "18"}])
def test_batches_before_a_record_that_cannot_be_scored_are_told(monkeypatch, bad: dict[str, Any]) -> None:
    monkeypatch.setattr(score_file, "BATCH", 2)
    good = {"answer": "18", "completion": "18"}
    lines: list[str] = []
    with pytest.raises(BadInputError, match=r"^x.jsonl:4: "):
        score_records("numeric", located(good, good, good, bad, good), lines.append)
    assert len(lines) == 2


def test_the_summary_counts_failures_by_reason() -> None:
    right = Score(True, "1", strict=True, flexible=True, formatted=True)
    other = Score(False, "1.0", strict=False, flexible=True, formatted=True)
    scores = [right, other, *(failed(reason) for reason in ("timeout", "memory", "timeout")), failed(None)]
    assert summary(scores) == (
        "1 of 6 correct (16.7%), an answer found in 2; strict 1, flexible 2, formatted 2; failures: 1 memory, 2 timeout"
    )
    assert summary([right]) == (
        "1 of 1 correct (100.0%), an answer found in 1; strict 1, flexible 1, formatted 1; failures: none"
    )


def failed(reason: str | None) -> Score:
    return Score(False, None, reason, strict=False, flexible=False, formatted=False)
