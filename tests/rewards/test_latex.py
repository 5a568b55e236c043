r"""Answers cleaned of what carries no value, and what is kept of it to refuse a contradiction."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rftlab.rewards import Judgement
from rftlab.rewards.latex import MULTIPLES, UNIT_NAMES, Answer, clean, judgement_of, unnamed

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
        (r"10\text{ furlongs}", "10", "furlongs"),
        ("24 apples", "24", "apple"),
        ("24 recurring", "24", "recurring"),
        (r"33\text{ km/h}", "33", "km/h"),
        ("33 miles per hour", "33", "mi/h"),
        (r"33 \text{ (years)}", "33", "year"),
        ("€33", "33", "euro"),
        ("33£", "33", "sterling"),
        (r"-12^\circ\text{C}", "-12", "°C"),
        (r"\text{33 pears}", "33", "pear"),
        (r"\text{7:15 a.m.}", "7:15", "am"),
        (r"10\,\mathrm{m}", "10", "m"),
        (r"10\mathrm{m}", "10m", None),
        ("10 m", "10m", None),
        (r"n \equiv 7 \pmod{12}", "7", "mod 12"),
        ("$5$", "5", None),
        ("4t", "4t", None),
        ("4 t", "4t", None),
    ],
)
def test_units_are_taken_off_and_kept(text: str, body: str, unit: str | None) -> None:
    answer = clean(text)
    assert (answer.body, answer.unit, answer.words) == (body, unit, False)


@pytest.mark.parametrize(("unit", "words"), UNIT_NAMES.items())
def test_every_name_of_a_unit_is_that_unit(unit: str, words: str) -> None:
    names = [word for word in words.split() if word[0].isascii() and word[0].isalpha()]
    assert {clean(rf"10\text{{ {word}}}").unit for word in names} == {unit}
    assert {clean(rf"10\text{{ {word.upper()}}}").unit for word in names if len(word) > 1} == {unit}


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
        ("rst=8", "rst=8", None),
        ("x^2=8", "x^2=8", None),
        (r"\sqrt{x}=8", r"\sqrt{x}=8", None),
        ("x'=8", "8", "x'"),
        (r"\theta = 8", "8", r"\theta"),
        ("|PQ| = 8", "8", "|PQ|"),
        (r"S_{\triangle PQR} = 8", "8", r"S_{\trianglePQR}"),
        (r"\text{Perimeter} = 8", "8", "perimeter"),
        (r"\text{not} = 8", "not=8", None),
        ("(p, q) = (6, -1)", "(6,-1)", "(p,q)"),
        (r"x = \frac{11}{4} = 2.75", r"\frac{11}{4}=2.75", "x"),
    ],
)
def test_a_short_name_before_one_equals_sign_is_taken_off_and_kept(text: str, body: str, name: str | None) -> None:
    answer = clean(text)
    assert (answer.body, answer.name) == (body, name)


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
        (Answer("5", unit="m", strange=True), Answer("5", unit="m"), False),
    ],
)
def test_both_must_say_it_to_contradict_but_for_multiples(one: Answer, other: Answer, contradicts: bool) -> None:
    assert one.contradicts(other) == other.contradicts(one) == contradicts


@pytest.mark.parametrize(
    ("given", "expected", "contradicts"),
    [
        (Answer("5", unit="or six", strange=True), Answer("5"), True),
        (Answer("5"), Answer("5", unit="daps", strange=True), False),
        (Answer("5", unit="triangle"), Answer("5", unit="right triangles", strange=True), False),
        (Answer("5", unit="cm"), Answer("5", unit="right triangles", strange=True), True),
        (Answer("5", unit="bananas", strange=True), Answer("5", unit="kg"), True),
    ],
)
def test_words_that_are_no_unit_contradict_unless_they_are_expected(
    given: Answer, expected: Answer, contradicts: bool
) -> None:
    assert given.contradicts(expected) == contradicts


@pytest.mark.parametrize(
    ("text", "readings"),
    [("3,417", ("3417", "3,417")), ("3, 417", ("3,417",)), ("3417", ("3417",)), ("1,234.5", ("1234.5",))],
)
def test_commas_part_thousands_or_numbers(text: str, readings: tuple[str, ...]) -> None:
    assert clean(text).readings == readings


@pytest.mark.parametrize(
    ("parts", "values"),
    [
        (("x=4", "x=9"), ("4", "9")),
        (("x_1=4", "x_2=9"), ("4", "9")),
        (("x=4", "y=9"), ("x=4", "y=9")),
        (("x=4", "9"), ("x=4", "9")),
        (("4", "9"), ("4", "9")),
    ],
)
def test_names_of_one_kind_in_a_list(parts: tuple[str, ...], values: tuple[str, ...]) -> None:
    assert unnamed(parts) == values


@pytest.mark.parametrize("unit", [r"\text{a}", r"5\text{ m}", r"\text{ and }", "a,", "12 "])
def test_time_is_linear(unit: str) -> None:
    start = time.process_time()
    clean(unit * 20_000)
    assert time.process_time() - start < 5  # quadratic time would be minutes


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
