"""The jobs of a probe: what they depend on, and what they leave alone."""

import json
from typing import Any

import pytest

from rftlab.planning import probes
from rftlab.planning.plan import Plan
from studies import planned

PROBE = ("probe", {"queries": 4, "rollouts": 8})
WHERE = ("tiny", "chains")


def config(plan: Plan, of: Any) -> dict[str, Any]:
    return json.loads(of(plan, *WHERE)["config"])


def test_a_study_without_a_probe_has_no_jobs_of_one() -> None:
    assert probes.probe_files(planned()) == []
    assert probes.probe_files(planned(PROBE)) == ["results/small/probe/tiny/chains/probe.json"]


def test_no_run_depends_on_it() -> None:
    without, with_one = planned(), planned(PROBE)
    for run in without.runs():
        assert without.run_params(run) == with_one.run_params(with_one.run_at(run.path))


@pytest.mark.parametrize(
    "edit",
    [
        ("budget", {"rounds": 12}),
        ("seeds", [0, 1, 2, 3]),
        ("diagnostics", {"kl_every": 2}),
        ("evaluation/every", {"rounds": 3}),
        ("factors/advantage/half", {"advantage": {"name": "constant"}}),
    ],
    ids=lambda edit: edit[0],
)
def test_what_is_no_matter_of_its_rollouts_samples_none_again(edit: tuple[str, Any]) -> None:
    assert probes.pool_params(planned(PROBE), *WHERE) == probes.pool_params(planned(PROBE, edit), *WHERE)


def test_more_rollouts_and_another_baseline_do() -> None:
    before = probes.pool_params(planned(PROBE), *WHERE)
    for edit in (("probe/rollouts", 16), ("baseline/rollout/temperature", 0.7)):
        assert probes.pool_params(planned(PROBE, edit), *WHERE)["config"] != before["config"]


def test_a_variant_is_what_its_rounds_are_made_of() -> None:
    found = config(planned(PROBE), probes.replay_params)
    assert sorted(found["variants"], key=len) == ["baseline", "rollouts/n4", "advantage/group_norm"]
    one = found["variants"]["advantage/group_norm"]
    assert (one["queries"], one["rollouts"], one["statistics_rollouts"], one["max_new_tokens"]) == (4, 1, 3, 8)
    assert one["advantage"] == {"name": "group_norm", "epsilon": 1e-6, "ddof": 1}
    assert found["labels"] == {"model": "tiny", "dataset": "chains", "checkpoint": "base"}


def test_which_weights_are_probed() -> None:
    assert probes.final_run(planned(PROBE), *WHERE) is None
    run = probes.final_run(planned(PROBE, ("probe/checkpoint", "final"), ("seeds", [5, 0, 1])), *WHERE)
    assert run is not None
    assert (run.variant.name, run.seed) == ("baseline", 5)
    base, final = (
        probes.weights_option(probes.checkpoint_file(planned(PROBE, ("probe/checkpoint", where)), *WHERE))
        for where in ("base", "final")
    )
    assert base.startswith("--model resources/models/tiny/")
    assert base.endswith("/model")
    assert final == "--run results/small/runs/tiny/chains/baseline/seed-0"


def test_code_of_levels_counts() -> None:
    without = probes.replay_params(planned(PROBE), *WHERE)["code"]
    other = planned(PROBE, ("factors/advantage/half", {"advantage": {"name": "constant"}}))
    assert probes.replay_params(other, *WHERE)["code"] != without
