import pytest

from rftlab.rewards import Judgement
from rftlab.rewards.verifiers.exact import LONGEST, verify


@pytest.mark.parametrize(
    ("completion", "extracted"),
    [
        ("#### the  red\nball", "the red ball"),
        ("the red ball", "the red ball"),
        ("#### no #### the red ball ", "the red ball"),
        ("#### The red ball", "The red ball"),
        ("#### the red ball.", "the red ball."),
        ("the red ball ####", None),
        ("", None),
        ("x" * (LONGEST + 1), None),
    ],
    ids=lambda value: str(value)[:30],
)
def test_texts(completion: str, extracted: str | None) -> None:
    assert verify(completion, "the red ball") == Judgement(extracted == "the red ball", extracted)
