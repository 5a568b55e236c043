"""The report: tables and charts → one HTML file that needs no network and no other file.

Stage: ``python -m rftlab.views.report --plan FILE --tables DIR --figures DIR --data FILE [--prediction FILE]
--output FILE``, from the folder that the plan's paths are relative to. Whatever comes from the study is escaped, and a
content security policy admits no script but the two written here, by their SHA-256.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rftlab.errors import BadInputError, one_line_errors
from rftlab.files import write_text
from rftlab.runfolder.read import read_document
from rftlab.runfolder.study_plan import LEAST_SEEDS
from rftlab.views import data_notes, effects, fates, lost, pooled, prediction, samples, summary, tuned
from rftlab.views.answers import read_answers
from rftlab.views.cells import breakable
from rftlab.views.figures import FIGURES, Figure, stems
from rftlab.views.findings import findings
from rftlab.views.results import Results, read_results
from rftlab.views.warnings import warnings

STATIC_BYTES = 2_400_000  # of drawings for readers without JavaScript; beyond it they are pointed to the files
SCRIPTS = ("js", "choice.js", "samples.js")


@dataclass(frozen=True)
class Chart:
    """One chart of one pair: its specification for the script, its drawing (a data URL) where there is room."""

    stem: str
    pair: str
    specification: str
    drawing: str | None


def render(results: Results, figures: Path, data: dict[str, Any], foretold: dict[str, Any] | None = None) -> str:
    """The report's HTML; ``foretold`` is what a probe predicted, of a study that has one.

    Raises:
        BadInputError: a figure is missing, or a run's provenance, timings or evaluation.
    """
    records = summary.read_run_records(results.plan)
    environment = Environment(
        loader=PackageLoader("rftlab.views"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = breakable
    loader = environment.loader
    assert loader is not None  # it is set a few lines above
    style, *scripts = (Markup(loader.get_source(environment, f"report.{name}")[0]) for name in ("css", *SCRIPTS))
    script = Markup("").join(scripts)
    bundle = Markup(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))
    clusters = {name: entry["clusters"] for name, entry in data["evaluation_sets"].items()}
    answers = {pair: read_answers(results, pair, clusters) for pair in results.pairs}
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {_hash(bundle)} {_hash(script)}"
    return environment.get_template("report.html.j2").render(
        plan=results.plan,
        results=results,
        summary=summary,
        effects=effects,
        lost=lost,
        pooled=pooled,
        prediction=prediction,
        foretold=foretold,
        tuned=tuned,
        policy=policy,
        style=style,
        script=script,
        bundle=bundle,
        findings=findings(results),
        sections=charts(results, figures),
        samples=samples,
        written={str(pair): shown for pair, shown in samples.samples(results, answers).items()},
        FATES=fates.FATES,
        fates={str(pair): fates.tables(results, sets) for pair, sets in answers.items()},
        packed=lambda document: packed(json.dumps(document, ensure_ascii=False)),
        sets=data_notes.evaluation_sets(results, data),
        training=data_notes.training(results, records, data),
        cost=summary.cost(results, records),
        provenance=summary.provenance(results, records),
        minimum_seeds=LEAST_SEEDS,
        warnings=warnings(results),
        budget=", ".join(f"{value:,} {name}" for name, value in results.plan.budget.items()),
    )


def charts(results: Results, figures: Path) -> dict[str, tuple[Figure, list[Chart]]]:
    """Every figure with its charts, one a pair or one in all, as the figures stage wrote them."""
    several = len(results.pairs) > 1
    room = STATIC_BYTES
    sections: dict[str, tuple[Figure, list[Chart]]] = {}
    for name, by_pair in stems(results.pairs).items():
        charts_of_figure = []
        for pair, stem in by_pair.items():
            specification, svg = (_read(figures / f"{stem}.{extension}") for extension in ("json", "svg"))
            drawing = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
            room -= len(drawing)
            heading = str(pair) if pair and several else ""
            charts_of_figure.append(Chart(stem, heading, packed(specification), drawing if room > 0 else None))
        sections[name] = (FIGURES[name], charts_of_figure)
    return sections


def packed(specification: str) -> str:
    """A specification as gzip in base64: a tenth of the size, and nothing in it can end the element it stands in."""
    return base64.b64encode(gzip.compress(specification.encode(), mtime=0)).decode()


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _read(path: Path) -> str:
    if not path.is_file():
        raise BadInputError(f"{path}: no such file; `python -m rftlab.views.figures` writes it")
    return path.read_text(encoding="utf-8")


@one_line_errors
def main(argv: list[str] | None = None) -> None:
    """Write the report of a study."""
    parser = argparse.ArgumentParser(prog="python -m rftlab.views.report")
    for option in ("--plan", "--tables", "--figures", "--data", "--output"):
        parser.add_argument(option, type=Path, required=True)
    parser.add_argument("--prediction", type=Path, help="of a study with a probe")
    arguments = parser.parse_args(argv)
    results, data = read_results(arguments.plan, arguments.tables), read_document(arguments.data)
    foretold = None if arguments.prediction is None else read_document(arguments.prediction)
    write_text(arguments.output, render(results, arguments.figures, data, foretold))


if __name__ == "__main__":
    main()
