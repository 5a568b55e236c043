"""Tiny random models in the form the hub has them: configuration, tokenizer, chat template, traps; weights in bfloat16.

The templates are written for these tests; they do what the models' own do, where that matters to training.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

QWEN2 = """\
{%- if messages[0].role != 'system' %}{{ '<|im_start|>system\\nbe right<|im_end|>\\n' }}{% endif %}
{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""
LLAMA = """\
{{- bos_token }}{{ '<|start_header_id|>system<|end_header_id|>\\n\\nbe right<|eot_id|>' }}
{%- for message in messages %}
{{- '<|start_header_id|>' + message.role + '<|end_header_id|>\\n\\n' + message.content | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"""
OLMO2 = """\
{{- bos_token }}{% for message in messages %}{{ '<|' + message.role + '|>\\n' + message.content + '\\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"""
TRAPS = {
    "do_sample": True,
    "repetition_penalty": 1.1,
    "top_k": 20,
    "top_p": 0.8,
    "temperature": 0.7,
    "max_new_tokens": 3,
}


@dataclass(frozen=True)
class Family:
    """What tells a family's files apart."""

    config: dict[str, Any]
    specials: list[str]
    template: str
    bos: str | None
    end: str
    pad: str | None
    ends: list[str]  # in generation_config.json
    config_ends: list[str]  # in config.json
    prompt: str  # of the query 1+1=
    adds_bos: bool = False  # when it tokenises plain text


CHATML = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
HEADERS = [
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eom_id|>",
    "<|eot_id|>",
]
FAMILIES = {
    "qwen2": Family(  # Qwen2.5-Instruct: the second end token pads, and stands in generation_config.json alone
        config={"model_type": "qwen2", "rope_theta": 1e6, "tie_word_embeddings": True},
        specials=CHATML,
        template=QWEN2,
        bos=None,
        end="<|im_end|>",
        pad="<|endoftext|>",
        ends=["<|im_end|>", "<|endoftext|>"],
        config_ends=["<|im_end|>"],
        prompt="<|im_start|>system\nbe right<|im_end|>\n<|im_start|>user\n1+1=<|im_end|>\n<|im_start|>assistant\n",
    ),
    "llama3": Family(  # Llama-3.2-Instruct: three end tokens, no pad token, a bos token before plain text as well
        config={
            "model_type": "llama",
            "rope_theta": 5e5,
            "rope_scaling": {
                "rope_type": "llama3",
                "factor": 32.0,
                "high_freq_factor": 4.0,
                "low_freq_factor": 1.0,
                "original_max_position_embeddings": 32,
            },
            "tie_word_embeddings": True,
        },
        specials=HEADERS,
        template=LLAMA,
        bos="<|begin_of_text|>",
        end="<|eot_id|>",
        pad=None,
        ends=["<|end_of_text|>", "<|eom_id|>", "<|eot_id|>"],
        config_ends=["<|end_of_text|>", "<|eom_id|>", "<|eot_id|>"],
        prompt="<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nbe right<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\n1+1=<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
        adds_bos=True,
    ),
    "olmo2": Family(  # OLMo-2-Instruct: queries and keys are normalised; every prompt begins with the end token
        config={"model_type": "olmo2", "rope_theta": 5e5, "tie_word_embeddings": False},
        specials=["<|endoftext|>", "<|pad|>"],
        template=OLMO2,
        bos="<|endoftext|>",
        end="<|endoftext|>",
        pad="<|pad|>",
        ends=["<|endoftext|>"],
        config_ends=["<|endoftext|>"],
        prompt="<|endoftext|><|user|>\n1+1=\n<|assistant|>\n",
    ),
    "smollm2": Family(  # SmolLM2-Instruct: the end token pads
        config={"model_type": "llama", "rope_theta": 1e5, "tie_word_embeddings": True},
        specials=CHATML,
        template=QWEN2,
        bos="<|im_start|>",
        end="<|im_end|>",
        pad="<|im_end|>",
        ends=["<|im_end|>"],
        config_ends=["<|im_end|>"],
        prompt="<|im_start|>system\nbe right<|im_end|>\n<|im_start|>user\n1+1=<|im_end|>\n<|im_start|>assistant\n",
    ),
}
CHARACTERS = "0123456789+-=;#|<>_ \n" + "abcdefghijklmnopqrstuvwxyz"


def tokenizer_of(family: Family) -> PreTrainedTokenizerFast:
    """A byte-level BPE without merges, of the characters that prompts are made of, and the family's special tokens."""
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    letters = [bytes_.pre_tokenize_str(character)[0][0] for character in CHARACTERS]
    tokenizer = Tokenizer(models.BPE({letter: i for i, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer, tokenizer.decoder = bytes_, decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in family.specials])
    if family.adds_bos:
        special = [(family.bos, tokenizer.token_to_id(family.bos))]
        tokenizer.post_processor = processors.TemplateProcessing(f"{family.bos} $A", special_tokens=special)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=family.bos,
        eos_token=family.end,
        pad_token=family.pad,
        chat_template=family.template,
        clean_up_tokenization_spaces=False,
    )


def write_family(name: str, folder: Path) -> Path:
    """Write the directory that a hub would send."""
    family, tokenizer = FAMILIES[name], tokenizer_of(FAMILIES[name])
    ids = tokenizer.convert_tokens_to_ids
    ends = ids(family.config_ends)
    config = {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 512,
        "vocab_size": len(tokenizer) + 3,  # more rows than tokens, as Qwen2.5 has
        "bos_token_id": ids(family.bos) if family.bos else None,
        "eos_token_id": ends if len(ends) > 1 else ends[0],
        "torch_dtype": "bfloat16",
        **family.config,
    }
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder), dtype=torch.float32)
    with torch.no_grad():  # as initialised, the next token is nearly uniform, and tests of it would be weak
        for key, parameter in model.named_parameters():
            parameter.mul_(2.0 if "embed" in key or "lm_head" in key else 4.0 if parameter.dim() == 2 else 1.0)
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps({**config, "architectures": [type(model).__name__]}))
    (folder / "generation_config.json").write_text(json.dumps({**TRAPS, "eos_token_id": ids(family.ends)}))
    return folder
