import dataclasses

import numpy as np
import pytest

from rftlab.rewards.terms.label_noise import flipped, term
from scored import scored

MANY = [{"correct": bool(i % 2)} for i in range(4000)]


def test_nothing_is_flipped_without_noise_and_everything_with_probability_one() -> None:
    rollouts = scored({"correct": True}, {})
    assert term(rollouts, probability=0.0).tolist() == [1.0, 0.0]
    assert term(rollouts, correct=1.0, incorrect=-1.0, probability=1.0).tolist() == [-1.0, 1.0]


@pytest.mark.parametrize("probability", [0.1, 0.5])
def test_a_share_of_the_queries_is_flipped(probability: float) -> None:
    assert flipped(scored(*MANY), probability).mean() == pytest.approx(probability, abs=0.03)


def test_rollouts_of_a_query_are_flipped_together_in_every_round() -> None:
    first = flipped(scored(*MANY[:400], per_query=4), 0.5).reshape(-1, 4)
    later = flipped(scored(*[{**rollout, "occurrence": 3} for rollout in MANY[:400]], per_query=4), 0.5).reshape(-1, 4)
    assert (first == first[:, :1]).all()
    assert (first == later).all()


def test_a_query_that_was_redrawn_has_the_label_that_it_has_elsewhere() -> None:
    rollouts = scored(*MANY[:400])
    redrawn = [dataclasses.replace(record, key=(77, *record.key[1:])) for record in rollouts.records]
    assert (flipped(dataclasses.replace(rollouts, records=redrawn), 0.5) == flipped(rollouts, 0.5)).all()


def test_another_seed_has_other_wrong_labels() -> None:
    same = flipped(scored(*MANY), 0.5) == flipped(scored(*MANY, seed=1), 0.5)
    assert same.mean() == pytest.approx(0.5, abs=0.03)


def test_those_of_a_smaller_share_are_among_those_of_a_larger_one() -> None:
    few, more = flipped(scored(*MANY), 0.1), flipped(scored(*MANY), 0.3)
    assert (few <= more).all()
    assert few.sum() < more.sum()


def test_which_queries_is_pinned() -> None:
    assert np.flatnonzero(flipped(scored(*MANY[:20]), 0.3)).tolist() == [2, 5, 13, 14, 15, 16, 18]
