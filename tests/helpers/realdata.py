"""Where GSM8K, MATH and SVAMP lie, which the project does not ship: ``$RFTLAB_DATA``, or beside the repository."""

import os
from pathlib import Path

import pytest

REAL = Path(os.environ.get("RFTLAB_DATA", Path(__file__).parents[3] / "shared" / "data"))
needs_real_files = pytest.mark.skipif(
    not REAL.is_dir(), reason="GSM8K, MATH and SVAMP are neither in $RFTLAB_DATA nor in ../shared/data"
)
MATH = {
    "source": "jsonl",
    "files": {split: str(REAL / "math" / f"{split}.jsonl") for split in ("train", "test")},
    "fields": {"query": "problem", "answer": "solution"},
}
