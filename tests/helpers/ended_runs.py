"""Folders of runs that have ended, as far as planning and removal read them."""

from __future__ import annotations

from pathlib import Path

from rftlab.files import write_json


def ended(folder: Path, rounds: tuple[int, ...] = (2, 4, 6)) -> Path:
    """The folder of an ended run."""
    entries = [
        {"round": r, "path": f"checkpoints/round-{r:05d}", "rollouts": 10 * r, "tokens": 100 * r} for r in rounds
    ]
    for entry in entries:
        (folder / str(entry["path"])).mkdir(parents=True)
    write_json(folder / "checkpoints.json", {"status": "finished", "checkpoints": entries})
    write_json(folder / "provenance.json", {"seconds": 1234.5})
    return folder
