"""Peak memory of an update, against what it has to hold; measured in processes of their own."""

import json
import subprocess
import sys

import pytest

# SmolLM2's shape made narrower: the same ratio of heads, of layers to width, a vocabulary that outweighs a layer
SCRIPT = """
import gc, json, resource, sys, threading, time
import numpy as np, torch
from transformers import LlamaConfig, LlamaForCausalLM
from rftlab.levels import load
from rftlab.models.attention import ATTENTION
from rftlab.passes import Passes
from rftlab.rollouts import Rollout
from rftlab.update import Objective, update

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

options = json.loads(sys.argv[1])
config = LlamaConfig(hidden_size=192, intermediate_size=512, num_hidden_layers=10, num_attention_heads=3,
                     num_key_value_heads=1, vocab_size=options["vocabulary"], tie_word_embeddings=True)
config._attn_implementation = ATTENTION
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
    return tensor
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
print(json.dumps({"peak": peak - start, "needed": 4 * parameters + sum(saved.values()), "parameters": parameters,
                  "activations": sum(saved.values())}))
"""


def measured(**options: int) -> dict[str, int]:
    given = {"vocabulary": 49152, "prompt": 41, "response": 16, "rollouts": 32, "budget": 16384, "rounds": 2, **options}
    environment = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", SCRIPT, json.dumps(given)]
    result = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**sys_environment(), **environment}
    )
    return json.loads(result.stdout.splitlines()[-1])


def sys_environment() -> dict[str, str]:
    import os

    return dict(os.environ)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_an_update_needs_little_more_than_it_has_to_hold() -> None:
    """Weights, gradients, two moments, and the activations of one micro-batch of 32 × 57 tokens."""
    found = measured()
    assert found["activations"] > found["parameters"]
    assert found["peak"] <= 1.2 * found["needed"], found
