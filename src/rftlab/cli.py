"""``rftlab``: the commands for people. Snakemake runs a study; these say what it would do, and what came of it.

Everything heavy is imported by the command that needs it, so that ``rftlab --help`` is quick.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rftlab.errors import BadInputError, one_line_errors

if TYPE_CHECKING:
    from rich.table import Table

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A laboratory for the design choices of reinforcement fine-tuning. Snakemake runs a study; these commands "
    "say what it would do, and what came of it.",
)

RACE = "In a race a level ends when it is decided, or has no chance to be; its row is the most that it can come to. "
TUNE = "A level whose own value is chosen needs no further runs to be compared tuned. "
WIDTH = 120  # characters, where the output is no terminal

StudyFiles = Annotated[
    list[Path],
    typer.Argument(
        metavar="STUDY",
        help="a study file, for instance config/demo.yaml; several are merged, as by Snakemake's --configfile",
    ),
]
Place = Annotated[
    list[Path],
    typer.Argument(
        metavar="STUDY|FOLDER",
        help="a study file, or several as for plan; or the folder of its results, or its name below results/",
    ),
]


TrainerFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="a trainer's configuration: YAML, or JSON where it ends in .json")
]
Output = Annotated[Path | None, typer.Option(help="write to this file; by default to standard output")]


@app.command()
@one_line_errors
def plan(
    study: StudyFiles,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON instead of a table")] = False,
    throughput: Annotated[
        Path | None,
        typer.Option(help="tokens per second, as in config/throughput/a100.yaml: adds hours"),
    ] = None,
) -> None:
    """What a study would run: runs, rounds, rollouts, tokens, checkpoints, disk, evaluations and hours, by variant."""
    from rftlab.planning.forecast import forecast, read_throughput
    from rftlab.planning.margin import refuse_unresolvable
    from rftlab.planning.plan import Plan
    from rftlab.study.lock import lock_path
    from rftlab.study.read import load_study

    planned = Plan(load_study(*study, unlocked=True))
    refuse_unresolvable(planned)
    rates = None if throughput is None else read_throughput(throughput, list(planned.study.models))
    estimate = forecast(planned, rates)
    if as_json:
        typer.echo(json.dumps(estimate, indent=1))
        return
    from rich.console import Console

    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    table = _table([name.replace("_bytes", "").replace("_", " ") for name in estimate["variants"][0]])
    for row in estimate["variants"]:
        table.add_row(*(_cell(key, value) for key, value in row.items()))
    table.add_section()
    between = {"at least": estimate["least"]} if estimate["open"] else {}
    between |= {"about": estimate["expected"]} if estimate["race"] or estimate["tune"] else {}
    for name, totals in between.items():
        table.add_row(name, *(_cell(key, value) for key, value in totals.items()))
    name = "at most" if between else "all"
    table.add_row(name, *(_cell(key, value) for key, value in estimate["totals"].items()))
    size = " × ".join(f"{count} {what if count > 1 else what[:-1]}" for what, count in estimate["size"].items())
    console.print(f"{estimate['study']}: {size}", highlight=False)
    console.print(table)
    console.print(
        "Sums over runs. Rollouts include statistics rollouts; max tokens: were every response as long as allowed; "
        f"disk: of checkpoints. {RACE if estimate['race'] else ''}"
        f"{TUNE if estimate['tune'] else ''}"
        f"Base models add {_cell('rows', estimate['base_evaluation_rows'])} evaluation rows.",
        highlight=False,
    )
    for note in estimate["notes"]:
        console.print(f"Note: {note}.", highlight=False, markup=False)
    if not estimate["locked"]:
        console.print(
            f"No {lock_path(study[-1])}: nobody has looked at what is on the model hub. What that leaves unknown is "
            f"'?', and the study cannot be run before `rftlab fetch {shlex.join(map(str, study))}`.",
            highlight=False,
        )
    if throughput is not None:
        parts = ", ".join(f"{_cell('hours', hours)} {part}" for part, hours in estimate["hours"].items())
        share = estimate["overhead"]
        console.print(
            f"Hours by {throughput}, one device a run: {parts}. Not sampling, scoring or updating: "
            f"{'?' if share is None else f'{share:.1%}'}.",
            highlight=False,
        )


@app.command()
@one_line_errors
def show(
    place: Place,
) -> None:
    """What a finished study found, and its marginal gains."""
    folder = results_folder(place)
    from rftlab.views.results import read_results
    from rftlab.views.show import show as show_results
    from rftlab.views.show import terminal

    report = folder / "report.html"
    show_results(
        read_results(folder / "plan.json", folder / "tables"), terminal(), report if report.is_file() else None
    )


@app.command()
@one_line_errors
def report(
    place: Place,
) -> None:
    """A report of what is finished so far, marked partial: partial/report.html in the study's folder."""
    folder = results_folder(place)
    from rftlab.analysis.tables import tables, write_table
    from rftlab.runfolder.expected import EXPECTED, read_expected
    from rftlab.runfolder.read import read_document
    from rftlab.runfolder.study_plan import read_plan
    from rftlab.views import report as views
    from rftlab.views.figures.__main__ import main as draw

    plan, partial = folder / "plan.json", folder / "partial"
    planned, data = read_plan(plan), folder / "data.json"
    made = tables(planned, read_expected(folder / EXPECTED), read_document(data), so_far=True)
    for name, table in made.items():
        write_table(partial / "tables", name, table)
    files = {"--plan": plan, "--tables": partial / "tables"}
    draw([str(part) for option in (files | {"--folder": partial / "figures"}).items() for part in option])
    files |= {"--figures": partial / "figures", "--data": data, "--output": partial / "report.html"}
    views.main([str(part) for option in files.items() for part in option])
    typer.echo(partial / "report.html")


@app.command()
@one_line_errors
def export(
    place: Place,
    latex: Annotated[bool, typer.Option("--latex", help="the table of verdicts with a caption: verdicts.tex")] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="the figures, as vector graphics")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="the same table: verdicts.csv")] = False,
    to: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="where to; by default export/ in the study's folder")
    ] = None,
    trl: Annotated[
        str | None,
        typer.Option(metavar="VARIANT", help="instead print a variant of a study file as TRL's GRPOConfig has it"),
    ] = None,
    verl: Annotated[
        str | None, typer.Option(metavar="VARIANT", help="instead print one as verl's ppo_trainer has it")
    ] = None,
) -> None:
    """The verdicts and figures of a study as a paper takes them; all forms, or those that are named."""
    variants = {name: variant for name, variant in (("trl", trl), ("verl", verl)) if variant is not None}
    if variants and (len(variants) > 1 or latex or pdf or csv or to):
        raise BadInputError(f"--{next(iter(variants))}: it prints a variant, and goes with no other option")
    for framework, variant in variants.items():
        from rftlab.bridge.export import exported

        print_with_remarks(*exported(place, variant, framework))
        return
    folder = results_folder(place)
    from rftlab.views.export.files import FORMS
    from rftlab.views.export.files import export as export_results
    from rftlab.views.results import read_results

    chosen = [form for form, wanted in zip(FORMS, (latex, pdf, csv), strict=True) if wanted] or FORMS
    results = read_results(folder / "plan.json", folder / "tables")
    for path in export_results(results, to or folder / "export", chosen):
        typer.echo(path)


@app.command("from-trl")
@one_line_errors
def from_trl(file: TrainerFile, output: Output = None) -> None:
    """A study's baseline from a configuration of TRL's GRPOTrainer, and what has no equivalent in one."""
    from rftlab.bridge import trl
    from rftlab.bridge.from_trl import from_trl
    from rftlab.bridge.page import baseline_page, read_config, told

    taken = from_trl(read_config(file), str(file))
    text = baseline_page(file, f"{trl.NAME}, on one device", taken.baseline, taken.remarks)
    print_with_remarks(text, told(taken.remarks), output)


@app.command("from-verl")
@one_line_errors
def from_verl(file: TrainerFile, output: Output = None) -> None:
    """A study's baseline from a configuration of verl's ppo_trainer, and what has no equivalent in one."""
    from rftlab.bridge import verl
    from rftlab.bridge.from_verl import from_verl
    from rftlab.bridge.page import baseline_page, read_config, told

    taken = from_verl(read_config(file), str(file))
    print_with_remarks(baseline_page(file, verl.NAME, taken.baseline, taken.remarks), told(taken.remarks), output)


@app.command()
@one_line_errors
def compare(
    a: Annotated[
        Path, typer.Argument(metavar="A", help="a study, as for show, or another machine's copy of its results")
    ],
    b: Annotated[Path, typer.Argument(metavar="B", help="another one")],
) -> None:
    """Two studies side by side: differences of their effects, whether verdicts agree, what was done differently."""
    folders = [results_folder([place]) for place in (a, b)]
    from rftlab.analysis.side_by_side import side_by_side
    from rftlab.views.compare.origins import read_side
    from rftlab.views.compare.terminal import show_comparison
    from rftlab.views.show import terminal

    one, other = map(read_side, folders)
    confidence = one.results.plan.report.confidence, other.results.plan.report.confidence
    rows = side_by_side(one.results.verdicts, other.results.verdicts, confidence)
    if not (rows["where"] == "both").any():
        shared = "level, reference, suite, metric and budget of one model and dataset"
        raise BadInputError(f"{folders[0]}, {folders[1]}: no comparison ({shared}) is in both")
    show_comparison(one, other, rows, terminal())


@app.command()
@one_line_errors
def track(
    place: Place,
    follow: Annotated[bool, typer.Option(help="keep importing until all runs have finished")] = False,
    store: Annotated[str, typer.Option(help="the store; by default mlflow.db beside the study's folder")] = "",
) -> None:
    """Import a study into MLflow, as often as you like: `make mlflow` then shows it."""
    folder = results_folder(place)
    from rftlab.views.track.__main__ import main

    where = store or f"sqlite:///{folder.parent / 'mlflow.db'}"
    main(["--plan", str(folder / "plan.json"), "--store", where, *(["--follow"] if follow else [])])


@app.command()
@one_line_errors
def score(
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="JSONL with answer and completion; - is standard input")
    ],
    reward: Annotated[str, typer.Option(help="verifier, a file of rewards/verifiers/, for instance gsm8k_strict")],
) -> None:
    """Score completions with a verifier and its strict and flexible forms: a JSON line for each.

    A summary follows on standard error.
    """
    from rftlab.levels import UnknownLevelError
    from rftlab.rewards import score_file as scored

    try:
        summary = scored.score_records(reward, read_records(file), typer.echo)
    except UnknownLevelError as error:
        raise BadInputError(f"--reward: {error}") from None
    typer.echo(summary, err=True)


@app.command()
@one_line_errors
def fetch(
    study: StudyFiles,
    renew: Annotated[bool, typer.Option("--renew", help="resolve again what the lock already has")] = False,
) -> None:
    """Download what a study takes from the model hub and lock it: STUDY.lock holds every commit and digest."""
    from rftlab.study.fetch import fetch as fetch_study

    path, names = fetch_study(study, typer.echo, renew=renew), ", ".join(map(str, study))
    typer.echo(f"wrote {path}" if path else f"{names} takes nothing from the model hub: there is nothing to fetch")


@app.command()
@one_line_errors
def catalogue(
    word: Annotated[
        str | None,
        typer.Argument(metavar="WORD", help="show levels that have it in name, formula, source or equivalents"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON instead of tables")] = False,
) -> None:
    """Every level that is a file, by kind, with what it is and its parameters; or all that is said of some."""
    from rich.console import Console

    from rftlab import levels
    from rftlab.errors import did_you_mean
    from rftlab.study.catalogue import described, entries, matching, names, settings
    from rftlab.study.presets import PRESETS
    from rftlab.study.presets import as_json as names_as_json
    from rftlab.study.presets import described as described_name

    try:
        found = entries() if word is None else matching(word)
    except levels.UnknownLevelError as error:
        raise BadInputError(str(error)) from None
    called = [*PRESETS] if word is None else names(word)
    if not (found or called):
        known = sorted({one["name"] for one in entries()} | {*PRESETS})
        raise BadInputError(
            f"catalogue: no level has {word!r} in its name, formula, source or equivalents"
            f"{did_you_mean(str(word), known)}"
        )
    if as_json:
        told = [one for one in names_as_json() if one["name"] in called]
        typer.echo(
            json.dumps({"names": told, "levels": found, "settings": [*settings()]}, indent=2, ensure_ascii=False)
        )
        return
    if word is not None:
        typer.echo("\n\n".join([*map(described_name, called), *map(described, found)]))
        return
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    for kind in levels.FUNCTIONS:
        table = _table([kind.replace(".", "/"), "parameters", "what it is"], numbers=False)
        for one in found:
            if one["kind"] == kind:
                parameters = ", ".join(f"{key}: {default}" for key, default in one["parameters"].items())
                table.add_row(one["name"], parameters or "–", one["summary"])
        console.print(table)


@app.command()
@one_line_errors
def bandit(
    queries: Annotated[int, typer.Option(min=1, help="B, queries of a round")] = 32,
    rollouts: Annotated[int, typer.Option(min=1, help="n, trained rollouts of each query")] = 8,
    statistics_rollouts: Annotated[int, typer.Option(min=0, help="m, those for mean and std alone")] = 0,
    measure: Annotated[str, typer.Option(help="scale, bias, cosine, variance, signal or silent")] = "signal",
    docs: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="write bandit.md's tables, bandit.csv and the charts there")
    ] = None,
) -> None:
    """What each advantage makes of the gradient of a bandit that can be enumerated, by success rate."""
    from rftlab.bandit.grid import MEASURES, RATES, cells, error_of, row
    from rftlab.bandit.rounds import Shape
    from rftlab.errors import did_you_mean

    if docs is not None:
        from rftlab.files import write_text
        from rftlab.views.bandit.charts import charts, write
        from rftlab.views.bandit.page import page
        from rftlab.views.bandit.rows import Rows, read_rows, write_rows

        if not (docs / "bandit.md").is_file():  # before the minutes that its numbers take
            raise BadInputError(f"--docs: {docs} holds no bandit.md, the page whose tables are to be written")
        write_rows(docs / "bandit.csv", [row(cell) for cell in cells()])
        rows = Rows(read_rows(docs / "bandit.csv"))
        write_text(docs / "bandit.md", page(docs / "bandit.md", rows, bandit_code()))
        for name, chart in charts(rows).items():
            write(chart, docs / name)
        typer.echo(docs / "bandit.md")
        return
    if measure not in MEASURES:
        raise BadInputError(
            f"--measure: {measure!r} is not one of {', '.join(MEASURES)}{did_you_mean(measure, [*MEASURES])}"
        )
    from rich.console import Console

    table, shape = _table(["level", *RATES]), Shape(queries, rollouts, statistics_rollouts)
    found: dict[str, list[str]] = {}
    for cell in cells(shapes=[shape]):
        value, error = (row(cell)[key] for key in (measure, error_of(measure)))
        shown = "-" if value is None else f"{value:.4g}" + (f" ± {error:.1g}" if error is not None else "")
        found.setdefault(cell.level, []).append(shown)
    for level, texts in found.items():
        table.add_row(level, *texts)
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    console.print(f"{measure} of {shape}, by success rate; ±: sampled, with its standard error", highlight=False)
    console.print(table)


def bandit_code() -> str:
    """Digest of what the laboratory's numbers were made with: its own code and that of every advantage."""
    from rftlab.files import digest
    from rftlab.planning.fingerprint import PACKAGE, tokens_digest

    files = sorted(path for room in ("advantages", "bandit") for path in (PACKAGE / room).glob("*.py"))
    return digest([[path.name, tokens_digest(path)] for path in files])


def results_folder(places: Sequence[Path]) -> Path:
    """Folder of a study's results, from that folder itself, from its name under ``results``, or the study's files.

    Raises:
        BadInputError: there is none of them, or the study has no plan there yet.
    """
    if len(places) == 1 and places[0].is_dir():
        folder, study = places[0], "STUDY"
    elif len(places) == 1 and not places[0].exists() and ("results" / places[0]).is_dir():
        folder, study = "results" / places[0], "STUDY"
    else:
        from rftlab.study.check_names import NAME
        from rftlab.study.yaml_file import read_files

        name = read_files(places).get("study")
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise BadInputError(f"{', '.join(map(str, places))}: study: a name is needed, not {name!r}")
        folder, study = Path("results") / name, shlex.join(map(str, places))
    if not (folder / "plan.json").is_file():
        raise BadInputError(f"{folder}/plan.json: no such file yet; `snakemake --configfile {study}` makes it")
    return folder


def print_with_remarks(text: str, remarks: Sequence[str], output: Path | None = None) -> None:
    """A file's text on standard output or into a file, and a line for each remark on standard error."""
    from rftlab.files import write_text

    for remark in remarks:
        typer.echo(remark, err=True)
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_text(output, text)
        typer.echo(output)


def read_records(file: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """``("file:line", record)`` for every line of a JSONL file, or of standard input.

    Raises:
        BadInputError: a file that is missing or empty, or a line that is not a JSON object.
    """
    from rftlab.data.queries import read_jsonl

    yield from read_jsonl(Path("/dev/stdin" if file == "-" else file))


def _table(headings: list[str], *, numbers: bool = True) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for position, heading in enumerate(headings):
        if numbers and position:
            table.add_column(heading, justify="right", no_wrap=True)  # a number in two lines is read as two
        else:
            table.add_column(heading, overflow="fold")
    return table


def _cell(key: str, value: int | float | str | None) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return "?"
    if isinstance(value, float):
        return f"{value:,.1f}"
    if key.endswith("_bytes"):
        return f"{value / 2**20:,.0f} MiB" if value < 2**34 else f"{value / 2**30:,.0f} GiB"
    return f"{value:,}" if value < 10**6 else f"{value / 10**6:,.1f} M"


if __name__ == "__main__":
    sys.exit(app())
