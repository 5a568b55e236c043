"""Rows that were written are read again, and looked up."""

from pathlib import Path
from typing import Any

import pytest

from rftlab.errors import BadInputError
from rftlab.views.bandit.rows import Rows, read_rows, shape_text, write_rows


def row(level: str, n: int, method: str, signal: float | None, error: float | None = None) -> dict[str, Any]:
    where = {"level": level, "B": 4, "n": n, "m": 0, "success": "0.5", "method": method}
    return {**where, "signal": signal, "signal_error": error}


ROWS = [row("raw", 1, "enumerated", 0.5), row("ema", 2, "sampled", 0.75, 0.1), row("rloo", 2, "undefined", None)]


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.csv", ROWS)
    assert read_rows(tmp_path / "rows.csv") == ROWS


def test_a_signal_is_relative_to_the_raw_reward() -> None:
    rows = Rows(ROWS)
    assert rows.levels == ["raw", "ema", "rloo"]
    assert rows.successes == ["0.5"]
    assert rows.relative_signal("ema", (4, 2, 0), "0.5") == (1.5, 0.2)
    assert rows.relative_signal("raw", (4, 1, 0), "0.5") == (1.0, None)
    assert rows.relative_signal("rloo", (4, 2, 0), "0.5") is None


def test_shapes_in_words() -> None:
    assert [shape_text((32, 1, 7)), shape_text((4, 8, 0))] == ["32×1+7", "4×8"]


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="rftlab bandit --docs"):
        read_rows(tmp_path / "rows.csv")
