"""What models wrote: for a few queries of every comparison, completions of base model, reference and level.

Which ones is decided by outcomes and by lot, and by nobody's taste: of each suite those ``MOST_CHANGED`` queries on
which the level's share of seeds that are right is above its reference's by most, as many on which it is below by most,
and ``LOT`` of the others, by a hash of their ids. An arm's completion is of its first seed whose answer is judged as
most of its seeds' are. Completions are text of a model: whoever shows them escapes them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rftlab.errors import BadInputError
from rftlab.runfolder.read import read_lines
from rftlab.runfolder.study_plan import Pair
from rftlab.views.answers import Arm, SetAnswers, read_greedy
from rftlab.views.comparisons import Comparison, comparisons
from rftlab.views.results import Results

MOST_CHANGED, LOT = 3, 2
KINDS = ("More seeds right with the level", "More seeds right with the reference", "Drawn by lot")
CHARACTERS = 6_000_000  # of all completions of a report: 4 MB of it where they are words, 18 MB whatever they are
SHORTEST, LONGEST = 200, 4_000  # that one completion may have, in characters
COLUMNS = ["round", "evaluation_set", "query", "correct", "flexible", "failure", "extracted", "completion", "truncated"]


class Chosen(NamedTuple):
    """A query of an evaluation set, and why it was chosen."""

    answers: SetAnswers
    place: int
    kind: str

    @property
    def query(self) -> str:
        """Its id."""
        return self.answers.queries[self.place]


@dataclass
class Texts:
    """Distinct texts, each kept once and none longer than a limit."""

    limit: int
    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, text: str) -> int:
        """Its place in the list."""
        return self.numbers.setdefault(shortened(text, self.limit), len(self.numbers))


def samples(results: Results, answers: Mapping[Pair, Sequence[SetAnswers]]) -> dict[Pair, dict[str, Any]]:
    """What the report shows of each pair: comparisons with their chosen queries, and the texts that those name.

    Raises:
        BadInputError: an evaluation or a file of queries is missing, or has not the queries chosen.
    """
    picked = {pair: [(c, chosen(sets, c)) for c in comparisons(results, pair)] for pair, sets in answers.items()}
    count = 3 * sum(len(queries) for of_pair in picked.values() for _, queries in of_pair)
    limit = max(SHORTEST, min(LONGEST, CHARACTERS // max(1, count)))
    return {pair: _of_pair(results, of_pair, limit) for pair, of_pair in picked.items()}


def chosen(answers: Sequence[SetAnswers], comparison: Comparison) -> list[Chosen]:
    """Queries to show of a comparison, in and out of distribution, by what became of them and by lot."""
    found = []
    for suite in ("id", "ood"):
        gains: dict[tuple[int, int], float] = {}  # place of the set and of the query → level − reference
        for i, one in enumerate(answers):
            level, reference = (one.arms.get(v.name) for v in (comparison.level, comparison.reference))
            if one.suite == suite and level is not None and reference is not None:
                gain_Q = level.correct_SQ.mean(axis=0) - reference.correct_SQ.mean(axis=0)
                gains |= {(i, j): float(gain) for j, gain in enumerate(gain_Q)}
        order = sorted(gains, key=lambda place: lot(answers[place[0]].queries[place[1]]))
        more = sorted((place for place in order if gains[place] > 0), key=lambda place: -gains[place])[:MOST_CHANGED]
        less = sorted((place for place in order if gains[place] < 0), key=lambda place: gains[place])[:MOST_CHANGED]
        rest = [place for place in order if place not in more and place not in less][:LOT]
        for kind, some in zip(KINDS, (more, less, rest), strict=True):
            found += [Chosen(answers[i], j, kind) for i, j in some]
    return sorted(found, key=lambda one: KINDS.index(one.kind))


def lot(query: str) -> str:
    """What a query draws: the same in every study."""
    return hashlib.sha256(query.encode()).hexdigest()


def shown_seed(arm: Arm, place: int) -> int:
    """Place of the first seed whose answer is judged as most are; a tie is broken by the first seed."""
    correct_S = arm.correct_SQ[:, place]
    twice = 2 * int(correct_S.sum())
    usual = bool(correct_S[0]) if twice == len(correct_S) else twice > len(correct_S)
    return int(np.flatnonzero(correct_S == usual)[0])


def shortened(text: str, limit: int) -> str:
    """A text with its middle left out where it is too long: an answer mostly comes last."""
    if len(text) <= limit:
        return text
    head, tail = limit // 2, limit - limit // 2
    return f"{text[:head]}\n[… {len(text) - limit:,} characters …]\n{text[-tail:]}"


def verdict(row: Mapping[str, Any]) -> str:
    """What the verifier says of an answer, in words."""
    if row["correct"]:
        said = "right"
    elif isinstance(row["failure"], str):
        said = f"not judged: {row['failure']}"
    else:
        said = "right, but not in the form asked for" if row["flexible"] else "wrong"
    return said + (", cut off" if row["truncated"] else "")


def _of_pair(results: Results, picked: Sequence[tuple[Comparison, list[Chosen]]], limit: int) -> dict[str, Any]:
    texts = Texts(limit)
    questions = _questions(results, {(one.answers.name, one.query) for _, some in picked for one in some})
    wanted: dict[Path, set[str]] = {}
    for comparison, some in picked:
        for one in some:
            for path, _ in _sources(comparison, one):
                wanted.setdefault(path, set()).add(one.query)
    rows = {path: _last(path, sorted(queries)) for path, queries in wanted.items()}
    entries = []
    for comparison, some in picked:
        queries = []
        for one in some:
            base, reference, level = (
                _shown(rows[path], one, texts) | {"seeds": seeds} for path, seeds in _sources(comparison, one)
            )
            question, answer = questions[one.answers.name, one.query]
            asked = {"question": texts.number(question), "answer": texts.number(answer)}
            about = {"set": one.answers.name, "query": one.query, "kind": one.kind} | asked
            queries.append(about | {"base": base, "reference": reference, "level": level})
        named = {"level": comparison.level.label, "reference": comparison.reference.label}
        entries.append({"name": comparison.level.name, "group": comparison.group, **named, "queries": queries})
    return {"comparisons": [entry for entry in entries if entry["queries"]], "texts": list(texts.numbers)}


def _sources(comparison: Comparison, one: Chosen) -> list[tuple[Path, str]]:
    """Files of the completions of base model, reference and level, and how many seeds are right."""
    found = []
    for variant in (comparison.reference, comparison.level):
        arm = one.answers.arms[variant.name]
        run = arm.runs[shown_seed(arm, one.place)]
        right = int(arm.correct_SQ[:, one.place].sum())
        told = f"right with {right} of {len(arm.runs)} seeds; shown: seed {run.seed}"
        found.append((Path(run.evaluations[one.answers.suite]), told))
    return [(Path(run.base), ""), *found]


def _last(path: Path, queries: Sequence[str]) -> dict[tuple[str, str], dict[str, Any]]:
    """Answers of the last checkpoint to some queries, by set and query; none where there is no checkpoint."""
    rows: pd.DataFrame = read_greedy(path, COLUMNS, queries)
    last = rows[rows["round"] == rows["round"].max()]
    records: list[dict[str, Any]] = last.to_dict("records")
    return {(row["evaluation_set"], row["query"]): row for row in records}


def _shown(rows: Mapping[tuple[str, str], dict[str, Any]], one: Chosen, texts: Texts) -> dict[str, Any]:
    row = rows.get((one.answers.name, one.query))
    if row is None:
        return {
            "text": texts.number(""),
            "extracted": None,
            "verdict": "diverged before its first checkpoint",
            "right": False,
        }
    extracted = row["extracted"] if isinstance(row["extracted"], str) else None
    extracted = extracted if extracted is None else shortened(extracted, SHORTEST)
    judged = {"verdict": verdict(row), "right": bool(row["correct"])}
    return {"text": texts.number(row["completion"]), "extracted": extracted} | judged


def _questions(results: Results, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, str]]:
    """Text and gold answer of some queries, by set and id."""
    found = {}
    for name in sorted({name for name, _ in wanted}):
        path = Path(results.plan.evaluation_sets[name].path)
        for record in read_lines(path):
            if (name, record.get("id")) in wanted:
                found[name, record["id"]] = (str(record["query"]), str(record["answer"]))
    for name, query in sorted(wanted - set(found)):
        raise BadInputError(f"{results.plan.evaluation_sets[name].path}: it has no query {query}, which was evaluated")
    return found
