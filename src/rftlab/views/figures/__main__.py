"""Every chart as SVG, PNG and JSON.

Stage: ``python -m rftlab.views.figures --plan FILE --tables DIR --folder DIR``.
The JSON is the Vega-Lite specification that the other two are drawn from and that the report embeds.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable
from pathlib import Path

import altair as alt
import vl_convert

from rftlab.errors import one_line_errors
from rftlab.runfolder.study_plan import Pair
from rftlab.views.figures import FIGURES, stems
from rftlab.views.figures.curves import diagnostics, generalisation, generalisation_gap, learning_curves
from rftlab.views.figures.forest import forest
from rftlab.views.figures.overview import overview
from rftlab.views.figures.style import CONFIG, Specification
from rftlab.views.figures.tradeoff import tradeoff
from rftlab.views.results import Results, read_results

PNG_SCALE = 2.0  # 2 × 72 dots per inch: sharp on a high-density screen and in print at column width

PER_PAIR: dict[str, Callable[[Results, Pair], Specification]] = {
    "forest": forest,
    "learning_curves": learning_curves,
    "generalisation": generalisation,
    "generalisation_gap": generalisation_gap,
    "tradeoff": tradeoff,
    "diagnostics": diagnostics,
}


def specifications(results: Results) -> dict[str, Specification]:
    """Vega-Lite specification of every figure, by the stem of its files, as ``rftlab.views.figures.stems`` has them."""
    charts: dict[str, Specification] = {}
    for name, by_pair in stems(results.pairs).items():
        heading = f"{FIGURES[name].title}: {results.plan.study}"
        for pair, stem in by_pair.items():
            if pair is None:
                charts[stem] = _titled(overview(results), heading)
            else:
                charts[stem] = _titled(PER_PAIR[name](results, pair), f"{heading}, {pair}")
    return charts


def write(specification: Specification, stem: Path) -> None:
    """Write one chart as ``<stem>.json``, ``.svg`` and ``.png``; nothing it names is fetched."""
    text = json.dumps(specification, sort_keys=True, separators=(",", ":"), allow_nan=False)
    stem.with_name(f"{stem.name}.json").write_text(text + "\n", encoding="utf-8")
    svg = renumbered(vl_convert.vegalite_to_svg(text, allowed_base_urls=[]))
    stem.with_name(f"{stem.name}.svg").write_text(svg, encoding="utf-8")
    stem.with_name(f"{stem.name}.png").write_bytes(vl_convert.svg_to_png(svg, scale=PNG_SCALE))


def renumbered(svg: str) -> str:
    """Number the clips and gradients of a drawing from 0: the converter counts on from the drawings before it."""
    numbers: dict[str, int] = {}
    return re.sub(
        r'((?:id="|url\(#)(?:gradient_|clip))(\d+)',
        lambda match: f"{match[1]}{numbers.setdefault(match[2], len(numbers))}",
        svg,
    )


def _titled(chart: Specification, title: str) -> Specification:
    heading = {"text": title, "anchor": "start", "fontSize": 15, "offset": 14}
    return {"$schema": alt.SCHEMA_URL, "config": CONFIG, "title": heading} | chart


@one_line_errors
def main(argv: list[str] | None = None) -> None:
    """Draw the figures of a study."""
    parser = argparse.ArgumentParser(prog="python -m rftlab.views.figures", description="Draw the figures of a study.")
    for option in ("--plan", "--tables", "--folder"):
        parser.add_argument(option, type=Path, required=True)
    arguments = parser.parse_args(argv)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for stem, specification in specifications(read_results(arguments.plan, arguments.tables)).items():
        write(specification, arguments.folder / stem)


if __name__ == "__main__":
    main()
