"""A variant's complete configuration: the baseline section, a level's overrides, and every default of what it names."""

from __future__ import annotations

import copy
import functools
import importlib.util
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rftlab import levels
from rftlab.errors import BadInputError, did_you_mean
from rftlab.files import file_sha256
from rftlab.rewards.declared import PAYS, TERMS, RewardFileError, least_reward, read_reward_file
from rftlab.study.baseline import Baseline, OptimizerSection, RewardSection
from rftlab.study.ranges import DOWN_SAMPLE, SIZES, refuse_outside, refuse_range
from rftlab.study.section import excerpt, first_error, scientific

RATIO, MASK = "objectives.ratio", "objectives.mask"
LEVELS = {
    ("advantage",): "advantages",
    ("objective", "ratio"): RATIO,
    ("objective", "aggregation"): "objectives.aggregation",
    ("objective", "mask"): MASK,
    ("objective", "shaping"): "objectives.shaping",
    ("objective", "tokens"): "objectives.tokens",
    ("optimizer",): "optimizers",
    ("optimizer", "schedule"): "optimizers.schedule",
}
"""Where the baseline names levels that are files, and their kind; those of the reward are in ``reward``."""
COMMON = {"optimizers": tuple(key for key in OptimizerSection.model_fields if key != "name")}
"""Keys of the schema that stand beside the parameters of any level of a kind."""

OWNED: dict[str, tuple[str, type]] = {
    "GREEDY": ("advantages", bool),
    "LEASH": (RATIO, bool),
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
        if section[last] is None:
            del section[last]  # a run that has no such thing has no such key
        else:
            section[last] = with_defaults(kind, section[last], f"{key}: {'.'.join(path)}")
    resolved["reward"] = complete_reward(resolved["reward"], f"{key}: reward")
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
    check_file(file, f"{key}: {kind.replace('.', '/')}/{name}.py")
    return file


def check_file(file: levels.LevelFile, where: str) -> None:
    """Refuse what a level's file, or one of the user's, cannot declare.

    Raises:
        BadInputError: beginning with ``where``.
    """
    kind = file.kind
    for parameter, default in file.parameters.items():
        several = default if isinstance(default, tuple) and default else (default,)
        if any(type(one) not in TYPES or (isinstance(one, float) and not math.isfinite(one)) for one in several):
            raise BadInputError(
                f"{where}: {parameter} needs a default that is a finite number, a text, true or false, "
                f"not {excerpt(default)}"
            )
    for constant in levels.OF_ADVANTAGES:
        if type(file.constants.get(constant, 0)) not in (int, float):
            raise BadInputError(f"{where}: {constant} must be a number")
        if constant in file.constants and kind != "advantages":
            raise BadInputError(f"{where}: {constant} is something that only the file of an advantage declares")
    if file.constants.get("OLD_POLICY", "trainer") != "trainer" or ("OLD_POLICY" in file.constants and kind != RATIO):
        raise BadInputError(f"{where}: OLD_POLICY is 'trainer' in the file of a ratio, or is not declared")
    values = file.constants.get("VALUES", (0, 0))
    numbers = isinstance(values, tuple) and len(values) == 2 and all(type(value) in (int, float) for value in values)
    if not numbers or values[0] > values[1]:
        raise BadInputError(f"{where}: VALUES must be the least and the greatest value, not {excerpt(values)}")
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


def with_defaults(kind: str, level: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A level's name and all its parameters, the defaults of its file filled in.

    Raises:
        BadInputError: no such level, no such parameter, or a value of another type than the parameter's default.
    """
    file = check_level(kind, level["name"], f"{key}.name")
    common = COMMON.get(kind, ())
    given = {parameter: value for parameter, value in level.items() if parameter not in ("name", *common)}
    return {"name": file.name, **{key: level[key] for key in common}, **completed(file, given, key, common)}


def completed(file: levels.LevelFile, given: Mapping[str, Any], key: str, common: Sequence[str] = ()) -> dict[str, Any]:
    """All parameters of a file, those that are given in place of its defaults; ``common``: keys that stand beside them.

    Raises:
        BadInputError: it has no such parameter, or a value is of another type than the default.
    """
    complete = {name: [*value] if isinstance(value, tuple) else value for name, value in file.parameters.items()}
    for parameter, value in given.items():
        if parameter not in file.parameters:
            known = [*file.parameters, *common]
            hint = did_you_mean(parameter, known)
            valid = ", ".join(known) or "none"
            raise BadInputError(f"{key}: {file.name} has no parameter {parameter!r}; valid: {valid}{hint}")
        complete[parameter] = _parameter(value, file.parameters[parameter], f"{key}.{parameter}")
    return complete


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
    elif not PAYS <= {*check_level(TERMS, reward["name"], f"{key}.name").parameters} <= own.keys():
        raise BadInputError(
            f"{key}.name: {reward['name']} does not pay successes: it is a term, to be named in reward.terms"
        )
    terms = {}
    for name, entry in reward["terms"].items():
        if name == own.get("name"):
            raise BadInputError(f"{key}.terms.{name}: it is reward.name already; give it once")
        weight = _parameter(entry.get("weight", 1.0), 1.0, f"{key}.terms.{name}.weight")
        given = {parameter: value for parameter, value in entry.items() if parameter != "weight"}
        file = check_level(TERMS, name, f"{key}.terms")
        terms[name] = {"weight": weight, **completed(file, given, f"{key}.terms.{name}")}
    return {**own, "terms": terms} if terms else own


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
