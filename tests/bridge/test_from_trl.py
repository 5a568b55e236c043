"""A baseline from TRL's configuration."""

from __future__ import annotations

from typing import Any

import pytest

from rftlab.bridge.from_trl import from_trl
from rftlab.bridge.given import NO_EQUIVALENT
from rftlab.errors import BadInputError
from rftlab.study.configuration import resolve


def taken(**config: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """The resolved baseline, and the remarks."""
    found = from_trl(config, "c.yaml")
    return resolve(found.baseline, "baseline"), found.remarks


def test_trl_as_it_comes() -> None:
    config, remarks = taken()
    assert remarks == {}
    assert {key: config["rollout"][key] for key in ("queries", "rollouts", "max_new_tokens")} == {
        "queries": 1,
        "rollouts": 8,
        "max_new_tokens": 256,
    }
    assert config["advantage"] == {"name": "group_norm", "epsilon": 1e-4, "ddof": 1}
    assert config["objective"]["ratio"] == {"name": "clip", "epsilon_low": 0.2, "epsilon_high": 0.2}
    assert config["objective"]["aggregation"] == {"name": "token_mean"}
    assert config["objective"]["kl"]["coefficient"] == 0.0
    assert (config["optimizer"]["lr"], config["optimizer"]["weight_decay"]) == (1e-6, 0.0)
    assert config["optimizer"]["schedule"] == {"name": "linear", "final": 0.0}
    assert (config["precision"]["autocast"], config["update"]["gradient_checkpointing"]) == ("bfloat16", True)


@pytest.mark.parametrize(
    ("config", "path", "expected"),
    [
        ({"scale_rewards": False}, "advantage", {"name": "group_mean"}),
        ({"scale_rewards": "none"}, "advantage", {"name": "group_mean"}),
        ({"scale_rewards": True}, "advantage", {"name": "group_norm", "epsilon": 1e-4, "ddof": 1}),
        ({"scale_rewards": "batch"}, "advantage", {"name": "group_mean_batch_std", "epsilon": 1e-4, "ddof": 1}),
        ({"scale_rewards": "mean"}, "advantage", {"name": "max_likelihood"}),
        ({"loss_type": "grpo"}, "objective.aggregation", {"name": "sequence_mean"}),
        ({"loss_type": "dr_grpo"}, "objective.aggregation", {"name": "constant"}),
        ({"loss_type": "bnpo"}, "objective.aggregation", {"name": "micro_batch_mean", "size": 8}),
        ({"loss_type": "cispo", "epsilon_high": 5}, "objective.ratio", {"name": "cispo", "cap": 5.0, "floor": 0.0}),
        ({"loss_type": "cispo"}, "objective.ratio", {"name": "cispo", "cap": 0.2, "floor": 0.0}),
        ({"loss_type": "sapo"}, "objective.ratio", {"name": "sapo", "tau_positive": 1.0, "tau_negative": 1.05}),
        ({"epsilon_high": 0.28}, "objective.ratio", {"name": "clip", "epsilon_low": 0.2, "epsilon_high": 0.28}),
        ({"delta": 4}, "objective.ratio", {"name": "dual_clip", "epsilon_low": 0.2, "epsilon_high": 0.2, "c": 4.0}),
        (
            {"importance_sampling_level": "sequence", "epsilon": "3e-4", "epsilon_high": "4e-4"},
            "objective.ratio",
            {"name": "gspo", "epsilon_low": 3e-4, "epsilon_high": 4e-4},
        ),
        ({"mask_truncated_completions": True}, "objective.mask", {"name": "truncated", "share_out": False}),
        ({"mask_truncated_completions": True, "loss_type": "bnpo"}, "objective.mask.share_out", True),
        ({"use_peft": True}, "lora.rank", 16),
        ({"use_peft": True, "lora_target_modules": ["q_proj"], "lora_r": 8}, "lora.targets", ["q_proj"]),
        ({"lora_r": 8}, "lora.rank", 0),
        ({"top_entropy_quantile": 0.2}, "objective.tokens", {"name": "high_entropy", "share": 0.2}),
        ({"beta": 0.04}, "objective.kl.coefficient", 0.04),
        ({"fp16": True}, "precision.autocast", "none"),
        ({"bf16": False}, "precision.autocast", "none"),
        ({"generation_batch_size": 64}, "rollout.queries", 8),
        ({"generation_batch_size": 64}, "update.minibatches", 8),
        ({"gradient_accumulation_steps": 8}, "update.minibatches", 1),
        ({"gradient_accumulation_steps": 2, "steps_per_generation": 8}, "update.minibatches", 4),
        ({"num_iterations": 3}, "update.epochs", 3),
        ({"num_iterations": 2, "warmup_steps": 10}, "optimizer.warmup", 5),
        ({"lr_scheduler_type": "constant_with_warmup"}, "optimizer.schedule", {"name": "constant"}),
        ({"optim": "adamw_bnb_8bit"}, "optimizer.name", "adamw_8bit"),
        ({"use_vllm": True}, "engine.gpu_memory_utilization", 0.3),
        (
            {"sync_ref_model": True, "ref_model_mixup_alpha": 1.0, "ref_model_sync_steps": 64, "beta": 0.1},
            "objective.kl.refresh_every",
            64,
        ),
    ],
    ids=str,
)
def test_a_key_and_what_it_is_here(config, path: str, expected: object, monkeypatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)  # bitsandbytes need not be here
    found: Any = taken(**config)[0]
    for key in path.split("."):
        found = found[key]
    assert found == expected


def test_luspo() -> None:
    objective = taken(loss_type="luspo", importance_sampling_level="sequence")[0]["objective"]
    assert (objective["ratio"]["name"], objective["aggregation"]["name"]) == ("gspo", "sequence_sum")


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({"seed": 3}, "seed"),
        ({"output_dir": "out"}, "output_dir"),
        ({"reward_weights": [1.0, 0.5]}, "reward_weights"),
        ({"top_k": 50}, "top_k"),
        ({"warmup_ratio": 0.1}, "warmup_ratio"),
        ({"use_vllm": True}, "vllm_importance_sampling_correction"),
        ({"sync_ref_model": True}, "sync_ref_model"),
        ({"sync_ref_model": True, "beta": 0.1}, "ref_model_mixup_alpha"),
        ({"optim": "adafactor"}, "optim"),
        ({"lr_scheduler_type": "polynomial"}, "lr_scheduler_type"),
        ({"num_iterations": 2, "warmup_steps": 5}, "warmup_steps"),
        ({"loss_type": "cispo", "importance_sampling_level": "sequence"}, "importance_sampling_level"),
        ({"importance_sampling_level": "sequence", "delta": 4.0}, "delta"),
        ({"use_bias_correction_kl": True}, "use_bias_correction_kl"),
        ({"off_policy_mask_threshold": 0.5}, "off_policy_mask_threshold"),
        ({"multi_objective_aggregation": "normalize_then_sum"}, "multi_objective_aggregation"),
        ({"scale_rewards": "mean"}, "scale_rewards"),
        ({"fp16": True}, "fp16"),
        ({"generation_batch_size": 16}, "loss_type"),
        ({"mask_truncated_completions": True, "loss_type": "bnpo"}, "mask_truncated_completions"),
        ({"use_peft": True, "lora_target_modules": "q_proj"}, "lora_dropout"),
        ({"use_peft": True, "lora_dropout": 0}, "lora_target_modules"),
    ],
    ids=str,
)
def test_what_has_no_equivalent_is_listed(config, key: str) -> None:
    assert [*taken(**config)[1]] == [key]


def test_the_remarks_in_words() -> None:
    remarks = taken(seed=3, max_steps=7, num_iterations=2)[1]
    assert remarks == {"max_steps": "is the study's budget: {rounds: 4}", "seed": NO_EQUIVALENT}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"loss_type": "grp"}, "c.yaml: loss_type: one of grpo, dr_grpo"),
        ({"scale_rewards": "std"}, "c.yaml: scale_rewards: one of group, batch, none"),
        ({"beta": "much"}, "c.yaml: beta: a number is needed, not 'much'"),
        ({"num_generations": 3}, "c.yaml: num_generations: a divisor of a round's rollouts, 8, is needed, not 3"),
        ({"generation_batch_size": 9}, "c.yaml: generation_batch_size: a multiple of per_device_train_batch_size, 8"),
        ({"generation_batch_size": 8, "steps_per_generation": 1}, "steps_per_generation, not both"),
        ({"steps_per_generation": 1, "gradient_accumulation_steps": 4}, "a multiple of gradient_accumulation_steps, 4"),
        ({"loss_type": "luspo"}, "c.yaml: importance_sampling_level: sequence is needed for loss_type: luspo"),
        ({"warmup_steps": -1}, "c.yaml: warmup_steps: at least 0 is needed, not -1"),
    ],
    ids=str,
)
def test_refusals(config, expected: str) -> None:
    with pytest.raises(BadInputError) as error:
        from_trl(config, "c.yaml")
    assert expected in str(error.value)
