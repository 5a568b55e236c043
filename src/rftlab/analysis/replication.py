"""Whether a study came out the same elsewhere: two folders of its results, outcome by outcome, verdict by verdict.

``python -m rftlab.analysis.replication results/demo elsewhere/results/demo`` prints how much is equal, and where not.
Compared is what is discrete: weights of base models, mean reward and tokens of every round, whether each answer to each
query was right, verdicts. What is continuous, such as a loss, may differ in its last digits. The exit code is 1 where
a verdict is another, or where one of the two has a run or a verdict that the other lacks.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from rftlab.errors import BadInputError, one_line_errors
from rftlab.evaluation.outcomes import read_made, read_rows
from rftlab.runfolder.read import read_curve
from rftlab.runfolder.study_plan import PlannedRun, StudyPlan, read_plan

ANSWER = ["round", "evaluation_set", "query", "sample"]
HYPOTHESIS = ["model", "dataset", "factor", "level", "relative_to", "suite", "metric", "budget"]
DECISIVE = ("runs", "verdicts")
MOST = 20  # lines about one kind of outcome


@dataclass(frozen=True)
class Agreement:
    """How many outcomes of a kind two studies have, how many of them differ, and lines that say where."""

    what: str
    compared: int
    differing: int
    where: tuple[str, ...]

    def __str__(self) -> str:
        """A line, and one below it for every place."""
        lines = [f"{self.what}: {self.compared - self.differing:,} of {self.compared:,} equal"]
        lines += [f"  {place}" for place in self.where[:MOST]]
        more = len(self.where) - MOST
        return "\n".join([*lines, *([f"  and {more} more"] if more > 0 else [])])


@one_line_errors
def main(argv: list[str] | None = None) -> None:
    """Compare two folders of results, each a ``results/<study>``."""
    parser = argparse.ArgumentParser(prog="python -m rftlab.analysis.replication")
    parser.add_argument("folders", metavar="FOLDER", nargs=2, type=Path, help="results/<study>, here and elsewhere")
    ours, theirs = parser.parse_args(argv).folders
    found = [*compare(ours, theirs)]
    print(f"{ours} beside {theirs}", *found, sep="\n")
    if any(one.differing for one in found if one.what in DECISIVE):
        sys.exit(1)


def compare(ours: Path, theirs: Path) -> Iterator[Agreement]:
    """What two folders of results of one study agree on, kind by kind.

    Raises:
        BadInputError: they are of different studies, or a file is missing or broken; the message names it.
    """
    plans = [read_plan(folder / "plan.json") for folder in (ours, theirs)]
    if plans[0].study != plans[1].study:
        raise BadInputError(f"{theirs}: results of {plans[1].study}, those of {plans[0].study} are needed")
    here, there = (taken(folder, plan) for folder, plan in zip((ours, theirs), plans, strict=True))
    alone = [f"{key}: only in {ours}" for key in here.keys() - there.keys()]
    alone += [f"{key}: only in {theirs}" for key in there.keys() - here.keys()]
    yield Agreement("runs", len(here | there), len(alone), tuple(sorted(alone)))
    roots = [folder.absolute().parents[1] for folder in (ours, theirs)]  # what the paths of a plan are relative to
    bases = {
        run.base: (base_model(roots[0], run), base_model(roots[1], there[key]))
        for key, run in here.items()
        if key in there
    }
    yield agreement("base models", ((base, *both) for base, both in bases.items()))
    for what, read in KINDS.items():
        pairs = [(key, read(roots[0], here[key]), read(roots[1], there[key])) for key in here if key in there]
        yield agreement(what, pairs)
    yield verdicts(*(read_verdicts(folder / "tables" / "verdicts.parquet") for folder in (ours, theirs)))


def taken(folder: Path, plan: StudyPlan) -> dict[str, PlannedRun]:
    """The runs that a study's tables are made of, by key: a race takes some of those that are planned."""
    rows = _read_table(folder / "tables" / "runs.parquet", ["model", "dataset", "variant", "seed"])
    keys = set(rows.itertuples(index=False, name=None))
    return {run.key: run for run in plan.runs if (run.model, run.dataset, run.variant, run.seed) in keys}


def agreement(what: str, pairs: Iterable[tuple[str, pd.DataFrame, pd.DataFrame]]) -> Agreement:
    """Rows of frames, by the index that identifies them: equal, or other values, or in one of the two alone.

    Args:
        what: the kind of outcome.
        pairs: where, the rows here, the rows there.
    """
    compared, differing, where = 0, 0, []
    for place, ours, theirs in pairs:
        index = ours.index.union(theirs.index)
        same = index.isin(ours.index) & index.isin(theirs.index)
        both = index[same]
        same[same] = (ours.loc[both] == theirs.loc[both]).all(axis=1).to_numpy()
        compared, differing = compared + len(index), differing + int((~same).sum())
        if not same.all():
            where.append(f"{place}: {(~same).sum():,} of {len(index):,} differ, first {_name(index[~same][0])}")
    return Agreement(what, compared, differing, tuple(where))


def verdicts(ours: pd.DataFrame, theirs: pd.DataFrame) -> Agreement:
    """Verdicts of two studies: equal, another, or in one of the two alone."""
    both = ours.merge(theirs, on=HYPOTHESIS, how="outer", suffixes=("", "_there"))
    both = both.astype("object").where(both.notna(), "none")
    other = both[both["verdict"] != both["verdict_there"]]
    where = [
        f"{_name(tuple(row[name] for name in HYPOTHESIS))}: {row['verdict']}, there {row['verdict_there']}"
        for row in other.to_dict("records")
    ]
    return Agreement("verdicts", len(both), len(other), tuple(where))


def read_verdicts(path: Path) -> pd.DataFrame:
    """The verdicts of a study, and what each is about."""
    return _read_table(path, [*HYPOTHESIS, "verdict"])


def _read_table(path: Path, columns: list[str]) -> pd.DataFrame:
    try:
        return pd.read_parquet(path, columns=columns)
    except (OSError, ValueError) as error:  # pyarrow's are either
        raise BadInputError(f"{path}: no table of {path.stem}: {error}") from None


def base_model(root: Path, run: PlannedRun) -> pd.DataFrame:
    """Checksum of the weights that a run began with."""
    return pd.DataFrame({"sha256": read_made(root / run.base).checkpoints}).rename_axis("round")


def rounds(root: Path, run: PlannedRun) -> pd.DataFrame:
    """Mean reward and tokens so far of each round."""
    return read_curve(root / run.folder).set_index("round")[["reward_mean", "tokens"]]


def greedy(root: Path, run: PlannedRun) -> pd.DataFrame:
    """Whether each greedy answer of a run was right."""
    return _answers(root, run, "greedy")


def sampled(root: Path, run: PlannedRun) -> pd.DataFrame:
    """Whether each sampled answer of a run was right."""
    return _answers(root, run, "sampled")


KINDS: dict[str, Callable[[Path, PlannedRun], pd.DataFrame]] = {
    "rounds": rounds,
    "greedy answers": greedy,
    "sampled answers": sampled,
}


def _answers(root: Path, run: PlannedRun, decoding: str) -> pd.DataFrame:
    rows = pd.concat(
        [read_rows(root / path).astype({"query": str, "evaluation_set": str}) for path in run.evaluations.values()]
    )
    return rows[rows["decoding"] == decoding].set_index(ANSWER)[["correct"]]


def _name(key: object) -> str:
    return " ".join(map(str, key)) if isinstance(key, tuple) else str(key)


if __name__ == "__main__":
    main()
