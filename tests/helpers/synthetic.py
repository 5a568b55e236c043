"""A finished study written by arithmetic instead of by training: every file a stage reads, effects known by hand.

An accuracy is a number of correct queries: with 20 queries a set, ``ACCURACY`` gives it exactly, plus (seed − 1) / 20
at every checkpoint of every variant, so that runs of different seeds differ and their paired differences do not. Which
queries are correct is rotated by seed and variant, so that differences per query go both ways. Paths in the plan are
relative to ``folder``: tests chdir there.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rftlab.analysis.finished import FinishedRuns
from rftlab.analysis.runs import RunOutcomes
from rftlab.analysis.tables import tables
from rftlab.evaluation.outcomes import Made
from rftlab.runfolder.expected import read_expected
from rftlab.runfolder.read import read_document
from rftlab.runfolder.study_plan import read_plan, study_plan

QUERIES = 20
ROUNDS = 10
CHECKPOINTS = (5, 10)
SAMPLES = 4
FAMILIES = ("chains", "words")
PROMPT_DIGEST = "0123456789ab"

# role of an evaluation set → accuracy of the base model; variant → role → accuracy of seed 1 at rounds 5 and 10
BASE_ACCURACY = {"validation": 0.30, "test": 0.30, "longer": 0.20, "other": 0.25}
ACCURACY: dict[str, dict[str, tuple[float, float]]] = {
    "baseline": {"validation": (0.50, 0.40), "test": (0.45, 0.50), "longer": (0.25, 0.30), "other": (0.25, 0.25)},
    "again": {"validation": (0.45, 0.45), "test": (0.40, 0.50), "longer": (0.25, 0.35), "other": (0.25, 0.25)},
    "advantage/group_norm_extra7": {
        "validation": (0.50, 0.60),
        "test": (0.50, 0.60),
        "longer": (0.30, 0.40),
        "other": (0.25, 0.20),
    },
    "rollouts/n8": {"validation": (0.50, 0.60), "test": (0.55, 0.90), "longer": (0.30, 0.45), "other": (0.25, 0.25)},
    "ratio/clip": {"validation": (0.50, 0.40), "test": (0.45, 0.50), "longer": (0.25, 0.30), "other": (0.25, 0.25)},
}
OVERRIDES: dict[str, dict[str, Any]] = {
    "baseline": {},
    "again": {},
    "advantage/group_norm_extra7": {"advantage.name": "group_norm", "rollout.statistics_rollouts": 7},
    "rollouts/n8": {"advantage.name": "group_norm", "rollout.rollouts": 8},
    "ratio/clip": {"objective.ratio.name": "clip"},
}
RELATIVE_TO = {"rollouts/n8": "advantage/group_norm_extra7"}
CHECKED_TRAINING = {"queries": QUERIES, "duplicates": 0, "conflicts": 0, "unanswered": [], "several_boxes": []}
CHECKED_SET: dict[str, Any] = {"queries": QUERIES, "overlap": {}, "reason": None, "clusters": {}}
CODE = "c0de" * 4  # fingerprint of every stage
INERT = {"ratio/clip": "baseline"}  # one on-policy update a round: clipping never acts, the weights are the baseline's


def write_study(
    folder: Path,
    *,
    study: str = "synthetic",
    models: Collection[str] = ("tiny-qwen2",),
    datasets: Collection[str] = ("chains",),
    variants: Collection[str] = tuple(ACCURACY),
    seeds: Collection[int] = (0, 1, 2),
    diverged: Mapping[tuple[str, int], int] | None = None,
    unfinished: Collection[tuple[str, int]] = (),
) -> Path:
    """Write ``results/<study>/`` and ``resources/`` under ``folder`` and return the path of plan.json.

    ``diverged`` maps (variant, seed) to the last round it reached; ``unfinished`` runs have half their rounds in
    ``.state`` and nothing else. Both hold in every model and dataset.
    """
    results = Path("results") / study
    plan: dict[str, Any] = {
        "study": study,
        "description": "Numbers made by arithmetic, to test what reads a study's files.",
        "models": {m: {"source": "tiny", "digest": _sha(m)[:12], "path": f"resources/models/{m}"} for m in models},
        "datasets": {d: {"source": "procedural", "digest": _sha(d)[:12], "splits": _splits(d)} for d in FAMILIES},
        "evaluation_sets": _evaluation_sets(),
        "variants": [_names(variant) | {"overrides": OVERRIDES[variant]} for variant in variants],
        "runs": [],
        "evaluation": {"rounds": [0, *CHECKPOINTS], "samples": SAMPLES, "pass_at": [1, 2, 4], "temperature": 1.0},
        "seeds": list(seeds),
        "race": {"looks": [len(seeds)], "reference": len(seeds)},
        "budget": {"rounds": ROUNDS},
        "report": {
            "primary": {"metric": "greedy_auc", "budget": "both"},
            "equivalence_margin": 0.02,
            "margin_of_design": False,
            "confidence": 0.95,
            "other_code": None,
        },
        "tune": None,
    }
    for family in FAMILIES:
        for path in _splits(family).values():
            _write_queries(folder / path, family)
    _write_queries(folder / "resources/data/longer/test.jsonl", "longer")
    for model in models:
        base = results / "evaluations" / model / "base" / f"{PROMPT_DIGEST}.parquet"
        sets = {name: accuracy("base", name, 0, -1) for name in plan["evaluation_sets"]}
        identity = _base_labels(model)
        made = _made(folder, plan, identity, sets, {0: _sha(model)})
        _write_rows(folder / base, [row for s, a in sets.items() for row in _rows(identity, s, 0, a, 0, True)], made)
        for dataset in datasets:
            other = next(family for family in FAMILIES if family != dataset)
            suites = {"id": [f"{dataset}_validation", f"{dataset}_test"], "ood": ["longer", f"{other}_test"]}
            for variant in variants:
                for seed in seeds:
                    where = Path(model, dataset, variant, f"seed-{seed}")
                    evaluations = {s: (results / "evaluations" / where / f"{s}.parquet").as_posix() for s in suites}
                    run: dict[str, Any] = {"model": model, "dataset": dataset, **_names(variant), "seed": seed}
                    run["variant"] = run.pop("name")
                    run |= {"folder": (results / "runs" / where).as_posix(), "suites": suites}
                    run |= {"evaluations": evaluations, "base": base.as_posix()}
                    plan["runs"].append(run)
                    if (variant, seed) in unfinished:
                        _write_progress(folder / run["folder"] / ".state", study, run, ROUNDS // 2)
                    else:
                        last_round = (diverged or {}).get((variant, seed), ROUNDS)
                        _write_run(folder, plan, run, last_round)
    plan_path = folder / results / "plan.json"
    _write_json(plan_path, plan)
    _write_json(plan_path.with_name("expected.json"), _expected(plan))
    data = {
        "datasets": {
            family: {"sha256": _file_sha(folder / _splits(family)["train"]), **CHECKED_TRAINING} for family in FAMILIES
        },
        "evaluation_sets": {
            name: {"sha256": _file_sha(folder / entry["path"]), **CHECKED_SET}
            for name, entry in plan["evaluation_sets"].items()
        },
    }
    _write_json(plan_path.with_name("data.json"), data)
    return plan_path


def stage_arguments(plan: Path, folder: str) -> list[str]:
    """Arguments of the stage that makes tables."""
    beside = {"--plan": plan, "--expected": plan.with_name("expected.json"), "--data": plan.with_name("data.json")}
    return [str(part) for option in (*beside.items(), ("--folder", folder)) for part in option]


def tables_of(plan: Path, document: Mapping[str, Any] | None = None) -> dict[str, pd.DataFrame]:
    """Tables of the study, from the folder that its paths are relative to; ``document`` is another plan of its runs."""
    expected, data = (plan.with_name(name) for name in ("expected.json", "data.json"))
    return tables(study_plan(document or read_document(plan), str(plan)), read_expected(expected), read_document(data))


def runs_of(plan: Path) -> FinishedRuns:
    """Its runs, from the folder that its paths are relative to."""
    expected, data = (plan.with_name(name) for name in ("expected.json", "data.json"))
    return FinishedRuns(read_plan(plan), read_expected(expected), read_document(data))


def outcomes_of(plan: Path) -> dict[tuple[str, int], RunOutcomes]:
    """Outcomes of all runs of the first model and dataset, by variant and seed."""
    runs, planned = runs_of(plan), read_plan(plan)
    all_seeds = {variant.name: len(planned.seeds) for variant in planned.variants}
    return {key: run.outcomes for key, run in runs.of(planned.pairs[0], all_seeds).items()}


def manifest_again(run: Path) -> None:
    """Let a run's manifest name its files as they are now."""
    path = run / "checkpoints.json"
    document = json.loads(path.read_text())
    _write_json(path, document | {"files": {name: _file_sha(run / name) for name in document["files"]}})


def _expected(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Content of ``expected.json``."""
    study, runs = plan["study"], plan["runs"]
    evaluations = {
        run["evaluations"][s]: _job(_asked(run, names)) for run in runs for s, names in run["suites"].items()
    }
    bases = {run["base"]: _job(_asked(_base_labels(run["model"]), plan["evaluation_sets"])) for run in runs}
    return {
        "runs": {run["folder"]: _job(_run_json(study, run)) for run in runs},
        "evaluations": evaluations | bases,
    }


def _job(config: Mapping[str, Any]) -> dict[str, Any]:
    return {"code": CODE, "config": config}


def _base_labels(model: str) -> dict[str, Any]:
    return {"model": model, "dataset": "", "variant": "base", "seed": -1}


def _asked(labels: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Configuration of an evaluation."""
    kept = {key: labels[key] for key in ("model", "dataset", "variant", "seed")}
    return {"labels": kept, "sets": {name: {"verifier": "numeric"} for name in names}}


def _run_json(study: str, run: Mapping[str, Any]) -> dict[str, Any]:
    variant, seed = run["variant"], run["seed"]
    document = {"study": study} | {k: run[k] for k in ("model", "dataset", "variant", "factor", "level")}
    document |= {"seed": seed, "random_seed": seed + (1000 if variant == "again" else 0)}
    document |= {"model_digest": _sha(run["model"])[:12], "dataset_digest": _sha(run["dataset"])[:12]}
    return document | {"config": _config(variant)}


def accuracy(variant: str, evaluation_set: str, round_: int, seed: int, dataset: str = "chains") -> float:
    """The greedy accuracy that was written: for expectations by hand."""
    if round_ == 0:  # one base model for all datasets
        return BASE_ACCURACY[_role(evaluation_set, FAMILIES[0])]
    role = _role(evaluation_set, dataset)
    return ACCURACY[variant][role][CHECKPOINTS.index(round_)] + (seed % 3 - 1) / QUERIES


def rollouts_per_round(variant: str) -> int:
    """Sampled rollouts of a round of 4 queries, statistics rollouts among them."""
    overrides = OVERRIDES[variant]
    return 4 * (int(overrides.get("rollout.rollouts", 1)) + int(overrides.get("rollout.statistics_rollouts", 0)))


def _names(variant: str) -> dict[str, Any]:
    if variant == "baseline":
        return {"name": variant, "factor": None, "level": None, "relative_to": None}
    factor, _, level = variant.rpartition("/")
    return {
        "name": variant,
        "factor": factor or "noise_floor",
        "level": level,
        "relative_to": RELATIVE_TO.get(variant, "baseline"),
    }


def _splits(family: str) -> dict[str, str]:
    return {split: f"resources/data/{family}/{split}.jsonl" for split in ("train", "validation", "test")}


def _evaluation_sets() -> dict[str, Any]:
    sets: dict[str, Any] = {
        f"{family}_{split}": {"path": _splits(family)[split], "dataset": family, "split": split, "shift": shift}
        for family, shift in zip(FAMILIES, ("another family: sums", "another family: words"), strict=True)
        for split in ("validation", "test")
    }
    longer = "resources/data/longer/test.jsonl"
    sets["longer"] = {"path": longer, "dataset": None, "split": "test", "shift": "longer chains"}
    return {name: value | {"digest": _sha(name)[:12]} for name, value in sets.items()}


def _role(evaluation_set: str, dataset: str) -> str:
    if evaluation_set == "longer":
        return "longer"
    family, split = evaluation_set.split("_")
    return split if family == dataset or split == "validation" else "other"


def _config(variant: str) -> dict[str, Any]:
    config: dict[str, Any] = {
        "prompt": {"template": "{query}"},
        "rollout": {"queries": 4, "rollouts": 1, "statistics_rollouts": 0, "temperature": 1.0, "max_new_tokens": 32},
        "reward": {"correct": 1.0, "incorrect": 0.0},
        "advantage": {"name": "raw"},
        "objective": {
            "ratio": {"name": "none"},
            "aggregation": {"name": "token_mean"},
            "kl": {"coefficient": 0.0, "estimator": "k3"},
        },
        "optimizer": {"lr": 1e-4, "weight_decay": 0.01, "clip": 1.0},
        "budget": {"rounds": ROUNDS},
        "evaluation_rounds": [0, *CHECKPOINTS],
        "diagnostics": {"kl_every": 5},
    }
    for dotted, value in OVERRIDES[variant].items():
        *parents, key = dotted.split(".")
        place = config
        for parent in parents:
            place = place[parent]
        place[key] = value
    return config


def _write_run(folder: Path, plan: Mapping[str, Any], run: Mapping[str, Any], last_round: int) -> None:
    place, variant, seed = folder / run["folder"], run["variant"], run["seed"]
    tokens = _write_progress(place, plan["study"], run, last_round)
    reached = [r for r in CHECKPOINTS if r <= last_round]
    weights = f"{run['model']}/{run['dataset']}/{INERT.get(variant, variant)}/{seed}"
    checkpoints = [
        {
            "round": r,
            "path": f"checkpoints/round-{r:05d}",
            "sha256": _sha(f"{weights}/{r}"),
            "rollouts": r * rollouts_per_round(variant),
            "tokens": tokens[r - 1],
        }
        for r in reached
    ]
    base = {"path": f"resources/models/{run['model']}", "sha256": _sha(run["model"])}
    status = "finished" if last_round == ROUNDS else "diverged"
    files = {name: _file_sha(place / name) for name in ("run.json", "metrics.jsonl")}
    manifest = {"files": files, "status": status, "base": base, "checkpoints": checkpoints}
    _write_json(place / "checkpoints.json", manifest)
    data = _splits(run["dataset"])["train"]
    train = {"path": data, "sha256": _file_sha(folder / data), "queries": QUERIES}
    provenance = {
        "code": CODE,
        "key": {"code": CODE, "data": train["sha256"], "model": base["sha256"]},
        "commit": None,
        "dirty": None,
        "python": "3.11.7",
        "packages": {"torch": "2.13.0", "transformers": "5.19.0"},
        "platform": "Linux-x86_64",
        "threads": 1,
        "data": train,
        "model": base,
        "seconds": 0.75 * last_round,
        "wall_start": "2026-01-01T00:00:00Z",
    }
    _write_json(place / "provenance.json", provenance)
    for suite, sets in run["suites"].items():
        rows = [
            row
            for name in sets
            for r in reached
            for row in _rows(
                {key: run[key] for key in ("model", "dataset", "variant", "seed")},
                name,
                r,
                accuracy(variant, name, r, seed, run["dataset"]),
                3 * seed + list(ACCURACY).index(INERT.get(variant, variant)),
                r == reached[-1],
            )
        ]
        made = _made(folder, plan, run, sets, {entry["round"]: entry["sha256"] for entry in checkpoints})
        _write_rows(folder / run["evaluations"][suite], rows, made)


def _made(
    folder: Path, plan: Mapping[str, Any], labels: Mapping[str, Any], sets: Collection[str], weights: dict[int, str]
) -> Made:
    queries = {name: _file_sha(folder / plan["evaluation_sets"][name]["path"]) for name in sets}
    return Made(CODE, _asked(labels, sets), weights, queries)


def _write_progress(place: Path, study: str, run: Mapping[str, Any], rounds: int) -> list[int]:
    """run.json, metrics.jsonl and timings.jsonl; returns tokens so far, by round."""
    variant, seed = run["variant"], run["seed"]
    sampled = rollouts_per_round(variant)
    trained = sampled - 4 * int(OVERRIDES[variant].get("rollout.statistics_rollouts", 0))
    _write_json(place / "run.json", _run_json(study, run))
    metrics, timings, tokens, total = [], [], [], 0
    for r in range(1, rounds + 1):
        length = 12.0 + math.sin(r + seed)
        total += round(length * sampled)
        tokens.append(total)
        reward = 0.3 + 0.02 * r + 0.01 * math.sin(3 * r + seed)
        line = {
            "round": r,
            "reward_mean": reward,
            "accuracy": reward,
            "accuracy_strict": reward,
            "accuracy_flexible": reward + 0.01,
            "format_rate": 0.9,
            "verifier_failures": 0,
            "signal_share": reward if trained == 4 else 0.6,
            "response_length": length,
            "truncation_rate": 0.05 if r % 4 == 0 else 0.0,
            "entropy": 0.5 - 0.01 * r,
            "gradient_norm": 0.4 + 0.05 * math.cos(r),
            "loss": -0.1 - 0.001 * r,
            "learning_rate": 1e-4,
            "rollouts": r * sampled,
            "trained_rollouts": r * trained,
            "tokens": total,
        }
        metrics.append(line | ({"kl_base": 0.002 * r} if r % 5 == 0 else {}))
        clock = {"round": r, "time_ms": 1_767_225_600_000 + 750 * r, "sample_s": 0.5, "score_s": 0.0, "update_s": 0.25}
        timings.append(clock | {"tokens_per_s": length * sampled / 0.5, "peak_memory_mb": 512.0})
    for name, lines in (("metrics.jsonl", metrics), ("timings.jsonl", timings)):
        (place / name).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return tokens


def _rows(
    identity: dict[str, Any], evaluation_set: str, round_: int, value: float, rotation: int, sampled: bool
) -> list[dict[str, Any]]:
    """Greedy rows, and sampled ones where asked: 3 of 4 samples of a solved query are correct, 1 of 4 of another."""
    rows = []
    n_correct = round(value * QUERIES)
    for i in range(QUERIES):
        solved = (i - rotation) % QUERIES < n_correct
        outcomes = [("greedy", 0, solved)]
        if sampled:
            outcomes += [("sampled", k, k < (3 if solved else 1)) for k in range(SAMPLES)]
        for decoding, sample, correct in outcomes:
            truncated = not correct and i == QUERIES - 1
            extracted = "7" if correct else None if truncated else f"{i}{sample}"
            row = identity | {"round": round_, "evaluation_set": evaluation_set, "decoding": decoding, "sample": sample}
            row |= {"query": f"{evaluation_set}-{i:04d}", "correct": correct, "extracted": extracted}
            # of the last three queries: cut off, where wrong; right in another form; not judged, where wrong
            row |= {"strict": correct, "flexible": correct or i == QUERIES - 2, "formatted": extracted is not None}
            row |= {"failure": "timeout" if not correct and i == QUERIES - 3 else None}
            rows.append(row | {"completion": f"= {extracted}", "tokens": 10 + i % 3, "truncated": truncated})
    return rows


_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("model", "dataset", "variant")]
    + [("seed", pa.int64()), ("round", pa.int64()), ("evaluation_set", pa.string()), ("decoding", pa.string())]
    + [("sample", pa.int64()), ("query", pa.string()), ("correct", pa.bool_()), ("extracted", pa.string())]
    + [("completion", pa.string()), ("tokens", pa.int64()), ("truncated", pa.bool_())]
    + [("strict", pa.bool_()), ("flexible", pa.bool_()), ("formatted", pa.bool_()), ("failure", pa.string())]
)


def _write_rows(path: Path, rows: list[dict[str, Any]], made: Made) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"made": json.dumps(dataclasses.asdict(made)), "overlong": json.dumps(dict.fromkeys(made.queries, 0))}
    pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA.with_metadata(metadata)), path)


def _write_queries(path: Path, name: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    evaluation_set = f"{name}_{path.stem}" if name in FAMILIES else name
    lines = [
        {"id": f"{evaluation_set}-{i:04d}", "query": f"{i}+7-{i}=", "answer": "7", "metadata": {}}
        for i in range(QUERIES)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def _write_json(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _file_sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
