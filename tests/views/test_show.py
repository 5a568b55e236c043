"""The table of marginal gains in the terminal: its numbers, its width, and what it does with few seeds or none."""

from __future__ import annotations

import dataclasses
import io
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

import presented
from rftlab.views.findings import findings
from rftlab.views.results import Results
from rftlab.views.show import WIDTH, _cell, show


def _shown(results: Results, width: int = WIDTH, report: Path | None = None) -> str:
    output = io.StringIO()
    show(results, Console(file=output, width=width), report)
    return output.getvalue()


def test_it_holds_every_level_with_its_reference_gain_interval_and_verdict() -> None:
    study = presented.study()
    text = _shown(study, 140)
    flat = re.sub(r"\s+", "", text)
    for v in study.levels:
        assert v.label.replace(" ", "") in flat
    gain = study.judged(study.pairs[0]).query("variant == 'control/lr_0' and suite == 'id'").iloc[0]
    assert f"{100 * gain['estimate']:+.1f} {gain['verdict']}" in text
    assert f"[{100 * gain['low']:+.1f}, {100 * gain['high']:+.1f}]" in text
    assert "vsbaseline,control" in flat
    assert "vsbaseline,inert" in flat


def test_what_was_found_comes_first_in_ascii() -> None:
    study = presented.study()
    text = _shown(study)
    found = [str(finding).replace("−", "-").replace("≥", ">=") for finding in findings(study)]
    assert " ".join(text.split()).startswith(" ".join(found))
    head = text[: text.index("tiny-qwen2 x chains")]
    assert head.isascii()


@pytest.mark.parametrize("width", [60, 100, 160])
def test_it_fits(width: int) -> None:
    text = _shown(presented.study(), width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert (text.count("id, equal"), text.count("ood, equal")) == (2, 2)


def test_both_suites_at_both_budgets_share_one_table_at_a_hundred_characters() -> None:
    assert len(re.findall("^level ", _shown(presented.study()), re.MULTILINE)) == 1


def test_it_is_plain_where_there_is_no_terminal() -> None:
    assert "\x1b" not in _shown(presented.study())


def test_runs_of_other_code_are_told() -> None:
    study = presented.study()
    assert "made with other code" not in _shown(study)
    report = dataclasses.replace(study.plan.report, other_code="only logging changed")
    plan = dataclasses.replace(study.plan, report=report)
    told = _shown(dataclasses.replace(study, plan=plan, runs=study.runs.assign(other_code=True)))
    assert "were made with other code than today's: only logging changed" in " ".join(told.split())


def test_below_three_seeds_there_are_no_verdicts() -> None:
    text = _shown(presented.study(seeds=(0, 1)))
    assert text.startswith("No level is judged: a verdict needs 3 seeds.\nThe baseline: ")
    assert "\n\nNo verdicts. This study has 2 seeds; below 3 " in text
    assert not re.search("higher|lower|undecided|equivalent", text)


def test_one_seed_has_no_interval_either() -> None:
    text = _shown(presented.study(seeds=(0,)))
    assert "[no interval]" in text
    assert "1 seed;" in text


def test_a_study_without_levels_says_so() -> None:
    text = _shown(presented.study(variants={"baseline": presented.VARIANTS["baseline"]}))
    assert "no level besides its baseline" in text


def test_it_ends_with_what_to_open_next() -> None:
    text = _shown(presented.study(), report=Path("results/demo/report.html"))
    assert text.splitlines()[-2:] == ["Report: results/demo/report.html", "MLflow: make mlflow"]


def test_names_with_markup_are_shown_as_they_are() -> None:
    variants = {"baseline": presented.VARIANTS["baseline"], "f/[red]x": (0.1, {"optimizer.lr": 2.0})}
    assert "f/[red]x" in _shown(presented.study(variants=variants))


def test_an_interval_too_long_for_its_cell_has_no_decimals() -> None:
    row = SimpleNamespace(estimate=0.067, low=-2.364, high=2.496, verdict="too few seeds")
    assert str(_cell(row)) == "+6.7\n[-236, +250]"


def test_an_undecided_level_says_what_would_have_been_found() -> None:
    row = SimpleNamespace(estimate=0.012, low=-0.01, high=0.034, verdict="undecided", detectable=0.0312)
    assert str(_cell(row)) == "+1.2 undecided\n[-1.0, +3.4]\n>= 3.1"


def test_without_an_a_a_variant_nothing_is_said_about_it() -> None:
    assert "A/A row" in _shown(presented.study())
    variants = {name: effect for name, effect in presented.VARIANTS.items() if name != "again"}
    assert "A/A row" not in _shown(presented.study(variants=variants))
