"""``config/paper.yaml`` against the grid of arXiv 2601.22532, cell by cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rftlab.study.schema import Study
from rftlab.study.variants import Variant, variants_of
from rftlab.study.yaml_file import read_yaml

# factor/level → queries B, trained rollouts n, statistics rollouts m, advantage, what it is compared with
CELLS: dict[str, tuple[int, int, int, str, str | None]] = {
    "baseline": (32, 1, 0, "raw", None),
    "advantage/group_norm_extra7": (32, 1, 7, "group_norm", "baseline"),
    "rollouts/n8": (32, 8, 0, "group_norm", "advantage/group_norm_extra7"),
    "rollouts/n16": (32, 16, 0, "group_norm", "rollouts/n8"),
    "rollouts/n32": (32, 32, 0, "group_norm", "rollouts/n8"),
    "rollouts/n64": (32, 64, 0, "group_norm", "rollouts/n8"),
    "batch/64x8": (64, 8, 0, "group_norm", "rollouts/n8"),
    "batch/128x8": (128, 8, 0, "group_norm", "rollouts/n8"),
    "allocation/1x256": (1, 256, 0, "group_norm", "rollouts/n8"),
    "allocation/2x128": (2, 128, 0, "group_norm", "rollouts/n8"),
    "allocation/4x64": (4, 64, 0, "group_norm", "rollouts/n8"),
    "allocation/8x32": (8, 32, 0, "group_norm", "rollouts/n8"),
    "allocation/16x16": (16, 16, 0, "group_norm", "rollouts/n8"),
    "allocation/64x4": (64, 4, 0, "group_norm", "rollouts/n8"),
    "allocation/128x2": (128, 2, 0, "group_norm", "rollouts/n8"),
    "allocation/256x1": (256, 1, 0, "group_norm", "rollouts/n8"),
    "history/64x4": (64, 4, 0, "history_window", "allocation/64x4"),
    "history/128x2": (128, 2, 0, "history_window", "allocation/128x2"),
    "history/256x1": (256, 1, 0, "history_window", "allocation/256x1"),
    "history/512x1": (512, 1, 0, "history_window", "history/256x1"),
    "history/1024x1": (1024, 1, 0, "history_window", "history/256x1"),
    "history/2048x1": (2048, 1, 0, "history_window", "history/256x1"),
}
OTHERWISE = {
    "rollout": {"temperature": 1.0, "top_p": 1.0, "max_new_tokens": 1024},
    "reward": {"name": "outcome", "correct": 1.0, "incorrect": 0.0},
    "optimizer": {"lr": 1.0e-6, "weight_decay": 0.01, "max_gradient_norm": 1.0},
    "objective": {"ratio": {"name": "none"}, "aggregation": {"name": "micro_batch_mean", "size": 4}},
}


@pytest.fixture(scope="module")
def study(repository: Path) -> Study:
    return Study.model_validate(read_yaml(repository / "config" / "paper.yaml"))


@pytest.fixture(scope="module")
def found(study: Study) -> dict[str, Variant]:
    return variants_of(study)


def sizes(variant: Variant) -> tuple[Any, ...]:
    rollout = variant.config["rollout"]
    advantage = variant.config["advantage"]["name"]
    return rollout["queries"], rollout["rollouts"], rollout["statistics_rollouts"], advantage, variant.relative_to


def kl(variant: Variant) -> tuple[float, str]:
    return variant.config["objective"]["kl"]["coefficient"], variant.config["objective"]["kl"]["estimator"]


@pytest.mark.parametrize("name", CELLS)
def test_every_cell_is_there_as_the_scripts_have_it(found: dict[str, Variant], name: str) -> None:
    assert sizes(found[name]) == CELLS[name]
    assert kl(found[name]) == (0.001, "k3")


def test_every_cell_is_there_without_the_penalty(found: dict[str, Variant]) -> None:
    without = {variant.relative_to: variant for variant in found.values() if variant.factor == "kl"}
    assert set(without) == set(CELLS)
    for name, variant in without.items():
        assert sizes(variant)[:4] == CELLS[name][:4]
        assert kl(variant)[0] == 0.0
        both = [{**v.config, "objective": {**v.config["objective"], "kl": None}} for v in (variant, found[name])]
        assert both[0] == both[1]  # nothing else differs


def test_there_is_nothing_else(found: dict[str, Variant]) -> None:
    assert {name for name, variant in found.items() if variant.factor != "kl"} == {*CELLS, "again"}


@pytest.mark.parametrize("section", OTHERWISE)
def test_hyper_parameters_are_the_papers_in_every_cell(found: dict[str, Variant], section: str) -> None:
    for variant in found.values():
        values = variant.config[section]
        assert {key: values[key] for key in OTHERWISE[section]} == OTHERWISE[section]


def test_no_configuration_is_trained_twice(found: dict[str, Variant]) -> None:
    configurations = [repr(variant.config) for variant in found.values() if variant.name != "again"]
    assert len(set(configurations)) == len(configurations) == 44


def test_the_fixed_budget_is_256_rollouts_a_round(found: dict[str, Variant]) -> None:
    cells = [name for name in found if name.startswith("allocation/")] + ["rollouts/n8"]
    assert {found[name].rollouts_per_round for name in cells} == {256}
    assert len(cells) == 9


def test_models_datasets_seeds_and_runs(study: Study, found: dict[str, Variant]) -> None:
    assert {model.id for model in study.models.values()} == {
        "Qwen/Qwen2.5-0.5B-Instruct",
        "meta-llama/Llama-3.2-1B-Instruct",
        "allenai/OLMo-2-0425-1B-Instruct",
    }
    assert set(study.datasets) == {"gsm8k", "math"}
    assert {name: dataset.verifier for name, dataset in study.datasets.items()} == {
        "gsm8k": "gsm8k_strict",
        "math": "math_hendrycks",
    }
    assert all(dataset.prompt.chat and dataset.prompt.max_tokens == 512 for dataset in study.datasets.values())
    runs = len(study.models) * len(study.datasets) * len(found) * len(study.seeds)
    assert (len(study.models) * len(study.datasets), len(found), len(study.seeds), runs) == (6, 45, 5, 1350)
    assert study.evaluation.every.rounds == 100
    assert study.checkpoints == "final"
