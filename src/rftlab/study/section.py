"""What every part of a study's schema is made of: mappings with known keys, numbers, and errors worded for people."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, ValidationError, model_validator

from rftlab.errors import did_you_mean

LONGEST_EXCERPT = 60  # characters of a wrong value that a message repeats
UNKNOWN_SOURCE = "unknown_source"
LOCK = "lock"  # of hub sources: what the lock says; planning fills it in, and nobody writes it


def scientific(value: Any) -> Any:
    """YAML 1.1 reads 1e-4, without a point, as text; nobody means that."""
    return float(value) if isinstance(value, str) and re.fullmatch(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+", value) else value


Scientific = BeforeValidator(scientific)  # stands last: a JSON schema shows the bounds that stand before it
Number = Annotated[float, Field(allow_inf_nan=False), Scientific]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False), Scientific]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False), Scientific]
Share = Annotated[float, Field(ge=0, le=1), Scientific]
Count = Annotated[int, Field(ge=1)]
Natural = Annotated[int, Field(ge=0)]


class Section(BaseModel):
    """A mapping with known keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: Any) -> Any:
        if isinstance(value, dict) and cls.model_config.get("extra") == "forbid":
            known = [*cls.model_fields]
            for key in value:
                if key not in known:
                    valid = [name for name in known if name != LOCK]
                    hint = did_you_mean(str(key), valid)
                    raise ValueError(f"unknown key {key!r}; valid keys: {', '.join(valid)}{hint}")
        return value


def by_source(*sources: str, default: str | None = None) -> Discriminator:
    """Tell members of a union apart by their key ``source``; ``default`` is the tag of one that has no such key."""

    def tag(value: Any) -> str:
        source = value.get("source", default) if isinstance(value, dict) else getattr(value, "source", default)
        return str(source) if source in (*sources, default) else ""

    known = ", ".join(map(repr, sources))
    without = f", or no source and the name of a {default}" if default else ""
    return Discriminator(
        tag, custom_error_type=UNKNOWN_SOURCE, custom_error_message=f"source: one of {known} is needed{without}"
    )


# pydantic's type of error → what would be valid, from the error's context
WORDING: dict[str, Callable[[Mapping[str, Any]], str]] = {
    **dict.fromkeys(("model_type", "dict_type", "model_attributes_type"), lambda _: "a mapping is needed"),
    **dict.fromkeys(("int_type", "int_from_float"), lambda _: "a whole number is needed"),
    "float_type": lambda _: "a number is needed",
    "finite_number": lambda _: "a finite number is needed",
    "string_type": lambda _: "a text is needed",
    "bool_type": lambda _: "true or false is needed",
    "list_type": lambda _: "a list is needed",
    "literal_error": lambda c: f"one of {c['expected']} is needed",
    "greater_than": lambda c: f"more than {_short(c['gt'])} is needed",
    "greater_than_equal": lambda c: f"at least {_short(c['ge'])} is needed",
    "less_than": lambda c: f"less than {_short(c['lt'])} is needed",
    "less_than_equal": lambda c: f"at most {_short(c['le'])} is needed",
    "string_pattern_mismatch": lambda c: f"a text like {c['pattern']} is needed",
    "string_too_short": lambda _: "a text that is not empty is needed",
    "multiple_of": lambda c: f"a multiple of {c['multiple_of']} is needed",
    "too_short": lambda c: f"at least {c['min_length']} {_entries(c['min_length'])} needed",
    "too_long": lambda c: f"at most {c['max_length']} {_entries(c['max_length'])} possible",
}


def first_error(error: ValidationError) -> str:
    """The first of pydantic's findings as ``key.key: what is needed, not what``, and how many more there are."""
    errors = error.errors(include_url=False)
    first, more = errors[0], f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    kind, value, context = first["type"], excerpt(first["input"]), first.get("ctx", {})
    location = [str(part) for part in first["loc"]]
    if first["loc"][:1] in (("models",), ("datasets",), ("evaluation_sets",)):
        del location[2:3]  # which of the sources it was checked as; the user wrote no such key
    if first["loc"][:1] in (("seeds",), ("tune",)):
        del location[1:2]  # as which of their two forms it was checked
    if kind == "missing":
        message = "this key is needed"
    elif kind == "value_error":
        message = first["msg"].removeprefix("Value error, ")
    elif kind == UNKNOWN_SOURCE:
        mapping = first["input"] if isinstance(first["input"], dict) else None
        message = f"a mapping is needed, not {value}" if mapping is None else first["msg"]
        message += f", not {excerpt(mapping['source'])}" if mapping and "source" in mapping else ""
    elif location[-1:] == ["[key]"]:
        location[-2:] = [str(first["input"])]  # a key that is no text has another name in pydantic's location
        message = f"a name is a text, and YAML reads this one as something else: put quotes around {value}"
    else:
        message = WORDING[kind](context) if kind in WORDING else first["msg"]
        message += f", not {value}"
    return ": ".join(part for part in (".".join(location), message + more) if part)


def excerpt(value: Any) -> str:
    """A value as a message repeats it: on one line, and not at length."""
    text = repr(value)
    return text if len(text) <= LONGEST_EXCERPT else f"{text[:LONGEST_EXCERPT]}…"


def _short(bound: float) -> str:
    return f"{bound:g}" if isinstance(bound, float) else str(bound)


def _entries(count: int) -> str:
    return "entry is" if count == 1 else "entries are"
