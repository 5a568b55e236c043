"""Rows of the laboratory, and whether docs/bandit.* hold what the code gives."""

from pathlib import Path

import pytest

from rftlab import levels
from rftlab.bandit.grid import KINDS, MEASURES, RATES, SHAPES, Cell, cells, error_of, row
from rftlab.bandit.rounds import Shape
from rftlab.cli import bandit_code
from rftlab.views.bandit.page import page
from rftlab.views.bandit.rows import Rows, read_rows

STALE = "docs/bandit.md is stale: run `rftlab bandit --docs docs`"


def test_every_level_is_in_every_shape_and_success_rate() -> None:
    found = list(cells())
    assert len(found) == len(SHAPES) * len(levels.names("advantages")) * len(RATES)
    assert all(len(rates) == KINDS for rates in RATES.values())


def test_a_row_says_how_it_came_about() -> None:
    exact = row(Cell("group_norm", Shape(2, 2), "0.5"))
    assert (exact["method"], exact["scale_error"]) == ("enumerated", None)
    assert exact["silent"] == 0.25
    sampled = row(Cell("ema", Shape(2, 2), "0.5"))
    assert sampled["method"] == "sampled"
    assert sampled["signal_error"] > 0


def test_a_level_without_a_value_is_undefined_and_no_number() -> None:
    found = row(Cell("leave_one_out", Shape(4, 1), "0.5"))
    assert found["method"] == "undefined"
    assert [found[name] for name in MEASURES] == [None] * 6
    assert [found[error_of(name)] for name in MEASURES] == [None] * 6
    assert row(Cell("group_mean", Shape(4, 1), "0.5"))["cosine"] is None  # no direction, and defined


def test_another_error_of_a_level_is_not_taken_for_that(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise ValueError("operands could not be broadcast")

    monkeypatch.setattr("rftlab.bandit.grid.estimate", broken)
    with pytest.raises(ValueError, match="broadcast"):
        row(Cell("raw", Shape(4, 1), "0.5"))


def test_the_page_is_what_the_rows_say_and_of_this_code(repository: Path) -> None:
    path = repository / "docs" / "bandit.md"
    rows = Rows(read_rows(repository / "docs" / "bandit.csv"))
    assert rows.levels == levels.names("advantages"), STALE
    assert path.read_text(encoding="utf-8") == page(path, rows, bandit_code()), STALE


@pytest.mark.parametrize(
    "cell",
    [
        Cell("group_norm", Shape(32, 8), "mixed"),
        Cell("batch_norm", Shape(4, 2), "0.25"),
        Cell("shrinkage", Shape(4, 1), "mixed"),
        Cell("ema", Shape(1, 2), "0.5"),
    ],
    ids=str,
)
def test_the_rows_are_what_the_code_gives(repository: Path, cell: Cell) -> None:
    shape = cell.shape
    kept = Rows(read_rows(repository / "docs" / "bandit.csv")).at(cell.level, (shape.B, shape.n, shape.m), cell.success)
    for key, value in row(cell).items():
        assert kept[key] == (pytest.approx(value, rel=1e-4, abs=1e-9) if isinstance(value, float) else value), STALE
