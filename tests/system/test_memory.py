"""Peak memory of an update, against what it has to hold; measured in processes of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from training import run_json, write_base, write_sums

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc, and sets up glibc's malloc")

# SmolLM2's proportions at a third of its width: the heads, and a vocabulary that has a fifth to a third of the weights
UPDATE = """
import gc, json, resource, sys, threading, time
import numpy as np, torch
from transformers import LlamaConfig, LlamaForCausalLM
from rftlab.levels import load
from rftlab.training.passes import Passes
from rftlab.rollouts import Rollout
from rftlab.training.update import Objective, update

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

options = json.loads(sys.argv[1])
config = LlamaConfig(hidden_size=64 * options["heads"], intermediate_size=176 * options["heads"],
                     num_hidden_layers=options["layers"], num_attention_heads=options["heads"],
                     num_key_value_heads=1, vocab_size=options["vocabulary"], tie_word_embeddings=True)
rng = np.random.default_rng(0)
def rollout(prompt, response):
    ids = rng.integers(5, options["vocabulary"], prompt + response).tolist()
    return Rollout(tuple(ids[:prompt]), tuple(ids[prompt:]), (-9.0,) * response, False)
rollouts = [rollout(options["prompt"], options["response"]) for _ in range(options["rollouts"])]
advantages, weights = np.ones(len(rollouts)), np.full(len(rollouts), 1e-3)
passes = Passes(0, 1.0, options["budget"])
objective = Objective(load("objectives.ratio", "none"))

def step(policy, optimizer, some):
    update(policy, optimizer, some, advantages[:len(some)], weights[:len(some)], objective, passes,
           max_gradient_norm=1.0)

warm = LlamaForCausalLM(LlamaConfig(**{**config.to_dict(), "num_hidden_layers": 1, "vocab_size": 64})).eval()
step(warm, torch.optim.AdamW(warm.parameters()), [Rollout((1, 2), (3, 4), (-9.0,) * 2, False)])
del warm
gc.collect()
start = resident()
policy = LlamaForCausalLM(config).eval()
optimizer = torch.optim.AdamW(policy.parameters(), lr=1e-6)
saved = {}
def pack(tensor):
    storage = tensor.untyped_storage()
    saved[storage.data_ptr()] = storage.nbytes()
    return tensor.detach()  # the tensor itself would keep its graph alive
parameters = sum(p.numel() * 4 for p in policy.parameters())
for batch in passes.batches(rollouts)[-1:]:  # the activations of the largest micro-batch
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        logprobs_NT, _ = passes.logprobs(policy, batch)
for p in policy.parameters():
    saved.pop(p.untyped_storage().data_ptr(), None)
del logprobs_NT, batch, p
gc.collect()
peak, done = 0, False
def watch():
    global peak
    while not done:
        peak = max(peak, resident())
        time.sleep(0.0005)
watcher = threading.Thread(target=watch)
watcher.start()
for _ in range(options["rounds"]):
    step(policy, optimizer, rollouts)
done = True
watcher.join()
print(json.dumps({"peak": peak - start, "weights": parameters, "activations": sum(saved.values())}))
"""


TRAINING = """
import gc, json, resource, sys
from pathlib import Path
import rftlab.training.train

sizes, update = [], rftlab.training.train.update

def watched(*arguments, **options):
    if len(sizes) % 50 == 49:
        gc.collect()
    sizes.append(int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20)
    return update(*arguments, **options)

rftlab.training.train.update = watched
base, data, folder = map(Path, sys.argv[2:])
rftlab.training.train.train(json.loads(sys.argv[1]), base, data, folder, code="c")
print(json.dumps(sizes))
"""


def run(script: str, *arguments: object) -> str:
    """Output of a script; malloc gives large blocks back at once, so that what is resident is what is in use."""
    giving_back = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", script, *map(str, arguments)]
    result = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **giving_back})
    return result.stdout


def measured(**options: int) -> dict[str, int]:
    given = {
        "vocabulary": 8192,
        "layers": 10,
        "heads": 3,
        "prompt": 41,
        "response": 16,
        "rollouts": 32,
        "budget": 16384,
    }
    found = json.loads(run(UPDATE, json.dumps({**given, "rounds": 2, **options})).splitlines()[-1])
    return found | {"needed": 4 * found["weights"] + found["activations"]}


def test_an_update_needs_little_more_than_it_has_to_hold() -> None:
    """Weights, gradients, two moments, and the activations of one micro-batch, here 32 × 57 tokens."""
    found = measured()
    assert found["activations"] > 4 * found["weights"]
    assert found["peak"] <= 1.2 * found["needed"], found


def test_micro_batches_bound_the_activations() -> None:
    whole, cut = measured(), measured(budget=8 * 57)
    assert cut["activations"] < 0.3 * whole["activations"]
    assert cut["peak"] <= 1.2 * cut["needed"], cut


def test_a_large_vocabulary_does_not_set_the_peak() -> None:
    """One rollout of 512 + 1,024 tokens has 586 MiB of logits, of which a plain pass holds three copies."""
    found = measured(vocabulary=150_000, layers=1, heads=1, prompt=512, response=1024, rollouts=1, rounds=1)
    assert found["peak"] - found["needed"] < 1024 * 150_000 * 4, found


def test_rounds_leave_nothing_behind(tmp_path: Path) -> None:
    base, data = write_base(tmp_path / "base"), write_sums(tmp_path / "train.jsonl")
    config = run_json(budget={"rounds": 150}, checkpoint_every=150, reward__name="random")
    megabytes = json.loads(run(TRAINING, json.dumps(config), base, data, tmp_path / "run").splitlines()[-1])
    assert len(megabytes) == 150
    assert megabytes[-1] - megabytes[49] < 1, megabytes
