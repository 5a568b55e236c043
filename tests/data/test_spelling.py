import pytest

from rftlab.data.spelling import spell


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (20, "twenty"),
        (42, "forty two"),
        (100, "one hundred"),
        (215, "two hundred fifteen"),
        (999, "nine hundred ninety nine"),
    ],
)
def test_values(number: int, words: str) -> None:
    assert spell(number) == words


def test_numbers_are_told_apart() -> None:
    assert len({spell(number) for number in range(1000)}) == 1000


@pytest.mark.parametrize("number", [-1, 1000])
def test_others_are_refused(number: int) -> None:
    with pytest.raises(ValueError, match="only 0 to 999"):
        spell(number)
