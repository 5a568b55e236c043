"""A study's baseline from a configuration of TRL's ``GRPOTrainer``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rftlab.bridge import trl
from rftlab.bridge.given import Given, Taken
from rftlab.errors import BadInputError


def from_trl(config: Mapping[str, Any], where: str) -> Taken:
    """The baseline that trains as the configuration says on one device, TRL's defaults written out.

    Raises:
        BadInputError: a value that TRL would refuse, or a round that is no whole number of queries.
    """
    given = Given(config, trl.DEFAULTS, where)
    n, rollouts, minibatches = round_of(given)
    epochs = given.count("num_iterations")
    steps = minibatches * epochs
    baseline: dict[str, Any] = {
        "rollout": {
            "queries": rollouts // n,
            "rollouts": n,
            "temperature": given.take("temperature", float),
            "top_p": given.take("top_p", float),
            "max_new_tokens": given.count("max_completion_length"),
        },
        "advantage": advantage_of(given),
        "objective": objective_of(given, steps),
        "optimizer": optimizer_of(given, steps),
        "update": {
            "minibatches": minibatches,
            "epochs": epochs,
            "gradient_checkpointing": given.take("gradient_checkpointing", bool),
            "compile": given.take("torch_compile", bool),
        },
        "precision": {"autocast": autocast_of(given)},
        **lora_of(given),
    }
    if given.take("use_vllm", bool):
        memory = given.take("vllm_gpu_memory_utilization", float)
        baseline["engine"] = {"name": "vllm", "gpu_memory_utilization": memory}
        if given.take("vllm_importance_sampling_correction", bool):
            given.remarks["vllm_importance_sampling_correction"] = (
                "TRL multiplies the loss by it; here it is a ratio of its own, truncated or sequence_mask"
            )
    if minibatches > 1 and given.choice("loss_type", trl.AGGREGATIONS) == "token_mean":
        given.remarks["loss_type"] = (
            f"TRL divides each step's sum by the round's tokens: here a step's loss is {minibatches} times as large"
        )
    for key in ("top_k", "min_p", "repetition_penalty", "generation_kwargs"):
        given.unlike(key, "no equivalent: rollouts are sampled by temperature and top_p alone")
    given.unlike("multi_objective_aggregation", "no equivalent: rewards are added up first")
    given.unlike("off_policy_mask_threshold", "no equivalent")
    given.unlike("use_bias_correction_kl", "no equivalent: k3 has no importance weight here")
    if (most := given.take("max_steps", int)) and most > 0:
        given.remarks["max_steps"] = f"is the study's budget: {{rounds: {-(-most // steps)}}}"
    return Taken(baseline, given.rest())


def round_of(given: Given) -> tuple[int, int, int]:
    """n, the rollouts of a round, and in how many optimizer steps they are learnt from.

    Raises:
        BadInputError: they are not whole.
    """
    n, device, accumulate = map(
        given.count, ("num_generations", "per_device_train_batch_size", "gradient_accumulation_steps")
    )
    steps, batch = given.take("steps_per_generation", int), given.take("generation_batch_size", int)
    if steps is not None and batch is not None:
        raise BadInputError(f"{given.where}: generation_batch_size: TRL takes it or steps_per_generation, not both")
    if batch is not None and (batch < 1 or batch % device):
        raise BadInputError(
            f"{given.where}: generation_batch_size: a multiple of per_device_train_batch_size, {device}, is needed, "
            f"not {batch}"
        )
    steps = batch // device if batch is not None else accumulate if steps is None else steps
    if steps < 1 or steps % accumulate:
        raise BadInputError(
            f"{given.where}: steps_per_generation: a multiple of gradient_accumulation_steps, {accumulate}, is needed, "
            f"not {steps}: an optimizer step would learn from several rounds"
        )
    if steps * device % n:
        raise BadInputError(
            f"{given.where}: num_generations: a divisor of a round's rollouts, {steps * device}, is needed, not {n}"
        )
    return n, steps * device, steps // accumulate


def advantage_of(given: Given) -> dict[str, Any]:
    """The advantage that ``scale_rewards`` is, with TRL's ε."""
    name = given.choice("scale_rewards", {**trl.SCALES, True: "group_norm", False: "group_mean", "mean": "mean"})
    if name == "mean":
        given.remarks["scale_rewards"] = "max_likelihood, without the 1e-4 that TRL adds to the mean"
        return {"name": "max_likelihood"}
    return {"name": name} if name == "group_mean" else {"name": name, "epsilon": trl.EPSILON}


def objective_of(given: Given, steps: int) -> dict[str, Any]:
    """The section ``objective``; a round has so many optimizer ``steps``."""
    loss = given.choice("loss_type", {name: name for name in trl.AGGREGATIONS})
    aggregation: dict[str, Any] = {"name": trl.AGGREGATIONS[loss]}
    if loss == "bnpo":
        aggregation["size"] = given.count("per_device_train_batch_size")
    objective: dict[str, Any] = {"ratio": ratio_of(given, loss), "aggregation": aggregation, "kl": kl_of(given, steps)}
    if given.take("mask_truncated_completions", bool):
        objective["mask"] = {"name": "truncated", "share_out": loss in trl.SHARED_OUT}
        if loss in trl.SHARED_OUT:
            given.remarks["mask_truncated_completions"] = "TRL shares out within a micro-batch, and here within a round"
    if (share := given.take("top_entropy_quantile", float)) != 1.0:
        objective["tokens"] = {"name": "high_entropy", "share": share}
    return objective


def ratio_of(given: Given, loss: str) -> dict[str, Any]:
    """The ratio of a loss."""
    low, high = given.take("epsilon", float), given.take("epsilon_high", float)
    delta, whole = given.take("delta", float), given.choice("importance_sampling_level", {"token": 0, "sequence": 1})
    high = low if high is None else high
    clip = {"epsilon_low": low, "epsilon_high": high}
    if loss == "luspo" and not whole:
        raise BadInputError(f"{given.where}: importance_sampling_level: sequence is needed for loss_type: luspo")
    if whole and loss not in trl.CLIPPED:
        given.remarks["importance_sampling_level"] = f"no equivalent: the ratio of {loss} here is that of tokens"
    if loss == "cispo":
        return {"name": "cispo", "cap": high}
    if loss in ("sapo", "vespo"):
        keys = trl.SAPO if loss == "sapo" else trl.VESPO
        return {"name": loss, **{ours: given.take(theirs, float) for ours, theirs in keys.items()}}
    if whole:
        if delta is not None:
            given.remarks["delta"] = "no equivalent: gspo has no second bound here"
        return {"name": "gspo", **clip}
    return {"name": "clip", **clip} if delta is None else {"name": "dual_clip", **clip, "c": delta}


def kl_of(given: Given, steps: int) -> dict[str, Any]:
    """The KL penalty, in the loss."""
    kl = {"coefficient": given.take("beta", float), "estimator": "k3"}
    if not given.take("sync_ref_model", bool):
        return kl
    if not kl["coefficient"]:
        given.remarks["sync_ref_model"] = "there is no reference where beta is 0"
        return kl
    if (alpha := given.take("ref_model_mixup_alpha", float)) != 1.0:
        given.remarks["ref_model_mixup_alpha"] = (
            f"no equivalent: the reference takes over all of the policy, not {alpha}"
        )
    return kl | {"refresh_every": rounds_of(given, "ref_model_sync_steps", steps) or 1}


def optimizer_of(given: Given, steps: int) -> dict[str, Any]:
    """The section ``optimizer``; one that is not here is remarked on."""
    optim, schedule = given.take("optim", str), given.take("lr_scheduler_type", str)
    optimizer: dict[str, Any] = {
        "name": trl.OPTIMIZERS.get(optim, "adamw"),
        "lr": given.take("learning_rate", float),
        "max_gradient_norm": given.take("max_grad_norm", float),
        "warmup": rounds_of(given, "warmup_steps", steps),
        "schedule": {"name": trl.SCHEDULES.get(schedule, "constant")},
        "weight_decay": given.take("weight_decay", float),
        "betas": [given.take("adam_beta1", float), given.take("adam_beta2", float)],
        "epsilon": given.take("adam_epsilon", float),
    }
    if optim not in trl.OPTIMIZERS:
        given.remarks["optim"] = f"{optim} has no equivalent: adamw is written"
    if schedule not in trl.SCHEDULES:
        given.remarks["lr_scheduler_type"] = f"{schedule} has no equivalent: constant is written"
    return optimizer


def rounds_of(given: Given, key: str, steps: int) -> int:
    """The rounds that so many optimizer steps are, upwards, with a remark where they are not whole."""
    value = given.take(key, int)
    if value is None or value < 0:
        raise BadInputError(f"{given.where}: {key}: at least 0 is needed, not {value}")
    if value % steps:
        given.remarks[key] = f"{value} optimizer steps are no whole rounds of {steps}: rounded up"
    return int(-(-value // steps))


def autocast_of(given: Given) -> str:
    """What the trainer multiplies in."""
    half, brain = given.take("fp16", bool), given.take("bf16", bool)
    if half:
        given.remarks["fp16"] = "no equivalent: bfloat16 or none are possible, and none is written"
    return "bfloat16" if (not half if brain is None else brain) else "none"


def lora_of(given: Given) -> dict[str, Any]:
    """The section ``lora``, where there are adapters."""
    used, rank, alpha = given.take("use_peft", bool), given.take("lora_r", int), given.take("lora_alpha", int)
    dropout, modules = given.take("lora_dropout", float), given.config.get("lora_target_modules")
    targets = [modules] if isinstance(modules, str) else modules
    given.take("lora_target_modules", type(modules) if modules is not None else list)
    if not used:
        return {}
    if dropout:
        given.remarks["lora_dropout"] = f"no equivalent: nothing is dropped, not {dropout:g}, TRL's unless it is set"
    if targets is None:
        given.remarks["lora_target_modules"] = (
            "TRL leaves it to peft: the modules that are the default here are written"
        )
    return {"lora": {"rank": rank, "alpha": alpha, **({} if targets is None else {"targets": targets})}}
