"""Against a hub on 127.0.0.1: a study is fetched, locked, and made from the cache alone; every refusal is one line."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from hubserver import TOKEN, Hub, Repository, environment, jsonl, model_files, run, serve
from rftlab.planning.plan import Plan
from rftlab.study.read import load_study
from studies import GONE, changed
from training import write_base

NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing listens there
CARD = b"""---
configs:
- config_name: main
  data_files:
  - {split: train, path: main/train-*}
  - {split: test, path: main/test-*}
- config_name: other
  data_files: [{split: test, path: other/*}]
---
"""


def parquet(questions: list[str]) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([{"question": q, "answer": f"so #### {len(q)}"} for q in questions]), content)
    return content.getvalue()


def sharded(folder: Path) -> dict[str, bytes]:
    """The model's files with its weights in two files and an index; a pickle beside them, which nobody may read."""
    weights = load_file(folder / "model.safetensors")
    names = sorted(weights)
    files = model_files(folder, model__safetensors=None, pytorch_model__bin=b"\x80\x04pickle")
    where = {}
    for number, part in enumerate((names[:3], names[3:]), start=1):
        file = f"model-{number:05d}-of-00002.safetensors"
        save_file({name: weights[name] for name in part}, folder / file, metadata={"format": "pt"})
        files[file] = (folder / file).read_bytes()
        (folder / file).unlink()
        where |= dict.fromkeys(part, file)
    files["model.safetensors.index.json"] = json.dumps({"metadata": {}, "weight_map": where}).encode()
    return files


def sums(**other: bytes) -> dict[str, bytes]:
    return {
        "README.md": CARD,
        "main/train-00000-of-00002.parquet": parquet([f"{i}+1=" for i in range(6)]),
        "main/train-00001-of-00002.parquet": parquet([f"{i}+3=" for i in range(6)]),
        "main/test-00000-of-00001.parquet": parquet([f"{i}+2=" for i in range(6)]),
        "other/test.parquet": parquet(["0-0="]),
        **other,
    }


def hub_study(*edits: tuple[str, Any]) -> dict[str, Any]:
    """One hub model, trained on a hub dataset, evaluated on it and on a multiple-choice set of the hub."""
    quiz = {"source": "hub", "id": "org/quiz", "splits": {"test": "validation"}}
    return changed(
        ("models", {"m": {"source": "hub", "id": "org/tiny"}}),
        (
            "datasets",
            {
                "sums": {
                    "source": "hub",
                    "id": "org/sums",
                    "name": "main",
                    "splits": {"train": "train", "test": "test"},
                    "verifier": "gsm8k_strict",
                }
            },
        ),
        (
            "evaluation_sets",
            {"sums_test": {"dataset": "sums"}, "quiz": {**quiz, "fields": {"choices": "choices"}, "shift": "no sums"}},
        ),
        ("evaluation/id", ["sums_test"]),
        ("evaluation/ood", ["quiz"]),
        *edits,
    )


def write(folder: Path, study: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def hub(tmp_path_factory) -> Iterator[Hub]:
    base = write_base(tmp_path_factory.mktemp("base") / "model")
    quiz = [{"question": f"{i}+{i}?", "choices": ["1", str(2 * i + 2), str(2 * i)], "answer": 2} for i in range(4)]
    with serve() as running:
        running.repositories |= {
            ("models", "org/tiny"): Repository(sharded(base)),
            ("models", "org/gated"): Repository(model_files(base), gated=True),
            ("models", "org/private"): Repository(model_files(base), private=True),
            ("models", "org/pickled"): Repository(model_files(base, model__safetensors=None, model__bin=b"\x80\x04")),
            ("models", "org/chat"): Repository(model_files(base, chat_template__jinja=b"{{ messages + 1 }}")),
            ("models", "org/slow"): Repository(model_files(base, tokenizer__json=None)),
            ("datasets", "org/sums"): Repository(sums()),
            ("datasets", "org/gated"): Repository(sums(), gated=True),
            ("datasets", "org/quiz"): Repository({"validation.jsonl": jsonl(quiz)}),
            ("datasets", "org/script"): Repository({"script.py": b"raise SystemExit('executed')"}),
        }
        yield running


@pytest.fixture(scope="module")
def fetched(hub: Hub, tmp_path_factory) -> Path:
    """A folder with a study, its lock, and a cache that has all of it."""
    folder = tmp_path_factory.mktemp("fetched")
    write(folder, hub_study())
    done = run(["rftlab.cli", "fetch", "study.yaml"], folder, hub.url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("quiz: 4 queries test\nwrote study.lock\n")
    return folder


def test_several_files_have_their_lock_beside_the_last(fetched: Path, hub: Hub, tmp_path: Path) -> None:
    shutil.copy(fetched / "study.yaml", tmp_path)
    (tmp_path / "more.yaml").write_text("seeds: [7]")
    done = run(["rftlab.cli", "fetch", "study.yaml", "more.yaml"], tmp_path, hub.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("wrote more.lock\n")
    locks = [path.read_text().splitlines() for path in (tmp_path / "more.lock", fetched / "study.lock")]
    assert locks[0][0].startswith("# Written by `rftlab fetch study.yaml more.yaml`;")
    assert locks[0][1:] == locks[1][1:]


# what is changed in the study, the token there is, the line that ends the fetch
REFUSED: dict[str, tuple[tuple[str, Any], str | None, str]] = {
    "no such model": (
        ("models/m/id", "org/none"),
        None,
        "models.m: model org/none: the hub has no such model, or shows it only to others; check the id, or set "
        "HF_TOKEN if it is private",
    ),
    "private": (("models/m/id", "org/private"), None, "models.m: model org/private: the hub has no such model, or "),
    "revision": (
        ("models/m/revision", "v9"),
        None,
        "models.m: model org/tiny: there is no revision 'v9'; a branch, tag or commit is needed",
    ),
    "gated, no token": (
        ("models/m/id", "org/gated"),
        None,
        "models.m: model org/gated is gated: accept its terms on the hub's page org/gated, then set HF_TOKEN",
    ),
    "gated, another's token": (
        ("models/m/id", "org/gated"),
        "hf_other",
        "models.m: model org/gated is gated: the account of HF_TOKEN may not read it; accept its terms",
    ),
    "gated dataset": (
        ("datasets/sums/id", "org/gated"),
        None,
        "datasets.sums: dataset org/gated is gated: accept its terms on the hub's page datasets/org/gated, then",
    ),
    "pickled weights": (
        ("models/m/id", "org/pickled"),
        None,
        "models.m: org/pickled holds no safetensors (model.safetensors); pickled weights are never loaded",
    ),
    "slow tokenizer": (
        ("models/m/id", "org/slow"),
        None,
        "models.m: org/slow holds no tokenizer.json, which is needed",
    ),
    "no such dataset": (
        ("datasets/sums/id", "org/nothing"),
        None,
        "datasets.sums: dataset org/nothing: the hub has no such dataset",
    ),
    "configuration": (
        ("datasets/sums/name", "mian"),
        None,
        "datasets.sums: org/sums: BuilderConfig 'mian' not found. Available: ['main', 'other']",
    ),
    "split": (
        ("datasets/sums/splits/validation", "dev"),
        None,
        "datasets.sums: splits: org/sums has no split 'dev'; it has 'train', 'test'",
    ),
    "script": (
        ("datasets/sums/id", "org/script"),
        None,
        "datasets.sums: org/script: Dataset scripts are no longer",
    ),
    "field": (
        ("datasets/sums/fields", {"query": "problem"}),
        None,
        "datasets.sums: org/sums train: row 1: the query needs field 'problem'; this record has 'question', 'answer'",
    ),
}
FETCH_ALL = """
import json, os, sys
from pathlib import Path
from rftlab.errors import BadInputError
from rftlab.study.fetch import fetch
lines = {}
for name, token in json.load(sys.stdin).items():
    os.environ.pop("HF_TOKEN", None)
    os.environ.update({"HF_TOKEN": token} if token else {})
    try:
        fetch([Path(name, "study.yaml")], lambda line: None)
    except BadInputError as error:
        lines[name] = str(error).removeprefix(f"{name}/study.yaml: ")
print(json.dumps(lines))
"""


@pytest.fixture(scope="module")
def refusals(hub: Hub, tmp_path_factory) -> dict[str, str]:
    """The lines with which all fetches of ``REFUSED`` end, in one process: the packages take seconds to import."""
    folder = tmp_path_factory.mktemp("refused")
    for name, (edit, _, _) in REFUSED.items():
        write(folder / name, hub_study(edit))
    tokens = json.dumps({name: token for name, (_, token, _) in REFUSED.items()})
    done = subprocess.run(
        [sys.executable, "-c", FETCH_ALL],
        cwd=folder,
        env=environment(folder, hub.url),
        input=tokens,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "ignored" not in done.stderr, "no reader of records meets the end of the interpreter"
    written = {path.parent.name for path in folder.glob("*/study.lock")}
    assert written == {"field"}, "the lock is written once all is fetched; then only the study has to change"
    lines: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return lines


def test_the_lock_holds_commits_digests_and_what_planning_needs(hub: Hub, fetched: Path) -> None:
    lock = yaml.safe_load((fetched / "study.lock").read_text())
    (model,) = lock["models"]
    assert (model["id"], model["revision"], model["commit"]) == (
        "org/tiny",
        "main",
        hub.repositories["models", "org/tiny"].commit,
    )
    assert (model["architecture"], model["context"], model["chat_template"]) == ("qwen2", 512, False)
    assert set(model["files"]) >= {"config.json", "tokenizer.json", "model.safetensors.index.json"}
    assert not any(name.endswith(".bin") for name in model["files"]), "pickled weights are never fetched"
    dataset, quiz = lock["datasets"]
    assert (dataset["id"], dataset["name"], dataset["reader"]) == ("org/sums", "main", "parquet")
    assert {split: entry["records"] for split, entry in dataset["splits"].items()} == {"test": 6, "train": 12}
    assert len(dataset["splits"]["train"]["files"]) == 2
    assert (quiz["name"], quiz["reader"], list(quiz["splits"])) == (None, "json", ["validation"])
    assert not any("pytorch_model.bin" in path for path in hub.asked)
    assert not any("other/" in path and "resolve" in path for path in hub.asked), "only what the study names is fetched"


def test_fetching_again_gives_the_same_bytes_and_keeps_commits(hub: Hub, fetched: Path, tmp_path: Path) -> None:
    shutil.copytree(fetched, tmp_path / "copy", symlinks=True)
    before = hub.repositories["datasets", "org/sums"]
    hub.repositories["datasets", "org/sums"] = Repository(sums(extra=b"a newer commit"))
    try:
        again = run(["rftlab.cli", "fetch", "study.yaml"], tmp_path / "copy", hub.url)
        assert again.returncode == 0, again.stderr
        assert (tmp_path / "copy/study.lock").read_bytes() == (fetched / "study.lock").read_bytes()
        renewed = run(["rftlab.cli", "fetch", "study.yaml", "--renew"], tmp_path / "copy", hub.url)
        assert renewed.returncode == 0, renewed.stderr
        lock = yaml.safe_load((tmp_path / "copy/study.lock").read_text())
        assert lock["datasets"][0]["commit"] == hub.repositories["datasets", "org/sums"].commit != before.commit
    finally:
        hub.repositories["datasets", "org/sums"] = before


def test_planning_needs_the_lock_alone(fetched: Path, tmp_path: Path, repository: Path) -> None:
    """No hub, no cache, and none of the packages that ask them can be imported."""
    write(tmp_path, hub_study())
    shutil.copy(fetched / "study.lock", tmp_path)
    for package in ("torch", "transformers", "datasets", "huggingface_hub"):
        (tmp_path / "without").mkdir(exist_ok=True)
        (tmp_path / "without" / f"{package}.py").write_text(f"raise ImportError('planning imports {package}')")
    command = ["snakemake", "-n", "--snakefile", str(repository / "Snakefile"), "--configfile", "study.yaml"]
    path = f"{tmp_path / 'without'}:{repository / 'src'}"
    done = run(command, tmp_path, NOWHERE, PYTHONPATH=path)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "train" in done.stdout
    assert "datacheck" in done.stdout
    plan = run(["rftlab.cli", "plan", "study.yaml", "--json"], tmp_path, NOWHERE, PYTHONPATH=path)
    assert json.loads(plan.stdout)["totals"]["evaluation_rows"] == 5 * 3 * 10 * (3 + 2), plan.stderr


@pytest.mark.xdist_group("workflow")
def test_a_study_of_the_hub_runs_from_its_cache_alone(fetched: Path, tmp_path: Path, repository: Path) -> None:
    shutil.copytree(fetched, tmp_path / "study", symlinks=True)
    small = (("seeds", [0]), ("factors", {}), ("noise_floor", False), ("budget", {"rounds": 2}))
    readable = (("evaluation_sets/quiz", GONE), ("evaluation/ood", []))  # the tiny model knows no letters
    folder = write(tmp_path / "study", hub_study(*small, *readable)).parent
    command = ["snakemake", "--snakefile", str(repository / "Snakefile"), "--configfile", "study.yaml", "--cores", "2"]
    done = run(command, folder, NOWHERE, HF_HUB_OFFLINE="1", PYTHONPATH=str(repository / "src"), OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stdout + done.stderr
    evaluations = pd.read_csv(folder / "results/small/tables/evaluations.csv")
    assert set(evaluations["evaluation_set"]) == {"sums_test"}
    assert set(evaluations["round"]) == {0, 2}
    assert (folder / "results/small/report.html").is_file()


def test_stages_use_the_cache_alone_and_shards_become_one_file(fetched: Path) -> None:
    plan = Plan(load_study(fetched / "study.yaml"))
    config = plan.resources.model_params("m")["config"]
    built = run(["rftlab.models.build", "--config", config, "--folder", "m"], fetched, NOWHERE, HF_HUB_OFFLINE="1")
    assert built.returncode == 0, built.stderr
    manifest = json.loads((fetched / "m/model.json").read_text())
    assert manifest["commit"] == json.loads(config)["commit"]
    assert [p.name for p in sorted((fetched / "m/model").glob("*.safetensors"))] == ["model.safetensors"]
    made = load_file(fetched / "m/model/model.safetensors")
    files = sorted(fetched.glob("hf/**/snapshots/*/model-*.safetensors"))
    published = {name: tensor for file in files for name, tensor in load_file(file).items()}
    assert made.keys() == published.keys()
    assert all(torch.equal(made[name], published[name]) for name in made)
    for name, count in (("sums", 12), ("quiz", 4)):
        data = plan.resources.data_params(name)["config"]
        read = run(["rftlab.data", "--config", data, "--folder", name], fetched, NOWHERE, HF_HUB_OFFLINE="1")
        assert read.returncode == 0, read.stderr
        split = "train" if name == "sums" else "test"
        queries = [json.loads(line) for line in (fetched / name / f"{split}.jsonl").read_text().splitlines()]
        assert len(queries) == count
    assert (queries[1]["query"], queries[1]["answer"]) == ("1+1?\nA. 1\nB. 4\nC. 2", "C")


@pytest.mark.parametrize("offline", ["0", "1"])
def test_files_that_are_missing_and_cannot_be_had(fetched: Path, tmp_path: Path, offline: str) -> None:
    config = Plan(load_study(fetched / "study.yaml")).resources.data_params("sums")["config"]
    arguments = ["rftlab.data", "--config", config, "--folder", "m"]
    done = run(arguments, tmp_path, NOWHERE, HF_HUB_OFFLINE=offline, RFTLAB_STUDY="config/mine.yaml")
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("data: 2 of 2 files of dataset org/sums at commit ")
    assert "not in the cache (main/train-00000-of-00002.parquet, main/train-00001-of-00002.parquet): " in line
    reason = "HF_HUB_OFFLINE is set" if offline == "1" else f"the hub at {NOWHERE} cannot be reached"
    assert reason in line
    assert line.endswith(
        "`rftlab fetch config/mine.yaml` on a machine that reaches the hub, such as a login node, "
        "fetches them beforehand"
    )


def test_a_file_that_is_another_than_the_locks(fetched: Path, tmp_path: Path) -> None:
    shutil.copytree(fetched, tmp_path / "copy", symlinks=True)
    lock = (tmp_path / "copy/study.lock").read_text()
    digest = yaml.safe_load(lock)["datasets"][1]["splits"]["validation"]["files"]["validation.jsonl"]
    (tmp_path / "copy/study.lock").write_text(lock.replace(digest, "f" * 64))
    config = Plan(load_study(tmp_path / "copy/study.yaml")).resources.data_params("quiz")["config"]
    done = run(["rftlab.data", "--config", config, "--folder", "m"], tmp_path / "copy", NOWHERE)
    assert done.returncode == 1
    assert done.stderr.startswith("data: dataset org/quiz: validation.jsonl at commit ")
    assert "the lock has ffffffffffff…; delete " in done.stderr


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_fetched(refusals: dict[str, str], name: str) -> None:
    assert refusals[name].startswith(REFUSED[name][2])
    assert refusals[name].isprintable(), "one line"


def test_a_chat_template_that_fails(hub: Hub, tmp_path: Path) -> None:
    """When it is fetched, before any job: planning has no files of the hub."""
    write(tmp_path, hub_study(("models/m/id", "org/chat"), ("datasets/sums/prompt", {"chat": True})))
    done = run(["rftlab.cli", "fetch", "study.yaml"], tmp_path, hub.url)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("study.yaml: models.m: datasets.sums.prompt.chat: the chat template of ")
    assert (tmp_path / "study.lock").exists(), "only the study has to change"


@pytest.mark.parametrize("offline", ["0", "1"])
def test_no_network(tmp_path: Path, offline: str) -> None:
    write(tmp_path, hub_study())
    done = run(["rftlab.cli", "fetch", "study.yaml"], tmp_path, NOWHERE, HF_HUB_OFFLINE=offline)
    assert done.returncode == 1
    reason = "HF_HUB_OFFLINE is set, so the hub is not asked" if offline == "1" else f"the hub at {NOWHERE} cannot be"
    assert done.stderr.startswith(f"study.yaml: models.m: {reason}")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "study.lock").exists()


def test_a_gated_model_with_a_token_of_the_environment_alone(hub: Hub, tmp_path: Path) -> None:
    hub.tokens.clear()
    write(tmp_path, hub_study(("models/m/id", "org/gated")))
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf/token").write_text("hf_of_a_file")  # where a login leaves it
    done = run(["rftlab.cli", "fetch", "study.yaml"], tmp_path, hub.url, HF_TOKEN=TOKEN)
    assert done.returncode == 0, done.stderr
    assert hub.tokens == {TOKEN}
    assert TOKEN not in (tmp_path / "study.lock").read_text()


def test_a_study_that_takes_nothing_from_the_hub(tmp_path: Path) -> None:
    write(tmp_path, changed())
    done = run(["rftlab.cli", "fetch", "study.yaml"], tmp_path, NOWHERE)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "study.yaml takes nothing from the model hub: there is nothing to fetch\n"
    assert not (tmp_path / "study.lock").exists()
