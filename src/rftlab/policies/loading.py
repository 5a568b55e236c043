"""A causal language model from the files of a directory, and from nothing else: what cannot be read whole is refused.

``from_pretrained`` alone returns a model in any case: a tensor that the files lack gets random numbers, one that the
model has no place for is dropped, and both are a line in a log. A base model is what its directory says, or an error.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rftlab.errors import BadInputError

if TYPE_CHECKING:  # torch and transformers load when a model does
    from transformers import PreTrainedModel

FLOATS = ("F64", "F32", "F16", "BF16")
BESIDE = {  # file → what it does to the model beside it
    "adapter_config.json": "transformers would put its adapter on the model: merge the adapter into the weights",
    "adapter_model.safetensors": "it is an adapter's: merge the adapter into the weights",
    "quantize_config.json": "it describes quantised weights: take a model that is not quantised",
}


def load(folder: Path, weight_files: Sequence[str], **options: Any) -> PreTrainedModel:
    """The model of a directory, each of its tensors from its files.

    Args:
        folder: has ``config.json`` and the weights.
        weight_files: names of the files that hold the weights.
        options: for ``AutoModelForCausalLM.from_pretrained``.

    Raises:
        BadInputError: the configuration is of a quantised or an unknown kind of model; a file is cut off; a tensor is
            missing, left over or of another shape, or has no floating-point numbers; or another file changes the model.
    """
    refuse_others(folder)
    refuse_quantised(folder, _config(folder))
    refuse_numbers(folder, weight_files)
    return _whole(str(folder), folder, **options)


def load_gguf(path: Path, **options: Any) -> PreTrainedModel:
    """The model in a GGUF file, dequantised.

    Raises:
        BadInputError: the file is cut off, or lacks tensors of the model, or has others.
    """
    return _whole(str(path), path.parent, gguf_file=path.name, **options)


def _whole(where: str, folder: Path, **options: Any) -> PreTrainedModel:
    from transformers import AutoModelForCausalLM

    try:
        model, found = AutoModelForCausalLM.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,  # said nothing, transformers asks the terminal
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are refused here, by name
            **options,
        )
    except Exception as error:  # of any kind, from any of the formats and architectures that transformers knows
        reason = " ".join(str(error).split()) or repr(error)
        raise BadInputError(f"{where}: transformers cannot load it: {reason[:300]}") from None
    shapes = [name for name, *_ in found["mismatched_keys"]]
    for what, names in (
        ("tensors have another shape than config.json gives them", shapes),
        ("tensors of the model are not in its files", set(found["missing_keys"]) - set(shapes)),
        ("tensors of its files are not of the model", found["unexpected_keys"]),
        ("tensors could not be read", found.get("error_msgs", ())),
    ):
        refuse_names(where, what, names)
    head = model.get_output_embeddings()
    if model.config.tie_word_embeddings and head.weight is not model.get_input_embeddings().weight:
        raise BadInputError(
            f"{where}: tie_word_embeddings is true, but its files hold another lm_head.weight than the embedding: "
            "set it to false in config.json"
        )
    return model


def refuse_names(where: str, what: str, names: Collection[str]) -> None:
    """Refuse a model of which some tensors are not what they should be.

    Raises:
        BadInputError: with how many, and the first names.
    """
    if names:
        first = ", ".join(sorted(names)[:3])
        more = " and others" if len(names) > 3 else ""
        raise BadInputError(f"{where}: not the model that it says it is: {len(names)} {what}: {first}{more}")


def refuse_others(folder: Path) -> None:
    """Refuse a directory with a file that would change what is loaded.

    Raises:
        BadInputError: naming the file.
    """
    for name, what in BESIDE.items():
        if (folder / name).exists():
            raise BadInputError(f"{folder / name}: {what}, or remove the file")


def refuse_quantised(where: Path, config: dict[str, Any]) -> None:
    """Refuse the configuration of a quantised model: weights are trained in floating point.

    Raises:
        BadInputError: naming the method.
    """
    for key in ("quantization_config", "compression_config"):
        if config.get(key):
            method = config[key].get("quant_method", key) if isinstance(config[key], dict) else key
            raise BadInputError(
                f"{where}: config.json: {key}: its weights are quantised ({method}): take a model that is not"
            )


def refuse_numbers(folder: Path, weight_files: Sequence[str]) -> None:
    """Refuse weights that are no floating-point numbers: integers would be taken for them, without their scale.

    Raises:
        BadInputError: a file is no whole safetensors file, or has other numbers.
    """
    for name in weight_files:
        other = sorted(key for key, kind in dtypes(folder / name).items() if kind not in FLOATS)
        refuse_names(str(folder / name), "tensors are no floating-point numbers", other)


def dtypes(path: Path) -> dict[str, str]:
    """Format of each tensor of a safetensors file, from its header.

    Raises:
        BadInputError: it is no whole safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118  (no mapping)
    except (SafetensorError, OSError) as error:
        raise BadInputError(f"{path}: no whole safetensors file: {error}") from None


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadInputError(f"{folder / 'config.json'}: cannot be read: {error}") from None
    if not isinstance(config, dict):
        raise BadInputError(f"{folder / 'config.json'}: not a JSON object")
    return config
