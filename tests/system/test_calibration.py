"""Calibration: simulated studies have the effects they are said to have, and its page holds what was measured."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from rftlab.runfolder.study_plan import BASELINE
from simulated import ALONE, PAIR, Population, Study, is_false


@pytest.fixture
def calibrate(repository: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(repository / "benchmarks")
    for name in ("calibrate", "cells", "evidence"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import calibrate

    return calibrate


@pytest.mark.parametrize("mean", [0.0, -1.5])
def test_an_effect_is_what_it_is_said_to_be(mean: float) -> None:
    quiet = Population(queries=40_000, seed=0.0, mean=mean)
    study = Study(np.random.default_rng(3), {"f/a": 0.05, "f/b": -0.1, "f/c": 0.0}, quiet, noisy={"f/c": 4.0})
    accuracy = study.arm(BASELINE, 3).mean
    assert accuracy == pytest.approx(quiet.accuracy, abs=0.01)
    for name, effect in study.effects[ALONE].items():
        assert study.arm(name, 3).mean - accuracy == pytest.approx(effect, abs=0.004)


def test_collapses_are_part_of_what_is_true() -> None:
    study = Study(np.random.default_rng(4), {"f/a": 0.0}, Population(queries=200), collapsing={"f/a": 0.5})
    (one,) = study.compare(PAIR, {BASELINE: 20, "f/a": 200})
    assert one.unsettled
    assert study.truth(one) == pytest.approx(-0.125)
    assert one.found.estimate == pytest.approx(-0.125, abs=0.04)


def test_a_study_has_the_same_runs_whatever_is_asked_first() -> None:
    effects = {"f/a": 0.0, "f/b": 0.02}
    once, again = (Study(np.random.default_rng(5), effects, Population(shared=0.3)) for _ in range(2))
    again.arm("f/b", 7)
    again.arm("f/a", 2)
    for name in (BASELINE, "f/a", "f/b"):
        assert (once.arm(name, 4).means[0] == again.arm(name, 4).means[0]).all()


@pytest.mark.parametrize(
    ("verdict", "truth", "false"),
    [
        ("higher", 0.0, True),
        ("higher", 0.01, False),
        ("higher", -0.01, True),
        ("lower", -0.01, False),
        ("lower", 0.01, True),
        ("equivalent", 0.029, False),
        ("equivalent", -0.03, True),
        ("undecided", 0.0, False),
    ],
)
def test_what_is_false(verdict: str, truth: float, false: bool) -> None:
    assert is_false(verdict, truth, 0.03) is false


def test_a_ratio_has_the_error_of_its_studies(calibrate: ModuleType) -> None:
    ones = [{"race": {"found": (a, b)}} for a, b in [(1.0, 1.0), (0.0, 1.0), (1.0, 2.0), (2.0, 2.0)]]
    (ratio, error) = calibrate.summary(ones)["race"]["found"]
    assert ratio == pytest.approx(4 / 6)
    assert error == pytest.approx(np.sqrt((1 / 3) ** 2 + (2 / 3) ** 2 + (1 / 3) ** 2 + (2 / 3) ** 2) / 6)


def test_a_cell_that_errs_too_often_is_named(calibrate: ModuleType) -> None:
    def result(false: float) -> dict[str, object]:
        found = {"race": {"false difference": [false, 0.01], "false equivalence": [0.0, 0.0]}}
        return {"cell": {"name": "alike", "table": "error"}, "studies": 600, "found": found}

    assert list(calibrate.failures([result(0.06)])) == []
    assert list(calibrate.failures([result(0.07)])) == ["alike, race: false difference in 0.070 of studies"]


def test_finished_cells_stay_and_the_page_is_written_from_them(
    calibrate: ModuleType, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "evidence.md"
    page.write_bytes((repository / "docs" / "evidence.md").read_bytes())
    arguments = ["calibrate.py", "--studies", "1", "--jobs", "1", "--folder", str(tmp_path), "--page", str(page)]
    monkeypatch.setattr(sys, "argv", arguments)
    monkeypatch.setattr(calibrate, "failures", lambda results: iter(()))
    calibrate.main()
    written = page.read_text("utf-8")
    times = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.json")}
    assert len(times) == len(calibrate.cells())
    assert all(f"\n| {cell.name} | " in written for cell in calibrate.cells())
    calibrate.main()
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.json")} == times
    assert page.read_text("utf-8") == written
