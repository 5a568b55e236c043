"""The study's own section: exactly one of several, lists without repetition, and defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rftlab.study.schema import Budget, Every, Study
from studies import GONE, STUDY, changed, refusal


def test_defaults() -> None:
    study = Study.model_validate(changed(("seeds", GONE)))
    assert (study.seeds, study.noise_floor, study.checkpoints, study.threads) == ([0, 1, 2], True, "keep", 1)
    assert (study.report.equivalence_margin, study.report.confidence) == (None, 0.95)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (("budget", {}), "budget: give exactly one of rounds, rollouts, tokens"),
        (("budget", {"rounds": 1, "tokens": 1}), "budget: give exactly one of rounds, rollouts, tokens"),
        (("evaluation/every", {}), "evaluation.every: give exactly one of rounds, rollouts"),
        (("evaluation/every", {"rounds": 1, "rollouts": 1}), "evaluation.every: give exactly one of rounds, rollouts"),
        (("evaluation/pass_at", [1, 4]), "evaluation: pass_at: 4 is more than samples (2)"),
        (("evaluation/pass_at", [1, 1]), "evaluation: pass_at: 1 is given twice"),
        (("evaluation/id", []), "evaluation.id: at least 1 entry is needed, not []"),
        (("seeds", [0, 1, 0]), "seeds: 0 is given twice; seeds must differ"),
        (("seeds", [2**31]), "seeds.0: less than 2147483648 is needed"),
        (("checkpoints", "some"), "checkpoints: one of 'keep', 'final' or 'none' is needed, not 'some'"),
        (("report", {"confidence": 0.5}), "report.confidence: more than 0.5 is needed, not 0.5"),
        (("models", {}), "models: at least 1 entry is needed, not {}"),
    ],
    ids=str,
)
def test_what_is_refused(tmp_path: Path, edit: tuple[str, Any], message: str) -> None:
    assert refusal(tmp_path, changed(edit)).startswith(message)


def test_exactly_one_of_each() -> None:
    assert Budget(tokens=5).model_dump(exclude_none=True) == {"tokens": 5}
    assert Every(rollouts=64).rounds is None


def test_an_edit_of_the_mapping_is_no_edit_of_the_study() -> None:
    given = changed()
    study = Study.model_validate(given)
    given["seeds"].append(9)
    assert Study.model_validate(STUDY) == study
