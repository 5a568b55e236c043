"""Near-copies of one question count as one: means within clusters, and intervals that cover."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from rftlab.analysis.clusters import Units, read_clusters
from rftlab.analysis.estimator import Arm, difference, moderated
from rftlab.errors import BadInputError


def test_a_unit_is_the_mean_of_its_queries() -> None:
    units = Units.of(["a", "b", "c", "d", "e"], {"b": "x", "d": "x", "e": "y"})
    assert units.mean([1, 0, 1, 1, 0]).tolist() == [1, 0.5, 1, 0]
    assert units.mean([[1, 2], [0, 4], [1, 6], [1, 8], [0, 1]]).tolist() == [[1, 2], [0.5, 6], [1, 6], [0, 1]]


def test_without_clusters_nothing_changes() -> None:
    values = np.random.default_rng(0).random((50, 3))
    assert (Units.of([f"{i}" for i in range(50)], {}).mean(values) == values).all()


def test_a_cluster_that_is_called_like_a_query_does_not_take_it_in() -> None:
    assert Units.of(["x", "b", "c"], {"b": "x", "c": "x"}).mean([1, 0, 0.5]).tolist() == [1, 0.25]


def test_clusters_are_those_of_the_checked_data() -> None:
    data = {"evaluation_sets": {"plus": {"clusters": {"a": "x"}}, "test": {"clusters": {}}}}
    assert read_clusters(data) == {"plus": {"a": "x"}, "test": {}}


@pytest.mark.parametrize("data", [{}, {"evaluation_sets": {"a": {}}}, {"evaluation_sets": {"a": None}}, []])
def test_data_that_does_not_say_them_is_refused(data: Any) -> None:
    told = "data.json: evaluation_sets: clusters are missing: remove the file, so that it is made again"
    with pytest.raises(BadInputError, match=re.escape(told)):
        read_clusters(data)


def covered(clustered: bool, studies: int = 200, questions: int = 40, copies: int = 8, seeds: int = 5) -> float:
    """Share of intervals that hold the true difference of 0, where copies of a question share its effect."""
    rng = np.random.default_rng(11)
    ids = [f"{i}-{j}" for i in range(questions) for j in range(copies)]
    units = Units.of(ids, {name: name.split("-")[0] for name in ids} if clustered else {})
    hits = 0
    for _ in range(studies):
        effects_Q = np.repeat(rng.normal(0, 0.25, questions), copies)
        arms = []
        for effect_Q in (effects_Q, 0 * effects_Q):
            seeds_S = rng.normal(0, 0.005, (seeds, 1))
            values_SQ = rng.random((seeds, len(ids))) < 0.5 + effect_Q + seeds_S
            arms.append(Arm.of(units.mean(values_SQ.T).T))
        low, high = difference(*arms, *(moderated(arm, None) for arm in arms)).interval(0.95)
        hits += low <= 0 <= high
    return hits / studies


def test_intervals_cover_where_near_copies_are_averaged_and_not_where_they_are_not() -> None:
    assert covered(clustered=True) >= 0.92
    assert covered(clustered=False) <= 0.85
