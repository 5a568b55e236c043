"""A trainer's configuration as it is read: every key with its default, and which of the given ones nobody asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rftlab.errors import BadInputError
from rftlab.study.section import excerpt, scientific

NO_EQUIVALENT = "no equivalent in a baseline"
NEEDED = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", list: "a list"}


@dataclass(frozen=True)
class Taken:
    """What a baseline takes over, as the section ``baseline`` has it, and what becomes of the other keys."""

    baseline: dict[str, Any]
    remarks: dict[str, str]


@dataclass
class Given:
    """A trainer's flat configuration and its framework's defaults."""

    config: Mapping[str, Any]
    defaults: Mapping[str, Any]
    where: str
    remarks: dict[str, str] = field(default_factory=dict)
    _read: set[str] = field(default_factory=set)

    def take(self, key: str, kind: type) -> Any:
        """The value of a key, or the framework's default; None where that is what is given or the default.

        Raises:
            BadInputError: it is of another type.
        """
        self._read.add(key)
        value = self.config.get(key, self.defaults[key])
        if kind is float:
            value = scientific(value)
            value = float(value) if type(value) is int else value
        if value is not None and type(value) is not kind:
            raise BadInputError(f"{self.where}: {key}: {NEEDED[kind]} is needed, not {excerpt(value)}")
        return value

    def count(self, key: str) -> int:
        """The value of a key that is a whole number of at least 1.

        Raises:
            BadInputError: it is none.
        """
        value = self.take(key, int)
        if value is None or value < 1:
            raise BadInputError(f"{self.where}: {key}: at least 1 is needed, not {excerpt(value)}")
        return int(value)

    def choice(self, key: str, possible: Mapping[Any, Any]) -> Any:
        """What a key's value stands for.

        Raises:
            BadInputError: it is none of the possible ones.
        """
        self._read.add(key)
        value = self.config.get(key, self.defaults[key])
        if isinstance(value, list | dict) or value not in possible:
            known = ", ".join(map(str, possible))
            raise BadInputError(f"{self.where}: {key}: one of {known} is needed, not {excerpt(value)}")
        return possible[value]

    def unlike(self, key: str, remark: str) -> None:
        """Remark on a key that is not at the one value that a baseline can have."""
        self._read.add(key)
        if self.config.get(key, self.defaults[key]) != self.defaults[key]:
            self.remarks[key] = remark

    def rest(self) -> dict[str, str]:
        """All remarks, each key once, and of every key that was given a value and read by nobody that it has no
        equivalent."""
        asked = [key for key, value in self.config.items() if value is not None]
        unread = [key for key in asked if key not in self._read and key not in self.remarks]
        return self.remarks | dict.fromkeys(unread, NO_EQUIVALENT)
