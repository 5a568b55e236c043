"""Snakemake's own ways to give a study: several files, and values on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checkout import copy_code

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]


def test_several_files_and_values_of_the_command_line(tmp_path: Path) -> None:
    checkout = copy_code(tmp_path)
    (tmp_path / "more.yaml").write_text("study: merged\nbudget: {rounds: 7}\n")
    options = ("more.yaml", "--cores", "1", "--config", "budget={rounds: 2}", "seeds=[3, 4]", "description=sums: 1")
    checkout.snakemake(*options, "--", "plan")
    plan = json.loads((tmp_path / "results/merged/plan.json").read_text())
    assert (plan["budget"], plan["seeds"], plan["description"]) == ({"rounds": 2}, [3, 4], "sums: 1")
    refused = checkout.run("-n", "--config", "budget={rounds: 0}")
    assert refused.returncode == 1
    assert refused.stdout.splitlines()[-1].endswith("smoke.yaml, --config: budget.rounds: at least 1 is needed, not 0")
