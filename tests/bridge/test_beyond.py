"""Keys that no framework has."""

from __future__ import annotations

from rftlab.bridge.beyond import ROLLOUT, beyond
from rftlab.study.configuration import resolve


def test_keys_that_are_not_at_their_default_are_named() -> None:
    plain = resolve({}, "baseline")
    assert beyond(plain, "rollout", ROLLOUT) == []
    config = resolve({"rollout": {"sync_every": 2, "only": 8}}, "baseline")
    assert beyond(config, "rollout", ROLLOUT) == ["rollout.sync_every: 2", "rollout.only: 8"]
