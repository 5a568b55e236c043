"""The headline table in LaTeX, for a paper to ``\\input``: booktabs, a float a model and dataset, a caption.

A table of more rows than a page has becomes a ``longtable``, which breaks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from rftlab.runfolder.study_plan import Pair
from rftlab.views.export.caption import NO_EQUIVALENCE, caption
from rftlab.views.results import Results

PAGE = 50  # rows
HEADINGS = ("Level", "", "Equal", "Difference", "Interval", "$p$", "Verdict", "Detectable", "Seeds")
ALIGNED = "lllrcrlrr"
SHORT = {"in distribution": "in dist.", "out of distribution": "out of dist."}
SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "[": "{[}", "]": "{]}", "|": r"\textbar{}", "`": r"\textasciigrave{}", '"': "''", "×": r"$\times$", "−": "$-$",
    "±": r"$\pm$", "·": r"$\cdot$", "–": "--", "—": "---", "…": r"\ldots{}", "†": r"\textsuperscript{\textdagger}",
}  # fmt: skip


def latex(results: Results, table: pd.DataFrame) -> str:
    """LaTeX of the headline table of a study."""
    parts = [
        f"% The verdicts of the study {' '.join(results.plan.study.split())}, written by `rftlab export`.\n"
        "% Needs \\usepackage{booktabs,longtable}."
    ]
    for pair in results.pairs:
        rows = table[(table["model"] == pair.model) & (table["dataset"] == pair.dataset)]
        if len(rows):
            parts.append(_float(results, pair, rows))
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Text as LaTeX sets it: no character of it is a command; two hyphens stay two."""
    text = "".join(SPECIAL.get(character, character) for character in " ".join(text.split()).replace("--", "\0"))
    return text.replace("\0", "-{}-")


def _float(results: Results, pair: Pair, rows: pd.DataFrame) -> str:
    about = escaped(caption(results, pair, rows))
    several = len(results.pairs) > 1
    label = "-".join(["tab:verdicts", results.plan.study, *(pair if several else ())])
    label = "".join(c if c.isascii() and (c.isalnum() or c in ":-.") else "-" for c in label)
    head, body = rf"{' & '.join(HEADINGS)} \\", _body(rows)
    if len(rows) > PAGE:
        return "\n".join([
            rf"{{\footnotesize\begin{{longtable}}{{@{{}}{ALIGNED}@{{}}}}",
            rf"\caption{{{about}}}\label{{{label}}}\\", r"\toprule", head, r"\midrule", r"\endfirsthead",
            r"\toprule", head, r"\midrule", r"\endhead", r"\bottomrule", r"\endfoot",
            body, r"\end{longtable}}",
        ])  # fmt: skip
    return "\n".join([
        r"\begin{table*}", r"\centering\footnotesize", rf"\caption{{{about}}}", rf"\label{{{label}}}",
        rf"\begin{{tabular}}{{@{{}}{ALIGNED}@{{}}}}", r"\toprule", head, r"\midrule",
        body, r"\bottomrule", r"\end{tabular}", r"\end{table*}",
    ])  # fmt: skip


def _body(rows: pd.DataFrame) -> str:
    return "\n\\addlinespace\n".join("\n".join(_level(group)) for _, group in rows.groupby("level", sort=False))


def _level(rows: pd.DataFrame) -> Iterator[str]:
    """Lines of one level: its name, below that what it is compared with; a line more where it has one row."""
    found = list(rows.itertuples())
    first: Any = found[0]
    marks = [mark for mark in ("control", "inert") if getattr(first, mark)]
    names = [escaped(first.level), rf"\quad {escaped(', '.join([f'vs {first.reference}', *marks]))}"]
    names += [""] * (len(found) - 2)
    cells = [_cells(row) for row in found] + [[""] * (len(HEADINGS) - 1)] * (2 - len(found))
    for name, line in zip(names, cells, strict=True):
        yield rf"{' & '.join([name, *line])} \\"


def _cells(row: Any) -> list[str]:
    interval = "--" if math.isnan(row.low) else f"$[{_points(row.low)}, {_points(row.high)}]$"
    unsettled = NO_EQUIVALENCE if row.unsettled else ""
    return [
        SHORT[row.suite], row.budget, f"${_points(row.estimate)}$", interval, _p(row.p),
        escaped(row.verdict + unsettled), "" if math.isnan(row.detectable) else f"${row.detectable:.1f}$",
        f"{row.seeds}/{row.reference_seeds}",
    ]  # fmt: skip


def _points(value: float) -> str:
    return f"{round(value, 1) + 0.0:+.1f}"  # no -0.0


def _p(p: float) -> str:
    if math.isnan(p):
        return "--"
    return "$<0.001$" if p < 0.001 else f"${p:.3f}$"
