"""Rows of different lengths, aligned at their right end."""

from __future__ import annotations

from rftlab.rollouts.padding import pad_left, positions


def test_padding_and_positions() -> None:
    ids_NT, mask_NT = pad_left([[5, 6, 7], [8]], 0, "cpu")
    assert ids_NT.tolist() == [[5, 6, 7], [0, 0, 8]]
    assert mask_NT.tolist() == [[1, 1, 1], [0, 0, 1]]
    assert positions(mask_NT).tolist() == [[0, 1, 2], [0, 0, 0]]
