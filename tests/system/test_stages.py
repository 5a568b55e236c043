"""What each stage loads: no more than it uses. Those that run a model load torch, transformers and what these bring."""

import functools
import json
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import presented
from rftlab.files import digest
from rftlab.planning.expected import expected
from studies import STUDY, planned
from synthetic import stage_arguments, write_study
from training import BASE, run_json, write_base, write_sums

FORBIDDEN = {
    "peft",
    "gguf",
    "vllm",
    "mlflow",
    "snakemake",
    "altair",
    "datasets",
    "typer",
    "pydantic",
    "pandas",
    "scipy",
    "pyarrow",
}
known = functools.cache(packages_distributions)
LISTING = "\nimport json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
REFERENCE = """
import sys, jinja2.sandbox, numpy, torch, transformers, yaml
from transformers import AutoModelForCausalLM, DynamicCache, PreTrainedTokenizerFast
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], use_safetensors=True)
tokenizer = PreTrainedTokenizerFast.from_pretrained(sys.argv[1])
ids = tokenizer("1+1=", return_tensors="pt").input_ids
logits = model(input_ids=ids, past_key_values=DynamicCache(config=model.config), use_cache=True).logits
optimizer = torch.optim.AdamW(model.parameters())
logits.sum().backward()
optimizer.step()
if sys.argv[2]:
    model.save_pretrained(sys.argv[2])
    tokenizer.save_pretrained(sys.argv[2])
"""
TRAINING = """
import json, sys
from pathlib import Path
from rftlab.training.train import train
train(json.loads(sys.argv[4]), Path(sys.argv[1]), Path(sys.argv[3]), Path(sys.argv[2]), code="c")
"""
EVALUATION = """
import json, sys
from rftlab.evaluation.evaluate import main
main(["--config", sys.argv[3], "--code", "c", "--model", sys.argv[1], "--output", sys.argv[2]])
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("stages")
    write_base(folder / "base")
    write_sums(folder / "train.jsonl")
    return folder


OURS = {"rftlab", "annotated-types"}  # the latter is a file of bounds, which only the data stage's pydantic reads

STAGE = """
import runpy, sys
runpy.run_module(sys.argv.pop(1), run_name="__main__")
"""
HEAVY = {
    *FORBIDDEN,
    "torch",
    "transformers",
    "tokenizers",
    "accelerate",
    "numpy",
    "vl_convert",
    "matplotlib",
    "sklearn",
}
TASK = BASE["tasks"]["sums"]
CHAINS = {"source": "procedural", "family": "chains", "sizes": {"train": 8}}
TABLES = ["--plan", "results/synthetic/plan.json"]
SHOWN = ["--plan", "plan.json", "--tables", "tables"]
LIGHT = {  # stages that run no model: their arguments, and all that they load of the packages that take long
    "data": (["--config", json.dumps(CHAINS), "--folder", "data"], {"pydantic"}),
    "planning.planfile": (
        ["--study", json.dumps(STUDY), "--jobs", digest(expected(planned())), "--output", "planned/plan.json"],
        {"pydantic", "numpy", "scipy"},  # for the margin that the design resolves
    ),
    "analysis.tables": (
        stage_arguments(Path("results/synthetic/plan.json"), "made"),
        {"numpy", "pandas", "pyarrow", "pydantic", "scipy"},
    ),
    "views.figures": (
        [*SHOWN, "--folder", "figures"],
        {"numpy", "pandas", "pyarrow", "pydantic", "altair", "jinja2", "vl_convert"},
    ),
    "views.report": (
        [*SHOWN, "--figures", "figures", "--data", "data.json", "--output", "report.html"],
        {"numpy", "pandas", "pyarrow", "pydantic", "jinja2", "vl_convert"},
    ),
    "views.track": ([*TABLES, "--done", "done.json"], {"mlflow", "numpy", "pandas", "pyarrow", "pydantic", "scipy"}),
}


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    """A folder with a finished study in it."""
    folder = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_study(Path())
        presented.write(presented.study(), Path())
    return folder


@pytest.mark.parametrize("stage", LIGHT)
def test_stages_that_run_no_model(stage, results, monkeypatch) -> None:
    """In the order of the workflow: the report's charts are those of the figures."""
    arguments, uses = LIGHT[stage]
    monkeypatch.chdir(results)
    if stage == "views.report":
        loaded(STAGE, "rftlab.views.figures", *LIGHT["views.figures"][0])
    modules = loaded(STAGE, f"rftlab.{stage}", *arguments)
    assert "rftlab" in modules
    assert modules & HEAVY <= uses


def loaded(script: str, *arguments: object) -> set[str]:
    """Names of the top-level modules a script ends with."""
    command = [sys.executable, "-c", script + LISTING, *map(str, arguments)]
    return set(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]))


def distributions(modules: set[str]) -> set[str]:
    """The installed distributions that modules come from; the standard library belongs to none."""
    return {name for module in modules - set(sys.stdlib_module_names) for name in known().get(module, [])}


@pytest.fixture(scope="module")
def reference(place) -> set[str]:
    return loaded(REFERENCE, place / "base", place / "saved")


def test_training(place, reference) -> None:
    run = json.dumps(run_json(budget={"rounds": 1}))
    modules = loaded(TRAINING, place / "base", place / "run", place / "train.jsonl", run)
    assert "rftlab" in modules
    assert not modules & (FORBIDDEN - reference)
    assert distributions(modules) - distributions(reference) <= OURS


def test_a_base_model(place, reference) -> None:
    config = json.dumps({**BASE, "max_steps": 20, "check_every": 20, "tasks": {"sums": {**TASK, "goal": 0.0}}})
    modules = loaded(STAGE, "rftlab.models.build", "--config", config, "--folder", place / "built")
    assert not modules & (FORBIDDEN - reference)
    assert distributions(modules) - distributions(reference) <= OURS


def test_adapters_bring_peft_and_nothing_else_does(place, reference) -> None:
    run = json.dumps(run_json(budget={"rounds": 1}, lora={"rank": 2, "alpha": 4, "targets": ["q_proj"]}))
    modules = loaded(TRAINING, place / "base", place / "adapted", place / "train.jsonl", run)
    assert "peft" in modules
    assert not modules & (FORBIDDEN - {"peft"} - reference)


def test_evaluation(place, reference) -> None:
    sets = {"sums": {"path": str(place / "train.jsonl"), "verifier": "marked", "limit": 2}}
    asked = {"max_new_tokens": 6, "samples": 1, "temperature": 1.0, "top_p": 1.0, "seed": 0, "device": "cpu"}
    labels = {"model": "tiny", "dataset": "", "variant": "base", "seed": -1}
    config = {"labels": labels, "sets": sets, "prompt": {}, "evaluation": asked, "engine": {}}
    modules = loaded(EVALUATION, place / "base", place / "id.parquet", json.dumps(config))
    arrow = loaded("import pyarrow.parquet; pyarrow.array([1])")  # brings pandas where pandas is installed
    assert "pyarrow" in modules
    assert not modules & (FORBIDDEN - reference - arrow)
    assert distributions(modules) - distributions(reference | arrow) <= OURS
