"""What people and editors read about studies: ``config/README.md``, the JSON schema, and the catalogue of choices.

``python -m rftlab.study.documentation`` in the repository's root writes them; a test fails when one of them is stale.
"""

from __future__ import annotations

import argparse
import functools
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rftlab import levels
from rftlab.data.families import FAMILIES
from rftlab.data.sources import procedural
from rftlab.files import write_text
from rftlab.policies import templates
from rftlab.policies.templates import DAY
from rftlab.study.catalogue import KEYS, entries, settings
from rftlab.study.presets import LIKE, PRESETS, written
from rftlab.study.schema import Study

SCHEMA, README = Path("workflow/schemas/study.schema.json"), Path("config/README.md")
CATALOGUE = Path("docs/catalogue.md")
TEMPLATES = Path(__file__).parent
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
TYPES = {"integer": "whole number", "number": "number", "string": "text", "boolean": "`true` or `false`"}


def main(argv: list[str] | None = None) -> None:
    """Write all files."""
    parser = argparse.ArgumentParser(prog="python -m rftlab.study.documentation", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(), help="the repository's root (default: here)")
    root = parser.parse_args(argv).root
    for path, text in ((SCHEMA, schema_text()), (README, readme_text()), (CATALOGUE, catalogue_text())):
        write_text(root / path, text)
        print(root / path)


@functools.cache
def schema() -> dict[str, Any]:
    """JSON schema of a study file, for editors: without pydantic's titles, which only repeat the keys."""
    content = Study.model_json_schema()
    content["$defs"]["Baseline"]["properties"][LIKE] = {
        "enum": [*PRESETS],
        "default": None,
        "description": "a name of the field, short for the keys that it stands for; the other keys win over its own",
    }
    for section in (content, *content["$defs"].values()):
        section.pop("title", None)
        for entry in section["properties"].values():
            entry.pop("title", None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A study of rftlab", **content}


def schema_text() -> str:
    """The schema as a file: keys sorted, the same bytes on every machine."""
    return json.dumps(schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def readme_text() -> str:
    """``config/README.md``: prose from a template, tables from the schema, the families and the levels' files."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    functions: dict[str, Callable[..., str]] = {"keys": keys_table, "levels": levels_table, "families": families_table}
    functions["templates"] = templates_table
    names = ", ".join(f"`{name}`" for name in PRESETS)
    text = environment.get_template("config.md.j2").render(
        functions | {"names": names, "sizes": procedural.SIZES, "day": DAY.strftime("%d %B %Y")}
    )
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def keys_table(name: str | None = None, *, without: Iterable[str] = ()) -> str:
    """A section's keys with type, default and meaning, the keys that are needed first; None is the study itself."""
    whole = schema()
    section = whole["$defs"][name] if name else whole
    needed = section.get("required", [])
    names = [key for key in section["properties"] if key not in without]
    rows = []
    for key in sorted(names, key=lambda key: key not in needed):
        entry = section["properties"][key]
        default = "**needed**" if key in needed else default_text(entry)
        rows.append([f"`{key}`", type_of(entry), default, entry["description"]])
    return table(["key", "type", "default", "meaning"], rows)


def type_of(entry: Mapping[str, Any]) -> str:
    """What a value may be, in words, from its JSON schema."""
    if "const" in entry:
        return f"`{entry['const']}`"
    if "enum" in entry:
        return " or ".join(f"`{value}`" for value in entry["enum"])
    if "$ref" in entry:
        return "mapping"
    if choices := entry.get("anyOf", entry.get("oneOf")):
        return " or ".join(dict.fromkeys(type_of(choice) for choice in choices if choice != {"type": "null"}))
    if entry.get("type") == "array":
        least, most = entry.get("minItems", 0), entry.get("maxItems")
        length = f" of {least}" if least == most else f", at least {least}" if least else ""
        return f"list{length} ({type_of(entry['items'])})"
    if entry.get("type") == "object":
        below = entry["additionalProperties"]
        return "mapping" if below is True else f"name → {type_of(below)}"
    bounds = [f"{sign} {entry[bound]}" for bound, sign in BOUNDS.items() if bound in entry]
    bounds += [f"a multiple of {entry['multipleOf']}"] if "multipleOf" in entry else []
    return " ".join([TYPES[entry["type"]], ", ".join(bounds)]).strip()


def default_text(entry: Mapping[str, Any]) -> str:
    """A default as YAML would have it; of a section, that its own keys have defaults."""
    value = entry["default"]
    if value is None:
        return "none"
    if isinstance(value, dict) and set(value) == {"name"}:
        return f"`{value['name']}`"
    if isinstance(value, dict) and value:
        return "its own"
    return f"`{json.dumps(value)}`"


def levels_table(kind: str) -> str:
    """Every level of a kind that is a file, with its parameters and their defaults."""
    files = [levels.read(kind, name) for name in levels.names(kind)]
    rows = [
        [
            f"`{file.name}`",
            ", ".join(f"`{k}: {json.dumps(v)}`" for k, v in file.parameters.items()) or "–",
            file.summary,
        ]
        for file in files
    ]
    return table(["name", "parameters", "what it is"], rows)


def catalogue_text() -> str:
    """``docs/catalogue.md``: every level by kind, with what its file says of it, and every key that has a value."""
    found, keys = entries(), [*settings()]
    lines = [
        "<!-- Written by `python -m rftlab.study.documentation` from the files of the levels and from the schema. -->",
        "",
        "# The catalogue of choices",
        "",
        f"{len(found)} levels of {len(KEYS)} kinds, each a file of `src/rftlab/`, and {len(keys)} keys with a value.",
        "`rftlab catalogue WORD` shows what is said of some, `rftlab catalogue --json` all of it. What stands under",
        "*n = 1* is for a single rollout of a query; where nothing does, no rollout sees another. Names of frameworks",
        "are those of TRL 1.16, and of verl and others in 2026.",
    ]
    lines += ["", "## Names of the field: `like`", "", names_table()]
    for kind in levels.FUNCTIONS:
        rows = [
            [f"`{one['name']}`", one["summary"], one["n = 1"] or "", one["source"] or "", one["equivalents"] or ""]
            for one in found
            if one["kind"] == kind
        ]
        headings = ["name", "what it is", "n = 1", "source", "equivalents"]
        lines += ["", f"## `{KEYS[kind]}`: `{kind.replace('.', '/')}/`", "", table(headings, rows)]
    rows = [[f"`{one['key']}`", f"`{json.dumps(one['default'])}`", one["meaning"]] for one in keys]
    lines += ["", "## Keys that have a value", "", table(["key", "default", "meaning"], rows)]
    return "\n".join(lines) + "\n"


def names_table() -> str:
    """Every name of the field, the keys that it stands for, and what frameworks mean by it."""
    rows = []
    for name, one in PRESETS.items():
        keys = ", ".join(
            f"`{key}: {value if isinstance(value, str) else json.dumps(value)}`" for key, value in written(one).items()
        )
        rows.append([f"`{name}`", keys, one.source, "; ".join(f"{who}: {what}" for who, what in one.means.items())])
    return table(["name", "keys", "source", "in frameworks"], rows)


def families_table() -> str:
    """Every family of procedural tasks, with its parameters and their defaults."""
    rows = []
    for name, family in FAMILIES.items():
        defaults = {key: default for key, (_, default) in procedural.parameters(name).items()}
        parameters = ", ".join(f"`{key}: {json.dumps(default)}`" for key, default in defaults.items())
        rows.append([f"`{name}`", parameters, (family.__doc__ or "").partition("\n")[0]])
    return table(["family", "parameters", "what it is"], rows)


def templates_table() -> str:
    """Every prompt template that has a name."""
    return table(["name", "template"], [[f"`{name}`", f"`{text}`"] for name, text in templates.NAMED_TEMPLATES.items()])


def table(headings: list[str], rows: Iterable[list[str]]) -> str:
    """A Markdown table; a bar in a cell is escaped."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    main()
