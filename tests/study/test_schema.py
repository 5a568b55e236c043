"""The study's own section: exactly one of several, lists without repetition, and defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rftlab.runfolder.study_plan import PlannedRace
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


def test_crossed_factors_do_not_race(tmp_path: Path) -> None:
    line = refusal(tmp_path, changed(("design", {"factorial": ["rollouts", "lr"]}), ("seeds", {"race": [3, 4]})))
    assert line.startswith("design.factorial: effects of crossed factors need fixed seeds")


@pytest.mark.parametrize(
    ("seeds", "told"),
    [
        ({"race": [2, 3]}, "seeds.race: the first look needs 3 seeds"),
        ({"race": [3, 3]}, "seeds.race: each look needs more seeds than the one before, not 3 after 3"),
        ({"race": []}, "seeds.race: at least 1 entry is needed"),
        ({"races": [3]}, "seeds: unknown key 'races'; valid keys: race, reference (did you mean 'race'?)"),
        ({"race": [3, 4], "reference": 0}, "seeds.reference: at least 1 is needed"),
        ([0, 0], "seeds: 0 is given twice"),
        ([-1], "seeds.0: at least 0 is needed"),
        (3, "seeds: a list is needed"),
    ],
)
def test_seeds_that_are_none(tmp_path: Path, seeds: Any, told: str) -> None:
    assert refusal(tmp_path, changed(("seeds", seeds))).startswith(told)


def test_a_race_has_the_seeds_of_its_longest_arm() -> None:
    study = Study.model_validate(changed(("seeds", {"race": [3, 4, 6], "reference": 9})))
    assert study.possible_seeds == [*range(9)]
    assert study.looks == PlannedRace((3, 4, 6), 9)
    fixed = Study.model_validate(changed(("seeds", [5, 0])))
    assert (fixed.possible_seeds, fixed.looks) == ([5, 0], PlannedRace((2,), 2))
