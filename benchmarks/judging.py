"""Answers that a verifier judges in a second: MATH's test solutions against their own answers, and against others'.

``.venv/bin/python benchmarks/judging.py FOLDER``, the folder of MATH's ``test.jsonl``. Prints least and greatest of
five passes over the 5,000, on all cores.
"""

from __future__ import annotations

import sys
import time

from rftlab.data.sources import source_of
from rftlab.rewards.scoring import Scorer

PASSES = 5


def main() -> None:
    """Measure math_verify."""
    files, fields = {"test": f"{sys.argv[1]}/test.jsonl"}, {"query": "problem", "answer": "solution"}
    queries = source_of({"source": "jsonl", "files": files, "fields": fields}).read()["test"].queries
    solutions = [query.metadata["solution"] for query in queries]
    answers, scorer = [query.answer for query in queries], Scorer("math_verify")
    for name, completions in (("of the query before", [solutions[-1], *solutions[:-1]]), ("its own", solutions)):
        rates = []
        for _ in range(PASSES):
            start = time.perf_counter()
            scorer.score(completions, answers)
            rates.append(len(answers) / (time.perf_counter() - start))
        print(f"{name}: {min(rates):,.0f} to {max(rates):,.0f} answers a second")


if __name__ == "__main__":
    main()
