"""How a round of ours grows with queries, rollouts, length and model, beside the least time the machine could take.

    .venv/bin/python benchmarks/growth.py            # medians of 5 rounds a cell, as a table and results/growth.json

Every cell changes one thing of the first of its model. The raw reward, with half of the rollouts paid but where that is
what changes; failures are not trained on.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import Worker, least, works
from rich.console import Console
from rich.table import Table
from work import Work

WARM_UP = 1


def main() -> None:
    """Measure all cells and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="cells of the model whose name holds this text")
    parser.add_argument("--output", type=Path, default=Path("results/growth.json"))
    arguments = parser.parse_args()
    rows = [measure(model, work, arguments.rounds) for model, work in cells() if arguments.only in model]
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(rows, indent=1) + "\n")
    table = Table(title="ours, seconds a round, medians")
    for heading in ("model", "B×n", "paid", "T", "threads", "sample", "least", "update", "least"):
        table.add_column(heading, justify="right")
    for row in rows:
        seconds = (row[key] for key in ("sample_s", "limit_sample_s", "update_s", "limit_update_s"))
        table.add_row(
            row["model"],
            row["size"],
            str(row["paid"]),
            str(row["T"]),
            str(row["threads"]),
            *(f"{s:.3f}" for s in seconds),
        )
    Console(width=110).print(table)


def cells() -> list[tuple[str, Work]]:
    """Name of the model and work."""
    found = []
    for model in ("tiny", "SmolLM2"):
        first = next(work for work in works(Path("resources/bench")) if work.name.startswith(model))
        first = replace(first, queries=16, rollouts=1, new_tokens=16, successes=8)
        changes: list[dict[str, Any]] = [
            {},
            {"queries": 32, "successes": 16},
            {"queries": 64, "successes": 32},
            {"rollouts": 2, "successes": 16},
            {"rollouts": 4, "successes": 32},
            {"new_tokens": 32},
            {"new_tokens": 64},
            {"successes": 2},
            {"successes": 16},
        ]
        found += [(model, replace(first, **change)) for change in changes]
    return found


def measure(model: str, work: Work, rounds: int) -> dict[str, Any]:
    """Medians of one cell."""
    worker = Worker("ours.py", work, Path(tempfile.mkdtemp()) / "ours.log")
    played = [worker.round(all=False) for _ in range(WARM_UP + rounds)][WARM_UP:]
    worker.end()
    seconds = {key: statistics.median(t[key] for t in played) for key in ("sample_s", "update_s", "trained")}
    size = {
        "size": f"{work.queries}×{work.rollouts}",
        "paid": work.successes,
        "T": work.new_tokens,
        "threads": work.threads,
    }
    return {"model": model, **size, **seconds, **least(work, played)}


if __name__ == "__main__":
    main()
