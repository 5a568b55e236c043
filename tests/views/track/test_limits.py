"""Names and texts within MLflow's limits: its own checks take them, different ones stay so, and JSON reads back."""

from __future__ import annotations

import posixpath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.store.tracking.dbmodels.models import SqlRun
from mlflow.utils import validation

from rftlab.views.track import limits

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=400)
KEY = "rftlab.imported"


def test_the_limits_are_those_of_the_installed_mlflow() -> None:
    assert limits.POINTS_PER_CALL == validation.MAX_METRICS_PER_BATCH
    assert limits.PARAMS_PER_CALL == validation.MAX_PARAMS_TAGS_PER_BATCH
    assert limits.DATASETS_PER_CALL == validation.MAX_DATASETS_PER_BATCH
    assert limits.KEY_LENGTH == validation.MAX_ENTITY_KEY_LENGTH
    assert limits.PARAM_LENGTH == validation.MAX_PARAM_VAL_LENGTH
    assert limits.TAG_LENGTH == validation.MAX_TAG_VAL_LENGTH
    assert limits.EXPERIMENT_TAG_LENGTH == validation.MAX_EXPERIMENT_TAG_VAL_LENGTH
    assert limits.DATASET_DIGEST_LENGTH == validation.MAX_DATASET_DIGEST_SIZE
    assert SqlRun.__table__.c.name.type.length == limits.RUN_NAME_LENGTH


@given(NAMES)
def test_mlflow_takes_every_name(name: str) -> None:
    key = limits.fitting_key(name)
    validation._validate_metric(key, 1.0, 0, 0)
    validation._validate_param(key, "")
    validation._validate_tag(key, "")


@given(NAMES, NAMES)
def test_different_names_stay_different(first: str, second: str) -> None:
    assert (limits.fitting_key(first) == limits.fitting_key(second)) == (first == second)


@pytest.mark.parametrize("name", ["train/kl_base", "evaluate/a b/pass_at_4", "a:b", "über"])
def test_names_that_mlflow_takes_stay_as_they_are(name: str) -> None:
    assert limits.fitting_key(name) == name == posixpath.normpath(name)


def test_texts_are_shortened_with_a_mark() -> None:
    assert limits.fitting("abc", 3) == "abc"
    assert limits.fitting("abcd", 3) == "ab…"


@pytest.mark.parametrize("value", [{}, {"a": [1, "é"]}, {"a": "x" * 7992}, {"a": "x" * 7993}, {"a": "é" * 90_000}])
def test_json_of_any_length_reads_back(value: Any) -> None:
    tags = limits.to_tags(KEY, value)
    assert all(len(text) <= limits.TAG_LENGTH for text in tags.values())
    assert list(tags)[-1] == KEY
    assert limits.from_tags(KEY, tags | {f"{KEY}.99": "of an earlier, longer one"}) == value


@pytest.mark.parametrize("tags", [{}, {KEY: "null"}, {KEY: '{"a": [1'}, {KEY: "2", f"{KEY}.0": "{"}])
def test_what_is_not_whole_is_none(tags: dict[str, str]) -> None:
    assert limits.from_tags(KEY, tags) is None


def test_parts_are_all_items_in_order() -> None:
    assert [list(part) for part in limits.parts([1, 2, 3, 4, 5], 2)] == [[1, 2], [3, 4], [5]]
