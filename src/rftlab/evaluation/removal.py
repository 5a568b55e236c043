"""Checkpoints that a study does not keep, removed once everything that reads them has been made.

Stage: ``python -m rftlab.evaluation.removal --run DIR --keep final|none --made JSON``. ``removed.json`` in the run's
folder says what is gone and what was made of it before; ``checkpoints.json`` stays as it is, since evaluations depend
on it.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from rftlab.errors import BadInputError, one_line_errors
from rftlab.files import read_json, write_json
from rftlab.runfolder.log import REMOVED


@one_line_errors
def main(argv: list[str] | None = None) -> None:
    """Remove the checkpoints of one run but the last, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m rftlab.evaluation.removal")
    parser.add_argument("--run", required=True, type=Path)
    parser.add_argument("--keep", required=True, choices=["final", "none"])
    parser.add_argument("--made", required=True, type=json.loads, help="what was made of them, as planning names it")
    arguments = parser.parse_args(argv)
    remove(arguments.run, arguments.keep, arguments.made)


def remove(run: Path, keep: str, products: dict[str, Any]) -> None:
    """Remove them and say so in ``removed.json``, last: a stage killed before it does the rest when run again."""
    entries = read_json(run / "checkpoints.json")["checkpoints"]
    for entry in entries[:-1] if keep == "final" else entries:
        shutil.rmtree(run / entry["path"], ignore_errors=True)
    present = [entry for entry in entries if (run / entry["path"]).is_dir()]
    absent = [entry for entry in entries if entry not in present]
    write_json(run / REMOVED, {"checkpoints": keep, "removed": absent, "kept": present, "made": products})


def refuse_missing(run: Path, entries: list[dict[str, Any]]) -> None:
    """Refuse to read checkpoints of which one is gone, before any is read.

    Raises:
        BadInputError: with what training the run again would cost.
    """
    rounds = [str(entry["round"]) for entry in entries if not (run / entry["path"]).is_dir()]
    if rounds:
        raise BadInputError(
            f"{run}: the checkpoints of rounds {', '.join(rounds)} were removed; training the run again costs "
            f"{training_cost([run])}: remove {run}/checkpoints.json to have that"
        )


def training_cost(runs: list[Path]) -> str:
    """What training some ended runs took."""
    last = [(read_json(run / "checkpoints.json")["checkpoints"] or [{"rollouts": 0, "tokens": 0}])[-1] for run in runs]
    seconds = sum(read_json(run / "provenance.json")["seconds"] for run in runs)
    rollouts, tokens = (sum(entry[name] for entry in last) for name in ("rollouts", "tokens"))
    return f"{rollouts:,} rollouts, {tokens:,} tokens and {seconds:,.0f} s"


if __name__ == "__main__":
    main()
