"""Stages that compute nothing: base models, trainings and evaluations by arithmetic from what the real ones are given.

Copied over ``rftlab/jobs/warmstart.py`` of a checkout, which every stage that needs torch is started through, so that a
whole study takes seconds. What is written is a pure function of the stage's configuration, code and input files, and
differs wherever one of these differs; formats are the real ones.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from rftlab.data.queries import read_queries
from rftlab.evaluation.outcomes import Made, write_rows
from rftlab.files import digest, file_sha256, read_json, write_json, write_text


def offer() -> None:
    """Nothing is warmed up."""


def build(given: argparse.Namespace) -> None:
    """Weights that are a digest of the configuration and of the files they are made from."""
    files = [file_sha256(path) for path in sorted(Path(given.config["path"]).iterdir())]
    weights = given.folder / "model" / "model.safetensors"
    write_text(weights, digest([given.config, files]))
    write_json(given.folder / "model.json", {"sha256": file_sha256(weights), "config": given.config})


def train(given: argparse.Namespace) -> None:
    """A run whose rewards and weights follow from the digest of its key."""
    run, folder = given.config, given.folder
    model, data = (file_sha256(path) for path in (given.model / "model.safetensors", given.data))
    key = {"code": given.code, "configuration": digest(run), "model": model, "data": data}
    rounds, checkpoints = run["config"]["budget"]["rounds"], []
    write_json(folder / "run.json", run)
    metrics = [{"round": r, **_measures(digest([key, r])), "rollouts": r, "tokens": r} for r in range(1, rounds + 1)]
    timings = [{"round": r, "sample_s": 1.0, "score_s": 1.0, "update_s": 1.0} for r in range(1, rounds + 1)]
    for name, rows in (("metrics", metrics), ("timings", timings)):
        write_text(folder / f"{name}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    for number in range(1, rounds + 1):
        path = f"checkpoints/round-{number:05d}"
        write_text(folder / path / "model.safetensors", f"{digest([key, number])} {run['config']['optimizer']['lr']}")
        sha256 = file_sha256(folder / path / "model.safetensors")
        checkpoints.append({"round": number, "path": path, "sha256": sha256, "rollouts": number, "tokens": number})
    write_json(folder / "provenance.json", {"key": key, "seconds": 3.0})
    files = {name: file_sha256(folder / name) for name in ("run.json", "metrics.jsonl")}
    manifest = {"files": files, "status": "finished", "reason": None, "base": {"sha256": model}}
    write_json(folder / "checkpoints.json", manifest | {"checkpoints": checkpoints})


def _measures(seed: str) -> dict[str, float]:
    """Between one half and one: no run collapses by chance, which would be another one after every edit."""
    names = ("reward_mean", "accuracy", "entropy", "truncation_rate")
    return {name: 0.5 + int(digest([seed, name])[:4], 16) / 2**17 for name in names}


def evaluate(given: argparse.Namespace) -> None:
    """Answers that are right or wrong by the digest of weights, code, configuration and query.

    A learning rate is what it adds to a chance of one half of being right.
    """
    config, settings = given.config, given.config["evaluation"]
    if given.run:
        entries = read_json(given.run / "checkpoints.json")["checkpoints"]
        files = {e["round"]: given.run / e["path"] / "model.safetensors" for e in entries}
    else:
        files = {0: given.model / "model.safetensors"}
    weights = {number: file_sha256(path) for number, path in files.items()}
    asked = digest([given.code, {key: value for key, value in config.items() if key != "labels"}])
    rows = []
    for number, sha256 in weights.items():
        _, *rate = files[number].read_text().split()
        threshold = round(256 * (0.5 + sum(map(float, rate))))
        for name, entry in config["sets"].items():
            samples = settings["samples"] if number == max(weights) else 0
            for query in read_queries(Path(entry["path"])):
                for decoding, count in (("greedy", 1), ("sampled", samples)):
                    for sample in range(count):
                        luck = digest([sha256, asked, query.query, query.answer, decoding, sample])
                        row = {"round": number, "evaluation_set": name, "decoding": decoding, "sample": sample}
                        rows.append(config["labels"] | row | _outcome(query.id, luck, threshold))
    queries = {name: file_sha256(Path(entry["path"])) for name, entry in config["sets"].items()}
    write_rows(given.output, rows, dict.fromkeys(queries, 0), Made(given.code, config, weights, queries))


def _outcome(query: str, luck: str, threshold: int) -> dict[str, Any]:
    right = int(luck[:2], 16) < threshold
    forms = dict.fromkeys(("correct", "strict", "flexible", "formatted"), right)
    text = {"failure": None, "extracted": luck[:1], "completion": luck}
    return {"query": query, **forms, **text, "tokens": int(luck[2], 16), "truncated": False}


STAGES = {
    "rftlab.models.build": build,
    "rftlab.training.train": train,
    "rftlab.evaluation.evaluate": evaluate,
}


def main(stage: str, *arguments: str) -> None:
    parser = argparse.ArgumentParser(prog=stage)
    parser.add_argument("--config", type=json.loads)
    parser.add_argument("--code")
    for name in ("--folder", "--model", "--data", "--run", "--output"):
        parser.add_argument(name, type=Path)
    STAGES[stage](parser.parse_args(arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
