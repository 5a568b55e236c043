"""Effects of crossed factors are shown where there are some."""

from __future__ import annotations

import dataclasses
import io

import pandas as pd
import pytest
from rich.console import Console

import presented
from rftlab.analysis.factorial import EFFECTS, effect_rows
from rftlab.analysis.primary import Comparison
from rftlab.runfolder.study_plan import Pair, PlannedVariant
from rftlab.views.effects import READING, crossed_effects
from rftlab.views.results import Results
from rftlab.views.show import show
from simulated import known


@pytest.fixture(scope="module")
def study() -> Results:
    plain = presented.study(variants=presented.FEW)
    named = [("a+b", "1+1", -0.2), ("a", "1", 0.3), ("b", "1", 0.001)]
    found = [
        Comparison(
            Pair("tiny-qwen2", "chains"),
            PlannedVariant(f"{factor}/{level}", factor, level, None, {}),
            "id",
            "greedy_auc",
            ("rounds", "rollouts"),
            known(estimate, 0.02, 20.0, (5, 5), 256),
            False,
            False,
        )
        for factor, level, estimate in named
    ]
    rows = effect_rows(found, alpha=0.05, margin=0.02)
    return dataclasses.replace(plain, effects=pd.DataFrame(rows, columns=list(EFFECTS)).astype(EFFECTS))


def shown(results: Results) -> str:
    output = io.StringIO()
    show(results, Console(file=output, width=100))
    return output.getvalue()


def test_main_effects_come_before_interactions(study: Results) -> None:
    table = crossed_effects(study, study.pairs[0])
    assert table.columns == ["effect", "in distribution, equal rounds", "in distribution, equal rollouts"]
    assert [(row[0].text, row[0].note) for row in table.rows] == [
        ("a/1", "main effect"),
        ("b/1", "main effect"),
        ("a/1 x b/1", "interaction"),
    ]
    assert [row[1].kind for row in table.rows] == ["higher", "undecided", "lower"]
    assert [row[2].text for row in table.rows] == ["+30.0", "+0.1", "−20.0"]


def test_they_are_in_the_terminal_where_factors_are_crossed(study: Results) -> None:
    text = shown(study)
    assert "demo: tiny-qwen2 x chains, crossed factors" in text
    assert " ".join(READING.split()) in " ".join(text.split())
    assert "crossed" not in shown(presented.study(variants=presented.FEW))


def test_a_study_without_crossed_factors_has_none() -> None:
    results = presented.study(variants=presented.FEW)
    assert crossed_effects(results, results.pairs[0]).rows == []
