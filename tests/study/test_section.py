"""What sections are made of: numbers as YAML has them, known keys, and errors worded for people."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import Field, Tag, ValidationError

from rftlab.study.section import Count, Number, Positive, Section, Share, by_source, excerpt, first_error, scientific


class Inner(Section):
    source: Literal["inner"]
    size: Count = 1


class Other(Section):
    source: Literal["other"]


class Outer(Section):
    count: Count = 1
    share: Share = 0.5
    positive: Positive = 1.0
    number: Number = 0.0
    names: list[str] = Field(["a"], min_length=1, max_length=2)
    yes: bool = True
    text: Annotated[str, Field(min_length=1, pattern="^[a-z]+$")] = "a"
    part: Annotated[Annotated[Inner, Tag("inner")] | Annotated[Other, Tag("other")], by_source("inner", "other")] = (
        Inner(source="inner")
    )


def error(given: object) -> str:
    with pytest.raises(ValidationError) as refused:
        Outer.model_validate(given)
    return first_error(refused.value)


@pytest.mark.parametrize(
    ("value", "number"), [("1e-4", 1e-4), ("-2E3", -2000.0), ("1.5e2", 150.0), ("1e", "1e"), ("ten", "ten"), (3, 3)]
)
def test_a_number_without_a_point_is_one(value: object, number: object) -> None:
    assert scientific(value) == number


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"count": 0}, "count: at least 1 is needed, not 0"),
        ({"count": 1.5}, "count: a whole number is needed, not 1.5"),
        ({"count": True}, "count: a whole number is needed, not True"),
        ({"share": 1.5}, "share: at most 1 is needed, not 1.5"),
        ({"positive": 0.0}, "positive: more than 0 is needed, not 0.0"),
        ({"number": float("nan")}, "number: a finite number is needed, not nan"),
        ({"number": "x"}, "number: a number is needed, not 'x'"),
        ({"names": []}, "names: at least 1 entry is needed, not []"),
        ({"names": ["a", "b", "c"]}, "names: at most 2 entries are possible, not ['a', 'b', 'c']"),
        ({"names": "a"}, "names: a list is needed, not 'a'"),
        ({"yes": 1}, "yes: true or false is needed, not 1"),
        ({"text": ""}, "text: a text that is not empty is needed, not ''"),
        ({"text": "A"}, "text: a text like ^[a-z]+$ is needed, not 'A'"),
        ({"part": 3}, "part: a mapping is needed, not 3"),
        ({"part": {"source": "x"}}, "part: source: one of 'inner', 'other' is needed, not 'x'"),
        ({"part": {"size": 2}}, "part: source: one of 'inner', 'other' is needed"),
        (
            {"conut": 1},
            "unknown key 'conut'; valid keys: count, share, positive, number, names, yes, text, part (did you",
        ),
        ({"count": 0, "share": 2.0}, "count: at least 1 is needed, not 0 (and 1 more)"),
        (3, "a mapping is needed, not 3"),
    ],
    ids=str,
)
def test_the_first_error_says_what_is_needed(given: object, message: str) -> None:
    assert error(given).startswith(message)


def test_a_long_value_is_cut() -> None:
    assert excerpt("a" * 100) == repr("a" * 100)[:60] + "…"
    assert excerpt([1]) == "[1]"


def test_nothing_can_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError):
        Outer().count = 2  # type: ignore[misc]
