"""What others may rely on, word for word: the package, the command line, the stages. A change here is a decision."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator

import typer.main
import yaml

import rftlab
from checkout import ROOT
from rftlab.cli import app

PACKAGE = ROOT / "src" / "rftlab"
COMMANDS = {
    "plan": ["STUDY", "--json", "--throughput"],
    "show": ["STUDY|FOLDER"],
    "report": ["STUDY|FOLDER"],
    "export": ["STUDY|FOLDER", "--latex", "--pdf", "--csv", "--to", "--trl", "--verl"],
    "from-trl": ["FILE", "--output"],
    "from-verl": ["FILE", "--output"],
    "compare": ["A", "B"],
    "track": ["STUDY|FOLDER", "--follow", "--no-follow", "--store"],
    "score": ["FILE|-", "--reward"],
    "fetch": ["STUDY", "--renew"],
    "catalogue": ["WORD", "--json"],
    "bandit": ["--queries", "--rollouts", "--statistics-rollouts", "--measure", "--docs"],
}
STAGES = [
    "rftlab.analysis.looks",
    "rftlab.analysis.prediction",
    "rftlab.analysis.replication",
    "rftlab.analysis.tables",
    "rftlab.analysis.tuned_looks",
    "rftlab.cli",
    "rftlab.data",
    "rftlab.data.check",
    "rftlab.evaluation.evaluate",
    "rftlab.evaluation.removal",
    "rftlab.jobs.warmstart",
    "rftlab.models.build",
    "rftlab.planning.pin_models",
    "rftlab.planning.planfile",
    "rftlab.probe.collect",
    "rftlab.probe.replay",
    "rftlab.rewards.file_worker",
    "rftlab.rewards.worker",
    "rftlab.study.documentation",
    "rftlab.training.train",
    "rftlab.views.figures",
    "rftlab.views.report",
    "rftlab.views.track",
]
IMPORT = """
import json, sys
before = {*sys.modules}
import rftlab
print(json.dumps([sorted({*sys.modules} - before), [name for name in vars(rftlab) if not name.startswith("__")]]))
"""


def test_import_offers_a_version_and_imports_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT], check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == [["rftlab"], []]
    assert rftlab.__version__ == "0.1.0"


def test_the_citation_has_the_version() -> None:
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["version"] == rftlab.__version__


def test_commands_and_their_options() -> None:
    group = typer.main.get_command(app)
    found = {
        name: [
            word
            for parameter in command.params
            for word in (
                [parameter.metavar]
                if parameter.param_type_name == "argument"
                else [*parameter.opts, *parameter.secondary_opts]
            )
        ]
        for name, command in group.commands.items()
    }
    assert found == COMMANDS
    assert not group.params


def callable_modules() -> Iterator[str]:
    """What `python -m` takes: packages with a __main__.py, and modules that ask whether they are the main one."""
    for path in PACKAGE.rglob("*.py"):
        module = ".".join(("rftlab", *path.relative_to(PACKAGE).with_suffix("").parts))
        if path.name == "__main__.py":
            yield module.removesuffix(".__main__")
        elif any(is_main_guard(node) for node in ast.parse(path.read_text(encoding="utf-8")).body):
            yield module


def is_main_guard(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"


def test_stages() -> None:
    assert sorted(callable_modules()) == STAGES


def test_the_workflow_calls_stages_of_the_list() -> None:
    rules = [path.read_text(encoding="utf-8") for path in (ROOT / "workflow/rules").glob("*.smk")]
    called = {stage for text in rules for stage in re.findall(r"(?:-m|warmstart) (rftlab(?:\.\w+)+)", text)}
    assert called
    assert called <= {*STAGES}
