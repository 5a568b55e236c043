"""The tuned comparison: which value is chosen, by what, and that what is chosen is judged as a study of its own."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from rftlab.analysis.tables import tables
from rftlab.analysis.tuning import CandidateScore, Tuned, best
from rftlab.runfolder.expected import read_expected
from rftlab.runfolder.read import read_document
from rftlab.runfolder.study_plan import Pair, PlannedCandidate, read_plan
from synthetic import tables_of
from tuned import CHOOSING, OTHER, TUNED, write_tuned_study

PAIR = Pair("tiny-qwen2", "chains")


def comparison(path: Path) -> Tuned:
    plan = read_plan(path)
    assert plan.tune is not None
    return Tuned(
        plan, plan.tune, read_expected(path.with_name("expected.json")), read_document(path.with_name("data.json"))
    )


def scored(variant: str, score: float, lost: int = 0) -> CandidateScore:
    return CandidateScore(PAIR, PlannedCandidate("batch/b8", 0.0, variant), score, 2, lost)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_tuned_study(tmp_path, monkeypatch)


def test_the_best_of_candidates() -> None:
    low, own, high = scored("batch/b8@1", 0.3), scored("batch/b8", 0.4), scored("batch/b8@2", 0.5)
    assert best([low, own, high]) is high
    assert best([low, own, dataclasses.replace(high, lost=1)]) is own, "a lost run is no success"
    assert best([dataclasses.replace(one, lost=2) for one in (low, own, high)]).score == 0.5
    assert best([low, dataclasses.replace(high, score=0.4), own]) is own, "of equals the level's own"
    also = dataclasses.replace(high, score=0.4 + 1e-15)
    assert best([low, own, also]) is own, "rounding is no difference"
    first = scored("batch/b8@3", 0.5)
    assert best([low, high, first]) is high, "of other equals the first"


def test_scores_are_validation_accuracy_over_the_checkpoints(path: Path) -> None:
    found = {one.candidate.variant: one for one in comparison(path).scores()}
    assert list(found) == [f"{name}{at}" for name in TUNED for at in ("", OTHER)]
    # base model 0.30; seed 1000 as written, seed 1001 one query of twenty more
    assert found["baseline"].score == pytest.approx((0.30 + 2 * 0.525 + 0.425) / 4)
    assert found[f"baseline{OTHER}"].score == pytest.approx((0.30 + 2 * 0.625 + 0.725) / 4)
    assert {one.seeds for one in found.values()} == {2}


def test_a_value_is_chosen_for_each_variant(path: Path) -> None:
    tuned = comparison(path)
    choices = tuned.chosen(tuned.scores())
    chosen = {name: one.candidate.variant for (_, name), one in choices.items()}
    assert chosen == {
        "baseline": f"baseline{OTHER}",
        "advantage/group_norm_extra7": "advantage/group_norm_extra7",
        "rollouts/n8": "rollouts/n8",
    }
    study = tuned.study(choices)
    assert {run.variant for run in study.runs} == set(TUNED)
    assert {Path(run.folder).parent.name for run in study.runs if run.variant == "baseline"} == {f"baseline{OTHER}"}
    assert {run.relative_to for run in study.runs if run.variant == "rollouts/n8"} == {"advantage/group_norm_extra7"}
    assert not {run.seed for run in study.runs} & set(CHOOSING)


def test_a_diverged_run_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tuned = comparison(write_tuned_study(tmp_path, monkeypatch, diverged={(f"baseline{OTHER}", 1001): 5}))
    found = {one.candidate.variant: one for one in tuned.scores()}
    assert found[f"baseline{OTHER}"].lost == 1
    assert found[f"baseline{OTHER}"].score > found["baseline"].score
    assert tuned.chosen([*found.values()])[PAIR, "baseline"].own


def test_each_pair_chooses_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tuned = comparison(write_tuned_study(tmp_path, monkeypatch, datasets=("chains", "words")))
    choices = tuned.chosen(tuned.scores())
    assert {(pair.dataset, name) for pair, name in choices} == {
        (d, name) for d in ("chains", "words") for name in TUNED
    }


def test_tables_have_the_comparison_of_what_was_chosen(path: Path) -> None:
    made = tables_of(path)
    tuned = made["tuned"].set_index(["level", "suite", "budget"])
    row = tuned.loc["group_norm_extra7", "id", "rounds"]
    assert (row["value"], row["value_reference"], row["relative_to"]) == (1.0e-4, 3.0e-4, "baseline")
    assert set(tuned.loc["n8"]["value_reference"]) == {1.0e-4}
    fixed = made["verdicts"].set_index(["level", "suite", "budget"]).loc[tuned.index]
    counts = ["n_seeds", "n_seeds_reference"]
    alike = (fixed[counts] == tuned[counts]).all(axis=1)  # other answers may end at another look
    assert alike.sum() > len(alike) / 2
    assert fixed["estimate"][alike].tolist() == pytest.approx(tuned["estimate"][alike].tolist())
    assert list(made["tuning"]["chosen"]) == [True, False, False, True, True, False]
    assert set(made["runs"]["variant"]) == set(TUNED), "tables of runs are those of fixed values"
    assert not set(made["runs"]["seed"]) & set(CHOOSING)


def test_what_is_judged_tuned_is_read_from_the_chosen_runs(path: Path) -> None:
    missing = next(path.parent.glob(f"runs/**/baseline{OTHER}/seed-2/checkpoints.json"))
    missing.unlink()
    with pytest.raises(Exception, match=r"baseline@0.0003/seed-2/checkpoints.json"):
        tables_of(path)


def test_runs_that_nothing_asks_for_may_be_missing(path: Path) -> None:
    for unasked in path.parent.glob(f"runs/**/rollouts/n8{OTHER}/seed-?/checkpoints.json"):
        unasked.unlink()
    assert len(tables_of(path)["tuned"])


def test_before_the_choice_a_partial_study_compares_nothing(path: Path) -> None:
    def so_far() -> dict[str, int]:
        beside = read_expected(path.with_name("expected.json")), read_document(path.with_name("data.json"))
        made = tables(read_plan(path), *beside, so_far=True)
        return {name: len(made[name]) for name in ("verdicts", "tuning", "tuned")}

    whole = so_far()
    assert all(whole.values())
    next(path.parent.glob(f"runs/**/n8{OTHER}/seed-1001/checkpoints.json")).unlink()
    assert so_far() == {"verdicts": whole["verdicts"], "tuning": 0, "tuned": 0}
