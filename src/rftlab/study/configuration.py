"""A variant's complete configuration: the baseline section, a level's overrides, and every default of what it names."""

from __future__ import annotations

import copy
import functools
import importlib.util
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rftlab import levels
from rftlab.errors import BadInputError, did_you_mean
from rftlab.files import file_sha256
from rftlab.rewards.declared import PAYS, TERMS, RewardFileError, least_reward, read_reward_file
from rftlab.study.baseline import Baseline, RewardSection
from rftlab.study.parameters import check_file, check_level, completed, typed, with_defaults
from rftlab.study.ranges import DOWN_SAMPLE, SIZES, refuse_outside
from rftlab.study.section import first_error

LEVELS = {
    ("advantage",): "advantages",
    ("objective", "ratio"): "objectives.ratio",
    ("objective", "aggregation"): "objectives.aggregation",
    ("objective", "mask"): "objectives.mask",
    ("objective", "shaping"): "objectives.shaping",
    ("objective", "tokens"): "objectives.tokens",
    ("optimizer",): "optimizers",
    ("optimizer", "schedule"): "optimizers.schedule",
}
"""Where the baseline names levels that are files, and their kind; those of the reward are in ``reward``."""


def apply(config: Mapping[str, Any], overrides: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A copy of the baseline section with dotted overrides applied.

    Raises:
        BadInputError: there are none, one goes through something that is no section, or two touch the same key.
    """
    if not overrides:
        raise BadInputError(
            f"{key}: the level overrides nothing; give dotted keys of the baseline, as in `optimizer.lr: 1.0e-4`"
        )
    changed: dict[str, Any] = copy.deepcopy(dict(config))
    for dotted, value in overrides.items():
        for other in overrides:
            if dotted.startswith(f"{other}."):
                raise BadInputError(f"{key}: {other} and {dotted} override the same thing; give it once")
        *parents, last = dotted.split(".")
        section = changed
        for depth, parent in enumerate(parents):
            if not isinstance(section.get(parent), dict):
                known = [k for k, v in section.items() if isinstance(v, dict)]
                valid = f"valid keys: {', '.join(known)}" if known else "there are no keys below this one"
                hint = did_you_mean(parent, known)
                raise BadInputError(f"{key}: {dotted}: unknown key {'.'.join(parents[: depth + 1])!r}; {valid}{hint}")
            section = section[parent]
        section[last] = copy.deepcopy(value)
    return changed


def resolve(config: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The complete configuration of a variant: validated, with every default of the levels it names.

    Raises:
        BadInputError: a value is not valid, a level does not exist, or the combination is impossible.
    """
    try:
        resolved = Baseline.model_validate(config).model_dump()
    except ValidationError as error:
        raise BadInputError(f"{key}: {first_error(error)}") from None
    for path, kind in LEVELS.items():
        *parents, last = path
        section = functools.reduce(lambda node, name: node[name], parents, resolved)
        if section[last] is None:
            del section[last]  # a run that has no such thing has no such key
        else:
            section[last] = with_defaults(kind, section[last], f"{key}: {'.'.join(path)}")
    resolved["reward"] = complete_reward(resolved["reward"], f"{key}: reward")
    check_level("objectives.kl", resolved["objective"]["kl"]["estimator"], f"{key}: objective.kl.estimator")
    refuse_impossible(resolved, key)
    return resolved


def complete_reward(reward: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The section ``reward`` with every default of what it names, and without what the study does not use.

    A file is named with its SHA-256: a run whose reward is edited is another run.

    Raises:
        BadInputError: a term or the file cannot be used, or two keys are about different rewards.
    """
    own: dict[str, Any] = {name: reward[name] for name in ("name", "correct", "incorrect", "probability")}
    if reward["file"] is not None:
        for name, value in own.items():
            if value != RewardSection.model_fields[name].default:
                raise BadInputError(f"{key}.{name}: reward.file is the reward, and does not read this: remove one")
        try:
            file = read_reward_file(reward["file"])
            check_file(file, f"{key}.file: {reward['file']}")
            own = {"file": reward["file"], "sha256": file_sha256(Path(reward["file"]))}
        except (RewardFileError, OSError) as error:
            raise BadInputError(f"{key}.file: {error}") from None
        own["parameters"] = completed(file, reward["parameters"], f"{key}.parameters")
    elif reward["parameters"]:
        raise BadInputError(f"{key}.parameters: those of reward.file, and there is none: remove them")
    elif reward["name"] not in levels.names(TERMS):
        payers = [name for name in levels.names(TERMS) if PAYS <= {*levels.read(TERMS, name).parameters} <= own.keys()]
        hint = did_you_mean(reward["name"], payers)
        raise BadInputError(f"{key}.name: {reward['name']!r} is not one of {', '.join(payers)}{hint}")
    elif not PAYS <= {*check_level(TERMS, reward["name"], f"{key}.name").parameters} <= own.keys():
        raise BadInputError(
            f"{key}.name: {reward['name']} does not pay successes: it is a term, to be named in reward.terms"
        )
    terms = {}
    for name, entry in reward["terms"].items():
        if name == own.get("name"):
            raise BadInputError(f"{key}.terms.{name}: it is reward.name already; give it once")
        weight = typed(entry.get("weight", 1.0), 1.0, f"{key}.terms.{name}.weight")
        given = {parameter: value for parameter, value in entry.items() if parameter != "weight"}
        file = check_level(TERMS, name, f"{key}.terms")
        terms[name] = {"weight": weight, **completed(file, given, f"{key}.terms.{name}")}
    return {**own, "terms": terms} if terms else own


def refuse_inert(resolved: Mapping[str, Any], wanted: bool, key: str) -> None:
    """Refuse a variant that can learn nothing, and one that is said to and can: an advantage may be zero everywhere.

    Raises:
        BadInputError: with what would be possible.
    """
    rollout, name = resolved["rollout"], resolved["advantage"]["name"]
    M, constants = sizes_of(rollout)["M"], levels.read("advantages", name).constants
    found = {
        "LEARNS_FROM": (SIZES["M"], M),
        "ROUND_LEARNS_FROM": (f"rollout.queries × ({SIZES['M']})", rollout["queries"] * M),
    }
    inert = [(*size, least) for constant, size in found.items() if size[1] < (least := constants.get(constant, 1))]
    if inert and not wanted:
        size, value, least = inert[0]
        raise BadInputError(
            f"{key}: advantage.name: {name} is zero everywhere unless {size} ≥ {least}, not {value}: "
            "nothing would be learnt; a level that is to show that says `inert: true`"
        )
    if wanted and not inert:
        raise BadInputError(f"{key}: inert: its advantages are not zero everywhere: remove the key")


def refuse_impossible(resolved: Mapping[str, Any], key: str) -> None:
    """Refuse values that are valid alone and impossible together, and parameters outside the range of their level.

    Raises:
        BadInputError: with what would be possible.
    """
    rollout, advantage = resolved["rollout"], resolved["advantage"]
    constants = levels.read("advantages", advantage["name"]).constants
    where = f"{key}: advantage.name: {advantage['name']}"
    sizes, names = sizes_of(rollout), SIZES if rollout["down_sample"] is None else dict.fromkeys(SIZES, DOWN_SAMPLE)
    if (chosen := rollout["down_sample"]) is not None and (chosen >= rollout["rollouts"] or sizes["M"] > chosen):
        raise BadInputError(
            f"{key}: rollout.down_sample: less than rollout.rollouts, {rollout['rollouts']}, and no "
            f"rollout.statistics_rollouts are needed, not {chosen} and {rollout['statistics_rollouts']}"
        )
    if sizes["M"] < (least := constants.get("MINIMUM_ROLLOUTS", 1)):
        raise BadInputError(f"{where} needs {SIZES['M']} ≥ {least}, not {sizes['M']}")
    difficulty = rollout["difficulty"]
    if not difficulty["rollouts"] and (
        rollout["order"] == "easy_first" or difficulty["low"] > 0 or difficulty["high"] < 1
    ):
        raise BadInputError(
            f"{key}: rollout.difficulty.rollouts: at least 1 is needed to know how hard queries are, not 0"
        )
    if difficulty["low"] > difficulty["high"]:
        raise BadInputError(
            f"{key}: rollout.difficulty.low: at most rollout.difficulty.high, {difficulty['high']}, is needed, "
            f"not {difficulty['low']}"
        )
    for name, asked in (
        ("rollout.redraws", rollout["redraws"]),
        ("objective.drop_equal_rewards", resolved["objective"]["drop_equal_rewards"]),
    ):
        if asked and sizes["M"] < 2:
            raise BadInputError(f"{key}: {name} needs {SIZES['M']} ≥ 2: a single reward equals itself")
    if rollout["queries"] % (count := resolved["update"]["minibatches"]):
        raise BadInputError(
            f"{key}: update.minibatches: {count} does not divide rollout.queries, {rollout['queries']}: "
            "minibatches are of whole queries and of one size"
        )
    kl = resolved["objective"]["kl"]
    if (kl["in_reward"] or kl["refresh_every"]) and not kl["coefficient"]:
        raise BadInputError(f"{key}: objective.kl.coefficient: more than 0 is needed where the penalty is configured")
    if kl["target"] is not None and not kl["in_reward"]:
        raise BadInputError(f"{key}: objective.kl.target: needs objective.kl.in_reward: true, where KL is measured")
    if kl["target"] is not None and kl["horizon"] < (trained := rollout["queries"] * sizes["n"]):
        raise BadInputError(
            f"{key}: objective.kl.horizon: at least the {trained} rollouts that a round trains on are needed, not "
            f"{kl['horizon']}: a round may correct no more than its whole error"
        )
    if kl["in_reward"] and "MINIMUM_REWARD" in constants:
        raise BadInputError(
            f"{where} needs rewards ≥ {constants['MINIMUM_REWARD']}, and objective.kl.in_reward lowers them"
        )
    lowest = least_reward(resolved["reward"])
    if lowest < (floor := constants.get("MINIMUM_REWARD", -math.inf)):
        whose = "reward.correct and reward.incorrect" if "terms" not in resolved["reward"] else "the sum of rewards"
        raise BadInputError(f"{where} needs {whose} ≥ {floor}, not {lowest}")
    for file, values, path in selected(resolved):
        if (package := file.constants.get("NEEDS")) and importlib.util.find_spec(package) is None:
            raise BadInputError(f"{key}: {path}.name: {file.name} needs {package}, which is not installed")
        for parameter, possible in file.constants.get("RANGES", {}).items():
            several = values[parameter] if isinstance(values[parameter], list) else [values[parameter]]
            for value in several:
                refuse_outside(possible, value, sizes, f"{key}: {path}.{parameter}", names)


def selected(resolved: Mapping[str, Any]) -> Iterator[tuple[levels.LevelFile, Mapping[str, Any], str]]:
    """Every file with parameters that a resolved configuration names, their values, and where they stand."""
    for path, kind in LEVELS.items():
        *parents, last = path
        section = functools.reduce(lambda node, name: node[name], parents, resolved)
        if last in section:
            yield levels.read(kind, section[last]["name"]), section[last], ".".join(path)
    reward = resolved["reward"]
    if "file" in reward:
        yield read_reward_file(reward["file"]), reward["parameters"], "reward.parameters"
    else:
        yield levels.read(TERMS, reward["name"]), reward, "reward"
    for name, entry in reward.get("terms", {}).items():
        yield levels.read(TERMS, name), entry, f"reward.terms.{name}"


def refuse_schedule(resolved: Mapping[str, Any], rounds: int | None, key: str) -> None:
    """Refuse a learning rate that depends on how long a run is, where only the run can tell, or that never warms up.

    Args:
        resolved: configuration of a variant.
        rounds: that the study's budget allows it; None where only the run can tell.
        key: of the variant, for the message.

    Raises:
        BadInputError: with what would be possible.
    """
    name, warmup = resolved["optimizer"]["schedule"]["name"], resolved["optimizer"]["warmup"]
    if rounds is None and levels.read("optimizers.schedule", name).constants.get("WHOLE_RUN"):
        raise BadInputError(
            f"{key}: optimizer.schedule.name: {name} needs a budget in rounds, or one in rollouts without "
            "rollout.redraws and rollout.difficulty"
        )
    if rounds is not None and warmup > rounds:
        raise BadInputError(f"{key}: optimizer.warmup: at most the {rounds} rounds of a run are possible, not {warmup}")


def sizes_of(rollout: Mapping[str, Any]) -> dict[str, int]:
    """How many rollouts of a query are trained on, ``n``, and how many its advantage sees, ``M``."""
    n = rollout["down_sample"] or rollout["rollouts"]
    return {"n": n, "M": n + rollout["statistics_rollouts"]}
