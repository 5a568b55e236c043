"""A run that depends on all its rounds, cut short or left alone, and what must be the same then."""

from __future__ import annotations

from pathlib import Path

from training import run_json

RUN = run_json(
    reward__name="random", advantage={"name": "history_window", "window": 3}, budget={"rounds": 6}, checkpoint_every=2
)


class Cut(BaseException):
    """Stands for a kill: nothing catches it."""


def same(folder: Path, reference: Path) -> None:
    """Every byte that no clock has touched."""
    clock = {"timings.jsonl", "provenance.json"}
    names = [p.relative_to(reference) for p in sorted(reference.rglob("*"))]
    assert names == [p.relative_to(folder) for p in sorted(folder.rglob("*"))]
    for name in names:
        if (reference / name).is_file() and name.name not in clock:
            assert (folder / name).read_bytes() == (reference / name).read_bytes(), name
