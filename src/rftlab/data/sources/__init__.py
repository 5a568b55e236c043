"""Sources of queries, one file each, found by its name: ``source: jsonl`` in a study is ``jsonl.py``.

A file holds the class ``Source``. What ``parse`` takes is what planning writes into a dataset's configuration, which
the study's schema has checked; written by hand it is checked by the types that ``parse`` declares. What only the source
itself can tell to be wrong, it refuses. What reads Parquet, the hub or reasoning-gym is imported when it reads, and
pydantic when a configuration is parsed: training imports neither.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from rftlab.data.queries import DataError, Split
from rftlab.errors import did_you_mean


class Source(Protocol):
    """Where the queries of a dataset come from."""

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits it has, in the order of ``SPLITS``."""

    def read(self) -> dict[str, Split]:
        """Make or read the queries of each split, the same for the same configuration and files.

        Raises:
            DataError: too few queries, or a file or record that cannot be used; the message names it.
        """


def names() -> list[str]:
    """Every source there is."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def source_of(config: Mapping[str, Any]) -> Source:
    """The source that a dataset's configuration describes; nothing is generated or opened.

    Raises:
        DataError: there is no such source, a key is missing or unknown, or a value cannot be.
    """
    if not isinstance(config, Mapping):
        raise DataError(f"a dataset is a mapping with a source, not {config!r}")
    name = config.get("source")
    if name not in names():
        hint = did_you_mean(str(name), names())
        raise DataError(f"source: one of {', '.join(names())} is needed, not {name!r}{hint}")
    from pydantic import ValidationError

    try:
        return _parse(name)(**{key: value for key, value in config.items() if key != "source"})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise DataError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}, for {name}") from None


@functools.cache
def _parse(name: str) -> Callable[..., Source]:
    from pydantic import ConfigDict, validate_call

    source: Any = importlib.import_module(f"{__name__}.{name}").Source
    parse: Callable[..., Source] = validate_call(config=ConfigDict(strict=True))(source.parse)
    return parse
