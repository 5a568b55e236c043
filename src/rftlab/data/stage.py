"""The data stage: a dataset's configuration becomes ``<split>.jsonl`` files and the manifest ``data.json``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

from rftlab.data.queries import check_overlap, to_jsonl
from rftlab.data.sources import source_of
from rftlab.files import write_bytes

MANIFEST = "data.json"


def stage(config: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Write each split and, last, the manifest, which it returns.

    ``overlaps`` counts, for two splits of the dataset, the queries of the second that also occur in the first.

    Raises:
        DataError: no such source, too few queries, or a file or record that cannot be used.
        OSError: the folder cannot be written.
    """
    splits = source_of(config).read()
    contents = {name: to_jsonl(split.queries) for name, split in splits.items()}
    manifest = {
        "config": dict(config),
        "splits": {
            name: {
                "path": f"{name}.jsonl",
                "queries": len(split.queries),
                "duplicates": split.duplicates,
                "conflicts": split.conflicts,
                "unanswered": split.unanswered,
                "several_boxes": split.several_boxes,
                "sha256": hashlib.sha256(contents[name]).hexdigest(),
            }
            for name, split in splits.items()
        },
        "overlaps": {
            f"{first}/{second}": asdict(check_overlap(splits[first].queries, splits[second].queries))
            for first, second in combinations(splits, 2)
        },
    }
    for name, content in contents.items():
        write_bytes(folder / f"{name}.jsonl", content)
    text = json.dumps(manifest, ensure_ascii=False, sort_keys=True, indent=1)
    write_bytes(folder / MANIFEST, f"{text}\n".encode())
    return manifest
