"""Two studies side by side, as the terminal shows them."""

from __future__ import annotations

import dataclasses
import io
import re
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

import presented
from rftlab.analysis.side_by_side import side_by_side
from rftlab.views.compare.origins import Side
from rftlab.views.compare.terminal import COLUMNS, hypotheses, show_comparison
from rftlab.views.results import Results
from rftlab.views.show import WIDTH


def side(results: Results, folder: str = "results/demo") -> Side:
    return Side(Path(folder), results, [presented.PROVENANCE for _ in results.plan.runs])


def rows(a: Results, b: Results) -> pd.DataFrame:
    return side_by_side(a.verdicts, b.verdicts, (0.95, 0.95))


def shown(a: Side, b: Side) -> str:
    output = io.StringIO()
    show_comparison(a, b, rows(a.results, b.results), Console(file=output, width=WIDTH))
    return output.getvalue()


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(scope="module")
def study() -> Results:
    return presented.study(variants=presented.FEW)


def changed(results: Results, level: str, **values: object) -> Results:
    verdicts = results.verdicts.copy()
    for name, value in values.items():
        verdicts.loc[verdicts["level"] == level, name] = value
    return dataclasses.replace(results, verdicts=verdicts)


def test_it_fits_a_hundred_characters(study: Results) -> None:
    assert sum(COLUMNS.values()) <= WIDTH
    text = shown(side(presented.study()), side(presented.study()))
    assert max(map(len, text.splitlines())) <= WIDTH


def test_it_has_both_findings_their_difference_and_agreement(study: Results) -> None:
    study = changed(study, "n8", verdict="higher")
    other = changed(study, "n8", estimate=0.02, low=-0.01, high=0.05, verdict="undecided")
    text = shown(side(study), side(other, "elsewhere"))
    row = rows(study, other).query("level == 'n8' and suite == 'id' and budget == 'rounds'").iloc[0]
    line = next(line for line in text.splitlines() if line.startswith("rollouts/n8"))
    assert f"{100 * row['estimate_a']:+.1f} {row['verdict_a']}" in line
    assert "+2.0 undecided" in line
    assert f"{100 * row['difference']:+.1f} " in line
    assert line.rstrip().endswith("one open")
    assert f"[{100 * row['low']:+.1f}, {100 * row['high']:+.1f}]" in text
    assert "[-1.0, +5.0]" in text
    assert "A: results/demo: tiny-qwen2 x chains" in text
    assert "B: elsewhere: tiny-qwen2 x chains" in text


def test_verdicts_that_are_opposed_stand_out(study: Results) -> None:
    one = changed(study, "n8", verdict="higher")
    text = shown(side(one), side(changed(study, "n8", verdict="equivalent")))
    assert text.count("OPPOSED") == 2
    assert "Verdicts: 4 the same, 2 opposed, 0 decided" in flat(text)


def test_levels_come_in_the_studys_order_one_row_a_hypothesis(study: Results) -> None:
    full = presented.study()
    table = hypotheses(rows(full, full), full)
    assert list(dict.fromkeys(table["label"])) == [v.label for v in full.levels]
    assert set(table["budgets"]) == {"rounds, rollouts"}
    apart = changed(study, "n8", estimate=[0.01, 0.02, 0.03, 0.04])
    table = hypotheses(rows(study, apart), study).query("label == 'rollouts/n8'")
    assert list(table["budgets"]) == ["rounds", "rollouts"] * 2


def test_what_is_in_one_study_alone_is_named(study: Results) -> None:
    few = presented.study(variants={name: presented.FEW[name] for name in ("baseline", "again")})
    text = flat(shown(side(study), side(few)))
    assert "In A only: advantage/group_norm_extra7 vs baseline, id, equal rounds, rollouts; " in text
    assert "In B only" not in text
    many = flat(shown(side(presented.study()), side(study)))
    assert re.search(r"; and \d+ more\.", many)


def test_what_the_studies_share_is_told(study: Results) -> None:
    assert "They share seeds and evaluation queries" in flat(shown(side(study), side(study)))
    sets = {name: dataclasses.replace(s, digest="x") for name, s in study.plan.evaluation_sets.items()}
    plan = dataclasses.replace(study.plan, seeds=(7, 8, 9), evaluation_sets=sets)
    assert "They share" not in shown(side(study), side(dataclasses.replace(study, plan=plan)))


def test_what_differs_is_a_table_or_nothing(study: Results) -> None:
    assert "Their designs, settings and data are the same." in shown(side(study), side(study))
    other = dataclasses.replace(study, runs=study.runs.assign(**{"config.rollout.temperature": 0.7}))
    text = shown(side(study), side(other))
    assert re.search(r"rollout\.temperature\s+1\s+0\.7\s+all variants", text)
    assert "are the same" not in text
    bare = dataclasses.replace(side(study), provenance=None)
    assert "B has no runs/, so that code and environment cannot be compared." in shown(side(study), bare)


def test_pairs_are_named_where_there_are_several() -> None:
    several = presented.study(models=("a", "b"), variants=presented.FEW)
    text = shown(side(several), side(several))
    assert "a x chains" in text
    assert "b x chains" in text.split("level", 1)[1]
    one = presented.study(models=("c",), variants=presented.FEW)
    other = presented.study(models=("d",), variants=presented.FEW)
    assert "c x chains" not in shown(side(one), side(other)).split("level", 1)[1]


def test_one_seed_has_no_interval(study: Results) -> None:
    single = presented.study(variants=presented.FEW, seeds=(0,))
    assert "[no interval]" in shown(side(single), side(study))
