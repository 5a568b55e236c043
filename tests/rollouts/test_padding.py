"""Rows of different lengths, aligned at their right end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rftlab.rollouts.padding import pad_left, positions


def test_padding_and_positions() -> None:
    ids_NT, mask_NT = pad_left([[5, 6, 7], [8]], 0, "cpu")
    assert ids_NT.tolist() == [[5, 6, 7], [0, 0, 8]]
    assert mask_NT.tolist() == [[1, 1, 1], [0, 0, 1]]
    assert positions(mask_NT).tolist() == [[0, 1, 2], [0, 0, 0]]


@given(st.lists(st.lists(st.integers(1, 9), max_size=6), min_size=1, max_size=5))
def test_every_row_is_found_again_where_the_mask_is_set(rows: list[list[int]]) -> None:
    ids_NT, mask_NT = pad_left(rows, 0, "cpu")
    assert [row[kept.bool()].tolist() for row, kept in zip(ids_NT, mask_NT, strict=True)] == rows
    assert (ids_NT[mask_NT == 0] == 0).all()
    assert (mask_NT.diff(dim=1) >= 0).all(), "padding is on the left"
    for places, kept in zip(positions(mask_NT), mask_NT, strict=True):
        assert places[kept.bool()].tolist() == list(range(int(kept.sum())))
        assert not places[~kept.bool()].any()
