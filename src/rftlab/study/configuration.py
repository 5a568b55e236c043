"""A variant's complete configuration: the baseline section, a level's overrides, and every default of what it names."""

from __future__ import annotations

import copy
import functools
import importlib.util
import math
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from rftlab import levels
from rftlab.errors import BadInputError, did_you_mean
from rftlab.study.baseline import Baseline, OptimizerSection
from rftlab.study.ranges import SIZES, refuse_outside, refuse_range
from rftlab.study.section import excerpt, first_error, scientific

RATIO = "objectives.ratio"
LEVELS = {
    ("advantage",): "advantages",
    ("objective", "ratio"): RATIO,
    ("objective", "aggregation"): "objectives.aggregation",
    ("objective", "shaping"): "objectives.shaping",
    ("objective", "tokens"): "objectives.tokens",
    ("optimizer",): "optimizers",
    ("optimizer", "schedule"): "optimizers.schedule",
}
"""Where the baseline names levels that are files, and their kind."""
COMMON = {"optimizers": tuple(key for key in OptimizerSection.model_fields if key != "name")}
"""Keys of the schema that stand beside the parameters of any level of a kind."""

OWNED: dict[str, tuple[str, type]] = {
    "GREEDY": ("advantages", bool),
    "ENTROPIES": ("objectives.tokens", bool),
    "PULLS": ("objectives.tokens", bool),
    "NEEDS": ("optimizers", str),
    "WHOLE_RUN": ("optimizers.schedule", bool),
}
"""What the files of one kind alone may declare, and its type."""

TYPES = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


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
        section[last] = with_defaults(kind, section[last], f"{key}: {'.'.join(path)}")
    check_level("objectives.kl", resolved["objective"]["kl"]["estimator"], f"{key}: objective.kl.estimator")
    refuse_impossible(resolved, key)
    return resolved


def check_level(kind: str, name: str, key: str) -> levels.LevelFile:
    """Read a level's file.

    Raises:
        BadInputError: there is none, or it cannot be used.
    """
    try:
        file = levels.read(kind, name)
    except (levels.UnknownLevelError, OSError) as error:
        raise BadInputError(f"{key}: {error}") from None
    for parameter, default in file.parameters.items():
        several = default if isinstance(default, tuple) and default else (default,)
        if any(type(one) not in TYPES or (isinstance(one, float) and not math.isfinite(one)) for one in several):
            raise BadInputError(
                f"{key}: {kind.replace('.', '/')}/{name}.py: {parameter} needs a default that is a finite number, "
                f"a text, true or false, not {excerpt(default)}"
            )
    where = f"{key}: {kind.replace('.', '/')}/{name}.py"
    for constant in levels.OF_ADVANTAGES:
        if type(file.constants.get(constant, 0)) not in (int, float):
            raise BadInputError(f"{where}: {constant} must be a number")
        if constant in file.constants and kind != "advantages":
            raise BadInputError(f"{where}: {constant} is something that only the file of an advantage declares")
    if file.constants.get("OLD_POLICY", "trainer") != "trainer" or ("OLD_POLICY" in file.constants and kind != RATIO):
        raise BadInputError(f"{where}: OLD_POLICY is 'trainer' in the file of a ratio, or is not declared")
    for constant, (owner, cls) in OWNED.items():
        if constant in file.constants and (kind != owner or type(file.constants[constant]) is not cls):
            raise BadInputError(f"{where}: {constant} is {TYPES[cls]} in a file of {owner}, or is not declared")
    ranges = file.constants.get("RANGES", {})
    if not isinstance(ranges, dict) or not set(ranges) <= set(file.parameters):
        raise BadInputError(
            f"{where}: RANGES must be a mapping of its parameters, {', '.join(file.parameters) or 'none'}"
        )
    for parameter, possible in ranges.items():
        try:
            refuse_range(possible, file.parameters[parameter])
        except ValueError as error:
            raise BadInputError(f"{where}: RANGES: {parameter}: {error}") from None
    return file


def with_defaults(kind: str, level: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A level's name and all its parameters, the defaults of its file filled in.

    Raises:
        BadInputError: no such level, no such parameter, or a value of another type than the parameter's default.
    """
    file = check_level(kind, level["name"], f"{key}.name")
    common = COMMON.get(kind, ())
    complete = {"name": file.name, **{key: level[key] for key in common}}
    complete |= {key: [*value] if isinstance(value, tuple) else value for key, value in file.parameters.items()}
    for parameter, value in level.items():
        if parameter == "name" or parameter in common:
            continue
        if parameter not in file.parameters:
            known = [*file.parameters, *common]
            hint = did_you_mean(parameter, known)
            valid = ", ".join(known) or "none"
            raise BadInputError(f"{key}: {file.name} has no parameter {parameter!r}; valid: {valid}{hint}")
        complete[parameter] = _parameter(value, file.parameters[parameter], f"{key}.{parameter}")
    return complete


def _parameter(value: Any, default: Any, key: str) -> Any:
    if isinstance(default, tuple):
        if not isinstance(value, list) or len(value) != len(default):
            raise BadInputError(f"{key}: a list of {len(default)} is needed, not {excerpt(value)}")
        return [_parameter(one, like, key) for one, like in zip(value, default, strict=True)]
    cls = type(default)
    if cls is float:
        value = scientific(value)
        value = float(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if type(value) is not cls:
        raise BadInputError(f"{key}: {TYPES.get(cls, f'a {cls.__name__}')} is needed, not {excerpt(value)}")
    if cls is float and not math.isfinite(value):
        raise BadInputError(f"{key}: a finite number is needed, not {value}")
    if cls is int and value < 0:
        raise BadInputError(f"{key}: at least 0 is needed, not {value}")
    return value


def refuse_inert(resolved: Mapping[str, Any], wanted: bool, key: str) -> None:
    """Refuse a variant that can learn nothing, and one that is said to and can: an advantage may be zero everywhere.

    Raises:
        BadInputError: with what would be possible.
    """
    rollout, name = resolved["rollout"], resolved["advantage"]["name"]
    M, constants = rollout["rollouts"] + rollout["statistics_rollouts"], levels.read("advantages", name).constants
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
    rollout, reward, advantage = resolved["rollout"], resolved["reward"], resolved["advantage"]
    constants = levels.read("advantages", advantage["name"]).constants
    where = f"{key}: advantage.name: {advantage['name']}"
    sizes = {"n": rollout["rollouts"], "M": rollout["rollouts"] + rollout["statistics_rollouts"]}
    if sizes["M"] < (least := constants.get("MINIMUM_ROLLOUTS", 1)):
        raise BadInputError(f"{where} needs {SIZES['M']} ≥ {least}, not {sizes['M']}")
    lowest = min(reward["correct"], reward["incorrect"])
    if lowest < (floor := constants.get("MINIMUM_REWARD", -math.inf)):
        raise BadInputError(f"{where} needs reward.correct and reward.incorrect ≥ {floor}, not {lowest}")
    for path, kind in LEVELS.items():
        level = functools.reduce(lambda node, name: node[name], path, resolved)
        declared = levels.read(kind, level["name"]).constants
        if (package := declared.get("NEEDS")) and importlib.util.find_spec(package) is None:
            raise BadInputError(
                f"{key}: {'.'.join(path)}.name: {level['name']} needs {package}, which is not installed"
            )
        for parameter, possible in declared.get("RANGES", {}).items():
            values = level[parameter] if isinstance(level[parameter], list) else [level[parameter]]
            for value in values:
                refuse_outside(possible, value, sizes, f"{key}: {'.'.join(path)}.{parameter}")


def refuse_schedule(resolved: Mapping[str, Any], rounds: int | None, key: str) -> None:
    """Refuse a learning rate that depends on how long a run is, where only the run can tell, or that never warms up.

    Args:
        resolved: configuration of a variant.
        rounds: that the study's budget allows it; None for a budget in tokens.
        key: of the variant, for the message.

    Raises:
        BadInputError: with what would be possible.
    """
    name, warmup = resolved["optimizer"]["schedule"]["name"], resolved["optimizer"]["warmup"]
    if rounds is None and levels.read("optimizers.schedule", name).constants.get("WHOLE_RUN"):
        raise BadInputError(
            f"{key}: optimizer.schedule.name: {name} needs a budget in rounds or rollouts, not in tokens"
        )
    if rounds is not None and warmup > rounds:
        raise BadInputError(f"{key}: optimizer.warmup: at most the {rounds} rounds of a run are possible, not {warmup}")
