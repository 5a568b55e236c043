"""A variant as a file of a trainer's configuration."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rftlab.bridge.export import exported
from rftlab.errors import BadInputError
from studies import TEXT


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(TEXT)
    return path


def test_a_variant_is_exported_with_its_budget(study_file: Path) -> None:
    text, remarks = exported([study_file], "rollouts/n4", "trl")
    config = yaml.safe_load(text)
    assert (config["num_generations"], config["max_steps"], config["loss_type"]) == (4, 6, "dapo")
    assert text.startswith(f"# rollouts/n4 of {study_file}, for TRL's GRPOConfig, on one device.\n")
    assert len(remarks) == 3  # the reward, ε, and the ratio
    assert all(f"# {remark}\n" in text for remark in remarks)


def test_a_variant_for_verl_is_a_tree(study_file: Path) -> None:
    text, remarks = exported([study_file], "baseline", "verl")
    config = yaml.safe_load(text)
    assert config["algorithm"] == {
        "adv_estimator": "grpo",
        "norm_adv_by_std_in_grpo": False,
        "use_kl_in_reward": False,
    }, "the reward itself, of a lone rollout"
    assert config["trainer"]["total_training_steps"] == 6
    assert len(remarks) == 3  # the reward, the engine, and the ratio


def test_refusals(study_file: Path) -> None:
    with pytest.raises(BadInputError, match=r"study\.yaml: baseline: TRL cannot express rollout\.rollouts: at least 2"):
        exported([study_file], "baseline", "trl")
    with pytest.raises(BadInputError, match=r"'rollouts/n8' is not one of baseline, .*did you mean 'rollouts/n4'"):
        exported([study_file], "rollouts/n8", "verl")
    with pytest.raises(BadInputError, match="a study file is needed"):
        exported([study_file.parent], "baseline", "trl")
