"""What every verifier returns."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from rftlab.rewards import Judgement


def test_a_verdict_has_no_failure_unless_one_is_given() -> None:
    assert Judgement(False, None) == Judgement(correct=False, extracted=None, failure=None)
    assert Judgement(False, "5", "unparsed") != Judgement(False, "5")


def test_a_verdict_is_not_changed() -> None:
    judgement = Judgement(False, None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        judgement.correct = True  # type: ignore[misc]


def test_importing_it_imports_no_verifier_and_starts_nothing() -> None:
    code = "import sys, rftlab.rewards; print(*sorted(name for name in sys.modules if name.startswith('rftlab')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["rftlab", "rftlab.rewards"]
