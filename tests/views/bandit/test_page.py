"""Tables of the page, from rows made up here."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from rftlab.errors import BadInputError
from rftlab.views.bandit.page import SIGNAL, page, tables
from rftlab.views.bandit.rows import Rows

MEASURES = ("scale", "bias", "cosine", "variance", "signal", "silent")
SHAPES = [(B, n, m) for n, m in ((1, 0), (1, 7), (2, 0), (8, 0)) for B in (1, 4, 32)]


def made_up(level: str, of: tuple[int, int, int], success: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "level": level,
        "B": of[0],
        "n": of[1],
        "m": of[2],
        "success": success,
        "method": "enumerated",
    }
    row |= dict.fromkeys(MEASURES, 0.5) | {f"{name}_error": None for name in MEASURES}
    if level == "noisy":
        row |= {
            "method": "sampled",
            "scale": -0.25,
            "scale_error": 0.011,
            "signal": 1.0,
            "signal_error": 0.1,
            "silent": 0.001,
        }
    if level == "refused" and of[1] == 1:
        row |= {"method": "undefined"} | dict.fromkeys(MEASURES)
    return row


ROWS = Rows([made_up(*of) for of in product(("raw", "noisy", "refused"), SHAPES, ("0.05", "0.5", "mixed"))])


def lines(table: str) -> dict[str, list[str]]:
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {first: rest for first, *rest in cells}


def test_tables_say_what_the_rows_say() -> None:
    made = {name: lines(table) for name, table in tables(ROWS).items()}
    assert made["bias"]["`noisy`"] == ["−0.25 ± 0.01"] * 3 + ["0.500", "0.50"]
    assert made["signal 32×1"]["`noisy`"] == ["2.00 ± 0.2"] * 3
    assert made["signal 32×1"]["`refused`"] == ["–"] * 3
    assert made["signal 32×8"]["`refused`"] == ["1.00"] * 3
    assert made["silent"]["`noisy`"] == ["< 1"] * 12
    assert made["silent"]["`refused`"] == ["–"] * 3 + ["50"] * 9
    assert made["methods"]["`noisy`"] == ["±"] * 12
    assert made["methods"]["`refused`"] == ["–"] * 6 + ["e"] * 6


def places(names: list[str]) -> str:
    return "\n".join(f"Text\n<!-- table {name} -->\nold\n<!-- end -->" for name in names)


def test_a_page_has_its_tables_made_anew_and_its_prose_kept(tmp_path: Path) -> None:
    path = tmp_path / "bandit.md"
    path.write_text(places(["code", *tables(ROWS)]))
    once = page(path, ROWS, "abc")
    assert "<!-- made with abc -->" in once
    assert "old" not in once
    assert once.count("Text\n") == 4 + len(SIGNAL)
    path.write_text(once)
    assert page(path, ROWS, "abc") == once


def test_a_page_without_a_place_for_a_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bandit.md"
    path.write_text(places(["code", "bias"]))
    with pytest.raises(BadInputError, match="0 places for the table 'silent'"):
        page(path, ROWS, "abc")
