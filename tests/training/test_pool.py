"""Which queries a run trains on, with the prompts that are theirs, and in which order."""

from __future__ import annotations

from typing import get_args

import pytest

from rftlab.data.queries import Query
from rftlab.errors import BadInputError
from rftlab.randomness import draw, draw_with_replacement, some_of
from rftlab.rewards import Judgement
from rftlab.rollouts import Rollout
from rftlab.study.baseline import RolloutSection
from rftlab.training.divergence import CurrentRound
from rftlab.training.learner import RolloutConfig
from rftlab.training.pool import DRAWS, Pool

QUERIES = [Query(name, f"{name}?", f"{name}!") for name in "abcdefg"]
PROMPTS = [[i, i] for i in range(7)]
IDS = [query.id for query in QUERIES]


def pairs(pool: Pool) -> list[tuple[str, int]]:
    """Id and first token of the prompt of every query."""
    return [(query.id, prompt[0]) for query, prompt in zip(pool.queries, pool.prompts, strict=True)]


def test_all_queries_shuffled_unless_the_run_asks_for_something_else() -> None:
    pool = Pool(QUERIES, PROMPTS)
    assert pairs(pool) == [(name, i) for i, name in enumerate("abcdefg")]
    assert pool.draw(3, 5, 9) == draw(3, IDS, 5, 9)
    assert Pool(QUERIES, PROMPTS, "replacement").draw(3, 5, 9) == draw_with_replacement(3, IDS, 5, 9)


def test_some_queries_only() -> None:
    pool = Pool(QUERIES, PROMPTS, only=3)
    assert pairs(pool) == [("abcdefg"[i], i) for i in some_of(IDS, 3)]
    assert {i for i, _ in pool.draw(0, 0, 6)} == {0, 1, 2}
    with pytest.raises(
        BadInputError, match=r"^rollout.only: 8 queries are asked for, and the dataset has 7 to train on$"
    ):
        Pool(QUERIES, PROMPTS, only=8)


def sample(draws, count: int) -> CurrentRound:
    """Query i is solved by its first i rollouts."""
    queries = [QUERIES[q] for q, _ in draws for _ in range(count)]
    judgements = [Judgement(k < q, None) for q, _ in draws for k in range(count)]
    return CurrentRound(queries, [Rollout((1,), (1, 2), (-1.0, -1.0), False)] * len(queries), count, judgements)


def test_difficulty_is_measured_once_and_what_it_knows_is_enough_to_go_on() -> None:
    config = {"rollouts": 4, "low": 0.25, "high": 0.75}
    pool = Pool(QUERIES, PROMPTS, "easy_first", difficulty=config)
    rates, spent = pool.measure(sample)
    assert spent == {"rollouts": 28, "tokens": 56}
    assert pool.rates == {}, "measuring changes nothing"
    pool.choose(rates)
    assert pool.rates == {name: min(i / 4, 1.0) for i, name in enumerate("abcdefg")}
    assert pairs(pool) == [("b", 1), ("c", 2), ("d", 3)]
    assert [pool.ids[i] for i, _ in pool.draw(0, 0, 6)] == [*"dcbdcb"]
    assert pool.measure(lambda *_: pytest.fail("it is known")) == ({}, {"rollouts": 0, "tokens": 0})
    anew = [pool.draw_anew(seed, 0, 3) for seed in range(6)]
    assert anew == [draw(seed, pool.ids, 0, 3) for seed in range(6)]
    assert len({first for (first, _), *_ in anew}) > 1, "not the easiest again and again"
    other = Pool(QUERIES, PROMPTS, "easy_first", difficulty=config)
    other.choose(pool.rates)
    assert (pairs(other), other.draw(0, 4, 5)) == (pairs(pool), pool.draw(0, 4, 5))


def test_without_a_measurement_nothing_is_chosen() -> None:
    pool = Pool(QUERIES, PROMPTS)
    assert pool.measure(lambda *_: pytest.fail("nothing is asked")) == ({}, {"rollouts": 0, "tokens": 0})
    pool.choose(pool.rates)
    assert len(pool.queries) == 7


def test_orders_and_defaults_are_those_of_the_schema() -> None:
    assert [*DRAWS] == [*get_args(RolloutSection.model_fields["order"].annotation)]
    config, section = RolloutConfig(8, 1, 0, 1.0, 1.0, 6), RolloutSection()
    assert (config.order, config.only) == (section.order, section.only) == ("epochs", None)
