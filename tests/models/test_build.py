import json

import pytest
import torch

from rftlab.errors import BadInputError
from rftlab.files import read_json
from rftlab.models import pin_path, tiny
from rftlab.models.build import build, main
from rftlab.models.pin import load_pin, save_pin
from rftlab.policies.directory import PolicyDirectory
from training import BASE, END, write_base


@pytest.fixture
def base(tmp_path):
    return write_base(tmp_path / "base")


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


def test_a_pinned_recipe_is_not_trained(tmp_path, monkeypatch) -> None:
    """The manifest says where the weights come from, and what is built is what was kept."""
    build(BASE, tmp_path / "trained")
    assert read_json(tmp_path / "trained" / "model.json")["origin"] == "trained here"
    monkeypatch.setattr(pin_path, "PINNED", tmp_path)
    save_pin(pin_path.pin_path(BASE), BASE)
    monkeypatch.setattr(tiny, "train_tiny", None)
    for name in ("a", "b"):
        build(BASE, tmp_path / name)
    manifest = read_json(tmp_path / "a" / "model.json")
    assert manifest == read_json(tmp_path / "b" / "model.json")
    assert manifest["origin"].startswith("pinned")
    assert manifest["config"] == BASE
    pinned, _, facts = load_pin(pin_path.pin_path(BASE), BASE)
    assert facts.items() <= manifest.items()
    for name, weights in PolicyDirectory(tmp_path / "a" / "model").model().state_dict().items():
        assert torch.equal(weights, pinned.state_dict()[name])
    with pytest.raises(TypeError):
        build({**BASE, "seed": 1}, tmp_path / "other")


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


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"source": "zip"}, "--config: source: 'zip' is not one of tiny, gguf, directory, hub"),
        ({"source": "directory"}, "--config: the JSON object has no 'path'; path are needed"),
        (
            {"source": "hub", "id": "a/b", "commit": 3, "files": {}},
            "--config: commit: a value of type str is needed, not 3",
        ),
        ({"source": "tiny", "architecture": "llama"}, "--config: the JSON object has no 'lr'; "),
        (
            {**BASE, "source": "tiny", "tasks": {"sums": {}}},
            "--config: tasks: sums: the JSON object has no 'dataset'; ",
        ),
    ],
)
def test_a_configuration_of_another_shape_is_one_line(tmp_path, config, message: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--config", json.dumps(config), "--folder", str(tmp_path / "built")])
    assert str(stopped.value.code).startswith(message)
