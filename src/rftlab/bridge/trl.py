"""What TRL's ``GRPOConfig`` calls things: the keys that the bridge reads and writes, and their defaults.

Source: ``trl/trainer/grpo_config.py`` of huggingface/trl, at 006d32c9 and with the keys of VESPO that 1.16 has, and
transformers' ``TrainingArguments``, which it inherits. ``use_peft`` and ``lora_*`` are of its ``ModelConfig``, which a
script's file holds too.
"""

from __future__ import annotations

from typing import Any

NAME = "TRL's GRPOConfig"
DEFAULTS: dict[str, Any] = {
    "num_generations": 8,
    "per_device_train_batch_size": 8,
    "gradient_accumulation_steps": 1,
    "steps_per_generation": None,
    "generation_batch_size": None,
    "num_iterations": 1,
    "max_steps": -1,
    "max_completion_length": 256,
    "temperature": 1.0,
    "top_p": 1.0,
    "top_k": 0,
    "min_p": None,
    "repetition_penalty": 1.0,
    "generation_kwargs": None,
    "use_vllm": False,
    "vllm_gpu_memory_utilization": 0.3,
    "vllm_importance_sampling_correction": True,
    "beta": 0.0,
    "use_bias_correction_kl": False,
    "sync_ref_model": False,
    "ref_model_mixup_alpha": 0.6,
    "ref_model_sync_steps": 512,
    "epsilon": 0.2,
    "epsilon_high": None,
    "delta": None,
    "sapo_temperature_pos": 1.0,
    "sapo_temperature_neg": 1.05,
    "vespo_k_pos": 2.0,
    "vespo_lambda_pos": 3.0,
    "vespo_k_neg": 3.0,
    "vespo_lambda_neg": 2.0,
    "importance_sampling_level": "token",
    "multi_objective_aggregation": "sum_then_normalize",
    "off_policy_mask_threshold": None,
    "scale_rewards": "group",
    "loss_type": "dapo",
    "mask_truncated_completions": False,
    "top_entropy_quantile": 1.0,
    "learning_rate": 1e-6,
    "weight_decay": 0.0,
    "adam_beta1": 0.9,
    "adam_beta2": 0.999,
    "adam_epsilon": 1e-8,
    "max_grad_norm": 1.0,
    "optim": "adamw_torch_fused",
    "lr_scheduler_type": "linear",
    "warmup_steps": 0,
    "gradient_checkpointing": True,
    "bf16": None,
    "fp16": False,
    "torch_compile": False,
    "use_peft": False,
    "lora_r": 16,
    "lora_alpha": 32,
    "lora_dropout": 0.05,
    "lora_target_modules": None,
}
"""``bf16`` is true unless ``fp16`` is; ``steps_per_generation`` is ``gradient_accumulation_steps`` unless told."""

SCALES = {"group": "group_norm", "batch": "group_mean_batch_std", "none": "group_mean"}
"""``scale_rewards`` → advantage."""
EPSILON = 1e-4
"""What TRL adds to a standard deviation, a constant there."""

AGGREGATIONS = {
    "grpo": "sequence_mean",
    "dr_grpo": "constant",
    "dapo": "token_mean",
    "bnpo": "micro_batch_mean",
    "cispo": "token_mean",
    "sapo": "sequence_mean",
    "luspo": "sequence_sum",
    "vespo": "token_mean",
}
"""``loss_type`` → how its tokens are averaged."""
CLIPPED = ("grpo", "dr_grpo", "dapo", "bnpo", "luspo")
"""Losses whose ratio is clipped; the other ones have a ratio of their own."""
SHARED_OUT = ("bnpo",)
"""Losses that divide by the tokens that are left; the others by all, those of truncated rollouts among them."""
WHOLE_ROUND = ("dapo", "cispo", "vespo")
"""Losses that divide every optimizer step's sum by the tokens of the whole round."""

OPTIMIZERS = {
    "adamw_torch_fused": "adamw",
    "adamw_torch": "adamw",
    "adamw_bnb_8bit": "adamw_8bit",
    "adamw_8bit": "adamw_8bit",
}
SCHEDULES = {"constant": "constant", "constant_with_warmup": "constant", "linear": "linear", "cosine": "cosine"}
VESPO = {
    "k_positive": "vespo_k_pos",
    "lambda_positive": "vespo_lambda_pos",
    "k_negative": "vespo_k_neg",
    "lambda_negative": "vespo_lambda_neg",
}
SAPO = {"tau_positive": "sapo_temperature_pos", "tau_negative": "sapo_temperature_neg"}
