"""What verl's ``ppo_trainer`` calls things: the keys that the bridge reads and writes, dotted, and their defaults.

Source: ``verl/trainer/config/_generated_ppo_trainer.yaml`` of verl-project/verl, at 1a7e2cab.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAME = "verl's ppo_trainer"
ACTOR, ROLLOUT, MODEL = (f"actor_rollout_ref.{part}" for part in ("actor", "rollout", "model"))
OPTIM = f"{ACTOR}.optim"
DEFAULTS: dict[str, Any] = {
    "data.train_batch_size": 1024,
    "data.max_response_length": 512,
    f"{ROLLOUT}.name": None,
    f"{ROLLOUT}.n": 1,
    f"{ROLLOUT}.temperature": 1.0,
    f"{ROLLOUT}.top_p": 1,
    f"{ROLLOUT}.top_k": -1,
    f"{ROLLOUT}.gpu_memory_utilization": 0.5,
    f"{ACTOR}.ppo_mini_batch_size": 256,
    f"{ACTOR}.ppo_epochs": 1,
    f"{ACTOR}.shuffle": False,
    f"{ACTOR}.clip_ratio": 0.2,
    f"{ACTOR}.clip_ratio_low": 0.2,
    f"{ACTOR}.clip_ratio_high": 0.2,
    f"{ACTOR}.clip_ratio_c": 3.0,
    f"{ACTOR}.tau_pos": 1.0,
    f"{ACTOR}.tau_neg": 1.05,
    f"{ACTOR}.policy_loss.loss_mode": "vanilla",
    f"{ACTOR}.loss_agg_mode": "token-mean",
    f"{ACTOR}.loss_scale_factor": None,
    f"{ACTOR}.entropy_coeff": 0,
    f"{ACTOR}.use_kl_loss": False,
    f"{ACTOR}.kl_loss_coef": 0.001,
    f"{ACTOR}.kl_loss_type": "low_var_kl",
    f"{ACTOR}.grad_clip": 1.0,
    f"{ACTOR}.fsdp_config.dtype": "bfloat16",
    f"{OPTIM}.optimizer": "AdamW",
    f"{OPTIM}.lr": 1e-6,
    f"{OPTIM}.weight_decay": 0.01,
    f"{OPTIM}.betas": [0.9, 0.999],
    f"{OPTIM}.lr_warmup_steps": -1,
    f"{OPTIM}.lr_warmup_steps_ratio": 0.0,
    f"{OPTIM}.lr_scheduler_type": "constant",
    f"{OPTIM}.min_lr_ratio": 0.0,
    f"{MODEL}.enable_gradient_checkpointing": True,
    f"{MODEL}.lora_rank": 0,
    f"{MODEL}.lora_alpha": 16,
    f"{MODEL}.target_modules": "all-linear",
    "algorithm.adv_estimator": "gae",
    "algorithm.norm_adv_by_std_in_grpo": True,
    "algorithm.gamma": 1.0,
    "algorithm.use_kl_in_reward": False,
    "algorithm.kl_penalty": "kl",
    "algorithm.kl_ctrl.type": "fixed",
    "algorithm.kl_ctrl.kl_coef": 0.001,
    "algorithm.kl_ctrl.horizon": 10000,
    "algorithm.kl_ctrl.target_kl": 0.1,
    "trainer.total_training_steps": None,
}
ESTIMATORS = {
    ("grpo", True): ("group_norm", "none"),
    ("grpo", False): ("group_mean", "none"),
    ("rloo", True): ("leave_one_out", "none"),
    ("remax", True): ("greedy_baseline", "none"),
    ("opo", True): ("optimal_baseline", "none"),
    ("grpo_passk", False): ("max_minus_second", "none"),
    ("reinforce_plus_plus", True): ("raw", "whiten_tokens"),
    ("reinforce_plus_plus_baseline", True): ("group_mean", "whiten_tokens"),
}
"""``adv_estimator`` and ``norm_adv_by_std_in_grpo`` → advantage and shaping; the others do not look at the latter."""
SWITCHED = ("grpo", "grpo_passk")
ALONE = ("group_mean", "leave_one_out", "optimal_baseline")
"""Advantages that verl lets be the reward of a lone rollout."""
AGGREGATIONS = {
    "token-mean": "token_mean",
    "seq-mean-token-sum": "sequence_sum",
    "seq-mean-token-mean": "sequence_mean",
    "seq-mean-token-sum-norm": "constant",
}
RATIOS = {"vanilla": "dual_clip", "gspo": "gspo", "cispo": "cispo", "sapo": "sapo", "geo_mean": "gmpo"}
"""``loss_mode`` → ratio."""
OVER_RESPONSES = ("gspo", "sapo", "geo_mean")
"""Modes whose loss is the mean over responses, whatever ``loss_agg_mode`` says."""
UNBOUNDED = 1e6
"""``clip_ratio_c`` that bounds nothing: the plain clip."""
KL = {
    "kl": "k1",
    "k1": "k1",
    "mse": "k2",
    "k2": "k2",
    "low_var_kl": "k3_clamped",
    "k3": "k3_clamped",
    "low_var_kl+": "k3_k2",
    "k3+": "k3_k2",
}


def flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested configuration by dotted keys, without Hydra's ``_target_``."""
    found: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{key}.")
        elif key != "_target_":
            found[f"{prefix}{key}"] = value
    return found


def nested(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration by dotted keys as a tree."""
    tree: dict[str, Any] = {}
    for dotted, value in config.items():
        *parents, last = dotted.split(".")
        place = tree
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return tree
