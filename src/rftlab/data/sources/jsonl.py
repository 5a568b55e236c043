"""JSONL files: GSM8K's own format, plain question/answer records, or fields that the study names."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from rftlab.data.queries import read_jsonl
from rftlab.data.records import RecordFiles


class Source(RecordFiles):
    """One record a line."""

    @staticmethod
    def rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
        """Records as :func:`rftlab.data.queries.read_jsonl` yields them, fractions with all their digits."""
        return read_jsonl(path, Decimal)
