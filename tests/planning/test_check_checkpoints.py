"""A study that asks something of removed checkpoints is refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from ended_runs import ended
from rftlab.errors import BadInputError
from rftlab.evaluation.removal import remove
from rftlab.files import digest
from rftlab.planning.check_checkpoints import products_of, refuse_removed
from studies import planned


def test_a_set_added_later_is_refused_before_anything_runs(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = planned(("checkpoints", "final"))
    runs = [*plan.runs()]
    refuse_removed(plan)  # nothing has run
    for run in runs[:2]:
        remove(ended(Path(plan.run_folder(run))), "final", products_of(plan, run))
    refuse_removed(plan)  # nothing has changed
    line = {"source": "procedural", "family": "chains", "terms": [5], "sizes": {"test": 4}}
    more = (("evaluation_sets/longest", line), ("evaluation/ood", ["longer", "longest"]))
    with pytest.raises(BadInputError, match=r"2 runs were removed, and evaluating longest needs them; .* 120 rollouts"):
        refuse_removed(planned(("checkpoints", "final"), *more))
    with pytest.raises(BadInputError, match="evaluating chains_test, chains_validation, longer needs"):
        refuse_removed(planned(("checkpoints", "final"), ("evaluation/samples", 3)))
    refuse_removed(planned(("checkpoints", "final"), ("baseline/rollout/queries", 5), *more))  # all are trained again
    for run in runs[:2]:
        (Path(plan.run_folder(run)) / "checkpoints.json").unlink()  # as the line says
    refuse_removed(planned(("checkpoints", "final"), *more))


def test_neither_key_is_part_of_a_run() -> None:
    plan, other = planned(), planned(("checkpoints", "none"), ("state/every_seconds", 1.0))
    for one, two in zip(plan.runs(), other.runs(), strict=True):
        assert plan.run_params(one) == other.run_params(two)
        assert products_of(plan, one) == products_of(other, two)


def test_what_is_made_is_known_by_suite() -> None:
    plan = planned()
    run = plan.run("tiny", "chains", "baseline", 0)
    found = products_of(plan, run)
    assert found == {
        "run": digest(plan.run_params(run)),
        "suites": {
            suite: {"sets": sets, "digest": digest(plan.evaluation_params(run, suite))}
            for suite, sets in (("id", ["chains_validation", "chains_test"]), ("ood", ["longer"]))
        },
    }


@pytest.mark.parametrize(
    ("edit", "differ"),
    [
        (("evaluation_sets/longer/limit_queries", 2), {"ood"}),
        (("evaluation/seed", 1), {"id", "ood"}),
        (("baseline/optimizer/lr", 2.0e-4), {"run"}),
        (("report", {"confidence": 0.9}), set()),
    ],
    ids=lambda value: str(sorted(value)) if isinstance(value, set) else str(value),
)
def test_what_is_made_changes_with_what_it_depends_on_alone(edit, differ: set[str]) -> None:
    found = []
    for plan in (planned(), planned(edit)):
        content = products_of(plan, plan.run("tiny", "chains", "baseline", 0))
        found.append({"run": content["run"], **content["suites"]})
    assert {name for name in found[0] if found[0][name] != found[1][name]} == differ


def test_the_line_names_what_is_needed_what_it_costs_and_the_way_out(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = planned(("checkpoints", "none"))
    run = plan.run("tiny", "chains", "lr/zero", 1)
    folder = Path(plan.run_folder(run))
    remove(ended(folder), "none", products_of(plan, run))
    with pytest.raises(BadInputError) as error:
        refuse_removed(planned(("checkpoints", "none"), ("evaluation_sets/longer/limit_queries", 2)))
    assert str(error.value) == (
        "checkpoints: none: the checkpoints of 1 runs were removed, and evaluating longer needs them; training these "
        "runs again costs 60 rollouts, 600 tokens and 1,234 s: take the change back, or remove their "
        f"checkpoints.json, that of {folder} for instance"
    )


def test_where_no_checkpoint_was_removed_all_can_be_asked(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = planned(("checkpoints", "final"))
    last, kept = plan.run("tiny", "chains", "baseline", 0), plan.run("tiny", "chains", "baseline", 1)
    remove(ended(Path(plan.run_folder(last)), (6,)), "final", products_of(plan, last))
    ended(Path(plan.run_folder(kept)))
    refuse_removed(planned(("checkpoints", "final"), ("evaluation/samples", 3)))
