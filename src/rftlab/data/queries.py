"""The one schema of every dataset: queries as JSONL, their identifiers and their splits."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge

from rftlab.errors import BadInputError, did_you_mean
from rftlab.files import write_bytes

SPLITS = ("train", "validation", "test")
if TYPE_CHECKING:
    SplitName = str
else:
    SplitName = Literal[SPLITS]
BySplit = Mapping[SplitName, Annotated[int, Ge(1)]]
"""Split → a number of queries; pydantic checks it where a source's ``parse`` is called."""
SHARES = {"train": 0.60, "validation": 0.15, "test": 0.25}


class DataError(BadInputError, ValueError):
    """Something about a dataset or its files is wrong; the message is one line and says what would be valid."""


def refuse_unknown_splits(splits: Iterable[str], known: Iterable[str], where: str = "") -> None:
    """Refuse the first split that is not among those known; the message begins with ``where``.

    Raises:
        DataError: with those there are.
    """
    known = list(known)
    for split in splits:
        if split not in known:
            hint = did_you_mean(split, known)
            raise DataError(f"{where}no such split {split!r}; there are {', '.join(known)}{hint}")


@dataclass(frozen=True)
class Query:
    """One task given to the model; a worked solution, where there is one, is ``metadata["solution"]``."""

    id: str
    query: str
    answer: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Split:
    """The queries of one split; ``duplicates`` are dropped records whose query text had already occurred.

    ``conflicts`` counts those of the duplicates that gave another answer than the record that was kept, the first;
    ``unanswered`` lists where records stand that were dropped because their box is empty, ``several_boxes`` where some
    stand that were kept although the boxes of their solution differ: the last is their answer.
    """

    queries: list[Query]
    duplicates: int = 0
    conflicts: int = 0
    unanswered: list[str] = field(default_factory=list)
    several_boxes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Overlap:
    """How many evaluation queries also occur in the training split: as they are, and normalised."""

    exact: int
    normalised: int


def query_id(text: str) -> str:
    """Identify a query by the first 12 hexadecimal digits of the SHA-256 of its text.

    Raises:
        UnicodeEncodeError: the text holds half of a surrogate pair, which no file can.
    """
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def split_of(text: str) -> str:
    """Return the one split a procedural query belongs to, in whatever dataset it is generated.

    A hash of the text, uniform on [0, 1), falls into ``SHARES``: splits are disjoint across datasets and parameters.
    """
    uniform = int.from_bytes(hashlib.sha256(b"split\0" + text.encode()).digest()[:8], "big") / 2**64
    if uniform < SHARES["train"]:
        return "train"
    return "validation" if uniform < SHARES["train"] + SHARES["validation"] else "test"


def normalised(text: str) -> str:
    """Fold case and collapse white space, so that trivially different texts compare equal."""
    return " ".join(text.casefold().split())


def check_overlap(train: Iterable[Query], evaluation: Iterable[Query]) -> Overlap:
    """Count the evaluation queries whose text is also a training query's."""
    seen = {query.query for query in train}
    seen_normalised = {normalised(text) for text in seen}
    texts = [query.query for query in evaluation]
    return Overlap(
        exact=sum(text in seen for text in texts),
        normalised=sum(normalised(text) in seen_normalised for text in texts),
    )


def to_jsonl(queries: Iterable[Query]) -> bytes:
    """Return queries as JSONL: UTF-8, sorted keys, one line each, the same bytes on every machine."""
    lines = (
        json.dumps(
            {"id": query.id, "query": query.query, "answer": query.answer, "metadata": dict(query.metadata)},
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
        )
        for query in queries
    )
    return "".join(f"{line}\n" for line in lines).encode()


def write_queries(path: Path, queries: Iterable[Query]) -> None:
    """Write queries as JSONL, whole or not at all."""
    write_bytes(path, to_jsonl(queries))


def read_queries(path: Path) -> list[Query]:
    """Read what ``write_queries`` wrote.

    Raises:
        DataError: a missing or empty file, a line that is not such a query, or an id that occurs twice.
    """
    queries: list[Query] = []
    seen: set[str] = set()
    for where, record in read_jsonl(path):
        query = Query(
            record.get("id", ""), record.get("query", ""), record.get("answer", ""), record.get("metadata", {})
        )
        texts_given = all(isinstance(text, str) and text for text in (query.id, query.query, query.answer))
        if not texts_given or not isinstance(query.metadata, dict):
            raise DataError(f"{where}: a query needs the texts id, query, answer; this record has {keys_of(record)}")
        if query.id in seen:
            raise DataError(f"{where}: id {query.id!r} occurs twice; ids are unique in a file")
        seen.add(query.id)
        queries.append(query)
    return queries


def read_jsonl(path: Path, fraction: Callable[[str], Any] = float) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield ``("path:line", record)`` for every line of a JSONL file that is not blank.

    ``fraction`` reads a number with a point or an exponent; one that is no finite float is refused before.

    Raises:
        DataError: a file that is missing, unreadable or empty, or a line that is not a JSON object in UTF-8.
    """
    try:
        file = path.open("rb")  # bytes: lines end at \n alone, and a bad byte can be given its line number
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}; a JSONL file is needed") from None
    empty = True
    with file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            empty = False
            yield f"{path}:{number}", _record(line, f"{path}:{number}", fraction)
    if empty:
        raise DataError(f"{path}: the file is empty; at least one JSON record is needed")


def keys_of(record: Mapping[str, Any]) -> str:
    """Name the keys of a record, for a message."""
    return ", ".join(f"{key!r:.40}" for key in itertools.islice(record, 20)) or "no keys"


def _record(line: bytes, where: str, fraction: Callable[[str], Any]) -> dict[str, Any]:
    def finite(text: str) -> Any:
        _finite(text)
        return fraction(text)

    try:
        record = json.loads(line.decode("utf-8-sig"), parse_constant=_refuse_constant, parse_float=finite)
        if rb"\u" in line:  # an escape can stand for half of a surrogate pair, which no file can hold
            json.dumps(record, ensure_ascii=False).encode()
    except UnicodeDecodeError:
        raise DataError(f"{where}: not UTF-8; one JSON object a line is needed") from None
    except UnicodeEncodeError:
        raise DataError(f"{where}: half of a surrogate pair in a text; whole characters are needed") from None
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: not JSON ({error.msg}, column {error.colno}); one object a line is needed") from None
    except (ValueError, RecursionError) as error:  # NaN, an integer of thousands of digits, absurd nesting
        raise DataError(f"{where}: not usable JSON ({error}); one object a line is needed") from None
    if not isinstance(record, dict):
        raise DataError(f"{where}: a JSON object is needed, this line is a {type(record).__name__}")
    return record


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"the number {text:.40} is too large")
    return number
