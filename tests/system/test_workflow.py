"""Snakemake for real: a whole study end to end, then what `snakemake -n` lists after each kind of change."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from checkout import AFTER_TRAINING, Checkout, copy_code, made_once

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]  # one worker runs it, the other goes on


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The smoke study, run."""
    return Checkout(made_once(tmp_path_factory, "smoke-study", lambda f: copy_code(f).snakemake("--cores", "2")))


@pytest.fixture
def checkout(finished: Checkout, tmp_path: Path) -> Iterator[Checkout]:
    """A finished study to change at will."""
    folder = tmp_path / "checkout"
    shutil.copytree(finished.folder, folder, copy_function=shutil.copy2)
    yield Checkout(folder)
    shutil.rmtree(folder)


def results(checkout: Checkout) -> Path:
    return checkout.folder / "results" / "smoke"


def test_every_declared_output_is_there(finished: Checkout) -> None:
    folder = results(finished)
    runs = sorted(folder.glob("runs/*/*/**/checkpoints.json"))
    assert len(runs) == 3 * 2 * 2
    for run in runs:
        manifest = json.loads(run.read_text())
        assert manifest["status"] == "finished"
        assert [entry["round"] for entry in manifest["checkpoints"]] == [2, 3]
        for entry in manifest["checkpoints"]:
            assert (run.parent / entry["path"] / "model.safetensors").is_file()
        assert not (run.parent / ".state").exists()
        assert len((run.parent / "metrics.jsonl").read_text().splitlines()) == 3
    for table in ("runs", "curves", "evaluations", "marginal_gains"):
        assert len(pd.read_parquet(folder / f"tables/{table}.parquet")) > 0
    assert (folder / "report.html").stat().st_size > 100_000
    assert json.loads((folder / "track.json").read_text())["runs"] == 12
    assert (finished.folder / "results" / "mlflow.db").is_file()


def test_the_base_model_is_evaluated_once_and_shared(finished: Checkout) -> None:
    base = sorted((results(finished) / "evaluations").glob("*/base/*.parquet"))
    assert [path.parts[-3] for path in base] == ["tiny-llama", "tiny-olmo2", "tiny-qwen2"]
    outcomes = pd.read_parquet(base[0])
    assert set(outcomes["evaluation_set"]) == {"sums_validation", "sums_test", "products_test", "longer"}
    assert set(outcomes["round"]) == {0}


def test_a_suite_holds_what_is_in_or_out_of_distribution_for_its_run(finished: Checkout) -> None:
    folder = results(finished) / "evaluations/tiny-llama/products/baseline/seed-0"
    assert set(pd.read_parquet(folder / "id.parquet")["evaluation_set"]) == {"products_test"}
    assert set(pd.read_parquet(folder / "ood.parquet")["evaluation_set"]) == {"sums_test", "longer"}


def test_models_are_ordinary_directories(finished: Checkout) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    families = set()
    for manifest in (finished.folder / "resources/models").glob("*/*/model.json"):
        model = AutoModelForCausalLM.from_pretrained(manifest.parent / "model")
        tokenizer = AutoTokenizer.from_pretrained(manifest.parent / "model")
        assert tokenizer.decode(tokenizer("3+4=").input_ids) == "3+4="
        families.add(model.config.model_type)
    assert families == {"qwen2", "llama", "olmo2"}


def test_a_second_call_has_nothing_to_do(finished: Checkout) -> None:
    assert "Nothing to be done" in finished.snakemake("--nolock")
    assert finished.planned() == set()


def test_another_file_with_the_name_of_a_study_is_refused(checkout: Checkout) -> None:
    other = checkout.study.with_name("other.yaml")
    shutil.copy(checkout.study, other)
    done = Checkout(checkout.folder, "other.yaml").run("-n")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].startswith(
        "other.yaml: study: results/smoke holds the results of smoke.yaml, which has the same name; "
    )
    assert "Traceback" not in done.stdout


def downstream(variant: str, seed: int = 0) -> set[str]:
    """Jobs of one variant's runs and what follows."""
    pairs = [(m, d) for m in ("tiny-qwen2", "tiny-llama", "tiny-olmo2") for d in ("sums", "products")]
    runs = {f"{m} on {d}: {variant}, seed {seed}" for m, d in pairs}
    evaluations = {f"evaluate {run}, {suite}" for run in runs for suite in ("id", "ood")}
    return {f"train {run}" for run in runs} | evaluations | AFTER_TRAINING


def test_what_was_deleted_is_made_again(checkout: Checkout) -> None:
    folder = results(checkout)
    (folder / "tables/curves.csv").unlink()
    assert checkout.planned() == AFTER_TRAINING
    checkout.snakemake("--cores", "2")
    assert (folder / "tables/curves.csv").is_file()
    shutil.rmtree(folder / "runs/tiny-llama/sums/baseline/seed-0")
    assert "train tiny-llama on sums: baseline, seed 0" in checkout.planned()


def test_touching_every_file_reruns_nothing(checkout: Checkout) -> None:
    for path in checkout.folder.rglob("*"):
        if path.is_file() and ".snakemake" not in path.parts:
            path.touch()
    assert checkout.planned() == set()


def test_a_level_is_one_small_file_and_one_line(checkout: Checkout) -> None:
    level = '"""Half of the reward."""\n\nfrom rftlab.advantages import Floats, Round\n\n\n'
    level += "def advantage(scores: Round, *, factor: float = 0.5) -> Floats:\n    return factor * scores.rewards_Bn\n"
    (checkout.folder / "src/rftlab/advantages/half.py").write_text(level)
    checkout.edit(
        "smoke.yaml",
        lambda text: text.replace(
            "factors:\n  advantage:\n", "factors:\n  advantage:\n    half: {advantage.name: half}\n"
        ),
    )
    assert checkout.planned() == downstream("advantage/half") | {"plan of smoke"}
    checkout.snakemake(
        "--cores",
        "2",
        results(checkout).relative_to(checkout.folder).as_posix()
        + "/runs/tiny-llama/sums/advantage/half/seed-0/checkpoints.json",
    )


def test_data_that_the_check_refuses_stop_snakemake_before_anything_is_trained(tmp_path: Path) -> None:
    """Even one that keeps going, with a target that no table is part of."""
    checkout = copy_code(tmp_path)
    verifier = "from rftlab.rewards import Judgement\n\nISOLATED = True\nGOLD = '{}'\n\n\n"
    verifier += "def verify(completion: str, answer: str) -> Judgement:\n    return Judgement(False, None)\n"
    (checkout.folder / "src/rftlab/rewards/verifiers/never.py").write_text(verifier)  # isolated: planning cannot ask it
    checkout.edit("smoke.yaml", lambda text: text.replace("family: products", "verifier: never, family: products"))
    done = checkout.run("--cores", "1", "--keep-going", "baseline")
    assert done.returncode == 1
    assert "datasets.products: query '" in done.stdout
    assert "is nothing that rewards/verifiers/never reads" in done.stdout
    assert not list((checkout.folder / "results").rglob("run.json"))
    assert not (checkout.folder / "resources" / "models").exists()
