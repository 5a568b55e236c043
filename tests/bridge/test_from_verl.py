"""A baseline from verl's configuration."""

from __future__ import annotations

from typing import Any

import pytest

from rftlab.bridge.from_verl import from_verl
from rftlab.bridge.given import NO_EQUIVALENT
from rftlab.bridge.verl import ACTOR, MODEL, OPTIM, ROLLOUT, nested
from rftlab.errors import BadInputError
from rftlab.study.configuration import resolve

GRPO = {"algorithm.adv_estimator": "grpo", f"{ROLLOUT}.n": 8, "data.train_batch_size": 256}


def taken(config: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The resolved baseline, and the remarks."""
    found = from_verl(nested(GRPO | config), "c.yaml")
    return resolve(found.baseline, "baseline"), found.remarks


def test_verl_as_it_comes_with_grpo() -> None:
    config, remarks = taken({})
    assert remarks == {}
    assert (config["rollout"]["queries"], config["rollout"]["rollouts"]) == (256, 8)
    assert config["advantage"] == {"name": "group_norm", "epsilon": 1e-6, "ddof": 1}
    assert config["objective"]["ratio"] == {"name": "dual_clip", "epsilon_low": 0.2, "epsilon_high": 0.2, "c": 3.0}
    assert config["objective"]["aggregation"] == {"name": "token_mean"}
    assert config["objective"]["kl"]["coefficient"] == 0.0
    assert (config["optimizer"]["lr"], config["optimizer"]["weight_decay"]) == (1e-6, 0.01)
    assert (config["precision"]["autocast"], config["update"]["gradient_checkpointing"]) == ("bfloat16", True)


@pytest.mark.parametrize(
    ("config", "path", "expected"),
    [
        ({"algorithm.norm_adv_by_std_in_grpo": False}, "advantage.name", "group_mean"),
        ({"algorithm.norm_adv_by_std_in_grpo": False, f"{ROLLOUT}.n": 1}, "advantage.name", "raw"),
        ({"algorithm.adv_estimator": "rloo"}, "advantage.name", "leave_one_out"),
        ({"algorithm.adv_estimator": "rloo", f"{ROLLOUT}.n": 1}, "advantage.name", "raw"),
        ({"algorithm.adv_estimator": "remax"}, "advantage.name", "greedy_baseline"),
        ({"algorithm.adv_estimator": "opo"}, "advantage.name", "optimal_baseline"),
        ({"algorithm.adv_estimator": "reinforce_plus_plus"}, "objective.shaping.name", "whiten_tokens"),
        ({f"{ACTOR}.loss_agg_mode": "seq-mean-token-sum-norm"}, "objective.aggregation.name", "constant"),
        ({f"{ACTOR}.policy_loss.loss_mode": "gspo"}, "objective.aggregation.name", "sequence_mean"),
        ({f"{ACTOR}.policy_loss.loss_mode": "cispo"}, "objective.ratio", {"name": "cispo", "cap": 1.2, "floor": 0.8}),
        ({f"{ACTOR}.policy_loss.loss_mode": "sapo"}, "objective.ratio.tau_negative", 1.05),
        ({f"{ACTOR}.policy_loss.loss_mode": "geo_mean"}, "objective.ratio.name", "gmpo"),
        ({f"{ACTOR}.clip_ratio_high": 0.28}, "objective.ratio.epsilon_high", 0.28),
        ({f"{ACTOR}.clip_ratio_low": None, f"{ACTOR}.clip_ratio": 0.1}, "objective.ratio.epsilon_low", 0.1),
        ({f"{ACTOR}.clip_ratio_c": 1e6}, "objective.ratio.name", "clip"),
        ({f"{ACTOR}.use_kl_loss": True}, "objective.kl.coefficient", 0.001),
        ({f"{ACTOR}.use_kl_loss": True}, "objective.kl.estimator", "k3_clamped"),
        ({"algorithm.use_kl_in_reward": True}, "objective.kl.estimator", "k1"),
        ({"algorithm.use_kl_in_reward": True, "algorithm.kl_ctrl.type": "adaptive"}, "objective.kl.target", 0.1),
        ({f"{ACTOR}.entropy_coeff": 0.01}, "objective.entropy.coefficient", 0.01),
        ({f"{ACTOR}.ppo_mini_batch_size": 64}, "update.minibatches", 4),
        ({f"{OPTIM}.lr_warmup_steps": 10}, "optimizer.warmup", 10),
        ({f"{OPTIM}.lr_scheduler_type": "cosine", f"{OPTIM}.min_lr_ratio": 0.1}, "optimizer.schedule.final", 0.1),
        ({f"{ROLLOUT}.name": "vllm"}, "engine.gpu_memory_utilization", 0.5),
        ({f"{MODEL}.lora_rank": 8}, "lora.alpha", 16),
        ({f"{MODEL}.lora_rank": 8, f"{MODEL}.target_modules": ["q_proj"]}, "lora.targets", ["q_proj"]),
        ({f"{ACTOR}.fsdp_config.dtype": "float32"}, "precision.autocast", "none"),
    ],
    ids=str,
)
def test_a_key_and_what_it_is_here(config, path: str, expected: object) -> None:
    found: Any = taken(config)[0]
    for key in path.split("."):
        found = found[key]
    assert found == expected


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({"trainer.nnodes": 2}, "trainer.nnodes"),
        ({"trainer.total_training_steps": 9}, "trainer.total_training_steps"),
        ({f"{ACTOR}.ppo_mini_batch_size": 64}, f"{ACTOR}.shuffle"),
        ({f"{ACTOR}.clip_ratio": 0.1}, f"{ACTOR}.clip_ratio"),
        ({f"{ACTOR}.policy_loss.loss_mode": "gspo", f"{ACTOR}.loss_agg_mode": "token-mean"}, f"{ACTOR}.loss_agg_mode"),
        ({f"{OPTIM}.lr_warmup_steps_ratio": 0.1}, f"{OPTIM}.lr_warmup_steps_ratio"),
        ({f"{ROLLOUT}.name": "sglang"}, f"{ROLLOUT}.name"),
        ({f"{ROLLOUT}.top_k": 50}, f"{ROLLOUT}.top_k"),
        ({"algorithm.gamma": 0.9}, "algorithm.gamma"),
        ({f"{ACTOR}.loss_scale_factor": 100}, f"{ACTOR}.loss_scale_factor"),
        ({"algorithm.filter_groups.enable": True}, "algorithm.filter_groups.enable"),
    ],
    ids=str,
)
def test_what_has_no_equivalent_is_listed_once(config, key: str) -> None:
    assert [*taken(config)[1]] == [key]


def test_what_is_unset_is_not_listed() -> None:
    assert taken({"trainer.default_hdfs_dir": None, "reward_model": {"_target_": "x"}})[1] == {}
    assert taken({"trainer.nnodes": 2})[1] == {"trainer.nnodes": NO_EQUIVALENT}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"algorithm.adv_estimator": "gae"}, "c.yaml: algorithm.adv_estimator: one of grpo, rloo"),
        ({"algorithm.adv_estimator": "grpo_passk"}, "c.yaml: algorithm.norm_adv_by_std_in_grpo: grpo_passk is here"),
        ({f"{ACTOR}.policy_loss.loss_mode": "gpg"}, "policy_loss.loss_mode: one of vanilla, gspo"),
        ({f"{ACTOR}.ppo_mini_batch_size": 100}, "ppo_mini_batch_size: a divisor of data.train_batch_size, 256, is"),
        ({f"{ROLLOUT}.n": "${n}"}, "c.yaml: actor_rollout_ref.rollout.n: a whole number is needed, not '${n}'"),
        ({f"{ACTOR}.use_kl_loss": True, "algorithm.use_kl_in_reward": True}, "in the loss or in the reward"),
        ({f"{ACTOR}.kl_loss_type": "abs"}, f"{ACTOR}.kl_loss_type: one of kl, k1"),
    ],
    ids=str,
)
def test_refusals(config, expected: str) -> None:
    with pytest.raises(BadInputError) as error:
        taken(config)
    assert expected in str(error.value)
