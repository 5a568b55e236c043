"""How the report writes numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rftlab.views.cells import Cell, breakable, cell, points


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


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("advantage/group_norm_extra7", "advantage/<wbr>group_<wbr>norm_<wbr>extra7"),
        ("rollout.queries: 128", "rollout.<wbr>queries: 128"),
        ("k=v", "k=<wbr>v"),
        ("42.0% of 1,024, −0.5", "42.0% of 1,024, −0.5"),
        ("<b>&'a/b", "&lt;b&gt;&amp;&#39;a/<wbr>b"),
        ("at/ the_", "at/ the_"),
    ],
)
def test_a_name_may_be_broken_after_its_separators_and_nowhere_else(text: str, html: str) -> None:
    assert breakable(text) == html
