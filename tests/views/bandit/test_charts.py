"""Charts of the laboratory: a field for every level and success rate, and nothing for what is not defined."""

from pathlib import Path

from rftlab.views.bandit.charts import SIGNAL_CHART, SILENT_CHART, charts, write
from rftlab.views.bandit.rows import Rows

SHAPES = [(32, 1, 0), (32, 1, 7), (32, 2, 0), (32, 8, 0), (1, 8, 0), (4, 8, 0)]
ROWS = Rows(
    [
        {
            "level": level, "B": B, "n": n, "m": m, "success": success, "silent": None if undefined else 0.25,
            "signal": None if undefined else 0.0 if level == "mute" else float(n), "signal_error": None,
        }
        for level in ("raw", "mute", "pairs")
        for B, n, m in SHAPES
        for undefined in [level == "pairs" and n == 1]
        for success in ("0.5", "mixed")
    ]
)  # fmt: skip


def test_every_defined_row_is_a_field() -> None:
    made = charts(ROWS)
    signals = {(row["shape"], row["level"]): row for row in made[SIGNAL_CHART]["datasets"]["table"]}
    assert len(made[SIGNAL_CHART]["datasets"]["table"]) == 2 * (4 + 4 + 2)
    assert signals["32×8", "raw"]["text"] == "8.00"
    assert signals["32×8", "raw"]["value"] == 3.0
    assert signals["32×8", "mute"]["text"] == "0.00"
    assert ("32×1", "pairs") not in signals
    assert len(made[SIGNAL_CHART]["concat"]) == len(made[SILENT_CHART]["concat"]) == 4
    assert {row["text"] for row in made[SILENT_CHART]["datasets"]["table"]} == {"25"}


def test_a_chart_is_drawn(tmp_path: Path) -> None:
    write(charts(ROWS)[SIGNAL_CHART], tmp_path / SIGNAL_CHART)
    assert "32×1+7" in (tmp_path / SIGNAL_CHART).read_text(encoding="utf-8")
