"""Rewards of a user's file: values in order; what cannot be scored is counted and named, and costs no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rftlab.files import file_sha256
from rftlab.rewards.reward_file import RECORDS, RewardFile, RewardFileError, as_json
from scored import record, scored

HEAD = "import os, time\n\nSECONDS = 2\n\n\ndef reward(records, *, scale=1.0):\n    "


@pytest.fixture
def reward(tmp_path: Path) -> Iterator[Callable[..., RewardFile]]:
    """A reward file with this body, read as a run reads it."""
    opened: list[RewardFile] = []

    def write(body: str, **parameters: Any) -> RewardFile:
        path = tmp_path / "my.py"
        path.write_text(f"{HEAD}{body}\n")
        opened.append(RewardFile(str(path), file_sha256(path), parameters))
        return opened[-1]

    yield write
    for one in opened:
        if one.pool:
            one.pool.close()


def test_a_record_has_what_was_asked_and_said() -> None:
    assert as_json(record(3, completion="<think>hm</think>5", tokens=7, truncated=True, correct=True)) == {
        "query": "question 3",
        "answer": "answer 3",
        "metadata": {"i": 3},
        "completion": "<think>hm</think>5",
        "tokens": 7,
        "truncated": True,
        "correct": True,
    }


def test_values_are_in_order_whoever_gave_them(reward) -> None:
    file = reward("return [scale * r['metadata']['i'] + r['tokens'] for r in records]", scale=0.5)
    count = 3 * RECORDS + 5
    parts, failures = file(scored(*[{"tokens": i % 7} for i in range(count)]))
    assert parts.keys() == {"file"}
    assert parts["file"].tolist() == [0.5 * i + i % 7 for i in range(count)]
    assert failures == [None] * count


def test_parts_have_names_and_one_that_a_call_lacks_is_nothing_there(reward) -> None:
    body = "found = {'brevity': [1 / r['tokens'] for r in records], 'form': [r['correct'] for r in records]}\n"
    body += "    return found if len(records) == 16 else {'brevity': found['brevity']}"
    parts, _ = reward(body)(scored(*[{"tokens": 2, "correct": True}] * (RECORDS + 1)))
    assert [*parts] == ["brevity", "form"]
    assert parts["brevity"].tolist() == [0.5] * (RECORDS + 1)
    assert parts["form"].tolist() == [1.0] * RECORDS + [0.0]


@pytest.mark.parametrize(
    ("death", "reason"),
    [
        ("time.sleep(60)", "timeout"),
        ("[None for _ in iter(int, 1)]", "timeout"),
        ("os._exit(3)", "crashed"),
        ("bytearray(2**36)", "memory"),
    ],
)
def test_what_ends_a_call_is_one_records_and_costs_no_other(reward, capsys, death: str, reason: str) -> None:
    file = reward(f"for r in records:\n        if r['completion'] == 'bad': {death}\n    return [1.0] * len(records)")
    completions = [{"completion": "bad" if i == 5 else ""} for i in range(RECORDS + 2)]
    parts, failures = file(scored(*completions))
    assert failures == [reason if i == 5 else None for i in range(RECORDS + 2)]
    assert parts["file"].tolist() == [0.0 if i == 5 else 1.0 for i in range(RECORDS + 2)]
    assert f"{file.path}: query q5, occurrence 0, rollout 0: {reason}: counted, and paid 0" in capsys.readouterr().err


def test_none_is_a_counted_failure_and_pays_nothing(reward) -> None:
    file = reward("return {'a': [1.0, 2.0, None], 'b': [3.0, None, 4.0]}")
    parts, failures = file(scored({}, {}, {}))
    assert {name: values.tolist() for name, values in parts.items()} == {"a": [1.0, 0.0, 0.0], "b": [3.0, 0.0, 0.0]}
    assert failures == [None, "unscored", "unscored"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise KeyError('x')", "reward() raises KeyError('x') in line 7"),
        ("return [1.0]", "reward() returns 1 values for 2 records"),
        (
            "return [float('nan')] * 2",
            "reward() returns nan: finite numbers are needed, or None where there is no value",
        ),
    ],
)
def test_a_file_that_is_wrong_is_one_line_with_its_name(reward, body: str, message: str) -> None:
    file = reward(body)
    with pytest.raises(RewardFileError) as refusal:
        file(scored({}, {}))
    assert str(refusal.value) == f"{file.path}: {message}"


def test_where_nothing_can_be_scored_for_long_the_run_stops(reward) -> None:
    file = reward("return [None if r['completion'] == 'lost' else 1.0 for r in records]")
    lost, other = {"completion": "lost"}, {}
    for rollouts in ([lost] * 20, [lost] * 20 + [other], [lost] * 31):
        file(scored(*rollouts))
    with pytest.raises(RewardFileError) as refusal:
        file(scored(lost))
    expected = "none of the last 32 rollouts could be scored (unscored): nothing would be learnt"
    assert str(refusal.value) == f"{file.path}: {expected}"


def test_a_file_that_cannot_be_imported_is_named(reward) -> None:
    file = reward("return []\n\n1 / 0")
    with pytest.raises(
        RewardFileError.__base__, match=r"my\.py: processes that run it end at once, .*ZeroDivision.* 9$"
    ):
        file(scored({}, {}))


def test_a_file_that_was_edited_since_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "my.py"
    path.write_text("def reward(records): ...\n")
    sha256 = file_sha256(path)
    path.write_text("def reward(records): return []\n")
    with pytest.raises(RewardFileError, match=r"my\.py: it has been edited since this run was planned"):
        RewardFile(str(path), sha256, {})
