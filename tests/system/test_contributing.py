"""What CONTRIBUTING.md shows is done, in a copy of the code: a source of queries is one file and one section."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from checkout import ROOT
from studies import pretrained

BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package with the source that the document adds."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Add a dataset source")[2]
    reader, section = BLOCK.findall(text)[:2]
    (tmp_path / "src/rftlab/data/sources/csv.py").write_text(reader)
    sections = tmp_path / "src/rftlab/study/query_sources.py"
    before = sections.read_text()
    after = before.replace("SOURCES: tuple", f"{section}\n\nSOURCES: tuple").replace(
        "HubSource)\n", "HubSource, CsvSource)\n"
    )
    assert after.count("CsvSource") == 2
    sections.write_text(after)
    return tmp_path


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(folder / "src")}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_a_source_is_one_file_and_one_section(copy: Path) -> None:
    for split in ("train", "test"):
        rows = "".join(f"{split} {i}?,#### {i}\n" for i in range(4))
        (copy / f"{split}.csv").write_text(f"question,answer\n{rows}")
    pretrained(copy / "model")
    sheet = {"source": "csv", "files": {"train": "train.csv", "test": "test.csv"}}
    study = {
        "study": "sheets",
        "models": {"m": {"source": "directory", "path": "model"}},
        "datasets": {"sheet": {**sheet, "verifier": "numeric"}},
        "budget": {"rounds": 1},
        "evaluation_sets": {"sheet_test": {"dataset": "sheet"}},
        "evaluation": {"every": {"rounds": 1}, "id": ["sheet_test"]},
    }
    (copy / "study.yaml").write_text(yaml.safe_dump(study))
    planned = python(copy, "-m", "rftlab.cli", "plan", "study.yaml", "--json")
    assert planned.returncode == 0, planned.stderr
    assert json.loads(planned.stdout)["base_evaluation_rows"] == 4 * 9

    config = json.dumps(sheet)
    made = python(copy, "-m", "rftlab.data", "--config", config, "--folder", "sheet")
    assert made.stdout == "train: 4 queries\ntest: 4 queries\n", made.stderr
    first = json.loads((copy / "sheet/test.jsonl").read_text().splitlines()[0])
    assert (first["query"], first["answer"]) == ("test 0?", "0")

    (copy / "train.csv").unlink()
    refused = python(copy, "-m", "rftlab.cli", "plan", "study.yaml")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert (
        "datasets.sheet: train.csv: cannot be read: No such file or directory; a CSV file is needed" in refused.stderr
    )
