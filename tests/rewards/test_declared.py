import pytest

from rftlab import levels
from rftlab.rewards.declared import TERMS, RewardFileError, least_reward, read_reward_file, terms_of

OUTCOME = {"name": "outcome", "correct": 1.0, "incorrect": 0.0, "probability": 0.5}


def test_a_reward_file_is_read_and_not_run(tmp_path) -> None:
    path = tmp_path / "my.py"
    path.write_text("raise RuntimeError\nSECONDS = 5\n\ndef reward(records, *, scale=2.0): ...\n")
    file = read_reward_file(str(path))
    assert file.parameters == {"scale": 2.0}
    assert file.constants["SECONDS"] == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read: No such file or directory"),
        ("def reward(records", "is not Python: "),
        ("def rewards(records): ...", "defines no function reward()"),
        ("def reward(records, *, scale=two): ...", ": scale needs a literal default"),
        ("SECONDS = 2 * 30\ndef reward(records): ...", ": SECONDS needs one literal value"),
        ("SECONDS = 0\ndef reward(records): ...", ": SECONDS needs a number above 0, not 0"),
        ("MEMORY_GIB = 'all'\ndef reward(records): ...", ": MEMORY_GIB needs a number above 0, not 'all'"),
        ("MEMORY_GIB = float('nan')\ndef reward(records): ...", ": MEMORY_GIB needs one literal value"),
    ],
)
def test_what_cannot_be_used_is_one_line_with_its_name(tmp_path, text: str | None, message: str) -> None:
    path = tmp_path / "my.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(RewardFileError) as refusal:
        read_reward_file(str(path))
    assert str(refusal.value).startswith(str(path))
    assert message in str(refusal.value)


def test_which_terms_a_reward_selects() -> None:
    assert terms_of(OUTCOME) == ["outcome"]
    assert terms_of({**OUTCOME, "terms": {"format": {}}}) == ["outcome", "format"]
    assert terms_of({"file": "my.py", "terms": {"format": {}}}) == ["format"]


@pytest.mark.parametrize(
    ("reward", "least"),
    [
        ({**OUTCOME, "incorrect": -1.0}, -1.0),
        ({**OUTCOME, "correct": -2.0}, -2.0),
        ({**OUTCOME, "terms": {"overlong_hard": {"weight": 0.5}}}, -0.5),
        ({**OUTCOME, "terms": {"overlong_hard": {"weight": -0.5}}}, 0.0),
        ({**OUTCOME, "terms": {"format": {"weight": 2.0, "correct": 1.0, "incorrect": -0.25}}}, -0.5),
        ({**OUTCOME, "terms": {"length_cosine": {"weight": 0.0}}}, 0.0),
        ({**OUTCOME, "terms": {"length_cosine": {"weight": 0.1}}}, float("-inf")),
        ({"file": "my.py", "terms": {"overlong_soft": {"weight": 1.0, "share": 0.2}}}, -1.0),
    ],
)
def test_the_least_that_can_be_paid(reward, least: float) -> None:
    assert least_reward(reward) == least


def test_every_term_declares_what_it_may_be_or_pays_successes() -> None:
    without = {name for name in levels.names(TERMS) if "VALUES" not in levels.read(TERMS, name).constants}
    assert without == {"outcome", "format", "random", "label_noise", "length_cosine"}
