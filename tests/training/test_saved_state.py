"""One saved state: what is written, and that what is read back is the same or is refused."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from safetensors.torch import load_file

from rftlab.errors import BadInputError
from rftlab.files import digest, file_sha256
from rftlab.training.saved_state import optimizer_tensors, read_facts, read_tensors, write_state
from rftlab.training.train import train
from saved_runs import RUN, same
from training import policy


def test_what_is_saved_is_safetensors_and_json(cut) -> None:
    for saved in (cut(5) / ".state").glob("round-*"):
        assert {p.suffix for p in saved.iterdir()} == {".safetensors", ".json"}


def test_a_log_or_a_checkpoint_that_was_touched_is_noticed(cut, base, data, reference, capsys) -> None:
    folder = cut(6)
    lines = (folder / ".state/metrics.jsonl").read_text().splitlines(keepends=True)
    (folder / ".state/metrics.jsonl").write_text("".join(lines[:4]))  # as a power failure may leave it
    train(RUN, base, data, folder, code="c")
    assert "metrics.jsonl is not what it was then" in capsys.readouterr().err
    same(folder, reference)
    shutil.rmtree(folder)
    cut(6)
    (folder / "checkpoints/round-00004/model.safetensors").write_bytes(b"")
    with pytest.raises(BadInputError, match=r"no saved state is whole .*round-00004 is not what it was then"):
        train(RUN, base, data, folder, code="c")


def test_a_malicious_pickle_is_not_read(cut, base, data, tmp_path) -> None:
    import pickle

    class Evil:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "owned"),))

    folder = cut(5)
    for saved in (folder / ".state").glob("round-*"):
        for path in saved.iterdir():
            path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(BadInputError, match="no saved state is whole"):
        train(RUN, base, data, folder, code="c")
    assert not (tmp_path / "owned").exists()


# one state, by hand --------------------------------------------------------------------------------------------------

KEY = {"code": "c", "model": "m"}
LOG = b'{"round": 1}\n'


class Saved(NamedTuple):
    """A saved state, its run, and what was saved."""

    folder: Path
    run: Path
    model: Any
    optimizer: torch.optim.Optimizer


def stepped(model: Any, optimizer: torch.optim.Optimizer, *, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator)
    optimizer.step()


def adam(model: Any, lr: float = 1e-3) -> torch.optim.AdamW:
    return torch.optim.AdamW(model.parameters(), lr=lr, betas=(0.8, 0.95), weight_decay=0.1)


@pytest.fixture
def saved(tmp_path: Path) -> Saved:
    run, folder = tmp_path / "run", tmp_path / "state"
    checkpoint = run / "checkpoints" / "round-00001"
    for place in (run / ".state", checkpoint, folder):
        place.mkdir(parents=True)
    (run / ".state" / "metrics.jsonl").write_bytes(LOG)
    (run / ".state" / "timings.jsonl").write_bytes(b"")
    (checkpoint / "model.safetensors").write_bytes(b"weights")
    sha256 = file_sha256(checkpoint / "model.safetensors")
    memory = {"round": 1, "checkpoints": [{"path": "checkpoints/round-00001", "sha256": sha256}]}
    model = policy()
    optimizer = adam(model)
    stepped(model, optimizer, seed=0)
    write_state(folder, run, {"key": KEY, "memory": memory, "seconds": 1.5}, {"policy": model}, optimizer)
    return Saved(folder, run, model, optimizer)


def refused(saved: Saved, key: dict[str, str] = KEY) -> str:
    with pytest.raises((OSError, ValueError, KeyError)) as error:
        read_facts(saved.folder, saved.run, key)
    return str(error.value)


def test_facts_are_read_as_they_were_written(saved: Saved) -> None:
    facts = read_facts(saved.folder, saved.run, KEY)
    assert (facts["key"], facts["seconds"], facts["memory"]["round"]) == (KEY, 1.5, 1)
    assert facts["files"].keys() == {"policy.safetensors", "optimizer.safetensors"}
    assert {name: log["bytes"] for name, log in facts["logs"].items()} == {
        "metrics.jsonl": len(LOG),
        "timings.jsonl": 0,
    }


def test_the_next_step_is_the_one_that_would_have_been_taken(saved: Saved) -> None:
    model = policy(seed=1)
    optimizer = adam(model, lr=1.0)
    stepped(model, optimizer, seed=9)
    read_tensors(saved.folder, read_facts(saved.folder, saved.run, KEY), {"policy": model}, optimizer)
    assert optimizer.param_groups[0]["lr"] == 1e-3
    assert optimizer.param_groups[0]["betas"] == (0.8, 0.95)
    for each in (saved, Saved(saved.folder, saved.run, model, optimizer)):
        stepped(each.model, each.optimizer, seed=1)
    before, after = saved.model.state_dict(), model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_another_key_is_another_run(saved: Saved) -> None:
    assert refused(saved, KEY | {"code": "d"}) == "it is of another run"
    assert refused(saved, {"code": "c"}) == "it is of another run"


@pytest.mark.parametrize("name", ["policy.safetensors", "optimizer.safetensors"])
def test_a_byte_of_a_file_is_noticed(saved: Saved, name: str) -> None:
    content = (saved.folder / name).read_bytes()
    (saved.folder / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert refused(saved) == f"{name} has another checksum than memory.json says"
    (saved.folder / name).unlink()
    assert name in refused(saved)


def test_a_word_of_the_facts_is_noticed(saved: Saved) -> None:
    path = saved.folder / "memory.json"
    document = json.loads(path.read_text())
    document["content"]["memory"]["round"] = 2
    path.write_text(json.dumps(document))
    assert refused(saved) == "memory.json has another checksum than it says"
    path.write_text(json.dumps({"content": document["content"]}))
    assert "digest" in refused(saved)
    path.write_text("{")
    assert refused(saved).isprintable()
    path.write_text(json.dumps({"digest": digest(document["content"]), "content": document["content"]}))
    assert read_facts(saved.folder, saved.run, KEY)["memory"]["round"] == 2


def test_a_log_may_grow_and_not_change(saved: Saved) -> None:
    log = saved.run / ".state" / "metrics.jsonl"
    log.write_bytes(LOG + b'{"round": 2}\n')
    assert read_facts(saved.folder, saved.run, KEY)["logs"]["metrics.jsonl"]["bytes"] == len(LOG)
    for other in (LOG[:-1], LOG.replace(b"1", b"3"), b""):
        log.write_bytes(other)
        assert refused(saved) == "metrics.jsonl is not what it was then"


def test_a_checkpoint_must_be_what_it_was(saved: Saved) -> None:
    weights = saved.run / "checkpoints" / "round-00001" / "model.safetensors"
    weights.write_bytes(b"others")
    assert refused(saved) == "checkpoints/round-00001 is not what it was then"
    weights.unlink()
    assert "round-00001" in refused(saved)


def test_weights_that_two_layers_share_are_saved_once(saved: Saved) -> None:
    assert saved.model.lm_head.weight is saved.model.get_input_embeddings().weight
    names = load_file(saved.folder / "policy.safetensors").keys()
    assert len({"lm_head.weight", "model.embed_tokens.weight"} & names) == 1


def test_an_optimizers_state_is_tensors_by_parameter_and_the_rest_as_json() -> None:
    weight = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    still = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([still, weight], lr=0.5, momentum=0.9)
    weight.grad = torch.tensor([3.0, 4.0])
    optimizer.step()
    optimizer.state[weight]["note"] = "kept"
    tensors, rest = optimizer_tensors(optimizer)
    assert {name: tensor.tolist() for name, tensor in tensors.items()} == {"1/momentum_buffer": [3.0, 4.0]}
    assert rest["values"] == {"1/note": "kept"}
    assert [group["params"] for group in rest["groups"]] == [[0, 1]]
    assert json.loads(json.dumps(rest)) == rest
    weight.grad = torch.ones(2)
    optimizer.step()
    assert tensors["1/momentum_buffer"].tolist() == [3.0, 4.0], "a copy, which later steps do not touch"


def test_a_state_holds_the_weights_of_every_model(saved: Saved) -> None:
    optimizer, models = adam(saved.model), {"policy": saved.model, "sampler": policy(seed=3)}
    write_state(saved.folder, saved.run, {"key": KEY, "memory": {"checkpoints": []}}, models, optimizer)
    facts = read_facts(saved.folder, saved.run, KEY)
    assert facts["files"].keys() == {"policy.safetensors", "sampler.safetensors", "optimizer.safetensors"}
    others = {"policy": policy(seed=1), "sampler": policy(seed=1)}
    read_tensors(saved.folder, facts, others, adam(others["policy"]))
    for name, model in models.items():
        before, after = model.state_dict(), others[name].state_dict()
        assert all(torch.equal(before[key], after[key]) for key in before)
    (saved.folder / "sampler.safetensors").write_bytes(b"")
    assert "sampler.safetensors has another checksum" in refused(saved)
