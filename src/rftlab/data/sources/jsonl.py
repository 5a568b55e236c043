"""JSONL files: GSM8K's own format, plain question/answer records, or fields that the study names."""

from __future__ import annotations

from rftlab.data.queries import read_jsonl
from rftlab.data.records import RecordFiles


class Source(RecordFiles):
    """One record a line."""

    rows = staticmethod(read_jsonl)
