import pytest

from rftlab.rewards.terms.repetition import term
from scored import scored


def said(*completions: str, size: int = 3) -> list[float]:
    return term(scored(*[{"completion": text} for text in completions]), size=size).tolist()


def test_what_was_said_before_is_penalised() -> None:
    # a b c, b c a, c a b, a b c: three of four are new
    assert said("a b c a b c", "a b c d e f", "A b C a B c") == pytest.approx([-0.25, 0.0, -0.25])
    assert said("no no no no no", size=1) == pytest.approx([-0.8])


def test_too_few_words_repeat_nothing() -> None:
    assert said("", "a", "a a", "\n ") == [0.0] * 4


def test_where_all_are_wrong_it_tells_them_apart() -> None:
    assert len({*said("x x x x", "x y z u")}) == 2
