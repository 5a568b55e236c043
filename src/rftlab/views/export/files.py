"""The files of an export: all are made before the first is written, and each is written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

import vl_convert

from rftlab.errors import NO_ROOM, BadInputError
from rftlab.files import write_bytes
from rftlab.views.export.headline import headline
from rftlab.views.export.latex import latex
from rftlab.views.figures.__main__ import specifications
from rftlab.views.results import Results

FORMS = ("latex", "pdf", "csv")


def export(results: Results, folder: Path, forms: Collection[str] = FORMS) -> list[Path]:
    """Write ``verdicts.tex``, ``verdicts.csv`` and every figure as PDF into a folder; returns what was written.

    The table in LaTeX and in CSV is one and the same; the CSV has ten significant digits. Figures are drawn from the
    same tables, without their headings: a paper has captions.

    Raises:
        BadInputError: the folder cannot be written to.
    """
    table, contents = headline(results), dict[str, bytes]()
    if "latex" in forms:
        contents["verdicts.tex"] = latex(results, table).encode()
    if "csv" in forms:
        contents["verdicts.csv"] = table.to_csv(index=False, lineterminator="\n", float_format="%.10g").encode()
    if "pdf" in forms:
        for stem, specification in specifications(results).items():
            drawn = {key: value for key, value in specification.items() if key != "title"}
            text = json.dumps(drawn, allow_nan=False)
            contents[f"{stem}.pdf"] = vl_convert.vegalite_to_pdf(text, allowed_base_urls=[])
    try:
        for name, content in contents.items():
            write_bytes(folder / name, content)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise
        raise BadInputError(f"{folder}: cannot be written: {error.strerror}") from None
    return [folder / name for name in contents]
