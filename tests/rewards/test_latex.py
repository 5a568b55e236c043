r"""Answers cleaned of what carries no value, and what is kept of it to refuse a contradiction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rftlab.rewards import Judgement
from rftlab.rewards.latex import MULTIPLES, UNIT_NAMES, Answer, clean, judgement_of

BODIES = {
    # spacing, sizes of brackets, dollars
    r" 5 ": "5",
    r"$5$": "5",
    r"\(5\)": "5",
    r"\left( 1 , \! 2 \right]": "(1,2]",
    r"\Big(1,\;2\Bigr)": "(1,2)",
    r"2 \sqrt{3}": r"2\sqrt{3}",
    r"\displaystyle 5": "5",
    r"5\phantom{000}": "5",
    "1~000": "1000",
    # one spelling for each
    r"\dfrac12": r"\frac{1}{2}",
    r"\tfrac 1 2": r"\frac{1}{2}",
    r"\frac\pi4": r"\frac{\pi}{4}",
    r"\frac12": r"\frac{1}{2}",
    "1/2": r"\frac{1}{2}",
    "-3/4": r"-\frac{3}{4}",
    r"\sqrt3": r"\sqrt{3}",
    "x^{2}": "x^2",
    "x^{10}": "x^{10}",
    r"x \leqslant 3": r"x\le3",
    r"x ≠ 3": r"x\ne3",
    r"\begin{bmatrix} 1 \\ 2 \end{bmatrix}": r"\begin{pmatrix}1\newrow2\end{pmatrix}",
    "−5": "-5",
    "π r": r"\pi r",
    r"\lbrace 1 \rbrace": r"\{1\}",
    # numbers
    ".5": "0.5",
    "-.5": "-0.5",
    "1.5": "1.5",
    "+5": "5",
    "5.": "5",
    "1,000": "1000",
    "12{,}345": "12345",
    r"96,\!569": "96569",
    "1,2": "1,2",
    "(1,200)": "(1,200)",
    r"\frac{12}{5,525}": r"\frac{12}{5525}",
    "18 000": "18000",
    "1 8": "1 8",
    r"\approx 3": "3",
    # texts
    r"\text{Sunday}": "Sunday",
    r"2 \text{ and } 3": "2,3",
    r"2, 3, \text{ and } 4": "2,3,4",
    r"-2 \text{ or } -12": "-2,-12",
}


@pytest.mark.parametrize("text", BODIES)
def test_what_carries_no_value_is_taken_off(text: str) -> None:
    assert clean(text).body == BODIES[text]


@pytest.mark.parametrize("body", sorted(set(BODIES.values()) - {"1 8"}))
def test_what_is_clean_stays_as_it_is(body: str) -> None:
    again = clean(body.replace("\\newrow", "\\\\"))
    assert again == Answer(body, words=False)


@pytest.mark.parametrize(
    ("text", "body", "unit"),
    [
        (r"10\text{ cm}", "10", "cm"),
        (r"10 \mathrm{cm}", "10", "cm"),
        ("10 cm", "10", "cm"),
        (r"10\text{ centimetres}", "10", "cm"),
        (r"10\text{ cm}^2", "10", "cm^2"),
        (r"10\text{ square inches}", "10", "in^2"),
        (r"10\text{ cubic feet}", "10", "ft^3"),
        ("10 cm^{3}", "10", "cm^3"),
        (r"90^\circ", "90", "degree"),
        ("90°", "90", "degree"),
        (r"90\text{ degrees}", "90", "degree"),
        (r"50\%", "50", "percent"),
        (r"\$32.35", "32.35", "dollar"),
        (r"80\text{ cents}", "80", "cent"),
        (r"9\text{ a.m.}", "9", "am"),
        ("3 hrs", "3", "h"),
        (r"18\text{ minutes}", "18", "min"),
        ("5 feet", "5", "ft"),
        ("6 inches", "6", "in"),
        ("26 miles", "26", "mi"),
        (r"3\text{ kg}", "3", "kg"),
        ("16 ounces", "16", "oz"),
        ("5 million", "5", "million"),
        (r"5\text{ million dollars}", "5", "million"),
        (r"10\text{ furlongs}", "10", None),
        ("24 apples", "24", None),
        ("$5$", "5", None),
        ("4t", "4t", None),
        ("4 t", "4t", None),
    ],
)
def test_units_are_taken_off_and_kept(text: str, body: str, unit: str | None) -> None:
    assert clean(text) == Answer(body, unit=unit)


@pytest.mark.parametrize(("unit", "words"), UNIT_NAMES.items())
def test_every_name_of_a_unit_is_that_unit(unit: str, words: str) -> None:
    names = [word for word in words.split() if word[0].isalpha()]
    assert {clean(rf"10\text{{ {word}}}").unit for word in names} == {unit}
    assert {clean(rf"10\text{{ {word.upper()}}}").unit for word in names} == {unit}


@pytest.mark.parametrize(
    ("text", "body", "name"),
    [
        ("x = 5", "5", "x"),
        ("f(2) = 5", "5", "f(2)"),
        ("x_1 = 5", "5", "x_1"),
        (r"\angle ABC = 5", "5", r"\angleABC"),
        ("area = 5", "5", "area"),
        (r"x \in [1,2]", "[1,2]", "x"),
        ("x+y=5", "x+y=5", None),
        ("xy=5", "xy=5", None),
        ("a=b=c", "a=b=c", None),
        ("2x=8", "2x=8", None),
    ],
)
def test_a_short_name_before_one_equals_sign_is_taken_off_and_kept(text: str, body: str, name: str | None) -> None:
    assert clean(text) == Answer(body, name=name)


@pytest.mark.parametrize(
    ("text", "words"), [(r"\text{Sunday}", True), (r"\text{5}", False), ("x", False), (r"5\text{ m}", False)]
)
def test_words_are_told_from_formulas(text: str, words: bool) -> None:
    assert clean(text).words == words


@given(st.text("0123456789abx.,$%\\{}()[]/^_=+- textfracmcirc", max_size=40))
def test_whatever_is_cleaned_has_no_space_at_its_ends(text: str) -> None:
    assert clean(text).body == clean(text).body.strip()


@pytest.mark.parametrize(
    ("one", "other", "contradicts"),
    [
        (Answer("5"), Answer("5"), False),
        (Answer("5"), Answer("6"), False),
        (Answer("5", unit="m"), Answer("5"), False),
        (Answer("5", unit="m"), Answer("5", unit="m"), False),
        (Answer("5", unit="m"), Answer("5", unit="km"), True),
        (Answer("5", unit="cm"), Answer("5", unit="cm^2"), True),
        (Answer("5", name="a"), Answer("5"), False),
        (Answer("5", name="a"), Answer("5", name="a"), False),
        (Answer("5", name="a"), Answer("5", name="b"), True),
        (Answer("5", name="a", unit="m"), Answer("5", unit="m"), False),
        *((Answer("5", unit=unit), Answer("5"), True) for unit in sorted(MULTIPLES)),
        (Answer("5", unit="dozen"), Answer("5", unit="dozen"), False),
    ],
)
def test_both_must_say_it_to_contradict_but_for_multiples(one: Answer, other: Answer, contradicts: bool) -> None:
    assert one.contradicts(other) == other.contradicts(one) == contradicts


def judge_body(expected: Answer, given: Answer) -> Judgement:
    return Judgement(expected.body == given.body, given.body)


@pytest.mark.parametrize(
    ("found", "judgement"),
    [
        (" 5 ", Judgement(True, "5")),
        ("6", Judgement(False, "6")),
        (None, Judgement(False, None)),
        ("", Judgement(False, None)),
        (" \n", Judgement(False, None)),
        ("$$", Judgement(False, None)),
        ("1" * 10, Judgement(False, "1" * 10)),
        ("1" * 11, Judgement(False, "1" * 10 + "…", "too_long")),
    ],
)
def test_only_what_was_found_and_is_short_enough_is_judged(found: str | None, judgement: Judgement) -> None:
    assert judgement_of(found, "$5$", judge_body, longest=10, compares="x compares") == judgement


@pytest.mark.parametrize("answer", ["", " ", "$$", r"\!"])
def test_an_answer_of_which_nothing_is_left_is_an_error(answer: str) -> None:
    with pytest.raises(ValueError) as error:
        judgement_of("5", answer, judge_body, longest=10, compares="x compares answers")
    assert str(error.value) == f"x compares answers; the answer {answer!r} is empty"


def test_a_long_answer_of_which_nothing_is_left_is_shortened_in_the_message() -> None:
    with pytest.raises(ValueError) as error:
        judgement_of(None, "$" * 1000, judge_body, longest=10, compares="x")
    assert str(error.value) == f"x; the answer {'$' * 40!r} is empty"
