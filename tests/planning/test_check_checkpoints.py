"""A study that asks something of removed checkpoints is refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from ended_runs import ended
from rftlab.errors import BadInputError
from rftlab.evaluation.removal import remove
from rftlab.planning.check_checkpoints import made, refuse_removed
from studies import planned


def test_a_set_added_later_is_refused_before_anything_runs(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = planned(("checkpoints", "final"))
    runs = [*plan.runs()]
    refuse_removed(plan)  # nothing has run
    for run in runs[:2]:
        remove(ended(Path(plan.run_folder(run))), "final", made(plan, run))
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
        assert made(plan, one) == made(other, two)
