r"""JSONL sources: GSM8K's own format, plain question/answer records, and others whose fields are named.

GSM8K's ``answer`` is a worked solution that ends in ``#### number``: the answer is what follows the last mark, without
commas, and ``metadata["solution"]`` is the text without its calculator annotations ``<<48/2=24>>``. A record's other
fields of one value (text, number, true or false) are kept in the metadata under their own names.

MATH's ``solution``, named as the answer field, is a worked solution too: the answer is the content of its last
``\boxed{…}``. A record whose box is empty has no answer: it is dropped, and listed in the manifest.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rftlab.data.queries import SPLITS, DataError, Query, keys_of, query_id, read_jsonl
from rftlab.levels import did_you_mean
from rftlab.rewards._boxes import last_box

KEYS = ("source", "files", "fields", "limit")
MARK = "####"
BOX = "\\boxed"
ANNOTATION = re.compile(r"<<[^<>]*>>")


@dataclass(frozen=True)
class Records:
    """A JSONL dataset's configuration, checked; ``query_fields`` are joined by a space, ``limit`` holds first k."""

    files: Mapping[str, Path]
    query_fields: tuple[str, ...] = ("question",)
    answer_field: str = "answer"
    limit: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Split:
    """The queries of one file; ``duplicates`` are dropped records whose query text had already occurred.

    ``conflicts`` counts those of the duplicates that gave another answer than the record that was kept, the first;
    ``unanswered`` names the records, ``path:line``, that were dropped because the box of their solution is empty.
    """

    queries: list[Query]
    duplicates: int
    conflicts: int
    unanswered: tuple[str, ...] = ()


def parse(config: Mapping[str, Any]) -> Records:
    """Check ``{"source": "jsonl", "files": {split: path}, "fields"?: {"query", "answer"}, "limit"?: {split: k}}``.

    Paths are relative to the working directory.

    Raises:
        DataError: an unknown key or a value that cannot be; the message begins with the key.
    """
    _refuse_unknown(config, KEYS, "")
    files = config.get("files")
    if not isinstance(files, Mapping) or not files:
        raise DataError(f"files: a path for each split is needed, for instance {{'train': 'a.jsonl'}}, not {files!r}")
    _refuse_unknown(files, SPLITS, "files.")
    for split, path in files.items():
        if not isinstance(path, str) or not path:
            raise DataError(f"files.{split}: the path of a JSONL file is needed, not {path!r}")

    fields = config.get("fields", {})
    if not isinstance(fields, Mapping):
        raise DataError(f"fields: names for query and answer are needed, not {fields!r}")
    _refuse_unknown(fields, ("query", "answer"), "fields.")
    query, answer = fields.get("query", Records.query_fields), fields.get("answer", Records.answer_field)
    query_fields = (query,) if isinstance(query, str) else query
    if not isinstance(query_fields, list | tuple) or not query_fields or not all(map(_is_name, query_fields)):
        raise DataError(f"fields.query: a field's name, or a list of them, is needed, not {query!r}")
    if not _is_name(answer):
        raise DataError(f"fields.answer: a field's name is needed, not {answer!r}")

    limit = config.get("limit", {})
    if not isinstance(limit, Mapping):
        raise DataError(
            f"limit: a number of queries for a split is needed, for instance {{'train': 1000}}, not {limit!r}"
        )
    _refuse_unknown(limit, tuple(files), "limit.")
    for split, most in limit.items():
        if isinstance(most, bool) or not isinstance(most, int) or most < 1:
            raise DataError(f"limit.{split}: a whole number of at least 1 is needed, not {most!r}")
    ordered = {split: Path(files[split]) for split in SPLITS if split in files}
    return Records(ordered, tuple(query_fields), answer, dict(limit))


def read(config: Mapping[str, Any]) -> dict[str, Split]:
    """Read every split; with a limit k, its first k distinct queries, and the file no further than that.

    Raises:
        DataError: as ``parse``; or ``path:line: …`` for a file or record that cannot be used.
    """
    records = parse(config)
    return {split: _read_split(records, split) for split in records.files}


def _read_split(records: Records, split: str) -> Split:
    kept: dict[str, Query] = {}
    unanswered: list[str] = []
    duplicates = conflicts = 0
    most = (records.limit or {}).get(split, math.inf)
    for where, record in read_jsonl(records.files[split]):
        query = _query(records, where, record)
        if query is None:
            unanswered.append(where)
            continue
        first = kept.setdefault(query.query, query)
        if first is not query:
            duplicates += 1
            conflicts += first.answer != query.answer
        if len(kept) >= most:
            break
    if not kept:
        raise DataError(f"{records.files[split]}: the box of every solution is empty; at least one answer is needed")
    return Split(list(kept.values()), duplicates, conflicts, tuple(unanswered))


def _query(records: Records, where: str, record: dict[str, Any]) -> Query | None:
    """The query of a record; None where the box of its solution is empty."""
    text = " ".join(_text(record, name, where, "query") for name in records.query_fields)
    answer = _text(record, records.answer_field, where, "answer")
    used = {*records.query_fields, records.answer_field}
    metadata = {
        key: value
        for key, value in record.items()
        if key not in used and (value is None or isinstance(value, str | int | float))
    }
    if BOX in answer:
        metadata["solution"] = answer
        answer = _boxed(answer, where, records.answer_field)
        if not answer:
            return None
    elif MARK in answer:
        metadata["solution"] = ANNOTATION.sub("", answer)
        answer = answer.rpartition(MARK)[2].strip().replace(",", "")
        if not answer:
            raise DataError(
                f"{where}: nothing follows the last {MARK} in field {records.answer_field!r}; a number is needed"
            )
    return Query(query_id(text), text, answer, metadata)


def _boxed(solution: str, where: str, field: str) -> str:
    content = last_box(solution)
    if content is None:
        raise DataError(f"{where}: the last {BOX} in field {field!r} never closes; a box with an answer is needed")
    return content.strip()


def _text(record: dict[str, Any], name: str, where: str, purpose: str) -> str:
    """Return a field as text; a float that is a whole number is written as one: 145.0 is ``145``."""
    if name not in record:
        raise DataError(f"{where}: the {purpose} needs field {name!r}; this record has {keys_of(record)}")
    value = record[name]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise DataError(f"{where}: field {name!r} is {value!r:.40}; the {purpose} needs a text or a number")
    text = str(value).strip()
    if not text:
        raise DataError(f"{where}: field {name!r} is empty; the {purpose} needs a text or a number")
    return text


def _refuse_unknown(given: Mapping[str, Any], known: tuple[str, ...], prefix: str) -> None:
    for key in given:
        if key not in known:
            hint = did_you_mean(str(key), list(known))
            raise DataError(f"{prefix}{key}: no such key; there are {', '.join(known)}{hint}")


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)
