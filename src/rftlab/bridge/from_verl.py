"""A study's baseline from a configuration of verl's ``ppo_trainer``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rftlab.bridge import verl
from rftlab.bridge.given import Given, Taken
from rftlab.bridge.verl import ACTOR, MODEL, OPTIM, ROLLOUT
from rftlab.errors import BadInputError


def from_verl(config: Mapping[str, Any], where: str) -> Taken:
    """The baseline that trains as the configuration says, verl's defaults written out.

    Raises:
        BadInputError: an advantage or a loss that is not here, or minibatches that do not divide the round.
    """
    given = Given(verl.flat(config), verl.DEFAULTS, where)
    queries, minibatch = given.count("data.train_batch_size"), given.count(f"{ACTOR}.ppo_mini_batch_size")
    if queries % minibatch:
        raise BadInputError(
            f"{where}: {ACTOR}.ppo_mini_batch_size: a divisor of data.train_batch_size, {queries}, is needed, "
            f"not {minibatch}"
        )
    n = given.count(f"{ROLLOUT}.n")
    name, shaping = advantage_of(given, n)
    ratio, aggregation = loss_of(given)
    baseline: dict[str, Any] = {
        "rollout": {
            "queries": queries,
            "rollouts": n,
            "temperature": given.take(f"{ROLLOUT}.temperature", float),
            "top_p": given.take(f"{ROLLOUT}.top_p", float),
            "max_new_tokens": given.count("data.max_response_length"),
        },
        "advantage": {"name": name},
        "objective": {
            "ratio": ratio,
            "aggregation": {"name": aggregation},
            "shaping": {"name": shaping},
            "kl": kl_of(given),
            "entropy": {"coefficient": given.take(f"{ACTOR}.entropy_coeff", float)},
        },
        "optimizer": optimizer_of(given),
        "update": {
            "minibatches": queries // minibatch,
            "epochs": given.count(f"{ACTOR}.ppo_epochs"),
            "gradient_checkpointing": given.take(f"{MODEL}.enable_gradient_checkpointing", bool),
        },
        "precision": {
            "autocast": given.choice(
                f"{ACTOR}.fsdp_config.dtype", {"bfloat16": "bfloat16", "float32": "none", "fp32": "none"}
            )
        },
        **engine_of(given),
        **lora_of(given),
    }
    if not given.take(f"{ACTOR}.shuffle", bool) and queries > minibatch:
        given.remarks[f"{ACTOR}.shuffle"] = "false in verl, and here minibatches are shuffled always"
    given.unlike(f"{ROLLOUT}.top_k", "no equivalent: rollouts are sampled by temperature and top_p alone")
    given.unlike("algorithm.gamma", "no equivalent: a rollout has one reward, and nothing is discounted")
    given.unlike(f"{ACTOR}.loss_scale_factor", "no equivalent: the longest response allowed is the scale")
    if rounds := given.take("trainer.total_training_steps", int):
        given.remarks["trainer.total_training_steps"] = f"is the study's budget: {{rounds: {rounds}}}"
    return Taken(baseline, given.rest())


def advantage_of(given: Given, n: int) -> tuple[str, str]:
    """Names of the advantage and of the shaping.

    Raises:
        BadInputError: it is a value function's, or none that is here.
    """
    names = {estimator: estimator for estimator, _ in verl.ESTIMATORS}
    estimator = given.choice("algorithm.adv_estimator", names)
    scaled = given.take("algorithm.norm_adv_by_std_in_grpo", bool)
    key = (estimator, scaled if estimator in verl.SWITCHED else True)
    if key not in verl.ESTIMATORS:
        raise BadInputError(
            f"{given.where}: algorithm.norm_adv_by_std_in_grpo: {estimator} is here without its division by a "
            "standard deviation only: false is needed"
        )
    name, shaping = verl.ESTIMATORS[key]
    return ("raw" if n == 1 and name in verl.ALONE else name), shaping


def loss_of(given: Given) -> tuple[dict[str, Any], str]:
    """The ratio, and the name of the aggregation."""
    mode = given.choice(f"{ACTOR}.policy_loss.loss_mode", {name: name for name in verl.RATIOS})
    aggregation = given.choice(f"{ACTOR}.loss_agg_mode", verl.AGGREGATIONS)
    either, low, high, c, positive, negative = (
        given.take(f"{ACTOR}.{key}", float)
        for key in ("clip_ratio", "clip_ratio_low", "clip_ratio_high", "clip_ratio_c", "tau_pos", "tau_neg")
    )
    if either != verl.DEFAULTS[f"{ACTOR}.clip_ratio"] and None not in (low, high):
        given.remarks[f"{ACTOR}.clip_ratio"] = "verl reads clip_ratio_low and clip_ratio_high in its place"
    low, high = either if low is None else low, either if high is None else high
    if mode in verl.OVER_RESPONSES and aggregation != "sequence_mean":
        if f"{ACTOR}.loss_agg_mode" in given.config:
            given.remarks[f"{ACTOR}.loss_agg_mode"] = f"verl averages {mode} over responses whatever it says"
        aggregation = "sequence_mean"
    name, clip = verl.RATIOS[mode], {"epsilon_low": low, "epsilon_high": high}
    if mode == "vanilla":
        plain = c is not None and c >= verl.UNBOUNDED
        return ({"name": "clip", **clip} if plain else {"name": name, **clip, "c": c}), aggregation
    if mode == "cispo":
        return {"name": name, "floor": 1.0 - low, "cap": 1.0 + high}, aggregation
    if mode == "sapo":
        return {"name": name, "tau_positive": positive, "tau_negative": negative}, aggregation
    return {"name": name, **clip}, aggregation


def kl_of(given: Given) -> dict[str, Any]:
    """The KL penalty, in the loss or in the reward."""
    in_loss, in_reward = given.take(f"{ACTOR}.use_kl_loss", bool), given.take("algorithm.use_kl_in_reward", bool)
    if in_loss and in_reward:
        raise BadInputError(
            f"{given.where}: algorithm.use_kl_in_reward: the penalty is here in the loss or in the reward"
        )
    loss = given.take(f"{ACTOR}.kl_loss_coef", float), given.choice(f"{ACTOR}.kl_loss_type", verl.KL)
    reward = given.take("algorithm.kl_ctrl.kl_coef", float), given.choice("algorithm.kl_penalty", verl.KL)
    adaptive = given.choice("algorithm.kl_ctrl.type", {"fixed": False, "adaptive": True})
    target, horizon = given.take("algorithm.kl_ctrl.target_kl", float), given.count("algorithm.kl_ctrl.horizon")
    if in_reward:
        kl = {"coefficient": reward[0], "estimator": reward[1], "in_reward": True}
        return kl | ({"target": target, "horizon": horizon} if adaptive else {})
    return {"coefficient": loss[0], "estimator": loss[1]} if in_loss else {"coefficient": 0.0}


def optimizer_of(given: Given) -> dict[str, Any]:
    """The section ``optimizer``; verl's scheduler makes a step a round."""
    warmup, final = given.take(f"{OPTIM}.lr_warmup_steps", int), given.take(f"{OPTIM}.min_lr_ratio", float)
    if (warmup is None or warmup <= 0) and given.take(f"{OPTIM}.lr_warmup_steps_ratio", float):
        given.remarks[f"{OPTIM}.lr_warmup_steps_ratio"] = "no equivalent: set optimizer.warmup, in rounds"
    schedule = given.choice(f"{OPTIM}.lr_scheduler_type", {"constant": "constant", "cosine": "cosine"})
    return {
        "name": given.choice(f"{OPTIM}.optimizer", {"AdamW": "adamw"}),
        "lr": given.take(f"{OPTIM}.lr", float),
        "max_gradient_norm": given.take(f"{ACTOR}.grad_clip", float),
        "warmup": max(warmup or 0, 0),
        "schedule": {"name": schedule, **({"final": final} if schedule == "cosine" else {})},
        "weight_decay": given.take(f"{OPTIM}.weight_decay", float),
        "betas": given.take(f"{OPTIM}.betas", list),
    }


def engine_of(given: Given) -> dict[str, Any]:
    """The section ``engine``, where it is vLLM."""
    name, memory = given.take(f"{ROLLOUT}.name", str), given.take(f"{ROLLOUT}.gpu_memory_utilization", float)
    if name == "vllm":
        return {"engine": {"name": "vllm", "gpu_memory_utilization": memory}}
    if name is not None:
        given.remarks[f"{ROLLOUT}.name"] = f"{name} has no equivalent: transformers is written"
    return {}


def lora_of(given: Given) -> dict[str, Any]:
    """The section ``lora``, where there are adapters."""
    rank, alpha = given.take(f"{MODEL}.lora_rank", int), given.take(f"{MODEL}.lora_alpha", int)
    modules = given.config.get(f"{MODEL}.target_modules", "all-linear")
    given.take(f"{MODEL}.target_modules", type(modules))
    if not rank:
        return {}
    return {"lora": {"rank": rank, "alpha": alpha, **({} if modules == "all-linear" else {"targets": modules})}}
