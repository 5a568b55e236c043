import copy
import json
import subprocess
import sys

import pytest
import torch

from rftlab.errors import BadInputError
from rftlab.files import read_json
from rftlab.models.build import build, main
from rftlab.policies.directory import PolicyDirectory
from rftlab.rollouts import Sampling
from rftlab.rollouts.engine import engine_of
from training import BASE, END, PAD, TOKENIZER, policy, prompts, write_base


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


def test_the_engine_knows_the_end_and_the_padding(base) -> None:
    directory = PolicyDirectory(base)
    engine = engine_of(directory, directory.model(), directory.tokenizer())
    assert engine.end_tokens.tolist() == [END]
    assert engine.pad_token == PAD


def test_a_tokenizer_without_padding_will_do(base) -> None:
    """Llama's has none; padding is masked out, so the rollouts are the same."""
    bare = copy.deepcopy(TOKENIZER)
    bare.pad_token = None
    model = policy()
    rollouts = [
        engine_of(PolicyDirectory(base), model, tokenizer).generate(prompts(5), Sampling(4), range(5))
        for tokenizer in (TOKENIZER, bare)
    ]
    assert rollouts[0] == rollouts[1]


def test_a_directory_becomes_a_base_model(base, tmp_path) -> None:
    config = json.loads((base / "generation_config.json").read_text())
    (base / "generation_config.json").write_text(json.dumps({**config, "do_sample": True, "top_k": 20, "top_p": 0.8}))
    main(["--config", json.dumps({"source": "directory", "path": str(base)}), "--folder", str(tmp_path / "built")])
    manifest = read_json(tmp_path / "built" / "model.json")
    assert manifest["path"] == str(base)
    assert manifest["sha256"] == PolicyDirectory(base).sha256 == PolicyDirectory(tmp_path / "built" / "model").sha256
    generation = read_json(tmp_path / "built" / "model" / "generation_config.json")
    assert not {"do_sample", "top_k", "top_p"} & generation.keys()
    assert generation["eos_token_id"] == [END]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"source": "pickle"}, "'pickle' is not one of tiny, gguf, directory"),
        ({"source": "directory", "path": "missing"}, "missing: no config.json"),
        ({**BASE, "max_steps": 1, "tasks": {"sums": {**BASE["tasks"]["sums"], "low": 0.9}}}, "sums is at 0.00"),
    ],
)
def test_a_failure_is_one_line_and_leaves_no_manifest(tmp_path, config, message) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--config", json.dumps(config), "--folder", str(tmp_path / "built")])
    assert message in exit_.value.code
    assert "\n" not in exit_.value.code
    assert not (tmp_path / "built").exists()


def test_an_unknown_source() -> None:
    with pytest.raises(BadInputError, match="source"):
        build({"source": ""}, None)


def test_planning_can_import_the_packages_without_torch() -> None:
    script = "import rftlab.models, rftlab.rollouts, sys; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
