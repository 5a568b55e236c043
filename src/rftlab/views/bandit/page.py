"""The tables of docs/bandit.md, from the laboratory's rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from rftlab.errors import BadInputError
from rftlab.views.bandit.rows import Of, Rows, shape_text

WITHOUT_ERROR: Of = (4, 8, 0)
SIGNAL: tuple[Of, ...] = ((32, 1, 0), (32, 1, 7), (32, 2, 0), (32, 8, 0))
SILENT: tuple[Of, ...] = ((32, 1, 0), (1, 8, 0), (4, 8, 0), (32, 8, 0))
SILENT_AT = ("0.05", "0.5", "mixed")


def page(path: Path, rows: Rows, code: str) -> str:
    """The text of a page with what stands between ``<!-- table NAME -->`` and ``<!-- end -->`` made anew.

    Args:
        path: the page as it is.
        rows: what its tables show.
        code: digest of the code that the rows were made with, which the page names.

    Raises:
        BadInputError: the page has no place for a table, or several.
    """
    text = path.read_text(encoding="utf-8")
    for name, table in (tables(rows) | {"code": f"<!-- made with {code} -->"}).items():
        place = rf"(<!-- table {re.escape(name)} -->\n).*?(<!-- end -->)"
        text, places = re.subn(place, rf"\1\n{table}\n\n\2", text, flags=re.DOTALL)
        if places != 1:
            raise BadInputError(f"{path}: {places} places for the table {name!r}, one is needed")
    return text


def tables(rows: Rows) -> dict[str, str]:
    """Tables in Markdown, by name."""
    found = {"bias": bias(rows), "silent": silent(rows), "methods": methods(rows)}
    return found | {f"signal {shape_text(of)}": signal(rows, of) for of in SIGNAL}


def bias(rows: Rows) -> str:
    """The mean estimate's length in the right direction by success rate; of mixed queries its direction and bias."""
    lines = []
    for level in rows.levels:
        here = [rows.at(level, WITHOUT_ERROR, success) for success in rows.successes]
        scales = [_number(row["scale"], row["scale_error"]) for row in here]
        mixed = here[-1]
        lines.append(
            [
                f"`{level}`",
                *scales,
                _number(mixed["cosine"], mixed["cosine_error"], 3),
                _number(mixed["bias"], mixed["bias_error"]),
            ]
        )
    scale = [f"scale, {success}" for success in rows.successes]
    return _markdown(["level", *scale, "cosine, mixed", "bias, mixed"], lines)


def signal(rows: Rows, of: Of) -> str:
    """Signal per sampled rollout, relative to the raw reward with one rollout a query."""
    lines = [
        [f"`{level}`", *(_pair(rows.relative_signal(level, of, success)) for success in rows.successes)]
        for level in rows.levels
    ]
    return _markdown([shape_text(of), *rows.successes], lines)


def silent(rows: Rows) -> str:
    """Percent of rounds without any signal."""
    heads = [f"{shape_text(of)}, {success}" for of in SILENT for success in SILENT_AT]
    lines = [
        [f"`{level}`", *(_percent(rows.at(level, of, success)["silent"]) for of in SILENT for success in SILENT_AT)]
        for level in rows.levels
    ]
    return _markdown(["level", *heads], lines)


def methods(rows: Rows) -> str:
    """How each level's numbers came about, by shape: e enumerated, q by query, ± sampled, – not defined."""
    shapes = list(dict.fromkeys((row["B"], row["n"], row["m"]) for row in rows.rows))
    signs = {"enumerated": "e", "by query": "q", "sampled": "±", "undefined": "–"}
    success = rows.successes[-1]
    lines = [[f"`{level}`", *(signs[rows.at(level, of, success)["method"]] for of in shapes)] for level in rows.levels]
    return _markdown(["level", *map(shape_text, shapes)], lines)


def _pair(found: tuple[float, float | None] | None) -> str:
    return _number(*found) if found else "–"


def _number(value: float | None, error: float | None, digits: int = 2) -> str:
    """A number, its standard error where it has one."""
    if value is None:
        return "–"
    text = f"{value + 0.0:.{digits}f}".replace("-", "−")
    return text if error is None else f"{text} ± {error:.1g}"


def _percent(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.0f}" if value in (0.0, 1.0) or value > 0.01 else "< 1"


def _markdown(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in [heads, ["---"] * len(heads), *lines])
