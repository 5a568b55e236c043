"""What all charts share: extents, lines of text, grids, colours."""

from __future__ import annotations

import math

import altair as alt
import pandas as pd
import pytest

from rftlab.views.figures.style import (
    chart,
    column,
    domain,
    empty,
    grid,
    plain,
    row,
    with_tables,
    wrapped,
)
from vega import reason


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("advantage/group_norm", 8, ["advantag", "e/group_", "norm"]),
        ("short", 8, ["short"]),
        ("", 8, [""]),
    ],
)
def test_lines_are_no_wider_than_asked(text: str, width: int, lines: list[str]) -> None:
    assert wrapped(text, width) == lines


@pytest.mark.parametrize(
    ("values", "limits", "extent"),
    [
        ([0, 12], {}, [-1, 13]),
        ([12, 0, 6], {}, [-1, 13]),
        ([0, 12], {"floor": 0, "ceiling": 12.5}, [0, 12.5]),
        ([0, 12], {"floor": -5, "ceiling": 100}, [-1, 13]),
        ([0, math.nan, math.inf, -math.inf, 12], {}, [-1, 13]),
        ([0.3], {}, [0.28, 0.32]),
        ([0.0, 0.0], {"floor": 0.0}, [0.0, 0.02]),
        ([], {"floor": 0.0, "ceiling": 1.0}, [0.0, 1.0]),
        ([math.nan], {}, [-0.083333, 1.083333]),
    ],
)
def test_an_extent_has_a_twelfth_of_room(values: list[float], limits: dict[str, float], extent: list[float]) -> None:
    assert domain(values, **limits) == extent


def test_panels_of_a_grid_share_what_is_asked_and_nothing_else() -> None:
    panel = chart().mark_point().encode(x="a:Q")
    made = grid([panel, panel], 2, "both", shared=["color"])
    assert [part["encoding"]["x"]["field"] for part in made["concat"]] == ["a", "a"]
    assert (made["columns"], made["title"]["text"]) == (2, "both")
    independent = {"strokeDash": "independent", "shape": "independent"}
    assert made["resolve"]["legend"] == {"color": "shared", **independent}
    assert made["resolve"]["scale"] == {"color": "shared", **independent, "x": "independent", "y": "independent"}
    assert all("config" not in part and "$schema" not in part for part in made["concat"])


def test_a_row_is_a_grid_of_one_row_with_one_legend_and_a_column_has_a_legend_a_row() -> None:
    panel = chart().mark_point().encode(x="a:Q")
    one = row(None, [panel] * 3)
    assert one["columns"] == 3
    assert set(one["resolve"]["legend"].values()) == {"shared"}
    assert "title" not in one
    both = column([one, row("second", [panel])])
    assert [part.get("title", {}).get("text") for part in both["vconcat"]] == [None, "second"]
    assert set(both["resolve"]["legend"].values()) == {"independent"}
    alt.Chart.from_dict(with_tables(both, table=pd.DataFrame({"a": [1]}))).to_dict()


def test_tables_are_added_by_name_and_missing_values_are_null() -> None:
    table = pd.DataFrame({"a": [1.5, math.nan], "b": ["x", None]})
    made = with_tables({"mark": "point"}, one=table, two=table[:1])
    assert made == {
        "mark": "point",
        "datasets": {"one": [{"a": 1.5, "b": "x"}, {"a": None, "b": None}], "two": [{"a": 1.5, "b": "x"}]},
    }


def test_a_chart_that_has_nothing_to_show_says_why_and_has_room_for_it() -> None:
    text = "There is nothing to show, and this is why: " + "because " * 12 + "so."
    assert reason(empty(text)) == text
    assert empty(text)["height"] > empty("short")["height"]


def test_a_panel_as_a_part_has_no_configuration_of_its_own() -> None:
    assert plain(chart().mark_point()) == {"data": {"name": "table"}, "mark": {"type": "point"}}
