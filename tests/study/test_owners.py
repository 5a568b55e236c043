"""Whose the queries of an evaluation set are, and how they are scored."""

from __future__ import annotations

from studies import planned


def test_verifiers_are_inherited() -> None:
    plan = planned(("datasets/chains/verifier", "numeric"))
    sets = {name: plan._set_config(name)["verifier"] for name in plan.study.evaluation_sets}
    assert sets == {"chains_validation": "numeric", "chains_test": "numeric", "longer": "marked"}
    assert plan.run_json(next(plan.runs()))["config"]["verifier"] == "numeric"
    own = planned(("evaluation_sets/chains_test/verifier", "gsm8k_strict"))
    assert own._set_config("chains_test")["verifier"] == "gsm8k_strict"
