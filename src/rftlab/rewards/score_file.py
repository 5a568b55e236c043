"""``rftlab score``: records of a completion and an answer → their judgements, as JSON lines, and a summary."""

from __future__ import annotations

import collections
import itertools
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from rftlab.errors import BadInputError
from rftlab.rewards.scoring import Score, Scorer

BATCH = 256
"""Records scored at a time: lines appear as they are scored, and processes have enough to share."""

Located = tuple[str, dict[str, Any]]
"""Where a record stands, ``file:line``, and the record."""


def score_records(reward: str, records: Iterable[Located], echo: Callable[[str], None]) -> str:
    """Score records with a verifier, ``echo`` each with its score as one line of JSON, and return a summary.

    Raises:
        UnknownLevelError: there is no such verifier.
        BadInputError: a record lacks a text, or has an answer that the verifier cannot use; earlier ones are echoed.
    """
    scorer = Scorer(reward)
    scores: list[Score] = []
    remaining = iter(records)
    while batch := list(itertools.islice(remaining, BATCH)):
        for where, record in batch:
            for key in ("answer", "completion"):
                if not isinstance(record.get(key), str):
                    raise BadInputError(f"{where}: a text is needed in field {key!r}, not {record.get(key)!r:.60}")
        for (_, record), score in zip(batch, _scores(scorer, batch), strict=True):
            echo(json.dumps({**record, **asdict(score)}, ensure_ascii=False))
            scores.append(score)
    return summary(scores)


def _scores(scorer: Scorer, batch: list[Located]) -> list[Score]:
    try:
        return scorer.score([r["completion"] for _, r in batch], [r["answer"] for _, r in batch])
    except ValueError:
        for where, record in batch:  # one of them has an answer that cannot be used: which?
            try:
                scorer.score([record["completion"]], [record["answer"]])
            except ValueError as error:
                raise BadInputError(f"{where}: {error}") from None
        raise


def summary(scores: list[Score]) -> str:
    """``1 of 3 correct (33.3%), …`` in one line; failures are counted by their reason."""
    count = {
        name: sum(getattr(score, name) for score in scores) for name in ("correct", "strict", "flexible", "formatted")
    }
    with_answer = sum(score.extracted is not None for score in scores)
    failures = collections.Counter(score.failure for score in scores if score.failure)
    return (
        f"{count['correct']} of {len(scores)} correct ({count['correct'] / len(scores):.1%}), an answer found in "
        f"{with_answer}; strict {count['strict']}, flexible {count['flexible']}, formatted {count['formatted']}; "
        f"failures: {', '.join(f'{number} {reason}' for reason, number in sorted(failures.items())) or 'none'}"
    )
