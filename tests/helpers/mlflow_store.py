"""A study whose files were written by hand, imported into an MLflow store, and what that store then shows."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

import rftlab
from rftlab.files import read_json, write_json
from rftlab.views.track import __main__ as stage
from rftlab.views.track.store import KEY, open_store
from rftlab.views.track.view import read_view
from synthetic import CHECKPOINTS, accuracy, write_study

URI = "sqlite:///results/mlflow.db"


DB = Path("results/mlflow.db")


VARIANTS = ("baseline", "rollouts/n8")


RUNS = Path("results/synthetic/runs/tiny-qwen2/chains")


BASELINE = "tiny-qwen2/chains/baseline/seed-0"


N8 = "tiny-qwen2/chains/rollouts/n8/seed-0"


ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(rftlab.__file__).parents[1])}


SETS = ("chains_validation", "chains_test", "longer", "words_test")


def study(**options: Any) -> Path:
    """A study of two runs (baseline and n8), with its tables."""
    plan = write_study(Path(), **({"variants": VARIANTS, "seeds": (0,)} | options))
    write_evaluations(plan)
    gains = {"model": "tiny-qwen2", "factor": "rollouts", "level": "n8", "estimate": 0.4, "low": 0.3, "high": 0.5}
    pd.DataFrame([gains]).to_parquet(plan.parent / "tables" / "marginal_gains.parquet")
    (plan.parent / "report.html").write_text("<p>report</p>")
    return plan


def write_evaluations(plan: Path, shift: float = 0.0) -> None:
    rows = [
        {key: run[key] for key in ("model", "dataset", "variant", "seed")}
        | {"round": r, "evaluation_set": name, "metric": metric, "value": accuracy(run["variant"], name, r, 0) + shift}
        for run in read_json(plan)["runs"]
        for sets in run["suites"].values()
        for name in sets
        for r in (0, *CHECKPOINTS)
        for metric in ("greedy", "pass@4")
    ]
    (plan.parent / "tables").mkdir(exist_ok=True)
    pd.DataFrame(rows).to_parquet(plan.parent / "tables" / "evaluations.parquet")


def publish(plan: Path) -> Counter[str]:
    with open_store(URI, 60) as store:
        return store.publish(read_view(plan))


def client() -> MlflowClient:
    uri = f"sqlite:///{DB.absolute()}"
    return MlflowClient(uri, uri)


def shown(name: str = "synthetic") -> dict[str, Run]:
    """What a user sees: the active runs of the experiment, by key."""
    experiment = client().get_experiment_by_name(name)
    runs = client().search_runs([experiment.experiment_id])
    assert len({run.data.tags[KEY] for run in runs}) == len(runs)
    return {run.data.tags[KEY]: run for run in runs}


def history(run: Run, key: str) -> dict[int, tuple[float, int]]:
    points = client().get_metric_history(run.info.run_id, key)
    assert len({p.step for p in points}) == len(points), f"{key} has two points at one step"
    return {p.step: (p.value, p.timestamp) for p in points}


def models(run: Run) -> dict[int, Any]:
    return {one.step: client().get_logged_model(one.model_id) for one in run.outputs.model_outputs}


def dump() -> list[str]:
    """Everything in the store, byte for byte."""
    with closing(sqlite3.connect(DB)) as connection:
        return list(connection.iterdump())


def points() -> int:
    with closing(sqlite3.connect(DB)) as connection:
        query = "SELECT COUNT(*) FROM metrics JOIN runs USING (run_uuid) WHERE lifecycle_stage = 'active'"
        count: int = connection.execute(query).fetchone()[0]
        return count


def edit_json(path: Path, **changes: Any) -> None:
    write_json(path, read_json(path) | changes)


def edit_line(path: Path, index: int, **changes: Any) -> None:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[index] |= changes
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def finish(run: str) -> None:
    """Publish a run the way training does: the logs move from its state directory, the manifest comes last."""
    place = Path("results/synthetic/runs") / run
    for name in ("run.json", "metrics.jsonl", "timings.jsonl"):
        (place / ".state" / name).replace(place / name)
    write_json(place / "provenance.json", {"commit": "abc", "code": "123"})
    write_json(place / "checkpoints.json", {"status": "finished", "checkpoints": []})


def fails(*arguments: str) -> str:
    """The one line a user sees."""
    with pytest.raises(SystemExit) as stop:
        stage.main([*arguments, "--wait", "0.2"])
    assert isinstance(stop.value.code, str)  # printed on stderr, exit code 1
    assert "\n" not in stop.value.code
    return stop.value.code
