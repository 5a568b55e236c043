"""Common random numbers: every draw is a pure function of what it is for, never of what was drawn before.

Two variants of a study see the same queries in the same order and the same sampling noise for the same rollout, so that
their difference is a paired comparison; a run needs no random state to be resumed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

Part = str | int


def stable_hash(*parts: Part) -> int:
    """63-bit hash of a key, the same on every machine and in every process."""
    text = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def draw(random_seed: int, ids: Sequence[str], start: int, count: int) -> list[tuple[int, int]]:
    """Positions ``start … start+count−1`` of the endless sequence of queries of a run.

    The sequence is one shuffle of all ``ids`` after the other; shuffle number e sorts the queries by the hash of
    (seed, e, id), so it depends on neither the batch size nor the order of the file.

    Returns:
        A pair (index into ``ids``, occurrence e) for each position.

    Raises:
        ValueError: there are no queries.
    """
    if not ids:
        raise ValueError("no queries to draw from")
    drawn: list[tuple[int, int]] = []
    while len(drawn) < count:
        occurrence, offset = divmod(start + len(drawn), len(ids))
        shuffled = sorted(
            range(len(ids)), key=lambda i: (stable_hash("order", random_seed, occurrence, ids[i]), ids[i])
        )
        drawn += [(i, occurrence) for i in shuffled[offset : offset + count - len(drawn)]]
    return drawn


def redraw_seed(random_seed: int, number: int) -> int:
    """Seed of the queries that stand in for others in round ``number``, and of their rollouts: a stream of its own."""
    return stable_hash("redraw", random_seed, number)


def rollout_seed(stream: str, random_seed: int, query: str, occurrence: int, rollout: int) -> int:
    """Seed of one rollout's own generator; ``stream`` keeps training and evaluation apart."""
    return stable_hash(stream, random_seed, query, occurrence, rollout)
