"""How a trainer's configuration is read."""

from __future__ import annotations

import pytest

from rftlab.bridge.given import NO_EQUIVALENT, Given
from rftlab.errors import BadInputError

DEFAULTS = {"lr": 1e-6, "steps": None, "on": False, "kind": "a", "count": 2}


def given(**config: object) -> Given:
    return Given(config, DEFAULTS, "a.yaml")


def test_values_defaults_and_numbers_as_yaml_has_them() -> None:
    assert given().take("lr", float) == 1e-6
    assert given(lr="1e-5").take("lr", float) == 1e-5
    assert given(lr=1).take("lr", float) == 1.0
    assert given().take("steps", int) is None
    assert given(kind="b").choice("kind", {"a": 1, "b": 2}) == 2
    assert given().count("count") == 2


@pytest.mark.parametrize(
    ("config", "read", "expected"),
    [
        ({"lr": "fast"}, lambda g: g.take("lr", float), "a.yaml: lr: a number is needed, not 'fast'"),
        ({"on": 1}, lambda g: g.take("on", bool), "a.yaml: on: true or false is needed, not 1"),
        ({"count": True}, lambda g: g.take("count", int), "a.yaml: count: a whole number is needed, not True"),
        ({"count": 0}, lambda g: g.count("count"), "a.yaml: count: at least 1 is needed, not 0"),
        ({"kind": "c"}, lambda g: g.choice("kind", {"a": 1}), "a.yaml: kind: one of a is needed, not 'c'"),
        ({"kind": ["a"]}, lambda g: g.choice("kind", {"a": 1}), "a.yaml: kind: one of a is needed, not ['a']"),
    ],
    ids=lambda value: "" if callable(value) else str(value),
)
def test_refusals(config, read, expected: str) -> None:
    with pytest.raises(BadInputError) as error:
        read(given(**config))
    assert str(error.value) == expected


def test_every_key_that_nobody_read_is_listed_once() -> None:
    reader = given(lr=1.0, seed=3, on=True, kind="a", folder=None)
    reader.take("lr", float)
    reader.unlike("on", "never")
    reader.unlike("kind", "never")
    assert reader.rest() == {"on": "never", "seed": NO_EQUIVALENT}
