r"""One number, exactly; several answers, taken apart."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rftlab.rewards.numbers import AMOUNT, LARGEST_EXPONENT, ExponentError, Several, number, several, spelt, split


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("-3", Fraction(-3)),
        ("007", Fraction(7)),
        ("0.75", Fraction(3, 4)),
        (r"\frac{3}{4}", Fraction(3, 4)),
        (r"\frac{-1}{2}", Fraction(-1, 2)),
        (r"-\frac{-1}{2}", Fraction(1, 2)),
        (r"\frac{0.5}{2}", Fraction(1, 4)),
        ("3/4", Fraction(3, 4)),
        ("-6/4", Fraction(-3, 2)),
        (r"2\frac{1}{2}", Fraction(5, 2)),
        (r"-2\frac{1}{2}", Fraction(-5, 2)),
        (r"0.\overline{3}", Fraction(1, 3)),
        (r"0.1\overline{6}", Fraction(1, 6)),
        (r"12.\overline{9}", Fraction(13)),
        (r"1.2\cdot10^{5}", Fraction(120_000)),
        (r"3\cdot 10^5", Fraction(300_000)),
        (r"1\cdot10^{-3}", Fraction(1, 1000)),
        ("2 7/8", Fraction(23, 8)),
        ("-2 7/8", Fraction(-23, 8)),
        ("1e5", Fraction(100_000)),
        ("4.7e-2", Fraction(47, 1000)),
        ("(5)", Fraction(5)),
        ("{(-5)}", Fraction(-5)),
        ("1" * 100, Fraction(int("1" * 100))),
    ],
)
def test_a_finished_number_has_its_exact_value(body: str, value: Fraction) -> None:
    assert number(body) == value


@pytest.mark.parametrize(
    "body",
    [
        *(
            "",
            "x",
            "10+2",
            "2^3",
            r"\sqrt{4}",
            "2-1",
            r"2\cdot3",
            "(1)(2)",
            "()",
            "(5",
            "5.",
            ".5",
            "1,000",
            "1 8",
            "5/0",
        ),
        *(
            r"\frac{1}{0}",
            r"\frac{1}{2}\frac{1}{2}",
            "1/2/3",
            "٥",
            "５",
            "e5",
            "1e",
            "--5",
            "+5",
            "5%",
            r"0.\overline{}",
        ),
        "1" * 101,
    ],
)
def test_arithmetic_left_to_do_and_all_else_has_none(body: str) -> None:
    assert number(body) is None


@given(st.fractions(max_denominator=10**6), st.integers(1, 50))
def test_a_fraction_has_its_value_in_any_form(value: Fraction, factor: int) -> None:
    above, below = value.numerator * factor, value.denominator * factor
    assert number(rf"\frac{{{above}}}{{{below}}}") == number(f"{above}/{below}") == value
    assert number(f"({above}/{below})") == value


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_a_decimal_is_not_rounded(value) -> None:
    assert number(f"{value:f}") == Fraction(value)


@pytest.mark.parametrize("sign", ["", "-"])
def test_an_exponent_too_large_is_an_error_and_not_computed(sign: str) -> None:
    largest = Fraction(10) ** int(f"{sign}{LARGEST_EXPONENT}")
    assert number(rf"1\cdot10^{{{sign}{LARGEST_EXPONENT}}}") == largest
    for exponent in (LARGEST_EXPONENT + 1, 999_999_999):
        with pytest.raises(ExponentError, match=rf"10\^{sign}{exponent}$"):
            number(rf"1\cdot10^{{{sign}{exponent}}}")


@pytest.mark.parametrize(
    ("body", "taken_apart"),
    [
        ("(1,2]", Several("(]", True, ("1", "2"))),
        ("[1,2)", Several("[)", True, ("1", "2"))),
        ("(1, 2,3)", Several("()", True, ("1", "2", "3"))),
        (r"\{1,2\}", Several("list", False, ("1", "2"))),
        (r"\{5\}", Several("list", False, ("5",))),
        ("1,2,3", Several("list", False, ("1", "2", "3"))),
        ("1;2", Several("list", False, ("1", "2"))),
        ("(1,2),(3,4)", Several("list", False, ("(1,2)", "(3,4)"))),
        (r"\frac{1}{2},3", Several("list", False, (r"\frac{1}{2}", "3"))),
        (r"(-\infty,1)\cup(2,\infty)", Several("union", False, (r"(-\infty,1)", r"(2,\infty)"))),
        (r"(0,1]\cup[2,3)\cup\{5\}", Several("union", False, ("(0,1]", "[2,3)", r"\{5\}"))),
        (r"1\pm\sqrt{2}", Several("list", False, (r"1+\sqrt{2}", r"1-\sqrt{2}"))),
        (r"\pm 3", Several("list", False, ("3", "-3"))),
        (r"\begin{pmatrix}1&2\newrow3&4\end{pmatrix}", Several("pmatrix 2x2", True, ("1", "2", "3", "4"))),
        (r"\begin{pmatrix}1&2\end{pmatrix}", Several("pmatrix 2", True, ("1", "2"))),
        (r"\begin{pmatrix}1\newrow2\end{pmatrix}", Several("pmatrix 1x1", True, ("1", "2"))),
        (r"\begin{pmatrix}1\newrow2\newrow \end{pmatrix}", Several("pmatrix 1x1", True, ("1", "2"))),
        (r"\begin{vmatrix}1\end{vmatrix}", Several("vmatrix 1", True, ("1",))),
    ],
)
def test_several_answers_are_taken_apart(body: str, taken_apart: Several) -> None:
    assert several(body) == taken_apart


@pytest.mark.parametrize(
    "body", ["", "5", "(5)", "f(1,2)", "(1,2)+(3,4)", r"\pm1\pm2", r"\begin{pmatrix}1\end{vmatrix}", "(1,2", "x+y=5"]
)
def test_one_answer_is_left_whole(body: str) -> None:
    assert several(body) is None


@pytest.mark.parametrize(
    ("body", "separator", "parts"),
    [
        ("a, (b,c) ,d", ",", ["a", "(b,c)", "d"]),
        (r"\{a,b\},c", ",", [r"\{a,b\}", "c"]),
        ("[0,1),2", ",", ["[0,1)", "2"]),
        ("f{a,b},c", ",", ["f{a,b}", "c"]),
        ("", ",", [""]),
        ("a,", ",", ["a", ""]),
        (r"(1,2]\cup[3,4)", r"\cup", ["(1,2]", "[3,4)"]),
    ],
)
def test_a_separator_in_brackets_separates_nothing(body: str, separator: str, parts: list[str]) -> None:
    assert split(body, separator) == parts


@given(
    st.lists(st.text("ab1 ", min_size=1, max_size=4).map(str.strip), min_size=1), st.sampled_from(["()", "[]", "(]"])
)
def test_what_is_joined_is_split_again(texts: list[str], brackets: str) -> None:
    parts = [f"{brackets[0]}{text},{text}{brackets[1]}" for text in texts]
    assert split(",".join(parts), ",") == parts


@pytest.mark.parametrize(
    ("words", "value"),
    [("fifty-seven", 57), ("zero", 0), ("two hundred and six", 206), ("three thousand twelve", 3012), ("Nine", 9)],
)
def test_numbers_in_words(words: str, value: int) -> None:
    assert spelt(words) == value


@pytest.mark.parametrize("words", ["", "fifty seven times", "hundred", "a dozen", "57", "million"])
def test_words_that_are_no_number(words: str) -> None:
    assert spelt(words) is None


@pytest.mark.parametrize(
    "text", ["5", "-5", "– 5", "$1,234.50", "1 234", "3/4", "2 1/2", ".5", "8e6", "50%", "-12°C", "£5", "7km", "7 km"]
)
def test_an_amount_is_read_whole(text: str) -> None:
    match = re.match(AMOUNT, text)
    assert match is not None
    assert match[0] == text.removesuffix("km").strip()


@pytest.mark.parametrize(
    "text", ["5x", "5^2", "5!", "5²", "5/x", "5+3", "5-3", "1.2.3", "12,3456", "7:30", "7k", "5%x", "٣"]
)
def test_what_goes_on_is_no_amount(text: str) -> None:
    assert re.match(AMOUNT, text) is None
