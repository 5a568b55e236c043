"""What no framework has: keys of a variant that are not at their default, for a refusal that names them all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rftlab.study.baseline import Baseline

ROLLOUT = ("statistics_rollouts", "redraws", "sync_every", "down_sample", "order", "difficulty", "only", "stop")


def beyond(config: Mapping[str, Any], section: str, keys: Iterable[str]) -> list[str]:
    """``section.key: value`` for every one of the keys that has another value than by default."""
    plain = Baseline().model_dump()[section]
    return [f"{section}.{key}: {config[section][key]}" for key in keys if config[section][key] != plain[key]]
