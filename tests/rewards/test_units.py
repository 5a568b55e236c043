"""Units that are known, words that are none, and words that multiply."""

from __future__ import annotations

import pytest

from rftlab.rewards.units import COUNTED, HEDGES, MULTIPLES, UNITS, multiple_in, unit_of


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("cm", "cm"),
        (" centimetres ", "cm"),
        ("square inches", "in^2"),
        ("sq. ft", "ft^2"),
        ("cm^2", "cm^2"),
        ("m²", "m^2"),
        ("km/h", "km/h"),
        ("kilometers per hour", "km/h"),
        ("m/s^2", "m/s^2"),
        ("(years)", "year"),
        ("marbles", "marble"),
        ("boxes", "box"),
        ("berries", "berry"),
        ("men", "man"),
        ("p.m.", "pm"),
        ("US", None),
        ("M", None),
        ("or twenty", None),
        ("red marbles", None),
        ("squared", None),
        ("apples and pears", None),
        ("per", None),
        ("", None),
    ],
)
def test_units(text: str, unit: str | None) -> None:
    assert unit_of(text) == unit


def test_a_power_may_stand_apart() -> None:
    assert unit_of("cm", "^{2}") == "cm^2"


@pytest.mark.parametrize(("words", "multiple"), [("million dollars", "million"), ("dozens", "dozen"), ("apples", None)])
def test_words_that_multiply(words: str, multiple: str | None) -> None:
    assert multiple_in(words) == multiple


def test_no_word_is_both_a_unit_and_a_multiple() -> None:
    assert not MULTIPLES & (UNITS.keys() | COUNTED)
    assert all(unit_of(word) is None for word in MULTIPLES)


@pytest.mark.parametrize("text", ["it is not so", "at least", "between them", "It may be", "can't"])
def test_hedges(text: str) -> None:
    assert HEDGES.search(text)
    assert not HEDGES.search("so there are apples")
