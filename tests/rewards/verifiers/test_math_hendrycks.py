r"""Hendrycks' rule, step by step, with its leniencies and its gaps."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rftlab.rewards import Judgement
from rftlab.rewards.verifiers.math_hendrycks import LONGEST, last_box, normalise, verify


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("a\nb", "ab"),
        (r"1\!2", "12"),
        (r"\\frac{1}{2}", r"\frac{1}{2}"),
        (r"\tfrac{1}{2}", r"\frac{1}{2}"),
        (r"\dfrac{1}{2}", r"\frac{1}{2}"),
        (r"\left(1,2\right)", "(1,2)"),
        (r"90^{\circ}", "90"),
        (r"90^\circ", "90"),
        (r"\$5", "5"),
        (r"5\text{ cm}", "5"),
        (r"5\text{cm}", r"5\text{cm}"),
        (r"50\%", "50"),
        (r"50%", "50%"),
        (" .5", r"\frac{1}{2}"),
        (".25", "0.25"),
        ("{.25}", "{0.25}"),
        ("x = 5", "5"),
        ("x=5", "5"),
        ("xy=5", "5"),
        ("xy =5", "xy=5"),
        ("x=y=5", "x=y=5"),
        (r"\sqrt3", r"\sqrt{3}"),
        (r"\sqrt{3}", r"\sqrt{3}"),
        (r"\sqrt 3", r"\sqrt{}3"),
        (r"\frac12", r"\frac{1}{2}"),
        (r"\frac1{72}", r"\frac{1}{72}"),
        (r"\frac{72}1", r"\frac{72}1"),
        (r"\frac1", r"\frac1"),
        ("0.5", r"\frac{1}{2}"),
        ("1/2", r"\frac{1}{2}"),
        ("-3/8", r"\frac{-3}{8}"),
        ("01/2", "01/2"),
        ("a/b", "a/b"),
        ("1/2/3", "1/2/3"),
        ("5.", "5."),
        ("58,500", "58,500"),
        ("", ""),
    ],
)
def test_every_step(text: str, normalised: str) -> None:
    assert normalise(text) == normalised


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (r"\boxed{5}", "5"),
        (r"\boxed{1} and \boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\boxed{5}}", "5"),
        (r"\boxed 5$ and so on", "5"),
        (r"\boxed 5$ but \boxed{6}", "5"),
        (r"\boxed{5", None),
        (r"\fbox{5}", None),
        (r"\boxed5", None),
        ("5", None),
    ],
)
def test_the_last_box(text: str, content: str | None) -> None:
    assert last_box(text) == content


@pytest.mark.parametrize(
    ("completion", "answer", "judgement"),
    [
        (r"\boxed{0.5}", r"\frac12", Judgement(True, "0.5")),
        (r"\boxed{9.}", "9", Judgement(False, "9.")),
        (r"\boxed{58,500}", "58500", Judgement(False, "58,500")),
        (r"\boxed{(C)}", r"\text{(C)}", Judgement(False, "(C)")),
        (r"\boxed{-3/8}", r"-\frac38", Judgement(False, "-3/8")),
        (r"\boxed{6, 8\text{, and }10}", r"6, 8\text{, and }10", Judgement(True, r"6, 8\text{, and }10")),
        # where the rule fails the texts are compared as they stand
        (r"\boxed{\text{ a}\text{ b}}", r"\text{ a}\text{ b}", Judgement(True, r"\text{ a}\text{ b}")),
        (r"\boxed{\text{ a}\text{ b}}", r"\text{ a}", Judgement(False, r"\text{ a}\text{ b}")),
        (r"\boxed{2\sqrt}", r"2\sqrt", Judgement(True, r"2\sqrt")),
        (r"\boxed{2\frac}", "2", Judgement(False, r"2\frac")),
        ("5", "5", Judgement(False, None)),
        (rf"\boxed{{{'1' * 2000}}}", "1" * 2000, Judgement(True, "1" * LONGEST + "…")),
    ],
)
def test_judgements(completion: str, answer: str, judgement: Judgement) -> None:
    assert verify(completion, answer) == judgement


def test_an_empty_answer_is_an_error() -> None:
    with pytest.raises(ValueError, match="math_hendrycks compares what is in a box; the answer ' ' is empty"):
        verify(r"\boxed{5}", " ")


@given(st.text("0123456789abx.,$%\\{}()/^_=+- fracsqt", max_size=30))
def test_nothing_raises(text: str) -> None:
    assert isinstance(verify(rf"\boxed{{{text}}}", text if text.strip() else "5"), Judgement)


@pytest.mark.parametrize("unit", ["\\boxed{", "\\boxed ", "\\sqrt", "\\frac", "\\text{ ", "{", "="])
def test_time_is_linear(unit: str) -> None:
    start = time.process_time()
    verify(f"\\boxed{{{unit * 10**5}}}", "5")
    assert time.process_time() - start < 5
