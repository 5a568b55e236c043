"""A configuration of verl's ``ppo_trainer`` from a variant of a study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rftlab.bridge import verl
from rftlab.bridge.beyond import ROLLOUT as BEYOND
from rftlab.bridge.beyond import beyond
from rftlab.bridge.verl import ACTOR, MODEL, OPTIM, ROLLOUT
from rftlab.errors import BadInputError


def to_verl(config: Mapping[str, Any], rounds: int | None, where: str) -> tuple[dict[str, Any], dict[str, str]]:
    """What differs from verl's own configuration, as a tree, and remarks on what it does otherwise, by our key.

    Args:
        config: the resolved configuration of a variant.
        rounds: of a run, where the study says.
        where: what is exported, for messages.

    Raises:
        BadInputError: naming all that verl cannot express.
    """
    rollout, update, objective = config["rollout"], config["update"], config["objective"]
    cannot = beyond(config, "rollout", BEYOND)
    remarks = {"reward": "verl takes a Python function, custom_reward_function: give it this study's reward"}
    if update["minibatches"] > 1:
        remarks["update.minibatches"] = "verl shuffles otherwise, and only where actor.shuffle is true"
    for told in beyond(config, "precision", ("checkpoint_dtype", "sampler_dtype")):
        remarks[told] = "no equivalent"
    if config["engine"]["name"] != "vllm":
        remarks["engine.name"] = f"{config['engine']['name']} here, and vllm there"
    exported = {
        "data.train_batch_size": rollout["queries"],
        "data.max_response_length": rollout["max_new_tokens"],
        f"{ROLLOUT}.name": "vllm",
        f"{ROLLOUT}.n": rollout["rollouts"],
        f"{ROLLOUT}.temperature": rollout["temperature"],
        f"{ROLLOUT}.top_p": rollout["top_p"],
        f"{ROLLOUT}.gpu_memory_utilization": config["engine"]["gpu_memory_utilization"],
        f"{ACTOR}.ppo_mini_batch_size": rollout["queries"] // update["minibatches"],
        f"{ACTOR}.ppo_epochs": update["epochs"],
        f"{ACTOR}.shuffle": update["minibatches"] > 1,
        f"{ACTOR}.entropy_coeff": objective["entropy"]["coefficient"],
        f"{ACTOR}.fsdp_config.dtype": "bfloat16" if config["precision"]["autocast"] == "bfloat16" else "float32",
        **advantage(config, cannot),
        **loss(objective, update["minibatches"] * update["epochs"], cannot, remarks),
        **kl(objective["kl"], cannot, remarks),
        **optimizer(config["optimizer"], cannot),
        f"{MODEL}.enable_gradient_checkpointing": update["gradient_checkpointing"],
        **lora(config["lora"]),
    }
    cannot += beyond(config, "update", ("compile",))
    plain = {"drop_equal_rewards": False, "mask": None, "tokens": {"name": "all"}}
    cannot += [f"objective.{key}: {objective[key]}" for key, value in plain.items() if objective.get(key) != value]
    if cannot:
        raise BadInputError(f"{where}: verl cannot express {'; '.join(cannot)}")
    exported |= {} if rounds is None else {"trainer.total_training_steps": rounds}
    return verl.nested(exported), remarks


def advantage(config: Mapping[str, Any], cannot: list[str]) -> dict[str, Any]:
    """``adv_estimator``."""
    level, shaping, n = config["advantage"], config["objective"]["shaping"], config["rollout"]["rollouts"]
    name = level["name"]
    if n == 1 and name in verl.ALONE:
        cannot.append(f"advantage.name: {name} of one rollout: verl lets it be the reward")
    wanted = ("group_mean" if n == 1 and name == "raw" and shaping["name"] == "none" else name, shaping["name"])
    found = [key for key, value in verl.ESTIMATORS.items() if value == wanted]
    if not found:
        cannot.append(f"advantage.name: {name} of {n} rollouts with objective.shaping: {shaping['name']}")
        return {}
    fixed = {"epsilon": 1e-6, "ddof": 1}
    cannot += [f"advantage.{key}: {level[key]}" for key, value in fixed.items() if level.get(key, value) != value]
    if shaping.get("epsilon", 1e-8) != 1e-8:
        cannot.append(f"objective.shaping.epsilon: {shaping['epsilon']}")
    estimator, scaled = found[0]
    scale = {"algorithm.norm_adv_by_std_in_grpo": scaled} if estimator in verl.SWITCHED else {}
    return {"algorithm.adv_estimator": estimator, **scale}


def loss(objective: Mapping[str, Any], steps: int, cannot: list[str], remarks: dict[str, str]) -> dict[str, Any]:
    """``loss_mode`` with its parameters; a round has so many optimizer ``steps``."""
    ratio, mean = objective["ratio"], objective["aggregation"]["name"]
    name = ratio["name"]
    modes = {ours: theirs for theirs, ours in verl.RATIOS.items()} | {"clip": "vanilla", "none": "vanilla"}
    means = {ours: theirs for theirs, ours in verl.AGGREGATIONS.items()}
    if name not in modes:
        cannot.append(f"objective.ratio: {name}: one of {', '.join(modes)} is needed")
    if mean not in means:
        cannot.append(f"objective.aggregation: {mean}: one of {', '.join(means)} is needed")
    mode = modes.get(name)
    if mode in verl.OVER_RESPONSES and mean != "sequence_mean":
        cannot.append(f"objective.ratio: {name} with objective.aggregation: {mean}: sequence_mean is needed")
    if name == "none" and steps > 1:
        cannot.append(f"objective.ratio: none in a round of {steps} optimizer steps: verl has a ratio always")
    elif name == "none":
        remarks["objective.ratio"] = "verl clips a ratio, which is 1 in the one optimizer step of a round: one gradient"
    exported = {f"{ACTOR}.policy_loss.loss_mode": mode, f"{ACTOR}.loss_agg_mode": means.get(mean)}
    if "epsilon_low" in ratio:
        exported |= {f"{ACTOR}.clip_ratio_low": ratio["epsilon_low"], f"{ACTOR}.clip_ratio_high": ratio["epsilon_high"]}
    if mode == "vanilla":
        exported |= {f"{ACTOR}.clip_ratio_c": ratio.get("c", verl.UNBOUNDED)}
    if name == "cispo":
        exported |= {f"{ACTOR}.clip_ratio_low": 1.0 - ratio["floor"], f"{ACTOR}.clip_ratio_high": ratio["cap"] - 1.0}
    if name == "sapo":
        exported |= {f"{ACTOR}.tau_pos": ratio["tau_positive"], f"{ACTOR}.tau_neg": ratio["tau_negative"]}
    return exported


def kl(section: Mapping[str, Any], cannot: list[str], remarks: dict[str, str]) -> dict[str, Any]:
    """The KL penalty."""
    if not section["coefficient"]:
        return {f"{ACTOR}.use_kl_loss": False, "algorithm.use_kl_in_reward": False}
    names = {"k1": "kl", "k2": "mse", "k3_clamped": "low_var_kl", "k3": "low_var_kl", "k3_k2": "k3+"}
    estimator = section["estimator"]
    if section["refresh_every"]:
        cannot.append(f"objective.kl.refresh_every: {section['refresh_every']}")
    if estimator not in names:
        cannot.append(f"objective.kl.estimator: {estimator}: one of {', '.join(names)} is needed")
    if estimator == "k3":
        remarks["objective.kl.estimator"] = "verl's k3 is at most 10 a token: k3_clamped here"
    if not section["in_reward"]:
        exported = {f"{ACTOR}.use_kl_loss": True, f"{ACTOR}.kl_loss_coef": section["coefficient"]}
        return exported | {f"{ACTOR}.kl_loss_type": names.get(estimator)}
    exported = {"algorithm.use_kl_in_reward": True, "algorithm.kl_penalty": names.get(estimator)}
    exported |= {"algorithm.kl_ctrl.kl_coef": section["coefficient"]}
    if section["target"] is not None:
        exported |= {"algorithm.kl_ctrl.type": "adaptive", "algorithm.kl_ctrl.target_kl": section["target"]}
        exported |= {"algorithm.kl_ctrl.horizon": section["horizon"]}
    return exported


def optimizer(section: Mapping[str, Any], cannot: list[str]) -> dict[str, Any]:
    """The optimizer, whose scheduler makes a step a round."""
    schedule = section["schedule"]
    if section["name"] != "adamw":
        cannot.append(f"optimizer.name: {section['name']}: adamw is needed")
    elif section["epsilon"] != 1e-8:
        cannot.append(f"optimizer.epsilon: {section['epsilon']}")
    if schedule["name"] not in ("constant", "cosine"):
        cannot.append(f"optimizer.schedule: {schedule['name']}: constant or cosine is needed")
    return {
        f"{OPTIM}.lr": section["lr"],
        f"{OPTIM}.weight_decay": section.get("weight_decay"),
        f"{OPTIM}.betas": section.get("betas"),
        f"{OPTIM}.lr_warmup_steps": section["warmup"] or -1,
        f"{OPTIM}.lr_scheduler_type": schedule["name"],
        f"{OPTIM}.min_lr_ratio": schedule.get("final", 0.0),
        f"{ACTOR}.grad_clip": section["max_gradient_norm"],
    }


def lora(section: Mapping[str, Any]) -> dict[str, Any]:
    """The adapters, where there are some."""
    keys = {"lora_rank": "rank", "lora_alpha": "alpha", "target_modules": "targets"}
    return {f"{MODEL}.{theirs}": section[ours] for theirs, ours in keys.items()} if section["rank"] else {}
