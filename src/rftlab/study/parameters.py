"""What a study names that is a file: whether the file can be used, and its parameters with every default of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rftlab import levels
from rftlab.errors import BadInputError, did_you_mean
from rftlab.study.baseline import OptimizerSection
from rftlab.study.presets import hint
from rftlab.study.ranges import refuse_range
from rftlab.study.section import excerpt, scientific

RATIO = "objectives.ratio"
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


def check_level(kind: str, name: str, key: str) -> levels.LevelFile:
    """Read a level's file.

    Raises:
        BadInputError: there is none, or it cannot be used.
    """
    try:
        file = levels.read(kind, name)
    except (levels.UnknownLevelError, OSError) as error:
        raise BadInputError(f"{key}: {error}{hint(name)}") from None
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
            near = did_you_mean(parameter, known)
            valid = ", ".join(known) or "none"
            raise BadInputError(f"{key}: {file.name} has no parameter {parameter!r}; valid: {valid}{near}")
        complete[parameter] = typed(value, file.parameters[parameter], f"{key}.{parameter}")
    return complete


def typed(value: Any, default: Any, key: str) -> Any:
    """A parameter's value in the type of its default.

    Raises:
        BadInputError: it is of another type, not finite, or a whole number below 0.
    """
    if isinstance(default, tuple):
        if not isinstance(value, list) or len(value) != len(default):
            raise BadInputError(f"{key}: a list of {len(default)} is needed, not {excerpt(value)}")
        return [typed(one, like, key) for one, like in zip(value, default, strict=True)]
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
