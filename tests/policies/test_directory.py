"""Model directories: what they must hold, and how a model and its tokenizer are loaded."""

from __future__ import annotations

import hashlib
import json

import pytest
import torch
from safetensors.torch import load_file

from rftlab.errors import BadInputError
from rftlab.policies.directory import PolicyDirectory
from training import write_base


@pytest.fixture
def base(tmp_path):
    return write_base(tmp_path / "base")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_what_is_missing_is_named(base, name) -> None:
    (base / name).unlink()
    with pytest.raises(BadInputError, match=f"no {name}") as error:
        PolicyDirectory(base)
    assert "\n" not in str(error.value)
    assert str(base) in str(error.value)


def test_pickled_weights_are_never_loaded(base) -> None:
    class Trap:
        def __reduce__(self):
            return pytest.fail, ("unpickled",)

    (base / "model.safetensors").unlink()
    torch.save(Trap(), base / "pytorch_model.bin")
    with pytest.raises(BadInputError, match=r"no model\.safetensors"):
        PolicyDirectory(base)


def test_a_model_is_float32_in_evaluation_mode(base) -> None:
    model = PolicyDirectory(base).model()
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert all(p.requires_grad for p in model.parameters())
    frozen = PolicyDirectory(base).model(frozen=True)
    assert not any(p.requires_grad for p in frozen.parameters())
    assert not model.training
    assert not frozen.training


def test_the_digest_is_that_of_the_weights(base) -> None:
    before = PolicyDirectory(base).sha256
    assert before == hashlib.sha256((base / "model.safetensors").read_bytes()).hexdigest()
    (base / "config.json").write_text((base / "config.json").read_text() + "\n")
    assert PolicyDirectory(base).sha256 == before


def test_the_tokenizer_keeps_what_it_does_not_know(base) -> None:
    """Qwen2's own would drop it, so that another question would be asked."""
    tokenizer = PolicyDirectory(base).tokenizer()
    assert tokenizer.convert_ids_to_tokens(tokenizer("1+x").input_ids) == ["1", "+", tokenizer.unk_token]
    vocabulary = json.loads((base / "tokenizer.json").read_text())["model"]["vocab"]
    assert tokenizer.get_vocab() == vocabulary


def test_the_weights_are_the_files(base) -> None:
    saved = load_file(base / "model.safetensors")
    loaded = PolicyDirectory(base).model().state_dict()
    assert saved.keys() <= loaded.keys()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in saved.items())
