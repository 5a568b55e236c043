"""How the report writes numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rftlab.views.cells import Cell, cell, points


@pytest.mark.parametrize(
    ("fraction", "text"), [(0.05, "+5.0"), (-0.05, "−5.0"), (0.0, "+0.0"), (0.12345, "+12.3"), (-0.00049, "−0.0")]
)
def test_a_difference_is_in_points_and_signed(fraction: float, text: str) -> None:
    assert points(fraction) == text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (12345, Cell("12,345", 12345.0)),
        (-3, Cell("−3", -3.0)),
        (0.123456, Cell("0.1235", 0.123456)),
        (-0.5, Cell("−0.5", -0.5)),
        (1e-6, Cell("1e-06", 1e-6)),
        ("raw", Cell("raw", "raw")),
        (True, Cell("yes")),
        (np.bool_(False), Cell("no")),
        (None, Cell("–")),
        (float("nan"), Cell("–")),
        (pd.NA, Cell("–")),
    ],
    ids=str,
)
def test_a_value_is_written_for_people_and_sorted_by_itself(value: object, expected: Cell) -> None:
    assert cell(value) == expected
