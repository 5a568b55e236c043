"""What a completion without a box states."""

from __future__ import annotations

import time

import pytest

from rftlab.rewards.statements import TAIL, stated


@pytest.mark.parametrize(
    ("completion", "text"),
    [
        # tags
        ("<answer> 44 </answer>", "44"),
        (r"so <answer>$\frac{3}{8}$</answer>", r"\frac{3}{8}"),
        ("<answer>The answer is 44</answer>", "44"),
        ("<answer>4</answer> <answer>5</answer>", "5"),
        # announced
        ("The answer to this question is 38.", "38"),
        ("The answer (in metres) is 38.", "38"),
        ("The right answer is therefore 38.", "38"),
        ("**Answer**: 18", "18"),
        ("The answer is 66. I hope that answers your question!", "66"),
        ("The answer is 66.\nTell me if the answer is unclear.", "66"),
        ("The answer is:\n\\[\n73\n\\]", "73"),
        ("The answer is $20$, and not $21$.", "20"),
        ("Final Answer: The smallest $k$ is 29.", "29"),
        ("Answer: There are 57 marbles", "57 marbles"),
        ("#### 57 for the 4 tickets", "57"),
        ("#### 57% of the class", "57%"),
        ("The answer is 57 (fifty-seven).", "57"),
        ("The answer is 57<|im_end|>", "57"),
        ("The answer is 57, since 5 is odd", "57"),
        ('{"answer": 57}', "57"),
        # announced, and left as it is
        ("The answer is 3 or nine", "3 or nine"),
        ("The answer is not 7.", "not 7"),
        ("The answer is 7!", "7!"),
        ("The answer is 7?", "7?"),
        ("#### 7 quadrillion", "7 quadrillion"),
        ("The answer is 57 (fifty-eight).", "57 (fifty-eight)"),
        ("The answer is Sunday.", "Sunday"),
        # concluded
        ("He had $12.00 and a ticket is $2.40, which makes 5 tickets.", "5 tickets"),
        ("Rent is $240 and food is $110; together $350.", "$350"),
        ("So T lies at (5,9).", "(5,9)"),
        (r"So its length is \sqrt{7}.", r"\sqrt{7}"),
        ("2 + 5 = 7", "7"),
        ("5", "5"),
        ("t^6", "t^6"),
        ("It is 7. Thank you!", "7"),
    ],
)
def test_it_is_stated(completion: str, text: str) -> None:
    assert stated(completion) == text


@pytest.mark.parametrize(
    "completion",
    [
        "",
        "the answer is",
        "<answer>5",
        "<answer>4</answer> <answer>5",
        "Is the answer 5?",
        "If the answer is 5, we are done.",
        "The wrong answer is 5.",
        "It lies somewhere from 20 to 35",
        "We could not decide; it may exceed 11",
        "First 8 + 6 = 14. Next we take 14 + 23",
        "|t-4| + |t-17",
        "Let x = 5",
        "For x = 5",
        "Suppose it is 5.",
        "It is 5. But that is not certain.",
        "the numbers 4, 7, 9",
    ],
)
def test_nothing_is_stated(completion: str) -> None:
    assert stated(completion) in (None, "|t-4| + |t-17")


def test_only_the_tail_counts() -> None:
    assert stated("The answer is 5." + " " * (TAIL - 20)) == "5"
    assert stated("The answer is 5." + " " * TAIL) is None


@pytest.mark.parametrize(
    "unit", ["answer is ", "#### ", "$", "= ", "the answer to the ", "<answer>", "1 ", "(", "is 5. ", "**"]
)
def test_time_is_bounded(unit: str) -> None:
    start = time.process_time()
    stated(unit * 10**5)
    assert time.process_time() - start < 5
