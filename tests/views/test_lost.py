"""Lost runs are shown where there are some, with exact intervals, and nowhere else."""

from __future__ import annotations

import dataclasses
import io

import pandas as pd
import pytest
from rich.console import Console

import presented
from rftlab.views.lost import lost_runs, reading
from rftlab.views.results import Results
from rftlab.views.show import show


@pytest.fixture(scope="module")
def study() -> Results:
    """One run of a level collapsed."""
    return presented.study()


def lost_as(study: Results, variant: str, **values: float) -> Results:
    changed = study.collapses.copy()
    changed.loc[changed["variant"] == variant, list(values)] = list(values.values())
    return dataclasses.replace(study, collapses=changed)


def shown(study: Results) -> str:
    output = io.StringIO()
    show(study, Console(file=output, width=100))
    return output.getvalue()


def test_a_row_for_every_variant_that_lost_runs(study: Results) -> None:
    (row,) = lost_runs(study).rows
    assert [cell.text for cell in row] == ["optimizer/lr_3e-4", "1", "0", "1 of 3", "0 of 3, baseline"]
    assert row[3].note == "[1, 91]%"
    assert row[4].note == "p = 1"


def test_it_says_where_more_were_lost_or_fewer(study: Results) -> None:
    more = lost_as(study, "kl/k3_0.001", n_lost=3, rate=1.0, p=0.001, p_holm=0.01)
    cells = {row[0].text: row[-1].note for row in lost_runs(more).rows}
    assert cells["kl/k3_0.001"] == "more than that, p = 0.01"
    fewer = lost_as(lost_as(study, "baseline", n_lost=3, rate=1.0), "kl/k3_0.001", p=0.001, p_holm=0.01)
    cells = {row[0].text: row[-1] for row in lost_runs(fewer).rows}
    assert cells["kl/k3_0.001"].text == "3 of 3, baseline"
    assert cells["kl/k3_0.001"].note == "fewer than that, p = 0.01"
    assert cells["baseline"].text == ""


def test_what_was_no_hypothesis_says_so(study: Results) -> None:
    again = lost_as(study, "again", n_lost=1, rate=1 / 3)
    assert next(row for row in lost_runs(again).rows if row[0].text.startswith("A/A"))[-1].note == "not tested"


def test_pairs_are_named_where_there_are_several() -> None:
    table = lost_runs(presented.study(models=("a", "b")))
    assert table.columns[0] == "model x dataset"
    assert [row[0].text for row in table.rows] == ["a x chains", "b x chains"]


def test_it_is_in_the_terminal_where_a_run_was_lost_and_only_there(study: Results) -> None:
    text = shown(study)
    assert "1 of 3" in text
    assert " ".join(reading(study).split()) in " ".join(text.split())
    assert text[text.index("variant  ") :].replace("─", "-").isascii(), "words of the terminal"
    whole = dataclasses.replace(study, collapses=study.collapses.assign(n_lost=0, p_holm=float("nan")))
    assert pd.isna(whole.collapses["p_holm"]).all()
    assert "Lost runs" not in shown(whole)
