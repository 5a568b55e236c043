"""Directories that are not the model they say they are: each is refused in a line, and none is half loaded."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from rftlab.errors import BadInputError
from rftlab.policies.directory import PolicyDirectory
from training import write_base

Tensors = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("models") / "base")


@pytest.fixture
def base(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "base"))


def refused(folder: Path) -> str:
    with pytest.raises(BadInputError) as error:
        PolicyDirectory(folder).model()
    line = str(error.value)
    assert line.startswith(str(folder))
    assert len(line) < 600
    return line.removeprefix(str(folder))


def rewrite(folder: Path, change: Callable[[Tensors], Tensors]) -> None:
    path = folder / "model.safetensors"
    save_file({name: value.contiguous() for name, value in change(load_file(path)).items()}, path, {"format": "pt"})


def configure(folder: Path, **values: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "base_model.model.", "model.model.", "transformer."])
def test_names_with_a_prefix(base: Path, prefix: str) -> None:
    rewrite(base, lambda tensors: {prefix + name: value for name, value in tensors.items()})
    assert "15 tensors of the model are not in its files: lm_head.weight, model.embed_tokens.weight" in refused(base)


def without(part: str) -> Callable[[Tensors], Tensors]:
    return lambda tensors: {name: value for name, value in tensors.items() if part not in name}


@pytest.mark.parametrize("part", ["embed_tokens", "q_proj.bias", "model.norm", "layers.0.mlp"])
def test_a_missing_tensor(base: Path, part: str) -> None:
    rewrite(base, without(part))
    line = refused(base)
    assert "of the model are not in its files" in line
    assert part in line


def test_a_layer_more_in_the_configuration(base: Path) -> None:
    configure(base, num_hidden_layers=2, layer_types=["full_attention"] * 2)
    line = refused(base)
    assert line.startswith(": not the model that it says it is: 12 tensors of the model are not in its files: ")
    assert line.endswith(" and others")
    assert "model.layers.1." in line


def test_a_layer_less_in_the_configuration(base: Path) -> None:
    rewrite(
        base,
        lambda t: (
            t | {name.replace("layers.0", "layers.1"): value.clone() for name, value in t.items() if "layers.0" in name}
        ),
    )
    assert "12 tensors of its files are not of the model: model.layers.1." in refused(base)


@pytest.mark.parametrize("key", ["hidden_size", "intermediate_size", "vocab_size"])
def test_another_shape(base: Path, key: str) -> None:
    configure(base, **{key: 2 * json.loads((base / "config.json").read_text())[key]})
    assert "tensors have another shape than config.json gives them: " in refused(base)


def test_a_head_of_its_own_must_be_there_and_a_tied_one_need_not(base: Path) -> None:
    assert "lm_head.weight" not in load_file(base / "model.safetensors")
    PolicyDirectory(base).model()
    configure(base, tie_word_embeddings=False)
    assert "1 tensors of the model are not in its files: lm_head.weight" in refused(base)


def test_a_tensor_too_many(base: Path) -> None:
    rewrite(base, lambda tensors: tensors | {"value_head.weight": torch.zeros(3)})
    assert "1 tensors of its files are not of the model: value_head.weight" in refused(base)


@pytest.mark.parametrize("dtype", [torch.int8, torch.int64, torch.float8_e4m3fn, torch.bool])
def test_numbers_that_are_no_floats(base: Path, dtype: torch.dtype) -> None:
    rewrite(base, lambda tensors: tensors | {"model.norm.weight": tensors["model.norm.weight"].to(dtype)})
    assert refused(base).startswith("/model.safetensors: not the model that it says it is: 1 tensors are no floating")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floats_become_float32(base: Path, dtype: torch.dtype) -> None:
    rewrite(base, lambda tensors: {name: value.to(dtype) for name, value in tensors.items()})
    assert {p.dtype for p in PolicyDirectory(base).model().parameters()} == {torch.float32}


def test_a_file_that_is_cut_off(base: Path) -> None:
    path = base / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    assert refused(base).startswith("/model.safetensors: no whole safetensors file: ")


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors", "quantize_config.json"])
def test_a_file_that_would_change_the_model(base: Path, name: str) -> None:
    (base / name).write_text("{}")
    assert refused(base).startswith(f"/{name}: ")


@pytest.mark.parametrize("method", ["gptq", "awq", "bitsandbytes", "fp8", "compressed-tensors"])
def test_a_quantised_configuration(base: Path, method: str) -> None:
    configure(base, quantization_config={"quant_method": method, "bits": 4, "load_in_4bit": True})
    told = f": config.json: quantization_config: its weights are quantised ({method}): take a model that is not"
    assert refused(base) == told


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"model_type": "unheard_of"}, "unheard_of"),
        ({"model_type": "bert"}, "sdpa"),
        ({"model_type": "vit"}, "vit"),
        ({"hidden_size": "wide"}, "wide"),
        ({"num_attention_heads": 0}, ""),
        ({"hidden_act": "no such thing"}, "no such thing"),
    ],
)
def test_what_transformers_cannot_make_is_one_line(base: Path, values: dict[str, Any], told: str) -> None:
    configure(base, **values)
    assert refused(base)


def test_a_model_without_sdpa_is_one_line(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import Qwen2ForCausalLM

    monkeypatch.setattr(Qwen2ForCausalLM, "_supports_sdpa", False)
    assert "scaled_dot_product_attention" in refused(base)


def test_what_is_whole_is_what_transformers_loads(base: Path) -> None:
    theirs = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).state_dict()
    ours = PolicyDirectory(base).model().state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_head_that_is_not_the_embedding_although_config_ties_them(base: Path) -> None:
    rewrite(base, lambda t: t | {"lm_head.weight": torch.zeros_like(t["model.embed_tokens.weight"])})
    assert refused(base).startswith(": tie_word_embeddings is true, but its files hold another lm_head.weight than")
    configure(base, tie_word_embeddings=False)
    assert not PolicyDirectory(base).model().lm_head.weight.any()
    configure(base, tie_word_embeddings=True)
    rewrite(base, lambda t: t | {"lm_head.weight": t["model.embed_tokens.weight"].clone()})
    PolicyDirectory(base).model()
