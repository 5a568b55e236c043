import pytest
from hypothesis import given
from hypothesis import strategies as st

from rftlab.rewards import Judgement
from rftlab.rewards.value import RewardConfig, reward

RIGHT, WRONG = Judgement(True, "5"), Judgement(False, None)
KEYS = [
    (seed, f"query{q}", occurrence, rollout)
    for seed in range(2)
    for q in range(500)
    for occurrence in range(2)
    for rollout in range(2)
]


def test_outcome_pays_for_correctness() -> None:
    assert reward(RIGHT, RewardConfig(), KEYS[0]) == 1.0
    assert reward(WRONG, RewardConfig(), KEYS[0]) == 0.0
    signed = RewardConfig(correct=1, incorrect=-1)
    assert [reward(judgement, signed, KEYS[0]) for judgement in (RIGHT, WRONG)] == [1.0, -1.0]


@given(st.integers(), st.text(), st.integers(0, 99), st.integers(0, 99), st.floats(0, 1))
def test_random_ignores_the_verdict(seed: int, query: str, occurrence: int, rollout: int, probability: float) -> None:
    config = RewardConfig("random", probability=probability)
    key = (seed, query, occurrence, rollout)
    assert reward(RIGHT, config, key) == reward(WRONG, config, key) in (0.0, 1.0)


@pytest.mark.parametrize("probability", [0.0, 0.2, 0.5, 1.0])
def test_random_pays_with_its_probability(probability: float) -> None:
    config = RewardConfig("random", correct=3.0, incorrect=-1.0, probability=probability)
    paid = [reward(WRONG, config, key) for key in KEYS]
    assert set(paid) <= {3.0, -1.0}
    assert paid.count(3.0) / len(paid) == pytest.approx(probability, abs=0.04 * (0 < probability < 1))


@pytest.mark.parametrize("part", range(4))
def test_every_part_of_the_key_has_its_own_luck(part: int) -> None:
    config = RewardConfig("random")
    other = [
        tuple((f"{v}'" if isinstance(v, str) else v + 7) if i == part else v for i, v in enumerate(k)) for k in KEYS
    ]
    same = [reward(RIGHT, config, a) == reward(RIGHT, config, b) for a, b in zip(KEYS, other, strict=True)]
    assert sum(same) / len(same) == pytest.approx(0.5, abs=0.04)


def test_the_coin_is_pinned() -> None:
    config = RewardConfig("random")
    assert [reward(WRONG, config, (0, "query", 0, rollout)) for rollout in range(8)] == [1, 0, 0, 0, 0, 1, 1, 0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "outcomes"}, "reward.name: one of outcome, random is needed, not 'outcomes'"),
        ({"correct": "1"}, "reward.correct: a finite number is needed, not '1'"),
        ({"incorrect": float("nan")}, "reward.incorrect: a finite number is needed, not nan"),
        ({"correct": True}, "reward.correct: a finite number"),
        ({"probability": 1.5}, "reward.probability: a number from 0 to 1 is needed, not 1.5"),
    ],
)
def test_what_is_no_reward_is_refused(settings, message: str) -> None:
    with pytest.raises(ValueError) as error:
        RewardConfig(**settings)
    assert str(error.value).startswith(message)
