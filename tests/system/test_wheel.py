"""The package as others install it: a wheel in a new environment, without the checkout."""

from __future__ import annotations

import ast
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from checkout import ROOT
from rftlab import levels

PACKAGE = ROOT / "src" / "rftlab"
known = functools.cache(packages_distributions)
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
NOT_IMPORTED = {
    "accelerate": "transformers reads GGUF files with it",
    "snakemake": "runs the Snakefile",
    "snakemake-executor-plugin-slurm": "profiles/slurm",
}
pytestmark = pytest.mark.xdist_group("wheel")
FACTS = """
import importlib.metadata, json, rftlab
found = importlib.metadata.distribution("rftlab")
print(json.dumps([rftlab.__file__, rftlab.__version__, found.version, found.requires]))
"""


class Installed:
    """A wheel and the new environment it is installed in."""

    def __init__(self, place: Path) -> None:
        self.environment, self.folder = place / "environment", place / "empty"
        self.folder.mkdir()
        self.wheel = build(place)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", self.environment], check=True)
        self.python = self.environment / "bin" / "python"
        # a .pth line adds a folder and runs none of its own .pth files: no editable install is seen
        places = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
        (site,) = self.environment.glob("lib/python*/site-packages")
        (site / "third-party.pth").write_text("".join(f"{place}\n" for place in places))
        subprocess.run([*PIP, "--python", self.python, "install", "--no-deps", "--no-index", self.wheel], check=True)

    def run(self, *command: str) -> str:
        """What a command of the environment prints, in an empty folder."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COV_", "COVERAGE_", "PYTEST_"))}
        done = subprocess.run(
            [self.environment / "bin" / command[0], *command[1:]],
            cwd=self.folder,
            env=kept | {"COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def build(place: Path) -> Path:
    """A wheel of a copy: setuptools builds beside the sources, and packs what an earlier build left there."""
    source, wheels = place / "source", place / "wheels"
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", wheels]
    subprocess.run([*PIP, "wheel", *options, source], check=True)
    (wheel,) = wheels.iterdir()
    return wheel


def declared(requires: list[str]) -> set[str]:
    """Names that metadata requires, with those of every extra but dev."""
    parsed = [Requirement(line) for line in requires]
    return {canonicalize_name(needed.name) for needed in parsed if str(needed.marker) != 'extra == "dev"'}


def distributions(name: str) -> set[str]:
    """What may have to be installed for an import: its own name, and the installed distributions that have it."""
    return {canonicalize_name(found) for found in (name, *known().get(name, []))}


def imported() -> Iterator[tuple[str, str]]:
    """Each third-party package that a module imports, anywhere in it, and the module."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [str(node.module)]
            for name in names:
                top = name.partition(".")[0]
                if top != "rftlab" and top not in sys.stdlib_module_names:
                    yield top, str(path.relative_to(PACKAGE))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def facts(installed: Installed) -> list:
    """Its file, version, metadata's version and requirements, as the new environment sees them."""
    return json.loads(installed.run("python", "-c", FACTS))


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(installed: Installed) -> None:
    with ZipFile(installed.wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    there = {path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert held == {f"rftlab/{path.relative_to(PACKAGE)}" for path in there}
    for name in ("py.typed", "study/config.md.j2", "views/templates/report.html.j2"):
        assert f"rftlab/{name}" in held


def test_what_is_imported_is_the_wheel(installed: Installed, facts: list) -> None:
    file, version, metadata_version, _ = facts
    assert Path(file).is_relative_to(installed.environment)
    assert version == metadata_version


def test_help_names_the_commands(installed: Installed) -> None:
    text = installed.run("rftlab", "--help")
    for command in ("plan", "show", "track", "score", "fetch", "catalogue"):
        assert re.search(rf"\b{command}\b", text)


def test_the_catalogue_lists_every_level(installed: Installed) -> None:
    rows = [line.split()[0] for line in installed.run("rftlab", "catalogue").splitlines() if line.strip()]
    for kind in levels.FUNCTIONS:
        assert {*levels.names(kind)} <= {*rows}


def test_a_stage_starts(installed: Installed) -> None:
    text = installed.run("python", "-m", "rftlab.training.train", "--help")
    assert text.startswith("usage: python -m rftlab.training.train")
    for option in ("--config", "--model", "--data", "--folder", "--code"):
        assert option in text


def test_templates_are_found(installed: Installed) -> None:
    installed.run("python", "-m", "rftlab.study.documentation")
    assert (installed.folder / "config/README.md").read_text() == (ROOT / "config/README.md").read_text()


def test_every_import_is_a_declared_requirement(facts: list) -> None:
    names = declared(facts[3])
    assert not [f"{module} imports {name}" for name, module in imported() if not names & distributions(name)]


def test_every_requirement_is_imported_or_has_a_reason(facts: list) -> None:
    used = {found for name, _ in imported() for found in distributions(name)}
    assert declared(facts[3]) - used == {*NOT_IMPORTED}
