"""The house: which room may import which, and a test file for every module."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import rftlab
from rftlab.planning.fingerprint import imports

SOURCE = Path(rftlab.__file__).parent
TESTS = Path(__file__).parents[1]
ROWS = """\
cli
bridge planning
study views
probe
analysis models training
evaluation
rollouts
policies
data
rewards
bandit hub provenance runfolder
levels files jobs randomness advantages objectives optimizers
errors"""
ROW = {room: row for row, rooms in enumerate(reversed(ROWS.splitlines())) for room in rooms.split()}
ONLY = {"views": {"errors", "files", "runfolder"}}  # views can be deleted and made again: they read files, and no more
BESIDE = {"__init__": "init", "__main__": "main"}


def room_of(module: str) -> str:
    return module.split(".")[1]


def walls_broken() -> list[str]:
    """``file: import`` for every import that is neither of the module's own room nor of a lower row."""
    broken = []
    for path in sorted(SOURCE.rglob("*.py")):
        parts = ["rftlab", *path.relative_to(SOURCE).with_suffix("").parts]
        module = ".".join(part for part in parts if part != "__init__")
        for name in imports(module, path):
            if name.startswith("rftlab.") and module != "rftlab" and room_of(name) in ROW:
                room, other = room_of(module), room_of(name)
                allowed = ROW[other] < ROW[room] and other in ONLY.get(room, ROW)
                broken += [] if other == room or allowed else [f"{path.relative_to(SOURCE)}: {name}"]
    return broken


def test_a_module_imports_its_own_room_and_lower_rows_only() -> None:
    assert walls_broken() == []


def test_every_room_has_a_row_and_every_row_is_in_the_document(repository: Path) -> None:
    rooms = {path.stem for path in SOURCE.iterdir() if path.suffix in ("", ".py") and not path.stem.startswith("__")}
    assert rooms == ROW.keys()
    assert ROWS in (repository / "docs" / "architecture.md").read_text(encoding="utf-8")


def has_code(path: Path) -> bool:
    return any(not isinstance(node, ast.Expr) for node in ast.parse(path.read_text(encoding="utf-8")).body)


def test_every_module_has_its_test_file_and_every_test_file_its_module() -> None:
    modules = [path.relative_to(SOURCE) for path in SOURCE.rglob("*.py") if has_code(path)]
    expected = {
        path.with_name(f"test_{BESIDE.get(path.stem, path.stem)}.py") for path in modules if path != Path("__init__.py")
    }
    files = {path.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    assert sorted(expected - files) == []
    assert sorted(path for path in files - expected if path.parts[0] != "system") == []


def test_every_file_that_a_document_names_is_there(repository: Path) -> None:
    named = re.compile(r"(?<![\w/.-])((?:src|tests|workflow|config|docs|envs|benchmarks|profiles)/[\w./*-]+\.\w+)")
    missing = []
    for document in [*repository.glob("*.md"), *repository.glob("*/*.md")]:
        for path in named.findall(document.read_text(encoding="utf-8")):
            missing += [] if list(repository.glob(path)) else [f"{document.relative_to(repository)}: {path}"]
    assert missing == [
        "CONTRIBUTING.md: src/rftlab/advantages/half.py",
        "CONTRIBUTING.md: src/rftlab/data/sources/csv.py",
    ]
