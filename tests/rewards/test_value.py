import numpy as np
import pytest

from rftlab.errors import BadInputError
from rftlab.files import file_sha256
from rftlab.rewards.value import Paid, Reward, weighted
from scored import scored

OUTCOME = {"name": "outcome", "correct": 1.0, "incorrect": 0.0, "probability": 0.5}
ROLLOUTS = scored({"correct": True, "tokens": 9}, {"tokens": 10, "truncated": True}, {"formatted": True, "tokens": 1})


def test_the_outcome_alone_is_the_reward_and_no_line_of_its_own() -> None:
    paid = Reward(OUTCOME)(ROLLOUTS)
    assert paid.rewards_N.tolist() == [1.0, 0.0, 0.0]
    assert paid.metrics([0, 1, 2]) == {}
    signed = Reward({**OUTCOME, "incorrect": -1.0})(ROLLOUTS)
    assert signed.rewards_N.tolist() == [1.0, -1.0, -1.0]


@pytest.mark.parametrize("name", ["random", "format", "label_noise"])
def test_whoever_is_named_is_paid_what_the_section_says(name: str) -> None:
    paid = Reward({**OUTCOME, "name": name, "correct": 3.0, "incorrect": -2.0, "probability": 1.0})(ROLLOUTS)
    expected = {"random": [3.0, 3.0, 3.0], "format": [-2.0, -2.0, 3.0], "label_noise": [-2.0, 3.0, 3.0]}
    assert paid.rewards_N.tolist() == expected[name]


def test_terms_add_up_and_each_has_its_name() -> None:
    terms = {
        "overlong_hard": {"weight": 0.5},
        "format": {"weight": 0.25, "correct": 1.0, "incorrect": 0.0},
        "overlong_soft": {"weight": 1.0, "share": 0.2},
    }
    paid = Reward({**OUTCOME, "terms": terms})(ROLLOUTS)
    # 1 − 0.5 (nine of ten tokens, the last two penalised); −0.5 − 1; 0.25
    assert paid.rewards_N.tolist() == pytest.approx([0.5, -1.5, 0.25])
    assert paid.metrics([0, 1]) == {
        "reward_of_outcome": 0.5,
        "reward_of_overlong_hard": -0.25,
        "reward_of_format": 0.0,
        "reward_of_overlong_soft": pytest.approx(-0.75),
    }
    assert sum(paid.metrics([0, 1, 2]).values()) == pytest.approx(paid.rewards_N.mean())


def test_a_weight_multiplies() -> None:
    assert weighted(-2.0, lambda _: np.array([1.0, 0.5]), ROLLOUTS).tolist() == [-2.0, -1.0]


def test_the_values_of_one_rollout_do_not_depend_on_the_others() -> None:
    reward = Reward({**OUTCOME, "terms": {"overlong_soft": {"weight": 1.0, "share": 0.2}}})
    alone = [reward(type(ROLLOUTS)([record], 10, 1, 0)).rewards_N[0] for record in ROLLOUTS.records]
    assert reward(ROLLOUTS).rewards_N.tolist() == alone


def test_failures_are_counted_by_reason() -> None:
    paid = Paid({"file": np.zeros(4)}, ["timeout", None, "unscored", "timeout"])
    assert paid.metrics([1]) == {
        "reward_of_file": 0.0,
        "reward_failures": 3,
        "reward_failures_timeout": 2,
        "reward_failures_unscored": 1,
    }
    assert Paid({"file": np.zeros(1)}, [None]).metrics([0]) == {"reward_of_file": 0.0, "reward_failures": 0}


def test_a_part_of_a_terms_name_is_refused_and_so_is_less_than_the_advantage_takes(tmp_path) -> None:
    path = tmp_path / "my.py"
    path.write_text("def reward(records):\n    return {'format': [-0.5] * len(records)}\n")
    config = {"file": str(path), "sha256": file_sha256(path), "parameters": {}}
    assert Reward(config)(ROLLOUTS).rewards_N.tolist() == [-0.5] * 3
    with pytest.raises(BadInputError, match=r"my\.py: a reward of -0\.5, and the advantage needs rewards ≥ 0$"):
        Reward(config, least=0.0)(ROLLOUTS)
    terms = {"format": {"weight": 1.0, "correct": 1.0, "incorrect": 0.0}}
    with pytest.raises(BadInputError, match=r"my\.py: reward\(\) returns a part 'format', which is a term's name$"):
        Reward({**config, "terms": terms})(ROLLOUTS)
