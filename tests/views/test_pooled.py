"""What is said over several pairs, where there are several."""

from __future__ import annotations

import dataclasses
import io

import pytest
from rich.console import Console

import presented
from rftlab.views.cells import points
from rftlab.views.pooled import over_pairs, reading
from rftlab.views.results import Results
from rftlab.views.show import show


@pytest.fixture(scope="module")
def study() -> Results:
    return presented.study(models=("a", "b", "c"), variants=presented.FEW)


def test_a_row_for_every_level_suite_and_budget(study: Results) -> None:
    table = over_pairs(study)
    assert len(table.rows) == 3 * 2, "both budgets alike"
    assert {row[1].text for row in table.rows} == {"id, equal rounds and rollouts", "ood, equal rounds and rollouts"}
    apart = dataclasses.replace(study, pooled=study.pooled.assign(low=range(len(study.pooled))))
    assert [row[1].text for row in over_pairs(apart).rows][:2] == ["id, equal rounds", "id, equal rollouts"]
    n8 = next(row for row in table.rows if row[0].text == "rollouts/n8")
    pooled = study.pooled.query("level == 'n8' and suite == 'id' and budget == 'rounds'").iloc[0]
    assert n8[2].text == f"{points(pooled['estimate'])} {pooled['verdict']}"
    assert n8[2].note.startswith(f"[{points(pooled['low'])}, {points(pooled['high'])}]")
    assert n8[3].text == f"[{points(pooled['general_low'])}, {points(pooled['general_high'])}]"
    assert n8[4].text == f"[{points(pooled['predicted_low'])}, {points(pooled['predicted_high'])}]"
    assert n8[0].note == "vs advantage/group_norm_extra7"


@pytest.mark.parametrize(
    ("higher", "lower", "told"),
    [
        (2, 0, "higher in ≥ 2 of 3"),
        (0, 3, "lower in ≥ 3 of 3"),
        (2, 1, "higher in ≥ 2 of 3, lower in ≥ 1 of 3"),
        (0, 0, "–"),
    ],
)
def test_in_how_many_pairs(study: Results, higher: int, lower: int, told: str) -> None:
    rows = over_pairs(dataclasses.replace(study, pooled=study.pooled.assign(higher_in=higher, lower_in=lower))).rows
    assert {row[5].text for row in rows} == {told}


def test_what_is_not_said(study: Results) -> None:
    again = next(row for row in over_pairs(study).rows if row[0].text.startswith("A/A"))
    assert again[2].text[-1].isdigit(), "no verdict"
    two = over_pairs(presented.study(models=("a", "b"), variants=presented.FEW))
    assert {row[3].text for row in two.rows} == {"no interval"}
    assert over_pairs(presented.study(variants=presented.FEW)).rows == []


def test_an_undecided_mean_says_what_would_have_been_found(study: Results) -> None:
    undecided = study.pooled.assign(verdict="undecided", detectable=0.034)
    rows = over_pairs(dataclasses.replace(study, pooled=undecided)).rows
    assert all(row[2].note.endswith("would show ≥ 3.4") for row in rows)


def test_it_is_in_the_terminal_where_there_are_several_pairs(study: Results) -> None:
    def shown(results: Results) -> str:
        output = io.StringIO()
        show(results, Console(file=output, width=100))
        return output.getvalue()

    text = shown(study)
    assert "demo: over 3 pairs" in text
    assert " ".join(reading(study).split()) in " ".join(text.split())
    assert text[text.index("over 3 pairs") :].replace("─", "-").isascii()
    assert max(map(len, text.splitlines())) <= 100
    assert "over these pairs" not in shown(presented.study(variants=presented.FEW))
