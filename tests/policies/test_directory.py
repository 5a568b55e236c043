"""Model directories: what they must hold, and how a model and its tokenizer are loaded."""

from __future__ import annotations

import pytest
import torch

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
