"""What is checked of the data before anything is published: answers that can be scored, sets that are new.

Stage: ``python -m rftlab.data.check --config JSON --output results/<study>/data.json``. Planning makes the same checks
of what it can read itself; this stage makes them of everything, datasets of the hub too, and counts what is shared.
No training waits for it, but what it refuses stops Snakemake, and tables are made only of data that it has passed.
"""

from __future__ import annotations

import argparse
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rftlab import levels
from rftlab.data.clusters import cluster_of
from rftlab.data.queries import Overlap, Query, check_overlap, read_queries
from rftlab.errors import BadInputError, one_line_errors
from rftlab.files import file_sha256, json_option, read_json, write_json
from rftlab.jobs.interrupt import stop_supervisor
from rftlab.rewards.file_pool import try_once
from rftlab.rewards.scoring import Scorer, isolated, verifiers

TRAINING = {"path": str, "verifier": str}
CONFIG = {
    "datasets": {"*": TRAINING},
    "evaluation_sets": {"*": {**TRAINING, "split": str, "limit": int | None, "overlap": str | None}},
}
"""Shape of the option ``--config``."""


@one_line_errors
def main(argv: list[str] | None = None) -> None:
    """Check a study's data."""
    parser = argparse.ArgumentParser(prog="python -m rftlab.data.check")
    parser.add_argument("--config", required=True, type=json_option("--config", **CONFIG))
    parser.add_argument("--output", required=True, type=Path)
    arguments = parser.parse_args(argv)
    try:
        found = check(arguments.config)
    except Exception:
        stop_supervisor()  # with --keep-going too, trainings would go on that no table can show
        raise
    write_json(arguments.output, found)


def check(config: Mapping[str, Any]) -> dict[str, Any]:
    """Check training splits and evaluation sets; return what was found, for the report.

    ``config`` has ``datasets`` and ``evaluation_sets``, each name → ``path`` of its queries and ``verifier``; a set
    also ``split``, ``limit`` and ``overlap``, the reason why it may share queries with a training split, or None.
    ``rewards``, where there are any, are the user's files, with their ``parameters``.

    Raises:
        BadInputError: an answer no verifier can score, an evaluation set that is trained on without a reason, or a
            reward file that fails on right answers.
    """
    training = {name: read_queries(Path(entry["path"])) for name, entry in config["datasets"].items()}
    for name, entry in config["datasets"].items():
        check_answers(f"datasets.{name}", entry["verifier"], training[name], processes=True)
        for reward in config.get("rewards", ()):
            try_reward(reward["file"], reward["parameters"], entry["verifier"], training[name])
    sets: dict[str, dict[str, Any]] = {}
    queries = {}
    for name, entry in config["evaluation_sets"].items():
        key, queries[name] = f"evaluation_sets.{name}", read_queries(Path(entry["path"]))[: entry["limit"]]
        check_answers(key, entry["verifier"], queries[name], processes=True)
        overlaps = {dataset: check_overlap(train, queries[name]) for dataset, train in training.items()}
        for dataset, overlap in overlaps.items():
            refuse_overlap(key, dataset, overlap, len(queries[name]), entry["overlap"])
        sets[name] = {
            "queries": len(queries[name]),
            "sha256": file_sha256(Path(entry["path"])),
            "overlap": {dataset: asdict(overlap) for dataset, overlap in overlaps.items() if overlap.normalised},
            "reason": entry["overlap"],
            "clusters": clusters(queries[name], entry["path"]),
        }
    refuse_leaks(queries, {name: entry["split"] for name, entry in config["evaluation_sets"].items()})
    datasets = {name: _training(Path(entry["path"])) for name, entry in config["datasets"].items()}
    return {"datasets": datasets, "evaluation_sets": sets}


def try_reward(path: str, parameters: Mapping[str, Any], verifier: str, queries: Sequence[Query]) -> None:
    """Call a reward file once, with right answers and an empty one; what it pays for them does not matter.

    Raises:
        BadInputError: it raises, or returns what are no values. That it can score nothing here is said and no error:
            what it asks may be within reach of a training only.
    """
    form = gold_form(path, verifier)
    records = [
        {
            **{"query": query.query, "answer": query.answer, "metadata": dict(query.metadata), "truncated": False},
            **{"completion": completion, "tokens": len(completion) + 1, "correct": bool(completion)},
        }
        for query in queries[:4]
        for completion in (form.format(query.answer), "")
    ]
    if reason := try_once(path, parameters, records):
        print(f"{path}: tried with {len(records)} records, and could not score them: {reason}", flush=True)


def clusters(queries: Sequence[Query], path: str) -> dict[str, str]:
    """The clusters of the queries that are of one, by id; ``path`` is their file.

    Raises:
        DataError: a cluster is no text.
    """
    found = {query.id: cluster_of(query.metadata, f"{path}:{row}") for row, query in enumerate(queries, start=1)}
    return {name: cluster for name, cluster in found.items() if cluster is not None}


def refuse_leaks(queries: Mapping[str, list[Query]], splits: Mapping[str, str]) -> None:
    """Refuse a validation set that shares queries with a test set.

    Raises:
        BadInputError: naming both.
    """
    for name in (name for name in queries if splits[name] == "validation"):
        for other in (other for other in queries if splits[other] == "test"):
            if shared := check_overlap(queries[name], queries[other]).exact:
                raise BadInputError(
                    f"evaluation_sets.{name}: {shared} of the {len(queries[other])} test queries of {other} are in it; "
                    "a checkpoint is not chosen on what is reported"
                )


def refuse_overlap(key: str, dataset: str, shared: Overlap, queries: int, reason: str | None) -> None:
    """Refuse an evaluation set that a training split shares queries with, unless the study says why.

    Raises:
        BadInputError: with how many, exactly and normalised (case and white space aside).
    """
    if shared.normalised and reason is None:
        count = f"{shared.normalised} of its {queries} queries are"
        how = "" if shared.exact == shared.normalised else f", {shared.exact} of them character by character"
        raise BadInputError(
            f"{key}: {count} in the training split of {dataset}{how}; evaluation queries must be new, "
            "unless `overlap` says why these are not"
        )


def check_answers(key: str, verifier: str, queries: Sequence[Query], *, processes: bool = False) -> None:
    """Refuse answers that a verifier, or a counterpart that scores beside it, cannot score.

    Verifiers that need a process of their own are asked where there are ``processes``: in the stage, not in planning.

    Raises:
        BadInputError: naming the first such query.
    """
    try:
        names = verifiers(verifier).names
    except levels.UnknownLevelError as error:
        raise BadInputError(f"{key}.verifier: {error}") from None
    for name in names:
        own = name == verifier  # the others are only asked whether they can use the answer
        form = gold_form(key, name) if own else ""
        completions = [form.format(query.answer) for query in queries]
        if not isolated(name):
            right = list(_judgements(key, name, queries, completions))
        elif processes:
            right = [score.correct for score in Scorer(name).score(completions, [query.answer for query in queries])]
        else:
            continue
        for query in (query for query, ok in zip(queries, right, strict=True) if own and not ok):
            raise BadInputError(
                f"{key}: query {_excerpt(query)}: no completion can be right: the answer {query.answer[:60]!r} "
                f"is nothing that rewards/verifiers/{name} reads; choose another verifier"
            )


def gold_form(key: str, verifier: str) -> str:
    """How a right answer is written so that a verifier finds it, by the constant ``GOLD`` of its file: ``#### {}``.

    Raises:
        BadInputError: its file does not say so.
    """
    form = levels.read("rewards.verifiers", verifier).constants.get("GOLD")
    if not isinstance(form, str) or _places(form) != [("", "", None)]:
        raise BadInputError(
            f"{key}.verifier: rewards/verifiers/{verifier}.py needs GOLD, how a right answer is written, with one {{}} "
            "for the answer and other braces doubled, as in GOLD = '#### {}': every answer is checked with it"
        )
    return form


def _places(form: str) -> list[tuple[str, str | None, str | None]]:
    """Replacement fields of a format string, each its name, specification and conversion; none for a broken one."""
    try:
        return [(name, spec, how) for _, name, spec, how in string.Formatter().parse(form) if name is not None]
    except ValueError:
        return []


def _judgements(key: str, verifier: str, queries: Sequence[Query], completions: Sequence[str]) -> Iterator[bool]:
    try:
        verify = levels.load("rewards.verifiers", verifier)
    except Exception as error:  # a file of rewards/verifiers/ may fail in any way when it is imported
        raise BadInputError(f"{key}.verifier: rewards/verifiers/{verifier}.py cannot be used: {error}") from None
    for query, completion in zip(queries, completions, strict=True):
        try:
            yield verify(completion, query.answer).correct
        except ValueError as error:
            why = str(error) or f"{query.answer[:60]!r} cannot be scored"
            raise BadInputError(f"{key}: query {_excerpt(query)}: {why}; choose another verifier") from None
        except Exception as error:
            raise BadInputError(f"{key}.verifier: rewards/verifiers/{verifier}.py fails: {error!r}") from None


def _excerpt(query: Query) -> str:
    return repr(query.query if len(query.query) <= 60 else f"{query.query[:60]}…")


def _training(path: Path) -> dict[str, Any]:
    """A training split's checksum and, from the manifest beside it, what reading it dropped."""
    split = read_json(path.parent / "data.json")["splits"][path.stem]
    counts = {key: split[key] for key in ("queries", "duplicates", "conflicts", "unanswered", "several_boxes")}
    return {**counts, "sha256": file_sha256(path)}


if __name__ == "__main__":
    main()
