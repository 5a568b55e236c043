import pytest
from hypothesis import given
from hypothesis import strategies as st

from rftlab.rewards.terms import Scored
from rftlab.rewards.terms.random import term, uniform
from scored import scored

KEYS = [
    (seed, f"query{q}", occurrence, rollout)
    for seed in range(2)
    for q in range(500)
    for occurrence in range(2)
    for rollout in range(2)
]


def of(*keys, correct: bool = False) -> Scored:
    """Rollouts that were drawn by these keys."""
    rollouts = scored(*[{"correct": correct}] * len(keys))
    records = [type(r)(**{**vars(r), "key": key}) for r, key in zip(rollouts.records, keys, strict=True)]
    return Scored(records, 10, 1, 0)


@given(st.integers(), st.text(), st.integers(0, 99), st.integers(0, 99), st.floats(0, 1))
def test_it_ignores_the_verdict(seed: int, query: str, occurrence: int, rollout: int, probability: float) -> None:
    key = (seed, query, occurrence, rollout)
    right, wrong = (term(of(key, correct=correct), probability=probability)[0] for correct in (True, False))
    assert right == wrong in (0.0, 1.0)


@pytest.mark.parametrize("probability", [0.0, 0.2, 0.5, 1.0])
def test_it_pays_with_its_probability(probability: float) -> None:
    paid = term(of(*KEYS), correct=3.0, incorrect=-1.0, probability=probability).tolist()
    assert set(paid) <= {3.0, -1.0}
    assert paid.count(3.0) / len(paid) == pytest.approx(probability, abs=0.04 * (0 < probability < 1))


@pytest.mark.parametrize("part", range(4))
def test_every_part_of_the_key_has_its_own_luck(part: int) -> None:
    other = [
        tuple((f"{v}'" if isinstance(v, str) else v + 7) if i == part else v for i, v in enumerate(k)) for k in KEYS
    ]
    same = term(of(*KEYS)) == term(of(*other))
    assert same.mean() == pytest.approx(0.5, abs=0.04)


def test_the_coin_is_pinned() -> None:
    assert term(of(*[(0, "query", 0, rollout) for rollout in range(8)])).tolist() == [1, 0, 0, 0, 0, 1, 1, 0]
    assert 0 <= uniform((0, "query", 0, 0)) < 0.5


def test_equal_judgements_are_no_equal_rewards() -> None:
    assert set(term(scored(*[{}] * 8, per_query=8)).tolist()) == {0.0, 1.0}
