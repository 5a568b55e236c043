"""Names of the field: each stands for several keys of a baseline, as the paper that brought it up has them.

``like: grpo`` in the baseline, or in a level, is short for the keys below; keys beside it win over its own. A name sets
the advantage, its shaping, the ratio and the aggregation always, so that no two mix, and what else its paper is about;
B, n, the learning rate and the KL coefficient are the study's own. A framework may mean less or something else by the
same word: ``means`` says what.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rftlab.errors import BadInputError, did_you_mean
from rftlab.study.section import excerpt

LIKE = "like"


@dataclass(frozen=True)
class Preset:
    """What a name of the field stands for: dotted keys of the baseline, where from, and what frameworks mean by it."""

    advantage: str
    ratio: str | dict[str, Any]
    aggregation: str
    source: str
    means: dict[str, str]
    shaping: str = "none"
    beyond: dict[str, Any] = field(default_factory=dict)

    @property
    def overrides(self) -> dict[str, Any]:
        """Dotted key → value, as a level has them."""
        ratio = self.ratio if isinstance(self.ratio, dict) else {"name": self.ratio}
        return copy.deepcopy(
            {
                "advantage": {"name": self.advantage},
                "objective.shaping": {"name": self.shaping},
                "objective.ratio": ratio,
                "objective.aggregation": {"name": self.aggregation},
                **self.beyond,
            }
        )


PRESETS = {
    "grpo": Preset(
        "group_norm",
        "clip",
        "sequence_mean",
        "arXiv 2402.03300, whose KL coefficient is 0.04",
        {
            "TRL": "`GRPOTrainer` with `loss_type: grpo`; its default loss is `dapo`, its KL coefficient 0",
            "verl": "`adv_estimator: grpo` is the advantage alone; the loss is `vanilla` with `token-mean`",
            "OpenRLHF": "advantage estimator `group_norm`",
        },
    ),
    "dr_grpo": Preset(
        "group_mean",
        "clip",
        "constant",
        "arXiv 2503.20783",
        {
            "TRL": "`loss_type: dr_grpo` is the aggregation alone; `scale_rewards: none` goes with it",
            "verl": "`norm_adv_by_std_in_grpo: false` with `loss_agg_mode: seq-mean-token-sum-norm`",
            "OpenRLHF": "advantage estimator `dr_grpo` is the advantage alone",
        },
    ),
    "rloo": Preset(
        "leave_one_out",
        "none",
        "sequence_sum",
        "arXiv 2402.14740, where a rollout is one action; n of at least 2",
        {
            "TRL": "`RLOOTrainer`, which clips the ratio of whole rollouts",
            "verl": "`adv_estimator: rloo` is the advantage alone",
            "OpenRLHF": "advantage estimator `rloo` is the advantage alone",
        },
    ),
    "reinforce++": Preset(
        "raw",
        "clip",
        "token_mean",
        "arXiv 2501.03262, which has a KL penalty in the reward besides",
        {
            "verl": "`adv_estimator: reinforce_plus_plus`, the advantage and its whitening",
            "OpenRLHF": "advantage estimator `reinforce`",
        },
        shaping="whiten_tokens",
    ),
    "dapo": Preset(
        "group_norm",
        {"name": "clip", "epsilon_high": 0.28},
        "token_mean",
        "arXiv 2503.14476: clip-higher, dynamic sampling (9 redraws are the 10 batches of verl's recipe), token-level "
        "loss and the soft overlong punishment; without KL",
        {
            "TRL": "`loss_type: dapo`, its default, is the aggregation alone; there is no dynamic sampling",
            "verl": "the recipe `dapo`; `clip_ratio_high: 0.28`, `filter_groups`, `overlong_buffer`",
        },
        beyond={"rollout.redraws": 9, "reward.terms": {"overlong_soft": {}}},
    ),
    "cispo": Preset(
        "group_norm",
        "cispo",
        "token_mean",
        "arXiv 2506.13585; the cap of 5 is from the range of arXiv 2510.13786",
        {
            "TRL": "`loss_type: cispo` with `epsilon_high` as the cap, 0.2 unless it is set",
            "verl": "`loss_mode: cispo`, between 1 − ε_low and 1 + ε_high",
        },
    ),
    "gspo": Preset(
        "group_norm",
        "gspo",
        "sequence_mean",
        "arXiv 2507.18071, with its narrow clip",
        {
            "TRL": "`importance_sampling_level: sequence` with `loss_type: grpo`, ε being 0.2 unless it is set",
            "verl": "`loss_mode: gspo`",
        },
    ),
    "remax": Preset(
        "greedy_baseline",
        "none",
        "sequence_sum",
        "arXiv 2310.10505",
        {"verl": "`adv_estimator: remax` is the advantage alone"},
    ),
    "spo": Preset(
        "value_tracker",
        "clip",
        "token_mean",
        "arXiv 2509.13232; token_mean, and what `value_tracker` says of itself, are our choice",
        {"verl": "a recipe of that name"},
        shaping="whiten_rollouts",
    ),
    "luspo": Preset(
        "group_norm",
        "gspo",
        "sequence_sum",
        "arXiv 2602.05261",
        {"TRL": "`loss_type: luspo`, which needs `importance_sampling_level: sequence`"},
    ),
    "bnpo": Preset(
        "group_norm",
        "clip",
        "micro_batch_mean",
        "TRL's name for a mean over each micro-batch's tokens; arXiv 2506.02864 means another thing by it, rewards "
        "normalised by a Beta distribution, which is not here",
        {"TRL": "`loss_type: bnpo`, whose micro-batch is `per_device_train_batch_size`"},
    ),
}


def preset(name: Any, key: str) -> Preset:
    """What a name stands for.

    Raises:
        BadInputError: it is none.
    """
    if not isinstance(name, str) or name not in PRESETS:
        raise BadInputError(
            f"{key}: {excerpt(name)} is not one of {', '.join(PRESETS)}{did_you_mean(str(name).lower(), [*PRESETS])}"
        )
    return PRESETS[name]


def hint(name: str) -> str:
    """What to write where a name of the field stands in place of a level's, or nothing."""
    return f"; {name} is several keys: write `{LIKE}: {name}` in the baseline or the level" if name in PRESETS else ""


def with_names(config: Mapping[str, Any]) -> dict[str, Any]:
    """A study as it is written, with every ``like`` replaced by the keys it stands for.

    Raises:
        BadInputError: a name is unknown.
    """
    study = dict(config)
    if isinstance(baseline := study.get("baseline"), dict) and LIKE in baseline:
        study["baseline"] = in_baseline(baseline)
    if isinstance(factors := study.get("factors"), dict):
        study["factors"] = {
            factor: {level: in_level(entry, f"factors.{factor}.{level}") for level, entry in entries.items()}
            if isinstance(entries, dict)
            else entries
            for factor, entries in factors.items()
        }
    return study


def in_baseline(baseline: Mapping[str, Any]) -> dict[str, Any]:
    """A baseline section with its name replaced."""
    keys: dict[str, Any] = preset(baseline[LIKE], f"baseline.{LIKE}").overrides
    tree: dict[str, Any] = {}
    for dotted, value in keys.items():
        _put(tree, dotted.split("."), value)
    return _over(tree, {key: value for key, value in baseline.items() if key != LIKE})


def in_level(entry: Any, key: str) -> Any:
    """A level's dotted overrides with its name replaced: its own keys win, whole or within a section of the name's."""
    if not isinstance(entry, dict) or LIKE not in entry:
        return entry
    keys = preset(entry[LIKE], f"{key}.{LIKE}").overrides
    own: dict[str, Any] = {}
    for dotted, value in entry.items():
        section, _, last = str(dotted).rpartition(".")
        if isinstance(keys.get(section), dict):
            _put(keys, [section, last], value)
        elif dotted != LIKE:
            keys = {name: kept for name, kept in keys.items() if not f"{name}.".startswith(f"{dotted}.")}
            own[dotted] = value
    return {**keys, **own}


def _put(tree: dict[str, Any], path: list[str], value: Any) -> None:
    """Set a value in a tree; a level that is another one leaves the parameters of the first behind."""
    *parents, last = path
    for parent in parents:
        tree = tree.setdefault(parent, {})
    if last == "name" and tree.get("name") != value:
        tree.clear()
    tree[last] = value


def _over(tree: dict[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """``tree`` with what ``later`` says, mappings key by key, but a level that is named anew whole."""
    result = dict(tree)
    for key, value in later.items():
        below = result.get(key)
        if isinstance(value, dict) and isinstance(below, dict) and value.get("name") in (None, below.get("name")):
            result[key] = _over(below, value)
        else:
            result[key] = value
    return result


def described(name: str) -> str:
    """A name in words, for a terminal."""
    one = PRESETS[name]
    lines = [f"{LIKE}: {name}", *(f"  {key}: {value}" for key, value in written(one).items())]
    lines += [f"  Source: {one.source}.", *(f"  In {framework}: {what}." for framework, what in one.means.items())]
    return "\n".join(lines)


def written(one: Preset) -> dict[str, Any]:
    """Its keys as a study would have them, a level that has no parameters by its name alone."""
    return {
        key: value["name"] if isinstance(value, dict) and [*value] == ["name"] else value
        for key, value in one.overrides.items()
    }


def as_json() -> list[dict[str, Any]]:
    """Every name, as JSON."""
    return [
        {"name": name, "keys": written(one), "source": one.source, "means": one.means} for name, one in PRESETS.items()
    ]
