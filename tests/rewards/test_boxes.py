"""Where an answer stands in a completion."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rftlab.rewards.boxes import boxed_list, contents, last_answer, last_box
from rftlab.rewards.statements import TAIL

BALANCED = st.recursive(
    st.text("ab1\\ $^", max_size=5).map(lambda text: text.replace("\\", "\\{")),
    lambda inner: st.lists(inner, max_size=3).map(lambda parts: "{" + "".join(parts) + "}"),
)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (r"so $\boxed{5}$.", "5"),
        (r"\boxed{1} and \boxed{2}", "2"),
        (r"\boxed{1}\fbox{2}", "2"),
        (r"\fbox{1}\boxed{2}", "2"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\boxed{5}}", "5"),
        (r"\boxed{}", ""),
        (r"\boxed{ 5 } cm", " 5 "),
        (r"\boxed{5}}", "5"),
        (r"\boxed  {7}", "7"),
        (r"\boxed 5", "5"),
        (r"$\boxed 5$", "5"),
        (r"\boxed 5 cm", "5"),
        (r"\boxed{5} \boxedx{6}", "5"),
        (r"\boxed{\{1,2\}}", r"\{1,2\}"),
        (r"\boxed{a\\}", "a\\\\"),
        ("\\boxed{a\nb}", "a\nb"),
    ],
)
def test_the_last_box_is_found_with_its_braces_matched(text: str, content: str) -> None:
    assert last_box(text) == content


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "boxed{5}",
        r"\boxedtext{5}",
        r"\boxedx",
        r"\boxed",
        r"\boxed{5",
        r"\boxed{5\}",
        r"\boxed{1} then \boxed{2",
        r"\boxed{{5}",
    ],
)
def test_without_a_box_that_closes_there_is_none(text: str) -> None:
    assert last_box(text) is None


@given(st.text(max_size=20).filter(lambda text: "box" not in text), BALANCED, st.text("}{ab \\", max_size=10))
def test_what_stands_around_a_box_does_not_matter(before: str, content: str, after: str) -> None:
    assert last_box(f"{before}\\boxed{{{content}}}{after}") == content


@pytest.mark.parametrize(
    "unit", ["\\boxed{", "\\boxed", "\\boxed{}", "{", "}", "\\", "$", "$1$", "#### ", "answer is "]
)
def test_absurd_texts_take_bounded_time(unit: str) -> None:
    start = time.process_time()
    for text in (unit * 10**5, f"\\boxed{{{unit * 10**5}"):
        last_box(text)
        last_answer(text)
    assert time.process_time() - start < 5  # quadratic time would be hours


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"The answer is 4. \boxed{5}", "5"),
        ("the answer is 5.", "5"),
        ("the answer is 3.5. Done", "3.5"),
        ("Answer: **7** apples", "7 apples"),
        ("ANSWER = 7", "7"),
        ("#### 5\n#### 6", "6"),
        ("answer: 5\nfrom 6 and 7", "5"),
        ("the answer is $x=3$ for all $y$", "$x=3$ for all $y$"),
        ("the answer is 1 of $2$", "1 of $2$"),
        ("answer is\n12 or $x=3$", "12 or $x=3$"),
        ("so $$1$$", "1"),
        (r"so \[2\]", "2"),
        ("12 then 3/4", "3/4"),
        ("12 then 1,234.5", "1,234.5"),
        ("it is -5", "-5"),
        ("it costs $5", "$5"),
        ("50%", "50%"),
    ],
)
def test_without_a_box_what_is_announced_comes_first_then_what_is_concluded(text: str, answer: str) -> None:
    assert last_answer(text) == answer


@pytest.mark.parametrize(
    "text", ["", "no", "a5b", "$", "the answer is", "version 2 of a5b", "so $1$ or $2$, not 3", "minus -5"]
)
def test_where_there_is_nothing_there_is_no_answer(text: str) -> None:
    assert last_answer(text) is None


def test_every_box_that_closes() -> None:
    assert contents(r"\boxed{ 4 }, \fbox{\frac{1}{2}}, \boxed 5 and \boxed{6") == ["4", r"\frac{1}{2}", "5"]
    assert contents(r"\boxed{\boxed{4}} and \boxed{\fbox{5}}") == [r"\boxed{4}", r"\fbox{5}"]
    assert contents("no box") == []


@pytest.mark.parametrize("text", [r"The answer is 5. \boxed{5", "#### 5 \\fbox{", r"\boxed{1} $2$ \boxed{3"])
def test_a_box_that_never_closes_hides_all_else(text: str) -> None:
    assert last_answer(text) is None


@pytest.mark.parametrize("form", ["5", "$5$", "#### 5", "answer: 5"])
def test_an_answer_without_a_box_is_looked_for_in_the_tail_alone(form: str) -> None:
    inside, outside = f" {form}\n" + " " * (TAIL - len(form) - 1), f" {form}\n" + " " * TAIL
    assert last_answer(inside) == "5"
    assert last_answer(outside) is None
    assert last_answer(r"\boxed{5}" + " " * TAIL) == "5"


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        (r"So $\boxed{4}$ and $\boxed{9}$.", "4, 9"),
        (r"\boxed{4}, \boxed{5}, and \boxed{\frac{1}{2}}", r"4, 5, \frac{1}{2}"),
        (r"\boxed{1} is wrong: \boxed{4} or \boxed{9}", "4, 9"),
        (r"\boxed{4}$ or $x = \boxed{9}", "4, 9"),
        (r"first \boxed{4}, so in the end \boxed{9}", None),
        (r"\boxed{4} \boxed{9", None),
        (r"\boxed{4}", None),
        ("", None),
    ],
)
def test_boxes_in_one_list(text: str, joined: str | None) -> None:
    assert boxed_list(text) == joined
