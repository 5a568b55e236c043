"""What a study's verdicts are worth: error, coverage, power and cost of simulated studies, judged by the real code.

    PYTHONPATH=src:tests/helpers .venv/bin/python benchmarks/calibrate.py     # or make calibrate

Each cell is a kind of study, drawn 600 times and judged by each of its designs; the runs are the same whatever the
design, as far as it asks for them. A finished cell is a file of results/calibrate and is not measured again until the
code it was measured with changes. At the end the tables of docs/evidence.md are written anew; the exit code is 1 where
a study errs more often than it may.
"""

from __future__ import annotations

import argparse
import dataclasses
import multiprocessing
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cells as cells_of
import numpy as np
from cells import ALPHA, DESIGNS, LEVELS, MARGIN, Cell, judged, summary
from evidence import write_tables

import simulated
from rftlab.files import digest, read_json, write_json
from rftlab.planning.fingerprint import fingerprint, tokens_digest
from rftlab.runfolder.study_plan import BASELINE
from simulated import Population

CODE = [fingerprint("rftlab.analysis.race"), *(tokens_digest(Path(str(of.__file__))) for of in (cells_of, simulated))]
MIXED = (0.1, -0.1, 0.05, -0.05, 0.02, -0.02)


def cells() -> list[Cell]:
    """All kinds of studies."""
    few, many, races = (
        ("race", "race to 8", "3 seeds", "5 seeds", "8 seeds"),
        tuple(DESIGNS),
        ("race", "race to 8", "race, reference 12"),
    )

    def arms(*names: str, each: float) -> tuple[tuple[str, float], ...]:
        return tuple((name, each) for name in names)

    return [
        Cell("error", "arms alike", many),
        Cell("error", "one noisy level", few, noisy=arms(LEVELS[0], each=2.0)),
        Cell("error", "three noisy levels", few, noisy=arms(*LEVELS[:3], each=2.0)),
        Cell("error", "one level four times as noisy", few, noisy=arms(LEVELS[0], each=4.0)),
        Cell("error", "noisy baseline", few, noisy=arms(BASELINE, each=2.0)),
        Cell("error", "noise shared by seed", few, population=Population(shared=0.2)),
        Cell("error", "one level collapses", few, collapsing=arms(LEVELS[0], each=0.1)),
        Cell("error", "all arms collapse", few, collapsing=arms(BASELINE, *LEVELS, each=0.1)),
        Cell("error", "150 queries", few, population=Population(queries=150)),
        Cell("error", "seeds alike but for their answers", few, population=Population(seed=0.0)),
        Cell("error", "all arms noisy", few, population=Population(seed=0.18)),
        Cell("error", "accuracy of 4%", few, population=Population(mean=-6.0)),
        Cell("margin", "ten levels at the margin", many, (MARGIN, -MARGIN) * 5),
        Cell("limits", "one level collapses in a fifth of its runs", few, collapsing=arms(LEVELS[0], each=0.2)),
        Cell("power", "four levels with effects", many, MIXED[:4]),
        Cell("power", "six levels with effects", many, MIXED),
        Cell("suites", "20 hypotheses, no effect", races, suites=2),
        Cell("suites", "20 hypotheses", races, MIXED[:4], suites=2),
        Cell("suites", "40 hypotheses, no effect", races[:2], suites=2, budgets=2),
        Cell("suites", "40 hypotheses", races[:2], MIXED[:4], suites=2, budgets=2),
    ]


def measured(cell: Cell, studies: int, folder: Path, pool: Any) -> dict[str, Any]:
    """A cell, from its file if that was made with this code."""
    asked = {"cell": dataclasses.asdict(cell), "studies": studies}
    path = folder / f"{digest([asked, CODE])[:16]}.json"
    if not path.is_file():
        outcomes = list(pool.imap(judged, ((cell, i) for i in range(studies)), chunksize=10))
        write_json(path, asked | {"found": summary(outcomes)})
    return dict(read_json(path))


def failures(results: list[dict[str, Any]]) -> Iterator[str]:
    """Cells that err more often than α and two standard errors of a measured α; ``limits`` are known to."""
    for result in (one for one in results if one["cell"]["table"] != "limits"):
        most = ALPHA + 2 * np.sqrt(ALPHA * (1 - ALPHA) / result["studies"])
        for design, found in result["found"].items():
            for name in ("false difference", "false equivalence"):
                if found[name][0] > most:
                    yield f"{result['cell']['name']}, {design}: {name} in {found[name][0]:.3f} of studies"


def main() -> None:
    """Measure all cells, write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=600, help="of each cell")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    parser.add_argument("--only", default="", help="cells whose table or name holds this text; writes no page")
    parser.add_argument("--folder", type=Path, default=Path("results/calibrate"), help="of finished cells")
    parser.add_argument("--page", type=Path, default=Path("docs/evidence.md"), help="whose tables are written")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    results = []
    with multiprocessing.Pool(asked.jobs) as pool:
        for cell in cells():
            if asked.only in f"{cell.table}: {cell.name}":
                results.append(measured(cell, asked.studies, asked.folder, pool))
                false = (f"{design} {found['false'][0]:.3f}" for design, found in results[-1]["found"].items())
                print(f"{cell.name}: any false verdict in {', '.join(false)}", flush=True)
    if not asked.only:
        write_tables(asked.page, results)
    if bad := list(failures(results)):
        sys.exit("\n".join(bad))


if __name__ == "__main__":
    main()
