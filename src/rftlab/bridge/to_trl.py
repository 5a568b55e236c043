"""A configuration of TRL's ``GRPOTrainer`` from a variant of a study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rftlab.bridge import trl
from rftlab.bridge.beyond import ROLLOUT, beyond
from rftlab.errors import BadInputError


def to_trl(config: Mapping[str, Any], rounds: int | None, where: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Keyword arguments of ``GRPOConfig`` for one device, and remarks on what it does otherwise, by our key.

    Args:
        config: the resolved configuration of a variant.
        rounds: of a run, where the study says.
        where: what is exported, for messages.

    Raises:
        BadInputError: naming all that TRL cannot express.
    """
    rollout, update, objective = config["rollout"], config["update"], config["objective"]
    cannot: list[str] = []
    remarks = {"reward": "TRL takes reward_funcs, Python functions: give it this study's reward"}
    n, minibatches = rollout["rollouts"], update["minibatches"]
    rollouts, steps = rollout["queries"] * n, minibatches * update["epochs"]
    if n < 2:
        cannot.append(f"rollout.rollouts: at least 2 rollouts of a query are needed, not {n}")
    cannot += beyond(config, "rollout", ROLLOUT)
    if config["lora"]["rank"]:
        remarks["lora"] = "TRL takes it as the trainer's peft_config, LoraConfig(r, lora_alpha, target_modules)"
    for told in beyond(config, "precision", ("checkpoint_dtype", "sampler_dtype")):
        remarks[told] = "no equivalent"
    exported = {
        "num_generations": n,
        **pieces(objective["aggregation"], rollouts // minibatches, minibatches, cannot),
        "num_iterations": update["epochs"],
        "max_completion_length": rollout["max_new_tokens"],
        "temperature": rollout["temperature"],
        "top_p": rollout["top_p"],
        **advantage(config["advantage"], cannot, remarks),
        **loss(objective, steps, cannot, remarks),
        **kl(objective["kl"], steps, cannot),
        **optimizer(config["optimizer"], steps, cannot),
        "gradient_checkpointing": update["gradient_checkpointing"],
        "torch_compile": update["compile"],
        "bf16": config["precision"]["autocast"] == "bfloat16",
        "use_vllm": config["engine"]["name"] == "vllm",
    }
    if minibatches > 1 and exported["loss_type"] in trl.WHOLE_ROUND:
        remarks["update.minibatches"] = (
            f"TRL divides by the round's tokens: a step's loss is 1/{minibatches} of that here"
        )
    if exported["use_vllm"]:
        memory = config["engine"]["gpu_memory_utilization"]
        exported |= {"vllm_mode": "colocate", "vllm_gpu_memory_utilization": memory}
        exported |= {"vllm_importance_sampling_correction": False}
    if cannot:
        raise BadInputError(f"{where}: TRL cannot express {'; '.join(cannot)}")
    return exported | ({} if rounds is None else {"max_steps": rounds * steps}), remarks


def advantage(level: Mapping[str, Any], cannot: list[str], remarks: dict[str, str]) -> dict[str, Any]:
    """``scale_rewards``."""
    names = {ours: theirs for theirs, ours in trl.SCALES.items()} | {"max_likelihood": "mean"}
    name = level["name"]
    if name not in names:
        cannot.append(f"advantage.name: {name}: one of {', '.join(names)} is needed")
    if level.get("ddof", 1) != 1:
        cannot.append(f"advantage.ddof: {level['ddof']}")
    if level.get("epsilon", trl.EPSILON) != trl.EPSILON:
        remarks["advantage.epsilon"] = f"{level['epsilon']:g} here, and {trl.EPSILON:g} in TRL, where it cannot be set"
    if name == "max_likelihood":
        remarks["advantage"] = "TRL adds 1e-4 to the mean"
    return {"scale_rewards": names.get(name)}


def pieces(aggregation: Mapping[str, Any], rollouts: int, minibatches: int, cannot: list[str]) -> dict[str, Any]:
    """How the rollouts of an optimizer step are cut: not at all, but where the aggregation is about it."""
    size = aggregation.get("size", rollouts)
    if rollouts % size:
        cannot.append(f"objective.aggregation.size: {size}, which does not divide the {rollouts} rollouts of a step")
    parts = max(1, rollouts // size)
    return {
        "per_device_train_batch_size": size,
        "gradient_accumulation_steps": parts,
        "steps_per_generation": minibatches * parts,
    }


def loss(objective: Mapping[str, Any], steps: int, cannot: list[str], remarks: dict[str, str]) -> dict[str, Any]:
    """``loss_type`` with its parameters; a round has so many optimizer ``steps``."""
    ratio, aggregation = objective["ratio"], objective["aggregation"]
    name, mean = ratio["name"], aggregation["name"]
    exported: dict[str, Any] = {"loss_type": loss_type(name, mean)}
    if exported["loss_type"] is None:
        cannot.append(f"objective.ratio: {name} with objective.aggregation: {mean}")
    if name == "none" and steps > 1:
        cannot.append(f"objective.ratio: none in a round of {steps} optimizer steps: TRL has a ratio always")
    elif name == "none":
        remarks["objective.ratio"] = "TRL clips a ratio, which is 1 in the one optimizer step of a round: one gradient"
    if name in ("clip", "dual_clip", "gspo"):
        exported |= {"epsilon": ratio["epsilon_low"], "epsilon_high": ratio["epsilon_high"]}
        exported |= {"delta": ratio["c"]} if name == "dual_clip" else {}
    if name == "gspo" or exported["loss_type"] == "luspo":
        exported |= {"importance_sampling_level": "sequence"}
    if name == "cispo":
        exported |= {"epsilon_high": ratio["cap"]}
        cannot += [f"objective.ratio.floor: {ratio['floor']:g}"] if ratio["floor"] else []
    keys = {"sapo": trl.SAPO, "vespo": trl.VESPO}.get(name, {})
    exported |= {theirs: ratio[ours] for ours, theirs in keys.items()}
    for key, plain in (("shaping", {"name": "none"}), ("entropy", {"coefficient": 0.0}), ("drop_equal_rewards", False)):
        if objective[key] != plain:
            cannot.append(f"objective.{key}: {objective[key]}")
    tokens = objective["tokens"]
    if tokens["name"] not in ("all", "high_entropy"):
        cannot.append(f"objective.tokens: {tokens['name']}")
    exported |= {"top_entropy_quantile": tokens["share"]} if tokens["name"] == "high_entropy" else {}
    if "mask" in objective:
        exported |= {"mask_truncated_completions": True}
        if exported["loss_type"] in trl.SHARED_OUT:
            remarks["objective.mask"] = "TRL shares out within a micro-batch, and here within a round"
        if objective["mask"]["share_out"] != (exported["loss_type"] in trl.SHARED_OUT):
            cannot.append(
                f"objective.mask.share_out: {objective['mask']['share_out']} with objective.aggregation: {mean}"
            )
    return exported


def loss_type(ratio: str, aggregation: str) -> str | None:
    """TRL's loss of a ratio and an aggregation; None: it has none."""
    if ratio in ("cispo", "sapo", "vespo"):
        return ratio if trl.AGGREGATIONS[ratio] == aggregation else None
    if ratio not in ("none", "clip", "dual_clip", "gspo"):
        return None
    found = [name for name in trl.CLIPPED if trl.AGGREGATIONS[name] == aggregation]
    return found[0] if found and (found[0] != "luspo" or ratio in ("none", "gspo")) else None


def kl(section: Mapping[str, Any], steps: int, cannot: list[str]) -> dict[str, Any]:
    """``beta`` and what the reference is."""
    exported: dict[str, Any] = {"beta": section["coefficient"]}
    if not section["coefficient"]:
        return exported
    if section["estimator"] != "k3":
        cannot.append(f"objective.kl.estimator: {section['estimator']}: k3 is needed")
    if section["in_reward"]:
        cannot.append("objective.kl.in_reward: true")
    if section["refresh_every"]:
        exported |= {"sync_ref_model": True, "ref_model_mixup_alpha": 1.0}
        exported |= {"ref_model_sync_steps": section["refresh_every"] * steps}
    return exported


def optimizer(section: Mapping[str, Any], steps: int, cannot: list[str]) -> dict[str, Any]:
    """The optimizer's keys, which are those of transformers."""
    exported: dict[str, Any] = {
        "learning_rate": section["lr"],
        "max_grad_norm": section["max_gradient_norm"],
        "warmup_steps": section["warmup"] * steps,
    }
    names = {"adamw": "adamw_torch", "adamw_8bit": "adamw_bnb_8bit"}
    if section["name"] not in names:
        cannot.append(f"optimizer.name: {section['name']}: one of {', '.join(names)} is needed")
    else:
        betas = dict(zip(("adam_beta1", "adam_beta2"), section["betas"], strict=True))
        exported |= {"optim": names[section["name"]], "weight_decay": section["weight_decay"], **betas}
        exported |= {"adam_epsilon": section["epsilon"]}
    schedule = section["schedule"]
    if schedule["name"] not in trl.SCHEDULES or schedule.get("final", 0.0):
        cannot.append(f"optimizer.schedule: {schedule['name']} that ends at {schedule.get('final')}")
    return exported | {"lr_scheduler_type": schedule["name"]}
