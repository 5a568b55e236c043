"""What is thought aloud is taken out, and nothing is left of thinking that does not end."""

from __future__ import annotations

import time

import pytest

from rftlab.rewards.thinking import without_thinking


@pytest.mark.parametrize(
    ("completion", "said"),
    [
        ("5", "5"),
        ("<think>4</think>5", "\n5"),
        ("5<think>4</think>", "5\n"),
        ("<think>4</think>5<think>6</think>7", "\n5\n7"),
        ("4</think>5", "5"),
        ("<think>4</think>5</think>6", "6"),
        ("<think>a <think> b</think>5", "\n5"),
        ("<think>4", ""),
        ("5<think>4", ""),
        ("<think>4</think>5<think>", ""),
        ("1<think></think>8", "1\n8"),
        ("I think> 5", "I think> 5"),
        ("", ""),
    ],
)
def test_what_is_said(completion: str, said: str) -> None:
    assert without_thinking(completion) == said


@pytest.mark.parametrize("unit", ["<think>", "</think>", "<think>x</think>", "think>"])
def test_time_is_linear(unit: str) -> None:
    start = time.process_time()
    without_thinking(unit * 10**5)
    assert time.process_time() - start < 5  # quadratic time would be minutes
