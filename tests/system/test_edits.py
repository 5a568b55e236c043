"""Random sequences of edits, Snakemake after each: what lies there in the end is what a fresh study would have made.

Stages are stubs whose files follow from their configuration, code and inputs (tests/helpers/stub_stages.py); planning,
data, Snakemake and tables are the real ones. ``RFTLAB_EDITS`` is the number of sequences.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from checkout import ROOT, copy_stubs
from dry_runs import DryRuns
from studies import pretrained

SEQUENCES = int(os.environ.get("RFTLAB_EDITS", "3"))
pytestmark = pytest.mark.workflow

# key of a state → its possible values, the first one's where nobody has edited yet
VALUES: dict[str, list[Any]] = {
    "lr": [1.0e-3, 2.0e-3],
    "level": [{"rollout.statistics_rollouts": 1}, {"rollout.statistics_rollouts": 2}, None],
    "seeds": [[0], [0, 1], [1]],
    "samples": [0, 2],
    "rounds": [2, 3],
    "template": ["{{ query }}", "Q: {{ query }}"],
    "more": [None, "longer", "exam"],  # evaluation sets
    "margin": [0.5, 0.6],
    "train.jsonl": ["and 1", "and 4"],
    "exam.jsonl": ["and 3", "and 5"],
    "pretrained": ["llama", "qwen2"],
    "training/train.py": [0, 1],
    "evaluation/evaluate.py": [0, 1],
    "policies/prompts.py": [0, 1],
    "data/records.py": [0, 1],
    "data/check.py": [0, 1],
    "advantages/group_norm.py": [0, 1],
    "rewards/verifiers/numeric.py": [0, 1],
    "analysis/statistics.py": [0, 1],
}
TARGETS = ["tables", "tables", "baseline", "evaluations", "data"]
FIRST = {key: values[0] for key, values in VALUES.items()}
edits = st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in VALUES.items()})
few_edits = edits.filter(lambda edit: 1 <= len(edit) <= 4)
sequences = st.lists(st.tuples(few_edits, st.sampled_from(TARGETS)), min_size=2, max_size=4)


def study(state: Mapping[str, Any]) -> dict[str, Any]:
    sets = {
        "train_test": {"dataset": "notes", "split": "test"},
        "exam": {"source": "jsonl", "files": {"test": "exam.jsonl"}, "verifier": "numeric"},
        "longer": {"source": "jsonl", "files": {"test": "longer.jsonl"}, "verifier": "numeric"},
    }
    ood = [state["more"]] if state["more"] else []
    level = {"advantage.name": "group_norm", **(state["level"] or {})}
    files = {"train": "train.jsonl", "test": "test.jsonl"}
    prompt = {"template": state["template"]}
    return {
        "study": "edits",
        "models": {"stub": {"source": "directory", "path": "pretrained"}},
        "datasets": {"notes": {"source": "jsonl", "files": files, "verifier": "numeric", "prompt": prompt}},
        "baseline": {"rollout": {"queries": 4, "max_new_tokens": 4}, "optimizer": {"lr": state["lr"]}},
        "factors": {"advantage": {"group_norm": level}} if state["level"] else {},
        "seeds": state["seeds"],
        "noise_floor": False,
        "budget": {"rounds": state["rounds"]},
        "evaluation_sets": {name: sets[name] for name in ("train_test", *ood)},
        "evaluation": {
            "every": {"rounds": 1},
            "id": ["train_test"],
            "ood": ood,
            "samples": state["samples"],
            "pass_at": [1] if state["samples"] else [],
        },
        "report": {"equivalence_margin": state["margin"]},
    }


def write(folder: Path, state: Mapping[str, Any]) -> None:
    """Write a state's study, data, base model and code."""
    texts = {"study.yaml": yaml.safe_dump(study(state), sort_keys=False)}
    words_of = {"test": "and 2", "longer": "and 9", **{name: state[f"{name}.jsonl"] for name in ("train", "exam")}}
    for name, words in words_of.items():
        texts[f"{name}.jsonl"] = "".join(
            json.dumps({"question": f"What is {i} {words}?", "answer": str(i)}) + "\n" for i in range(6)
        )
    for name in (key for key in state if key.endswith(".py")):
        source = (ROOT / "src" / "rftlab" / name).read_text()
        texts[f"src/rftlab/{name}"] = f"{source}\nEDITED = True\n" if state[name] else source
    for name, text in texts.items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
    config = json.dumps({"model_type": state["pretrained"]}).encode()
    if not (folder / "pretrained").exists() or (folder / "pretrained" / "config.json").read_bytes() != config:
        pretrained(folder / "pretrained", config__json=config)


def checkout(folder: Path) -> Path:
    return copy_stubs(folder).folder


def made(folder: Path) -> dict[str, Any]:
    """All that a report rests on: what every run and evaluation is of, and the tables."""
    results = folder / "results" / "edits"
    plan = json.loads((results / "plan.json").read_text())
    found: dict[str, Any] = {"plan": plan, "expected": json.loads((results / "expected.json").read_text())}
    for run in plan["runs"]:
        place = folder / run["folder"]
        for name in ("run.json", "metrics.jsonl", "checkpoints.json"):
            found[f"{run['folder']}/{name}"] = (place / name).read_text()
        found[f"{run['folder']} key"] = json.loads((place / "provenance.json").read_text())["key"]
    return found | {path.name: path.read_text() for path in (results / "tables").glob("*.csv")}


@settings(
    max_examples=SEQUENCES,
    deadline=None,
    derandomize="RFTLAB_EDITS" not in os.environ,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(sequence=sequences)
@example(sequence=[({"level": {"rollout.statistics_rollouts": 2}, "more": "longer"}, "tables")])
def test_after_any_edits_there_is_what_a_fresh_study_makes(sequence: list[tuple[dict[str, Any], str]]) -> None:
    with tempfile.TemporaryDirectory() as place, DryRuns() as snakemake:
        folders = [Path(place, name) for name in ("edited", "fresh")]
        for folder in folders:
            folder.mkdir()
            checkout(folder)
        edited, fresh = folders
        state = dict(FIRST)
        for edit, target in [({}, "tables"), *sequence, ({}, "tables")]:
            state |= edit
            write(edited, state)
            snakemake.output(edited, target, "--configfile", "study.yaml", "--cores", "2")
        write(fresh, state)
        snakemake.output(fresh, "tables", "--configfile", "study.yaml", "--cores", "2")
        assert made(edited) == made(fresh)
