"""From a record to a query: the one field mapping of JSONL, Parquet and hub sources.

The answer is a text or a number. A worked solution in its place is recognised: of GSM8K's, the answer is what follows
the last ``####``, without commas; of MATH's, the content of the last ``\\boxed{…}``; the whole text is kept as
``metadata["solution"]``. With ``choices`` the query ends in lettered choices and the answer is the letter of the right
one. A record's other fields of one value (text, number, true or false) are kept in the metadata under their own names;
one called ``cluster`` is a text that near-copies of one question share.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import MinLen

from rftlab.data.clusters import CLUSTER, cluster_of
from rftlab.data.numbers import decimal_text
from rftlab.data.queries import DataError, Query, Split, keys_of, query_id
from rftlab.rewards.boxes import contents, last_box

MARK = "####"
ANNOTATION = re.compile(r"<<[^<>]*>>")  # GSM8K's calculator: <<48/2=24>>
BOX = "\\boxed"
LETTERS = string.ascii_uppercase


Name = Annotated[str, MinLen(1)]
Names = Name | Annotated[list[Name], MinLen(1)]


if TYPE_CHECKING:
    FieldNames = Mapping[str, Any]
else:  # a configuration's ``fields``
    FieldNames = Mapping[Literal["query", "answer", "choices"], Names]


class EmptyBoxError(DataError):
    """A worked solution ends in an empty box: there is no answer to compare with."""


@dataclass(frozen=True)
class Fields:
    """Names of a record's fields; several for the query are joined by a space.

    ``choices`` are none, the one field that lists them (texts, or ARC's ``{"text": […], "label": […]}``), or one field
    for each.
    """

    query: tuple[str, ...] = ("question",)
    answer: str = "answer"
    choices: tuple[str, ...] = ()

    @classmethod
    def parse(
        cls, query: str | Sequence[str] = "question", answer: str = "answer", choices: str | Sequence[str] = ()
    ) -> Fields:
        """From the names a configuration has, each one name or several.

        Raises:
            DataError: several for the answer.
        """
        if not isinstance(answer, str):
            raise DataError(f"fields.answer: a field's name is needed, not {answer!r}")
        several = ((names,) if isinstance(names, str) else tuple(names) for names in (query, choices))
        return cls(next(several), answer, next(several))


def collect(fields: Fields, rows: Iterable[tuple[str, Mapping[str, Any]]], most: int | None) -> Split:
    """Read ``(where, record)`` until there are ``most`` distinct queries, and no further than that.

    However it ends, a generator of rows is closed: a reader that is kept by the trace of an error, or by nobody, would
    end with the interpreter, and threads of Arrow that find none to return to abort the process.

    Raises:
        DataError: ``where: …`` for a record that cannot be used.
    """
    try:
        return _collect(fields, rows, most)
    finally:
        if isinstance(rows, Generator):
            rows.close()


def _collect(fields: Fields, rows: Iterable[tuple[str, Mapping[str, Any]]], most: int | None) -> Split:
    queries: dict[str, Query] = {}
    unanswered: list[str] = []
    several_boxes: list[str] = []
    duplicates = conflicts = 0
    for where, record in rows:
        try:
            query = to_query(fields, where, record)
        except EmptyBoxError:
            unanswered.append(where)
            continue
        first = queries.setdefault(query.query, query)
        if first is not query:
            duplicates += 1
            conflicts += first.answer != query.answer
        elif not fields.choices and len(_boxes(record[fields.answer])) > 1:
            several_boxes.append(where)
        if len(queries) >= (most or math.inf):
            break
    return Split(list(queries.values()), duplicates, conflicts, unanswered, several_boxes)


def _boxes(solution: object) -> set[str]:
    """What the boxes of a solution hold, each once."""
    return set(contents(solution)) if isinstance(solution, str) else set()


def to_query(fields: Fields, where: str, record: Mapping[str, Any]) -> Query:
    """One record as a query.

    Raises:
        EmptyBoxError: the answer is an empty box.
        DataError: a field is missing or cannot be what it is named for.
    """
    text = " ".join(_text(record, name, where, "query") for name in fields.query)
    used = {*fields.query, fields.answer, *fields.choices}
    metadata = {
        key: value
        for key, value in record.items()
        if key not in used and (value is None or isinstance(value, str | int) or _is_finite(value))
    }
    metadata = {key: float(value) if isinstance(value, Decimal) else value for key, value in metadata.items()}
    if CLUSTER not in used:
        cluster_of(record, where)
    if fields.choices:
        texts, labels = _choices(fields.choices, record, where)
        text = "\n".join([text, *(f"{letter}. {choice}" for letter, choice in zip(LETTERS, texts, strict=False))])
        return Query(query_id(text), text, _letter(fields.answer, record, where, labels, len(texts)), metadata)
    answer = _text(record, fields.answer, where, "answer")
    if BOX in answer:
        metadata["solution"], answer = answer, _last_box(answer, fields.answer, where)
    elif MARK in answer:
        metadata["solution"] = ANNOTATION.sub("", answer)
        answer = answer.rpartition(MARK)[2].strip().replace(",", "")
        if not answer:
            raise DataError(f"{where}: nothing follows the last {MARK} in field {fields.answer!r}; a number is needed")
    return Query(query_id(text), text, answer, metadata)


def _last_box(solution: str, name: str, where: str) -> str:
    content = last_box(solution)
    if content is None:
        raise DataError(f"{where}: the last {BOX} in field {name!r} is never closed; {BOX}{{…}} is needed")
    if not content.strip():
        raise EmptyBoxError(f"{where}: the last {BOX} in field {name!r} is empty; an answer is needed")
    return content.strip()


def _choices(names: tuple[str, ...], record: Mapping[str, Any], where: str) -> tuple[list[str], list[str]]:
    """Texts of the choices, and the record's own labels for them, if any."""
    if len(names) > 1:
        return [_text(record, name, where, "choices") for name in names], []
    if names[0] not in record:
        raise DataError(f"{where}: the choices need field {names[0]!r}; this record has {keys_of(record)}")
    value: Any = record[names[0]]
    labels: Any = []
    if isinstance(value, Mapping):
        value, labels = value.get("text"), value.get("label")
    if (
        not isinstance(value, list)
        or not 2 <= len(value) <= len(LETTERS)
        or not isinstance(labels, list)
        or len(labels) not in (0, len(value))
    ):
        raise DataError(
            f"{where}: field {names[0]!r} is {record[names[0]]!r:.60}; the choices need a list of 2 to {len(LETTERS)} "
            "texts, or texts and as many labels"
        )
    texts, marks = ([_text({names[0]: one}, names[0], where, "choices") for one in some] for some in (value, labels))
    return texts, marks


def _letter(name: str, record: Mapping[str, Any], where: str, labels: list[str], count: int) -> str:
    """Letter of the right choice, from its label, its letter or its index, the first being 0."""
    value = _text(record, name, where, "answer")
    if value in labels:
        return LETTERS[labels.index(value)]
    if not labels and value in list(LETTERS[:count]):
        return value
    if not labels and re.fullmatch("[0-9]{1,2}", value) and int(value) < count:
        return LETTERS[int(value)]
    known = (
        ", ".join(labels) if labels else f"a letter from A to {LETTERS[count - 1]} or an index from 0 to {count - 1}"
    )
    raise DataError(f"{where}: field {name!r} is {value!r:.40}, which names no choice; it needs {known}")


def _text(record: Mapping[str, Any], name: str, where: str, purpose: str) -> str:
    """Return a field as text, a number as its shortest decimal: 145.0 is ``145``."""
    if name not in record:
        raise DataError(f"{where}: the {purpose} needs field {name!r}; this record has {keys_of(record)}")
    value = record[name]
    if isinstance(value, bool) or not (isinstance(value, str | int) or _is_finite(value)):
        raise DataError(f"{where}: field {name!r} is {value!r:.40}; the {purpose} needs a text or a number")
    text = value.strip() if isinstance(value, str) else decimal_text(value)
    if not text:
        raise DataError(f"{where}: field {name!r} is empty; the {purpose} needs a text or a number")
    return text


def _is_finite(value: object) -> bool:
    return isinstance(value, float | Decimal) and math.isfinite(value)
