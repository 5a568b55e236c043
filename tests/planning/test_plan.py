"""A plan's paths, configurations and fingerprints: what changes with what, and what with nothing."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from rftlab import provenance
from rftlab.files import canonical_json, file_sha256
from rftlab.planning import fingerprint
from rftlab.planning.plan import STAGES, Plan
from rftlab.planning.planfile import describe
from rftlab.study.read import read_study
from rftlab.study.variants import AGAIN_SEED
from studies import STUDY, planned


def all_params(plan: Plan) -> dict[str, dict[str, str]]:
    """Params of every job that costs more than seconds, by what it makes."""
    params = {plan.resources.data_folder(name): plan.resources.data_params(name) for name in plan.resources.data}
    params |= {plan.resources.model_folder(name): plan.resources.model_params(name) for name in plan.study.models}
    for run in plan.runs():
        params[plan.run_folder(run)] = plan.run_params(run)
        params |= {plan.evaluation(run, s): plan.evaluation_params(run, s) for s in plan.suites(run.dataset)}
    for model in plan.study.models:
        for dataset in plan.study.datasets:
            digest = plan.prompt_digest(dataset)
            params[plan.base_evaluation(model, dataset)] = plan.base_params(model, digest)
    return params


def differing(before: Plan, after: Plan) -> set[str]:
    """What the second plan makes anew: it was not there, or has other params."""
    old, new = all_params(before), all_params(after)
    return {path for path, params in new.items() if old.get(path) != params}


def shuffled(value: Any, rng: random.Random) -> Any:
    """The same value with the keys of every mapping in another order."""
    if isinstance(value, dict):
        keys = rng.sample([*value], len(value))
        return {key: shuffled(value[key], rng) for key in keys}
    return [shuffled(item, rng) for item in value] if isinstance(value, list) else value


def configs(plan: Plan) -> dict[str, dict[str, Any]]:
    """The configuration of each variant's first run."""
    return {run.variant.name: plan.run_json(run)["config"] for run in plan.runs() if run.seed == 0}


def leaves(value: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {prefix: value}
    return {k: v for key, below in value.items() for k, v in leaves(below, f"{prefix}.{key}".strip(".")).items()}


def test_runs_are_models_by_datasets_by_variants_by_seeds() -> None:
    plan = planned()
    runs = list(plan.runs())
    assert len(runs) == 1 * 1 * 5 * 3
    assert len({plan.run_folder(run) for run in runs}) == len(runs)
    assert plan.run_folder(runs[0]) == "results/small/runs/tiny/chains/baseline/seed-0"
    assert plan.run("tiny", "chains", "lr/zero", "2").path == "tiny/chains/lr/zero/seed-2"


def test_a_variant_changes_only_what_its_level_overrides() -> None:
    found = {name: leaves(config) for name, config in configs(planned()).items()}
    baseline = found.pop("baseline")
    changes = {
        name: {k: v for k, v in config.items() if baseline.get(k, "absent") != v} for name, config in found.items()
    }
    norm = {"advantage.name": "group_norm", "advantage.epsilon": 1e-6, "advantage.ddof": 1}
    assert changes == {
        "again": {},
        "advantage/group_norm": {**norm, "rollout.statistics_rollouts": 3},
        "rollouts/n4": {**norm, "rollout.rollouts": 4},
        "lr/zero": {"optimizer.lr": 0.0},
    }
    assert all(baseline.keys() <= config.keys() for config in found.values())


def test_the_noise_floor_is_the_baseline_with_a_seed_of_its_own() -> None:
    plan = planned()
    again, baseline = plan.run("tiny", "chains", "again", 1), plan.run("tiny", "chains", "baseline", 1)
    assert plan.run_json(again)["config"] == plan.run_json(baseline)["config"]
    assert (baseline.random_seed, again.random_seed) == (1, 1 + AGAIN_SEED)
    assert not {run.random_seed for run in plan.runs() if run.variant.name == "again"} & set(plan.study.seeds)
    assert "again" not in planned(("noise_floor", False)).variants


def test_run_json_holds_what_training_depends_on_and_no_comparison() -> None:
    plan = planned()
    document = plan.run_json(plan.run("tiny", "chains", "rollouts/n4", 0))
    assert "relative_to" not in canonical_json(document)
    assert document["model_digest"] == Path(plan.resources.model_folder("tiny")).name
    assert document["dataset_digest"] == Path(plan.resources.data_folder("chains")).name
    described = {v["name"]: v["relative_to"] for v in describe(plan)["variants"]}
    assert described == {
        "baseline": None,
        "again": "baseline",
        "advantage/group_norm": "baseline",
        "rollouts/n4": "advantage/group_norm",
        "lr/zero": "baseline",
    }


def test_run_json_has_later_keys_where_a_level_sets_them() -> None:
    plan = planned(("factors/steps", {"epochs2": {"update.epochs": 2}}))
    with_key, without = (
        plan.run_json(plan.run("tiny", "chains", name, 0))["config"]["update"] for name in ("steps/epochs2", "baseline")
    )
    assert with_key == {**without, "epochs": 2}


def test_another_reference_reruns_nothing() -> None:
    assert not differing(planned(), planned(("factors/rollouts/n4/relative_to", "baseline")))


@pytest.mark.parametrize(
    "edits",
    [
        [("report", {"equivalence_margin": 0.1, "confidence": 0.9})],
        [("description", "Another sentence.")],
        [("threads", 2)],
        [("evaluation/pass_at", [1])],
        [("evaluation_sets/longer/shift", "more terms")],
        [("noise_floor", False)],
        [("factors/lr", {})],
        [("seeds", [2, 0])],
    ],
    ids=str,
)
def test_what_is_no_matter_of_a_run_reruns_nothing(edits) -> None:
    assert not differing(planned(), planned(*edits))


def test_more_seeds_and_levels_leave_the_others_alone() -> None:
    before = planned()
    seeds = differing(before, planned(("seeds", [5, 0, 1, 2])))
    assert {path.split("/seed-")[1].split("/")[0] for path in seeds} == {"5"}
    level = differing(before, planned(("factors/lr/high", {"optimizer.lr": 0.1})))
    assert {path.split("/chains/")[1].split("/seed-")[0] for path in level} == {"lr/high"}
    assert len(level) == 3 * 3  # a training and two suites for each seed


def test_an_edited_level_is_all_that_changes() -> None:
    after = differing(planned(), planned(("factors/lr/zero", {"optimizer.lr": 1.0e-3})))
    assert after == {f"results/small/runs/tiny/chains/lr/zero/seed-{seed}" for seed in range(3)}


def test_an_added_evaluation_set_reruns_its_suite_and_no_training() -> None:
    words = {"source": "procedural", "family": "chains", "terms": [5], "sizes": {"test": 4}}
    edits = [("evaluation_sets/longest", words), ("evaluation/ood", ["longer", "longest"])]
    made = differing(planned(), planned(*edits))
    assert not any("/runs/" in path or path.endswith("/id.parquet") for path in made)
    assert sum(path.endswith("/ood.parquet") for path in made) == 15
    assert any("/base/" in path for path in made)


def test_order_of_keys_changes_nothing() -> None:
    for number in range(3):
        other = Plan(read_study(shuffled(STUDY, random.Random(number)), []))
        assert all_params(planned()) == all_params(other)


def test_a_budget_in_rollouts_gives_every_variant_as_many() -> None:
    plan = planned(("budget", {"rollouts": 50}), ("evaluation/every", {"rollouts": 20}))
    rounds = {name: variant.rounds(plan.study) for name, variant in plan.variants.items()}
    # 4 queries a round; 4 × 1, 4 × (1 + 3) and 4 × 4 rollouts; the last round is whole
    assert rounds == {"baseline": 13, "again": 13, "advantage/group_norm": 4, "rollouts/n4": 4, "lr/zero": 13}
    assert configs(plan)["rollouts/n4"]["budget"] == {"rounds": 4}
    assert configs(plan)["rollouts/n4"]["checkpoint_every"] == 2
    assert configs(plan)["baseline"]["checkpoint_every"] == 5
    of_run = {run.variant.name: plan.checkpoint_rounds(run) for run in plan.runs()}
    assert of_run["baseline"] == [0, 5, 10, 13]
    assert of_run["rollouts/n4"] == [0, 2, 4]


def test_a_budget_in_tokens_is_left_to_the_run() -> None:
    plan = planned(("budget", {"tokens": 1000}))
    assert configs(plan)["baseline"]["budget"] == {"tokens": 1000}
    assert all(run["rounds"] is None for run in describe(plan)["runs"])


def test_checkpoints_end_with_the_last_round() -> None:
    for every, rounds in ((1, [0, 1, 2, 3, 4, 5, 6]), (2, [0, 2, 4, 6]), (4, [0, 4, 6]), (6, [0, 6]), (100, [0, 6])):
        plan = planned(("evaluation/every/rounds", every))
        assert plan.checkpoint_rounds(next(plan.runs())) == rounds


def test_another_datasets_splits_are_out_of_distribution() -> None:
    products = {"source": "procedural", "family": "products", "sizes": {"train": 8, "validation": 4, "test": 4}}
    plan = planned(
        ("datasets/products", products),
        ("models/tiny/train_on", {"chains": 1, "products": 1}),
        ("evaluation_sets/products_validation", {"dataset": "products", "split": "validation"}),
        ("evaluation_sets/products_test", {"dataset": "products"}),
        ("evaluation/id", ["chains_validation", "chains_test", "products_validation", "products_test"]),
    )
    # another dataset's validation split chooses nothing here
    assert plan.suites("chains") == {"id": ["chains_validation", "chains_test"], "ood": ["products_test", "longer"]}
    assert plan.suites("products") == {"id": ["products_validation", "products_test"], "ood": ["chains_test", "longer"]}
    digest = plan.prompt_digest("chains")
    assert digest == plan.prompt_digest("products")  # one evaluation of the base model serves both
    assert plan.base_sets(digest) == sorted(plan.study.evaluation_sets)
    other = planned(("datasets/chains/prompt", {"template": "#{{ query }}"}))
    assert other.prompt_digest("chains") != digest


def test_a_run_depends_on_the_levels_it_selects_and_on_no_other(monkeypatch) -> None:
    plan = planned(("factors/lr/kl", {"objective.kl": {"coefficient": 0.1, "estimator": "k2"}}))
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(
        "rftlab.planning.resources.fingerprint", lambda *modules, files=(): asked.append(modules) or "0" * 16
    )
    plan.run_params(plan.run("tiny", "chains", "baseline", 0))
    plan.run_params(plan.run("tiny", "chains", "rollouts/n4", 0))
    plan.run_params(plan.run("tiny", "chains", "lr/kl", 0))
    levels = ["objectives.ratio.none", "objectives.aggregation.token_mean", "rewards.verifiers.marked"]
    levels += ["rewards.terms.outcome", "rewards.verifiers.numeric"]  # scores beside it, as its flexible form
    levels += ["objectives.shaping.none", "optimizers.adamw", "optimizers.schedule.constant"]
    common = [*levels, "rollouts.transformers_engine"]
    for modules, own in zip(asked, (["raw"], ["group_norm"], ["raw", "objectives.kl.k2"]), strict=True):
        own = [name if "." in name else f"advantages.{name}" for name in own]
        assert set(modules) == {"rftlab.training.train", *(f"rftlab.{name}" for name in common + own)}


def test_a_run_depends_on_the_terms_the_mask_and_the_file_of_its_own_reward(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    mine, other = Path("mine.py"), Path("other.py")
    for path in (mine, other):
        path.write_text("def reward(records): return [1.0] * len(records)\n")
    levels = {
        "mine": {"reward.file": "mine.py"},
        "other": {"reward.file": "other.py"},
        "terms": {"reward.terms.overlong_soft": {"share": 0.5}},
        "mask": {"objective.mask": "truncated"},
    }

    def params() -> dict[str, dict[str, str]]:
        plan = planned(("factors/reward", levels))
        return {name: plan.run_params(plan.run("tiny", "chains", f"reward/{name}", 0)) for name in levels} | {
            "baseline": plan.run_params(plan.run("tiny", "chains", "baseline", 0))
        }

    before = params()
    assert before["baseline"] == planned().run_params(planned().run("tiny", "chains", "baseline", 0))
    reward = json.loads(before["mine"]["config"])["config"]["reward"]
    assert reward == {"file": "mine.py", "sha256": file_sha256(mine), "parameters": {}}
    codes = {name: value["code"] for name, value in before.items()}
    assert codes["mine"] == codes["other"] != codes["baseline"], "which file it is stands in the configuration"
    assert len({*codes.values()}) == 4
    mine.write_text("def reward(records): return [2.0] * len(records)\n")
    after = params()
    assert [name for name in before if after[name] != before[name]] == ["mine"]


def test_the_code_of_every_stage_is_its_entry_point_and_templates() -> None:
    for rule, module in STAGES.items():
        assert "__main__" in fingerprint.closure(module)[module].read_text(), rule
    assert planned().stage_code("report") != fingerprint.fingerprint(STAGES["report"])
    assert planned().stage_code("tables") == fingerprint.fingerprint(STAGES["tables"])


def test_package_versions_count_where_the_study_asks_for_it(monkeypatch) -> None:
    before = planned(), planned(("package_versions", True))
    codes = [all_params(plan) for plan in before]
    assert all(codes[0][path]["code"] != params["code"] for path, params in codes[1].items())
    assert [plan.stage_code("tables") for plan in before] != [before[0].stage_code("tables")] * 2
    found = provenance.package_versions()
    assert {"torch", "transformers", "numpy", "scipy"} <= found.keys()
    monkeypatch.setattr("rftlab.planning.resources.package_versions", lambda: found | {"numpy": "9.9.9"})
    assert all_params(planned()) == codes[0]
    newer = all_params(planned(("package_versions", True)))
    assert all(newer[path]["code"] != params["code"] for path, params in codes[1].items())
