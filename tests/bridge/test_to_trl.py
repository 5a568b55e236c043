"""TRL's configuration from a variant, and the way there and back."""

from __future__ import annotations

from typing import Any

import pytest

from rftlab.bridge.from_trl import from_trl
from rftlab.bridge.to_trl import to_trl
from rftlab.errors import BadInputError
from rftlab.study.configuration import resolve
from rftlab.study.yaml_file import merged
from trainers import GRPO_CONFIG, TRAINING_ARGUMENTS

BASE: dict[str, Any] = {
    "rollout": {"queries": 8, "rollouts": 4, "max_new_tokens": 64},
    "advantage": {"name": "group_norm", "epsilon": 1e-4},
    "objective": {"ratio": "clip"},
}


def resolved(**changes: Any) -> dict[str, Any]:
    return resolve(merged(BASE, changes), "baseline")


BOTH_CAN: dict[str, dict[str, Any]] = {
    "dapo": {},
    "grpo": {"objective": {"aggregation": "sequence_mean", "kl": {"coefficient": 0.04}}},
    "dr_grpo": {"advantage": "group_mean", "objective": {"aggregation": "constant"}},
    "bnpo": {"objective": {"aggregation": {"name": "micro_batch_mean", "size": 4}}, "update": {"minibatches": 2}},
    "cispo": {"objective": {"ratio": {"name": "cispo", "cap": 4.0}}},
    "sapo": {"objective": {"ratio": {"name": "sapo", "tau_positive": 1.1}, "aggregation": "sequence_mean"}},
    "vespo": {"objective": {"ratio": {"name": "vespo", "k_negative": 2.5}}},
    "luspo": {"objective": {"ratio": "gspo", "aggregation": "sequence_sum"}},
    "gspo": {"objective": {"ratio": "gspo", "aggregation": "sequence_mean"}},
    "dual_clip": {"objective": {"ratio": {"name": "dual_clip", "epsilon_high": 0.28, "c": 4.0}}},
    "batch_std": {"advantage": {"name": "group_mean_batch_std", "epsilon": 1e-4}},
    "steps": {
        "objective": {"aggregation": "sequence_mean"},
        "update": {"minibatches": 4, "epochs": 2, "compile": True},
        "optimizer": {"warmup": 3, "lr": 2e-6},
    },
    "optimizer": {"optimizer": {"weight_decay": 0.1, "betas": [0.9, 0.95], "epsilon": 1e-6, "schedule": "cosine"}},
    "reference": {"objective": {"kl": {"coefficient": 0.1, "refresh_every": 5}}, "update": {"epochs": 2}},
    "mask": {
        "objective": {
            "mask": {"name": "truncated", "share_out": False},
            "tokens": {"name": "high_entropy", "share": 0.3},
        }
    },
    "mask_all": {"objective": {"mask": {"name": "truncated", "share_out": False}, "aggregation": "constant"}},
    "precision": {"precision": {"autocast": "bfloat16"}, "update": {"gradient_checkpointing": True}},
    "sampling": {"rollout": {"temperature": 0.7, "top_p": 0.9}},
    "vllm": {"engine": {"name": "vllm", "gpu_memory_utilization": 0.4}},
}


@pytest.mark.parametrize("changes", BOTH_CAN.values(), ids=BOTH_CAN.keys())
def test_there_and_back_is_the_same_configuration(changes: dict[str, Any]) -> None:
    config = resolved(**changes)
    exported, remarks = to_trl(config, None, "baseline")
    assert [*remarks] == ["reward"]
    assert {*exported} <= {*GRPO_CONFIG, *TRAINING_ARGUMENTS}
    back = from_trl(exported, "exported")
    assert {*back.remarks} <= {"vllm_mode"}
    assert resolve(back.baseline, "back") == config


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("grpo", "grpo"),
        ("dapo", "dapo"),
        ("luspo", "luspo"),
        ("gspo", "grpo"),
        ("dr_grpo", "dr_grpo"),
        ("bnpo", "bnpo"),
    ],
)
def test_the_loss_has_the_name_that_the_field_has_for_it(name: str, expected: str) -> None:
    assert to_trl(resolved(**BOTH_CAN[name]), None, "x")[0]["loss_type"] == expected


def test_rounds_are_optimizer_steps() -> None:
    exported, _ = to_trl(resolved(update={"minibatches": 4, "epochs": 2}), 10, "x")
    assert exported["max_steps"] == 80
    assert (exported["per_device_train_batch_size"], exported["steps_per_generation"]) == (8, 4)


def test_no_ratio_is_a_ratio_of_one_in_a_single_step() -> None:
    exported, remarks = to_trl(resolved(objective={"ratio": "none", "aggregation": "sequence_sum"}), None, "x")
    assert (exported["loss_type"], exported["importance_sampling_level"]) == ("luspo", "sequence")
    assert "which is 1" in remarks["objective.ratio"]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"advantage": "group_norm"}, "advantage.epsilon"),
        ({"lora": {"rank": 8}}, "lora"),
        ({"precision": {"checkpoint_dtype": "bfloat16"}}, "precision.checkpoint_dtype: bfloat16"),
        ({"advantage": "max_likelihood"}, "advantage"),
        ({"update": {"minibatches": 2}}, "update.minibatches"),
        (
            {"objective": {"mask": "truncated", "aggregation": {"name": "micro_batch_mean", "size": 4}}},
            "objective.mask",
        ),
    ],
    ids=str,
)
def test_what_trl_does_otherwise_is_stated(changes: dict[str, Any], key: str) -> None:
    assert key in to_trl(resolved(**changes), None, "x")[1]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"advantage": "raw", "rollout": {"rollouts": 1}}, "rollout.rollouts: at least 2 rollouts of a query"),
        ({"advantage": "raw", "rollout": {"rollouts": 1}}, "advantage.name: raw: one of group_norm"),
        ({"advantage": {"name": "group_norm", "ddof": 0}}, "advantage.ddof: 0"),
        ({"rollout": {"statistics_rollouts": 2}}, "rollout.statistics_rollouts: 2"),
        ({"rollout": {"redraws": 2}}, "rollout.redraws: 2"),
        ({"objective": {"ratio": "importance"}}, "objective.ratio: importance with objective.aggregation: token_mean"),
        ({"objective": {"aggregation": "query_mean"}}, "objective.aggregation: query_mean"),
        ({"objective": {"aggregation": "sequence_sum"}}, "objective.ratio: clip with objective.aggregation"),
        ({"objective": {"ratio": "none"}, "update": {"epochs": 2}}, "in a round of 2 optimizer steps"),
        ({"objective": {"ratio": {"name": "cispo", "floor": 0.5}}}, "objective.ratio.floor: 0.5"),
        ({"objective": {"aggregation": {"name": "micro_batch_mean", "size": 5}}}, "objective.aggregation.size: 5"),
        ({"objective": {"shaping": "whiten_tokens"}}, "objective.shaping: "),
        ({"objective": {"entropy": {"coefficient": 0.01}}}, "objective.entropy: "),
        ({"objective": {"drop_equal_rewards": True}}, "objective.drop_equal_rewards: True"),
        ({"objective": {"tokens": "kl_cov"}}, "objective.tokens: kl_cov"),
        ({"objective": {"mask": {"name": "truncated", "share_out": True}}}, "objective.mask.share_out: True"),
        ({"objective": {"kl": {"coefficient": 0.1, "estimator": "k1"}}}, "objective.kl.estimator: k1"),
        ({"objective": {"kl": {"coefficient": 0.1, "in_reward": True}}}, "objective.kl.in_reward: true"),
        ({"optimizer": {"name": "muon"}}, "optimizer.name: muon"),
        ({"optimizer": {"schedule": {"name": "cosine", "final": 0.1}}}, "optimizer.schedule: cosine that ends at 0.1"),
    ],
    ids=str,
)
def test_what_trl_cannot_express_is_refused(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(BadInputError) as error:
        to_trl(resolved(**changes), None, "demo: baseline")
    assert str(error.value).startswith("demo: baseline: TRL cannot express ")
    assert expected in str(error.value)
