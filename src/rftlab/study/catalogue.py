"""Every choice that a study can make: levels that are files, by what their files say of them, and keys with a value.

A level's docstring is read and never executed: its first line is what it is, and its formula; sentences with `n = 1`
say what it does there; `Source: ` and `Equivalents: ` begin its last paragraphs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from rftlab import levels
from rftlab.study.baseline import Baseline, LevelSection
from rftlab.study.configuration import LEVELS
from rftlab.study.presets import PRESETS
from rftlab.study.presets import described as described_name

KEYS = {kind: ".".join(path) for path, kind in LEVELS.items()} | {
    "objectives.kl": "objective.kl.estimator",
    "rewards.terms": "reward.name or reward.terms",
    "rewards.verifiers": "datasets.*.verifier",
}
"""The key of a study that names a level of each kind."""
ADDENDA = ("Source", "Equivalents")


def entries() -> list[dict[str, Any]]:
    """Every level, kind by kind, as JSON.

    Raises:
        UnknownLevelError: a level's file cannot be used.
    """
    return [entry(kind, name) for kind in levels.FUNCTIONS for name in levels.names(kind)]


def entry(kind: str, name: str) -> dict[str, Any]:
    """What the file of a level says of it; None of what it does not say."""
    file = levels.read(kind, name)
    what, _, formula = file.summary.rstrip(".").partition(": ")
    body, addenda = parts(file.docstring)
    return {
        "kind": kind,
        "key": KEYS[kind],
        "name": name,
        "summary": file.summary,
        "what": what,
        "formula": formula or None,
        "parameters": {
            key: list(value) if isinstance(value, tuple) else value for key, value in file.parameters.items()
        },
        "n = 1": " ".join(sentence for sentence in sentences(body) if "n = 1" in sentence) or None,
        "source": addenda.get("Source"),
        "equivalents": addenda.get("Equivalents"),
    }


def parts(docstring: str) -> tuple[str, dict[str, str]]:
    """A docstring's text after its first line, and its last paragraphs by the word that begins them."""
    pieces = re.split(rf"^({'|'.join(ADDENDA)}): ", docstring.partition("\n")[2], flags=re.MULTILINE)
    text, *rest = (" ".join(piece.split()) for piece in pieces)
    return text, dict(zip(rest[::2], rest[1::2], strict=True))


def sentences(text: str) -> list[str]:
    """A text cut after full stops that a new sentence follows."""
    return re.split(r"(?<=\.) (?=[A-ZΠΣλμρσφ`])", text)


def settings(section: type[BaseModel] = Baseline, prefix: str = "") -> Iterator[dict[str, Any]]:
    """Every key of the baseline whose value is no level, with its default and what it means."""
    for key, field in section.model_fields.items():
        default = field.get_default(call_default_factory=True)
        name = f"{prefix}{key}"
        if name in KEYS.values() and name != KEYS["optimizers"]:  # which has keys of its own beside its level's
            continue
        if isinstance(default, BaseModel):
            yield from settings(type(default), f"{name}.")
        elif key != "name" or not issubclass(section, LevelSection):
            yield {"key": name, "default": default, "meaning": field.description}


def matching(word: str) -> list[dict[str, Any]]:
    """Levels whose name, summary, source or equivalents hold a word, or several in a row, as :func:`words` has them."""
    told = ("name", "summary", "source", "equivalents")
    return [one for one in entries() if words(word) in words(" ".join(one[key] or "" for key in told))]


def names(word: str) -> list[str]:
    """Names of the field that a word is, or that say it of themselves, as :func:`words` has them."""
    return [name for name in PRESETS if words(word) in words(f"{name}  {described_name(name)}")]


def words(text: str) -> str:
    """A text as words between single spaces: `REINFORCE++`, `reinforce_plus_plus` and `Reinforce plus plus` are one."""
    found = re.findall(r"[^\W_]+", text.lower().replace("++", " plus plus "))
    return f" {' '.join(found)} "


def described(one: dict[str, Any]) -> str:
    """A level in words, for a terminal."""
    lines = [f"{one['key']}: {one['name']}", f"  {one['summary']}"]
    lines += [f"  {key}: {value}" for key, value in one["parameters"].items()]
    lines += [f"  {word}: {one[word.lower()]}" for word in ("n = 1", *ADDENDA) if one[word.lower()]]
    return "\n".join(lines)
