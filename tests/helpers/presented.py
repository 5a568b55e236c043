"""Tables of a study that nobody trained, shaped like a real one: for the tests of what shows results to people."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rftlab.analysis.collapses import COLLAPSES, collapses
from rftlab.analysis.factorial import EFFECTS
from rftlab.analysis.pooled import POOLED
from rftlab.analysis.primary import Comparison
from rftlab.analysis.race import VERDICTS, at_once
from rftlab.analysis.tuning import TUNED, TUNING
from rftlab.runfolder.study_plan import TABLES, Pair, StudyPlan, study_plan
from rftlab.study.read import load_study
from rftlab.study.variants import variants_of
from rftlab.views.results import Results
from simulated import known

REPOSITORY = Path(__file__).parents[2]

ROUNDS, CHECKPOINTS, QUERIES = 60, (0, 20, 40, 60), 256
SETS = {
    "chains_validation": ("id", "validation", None),
    "chains_test": ("id", "test", None),
    "longer": ("ood", "test", "longer chains"),
    "larger": ("ood", "test", "larger numbers"),
    "products": ("ood", "test", "another operator"),
    "words_test": ("ood", "test", "the other family"),
}
# variant → effect on accuracy at the end, overrides
VARIANTS: dict[str, tuple[float, dict[str, Any]]] = {
    "baseline": (0.0, {}),
    "again": (0.004, {}),
    "advantage/group_norm_extra7": (0.03, {"advantage.name": "group_norm", "rollout.statistics_rollouts": 7}),
    "rollouts/n8": (0.12, {"advantage.name": "group_norm", "rollout.rollouts": 8}),
    "rollouts/n16": (0.13, {"advantage.name": "group_norm", "rollout.rollouts": 16}),
    "batch_size/b64_n8": (0.11, {"advantage.name": "group_norm", "rollout.queries": 64, "rollout.rollouts": 8}),
    "fixed_budget/b8_n32": (0.02, {"advantage.name": "group_norm", "rollout.queries": 8, "rollout.rollouts": 32}),
    "fixed_budget/b16_n16": (0.06, {"advantage.name": "group_norm", "rollout.queries": 16, "rollout.rollouts": 16}),
    "history/window8": (0.01, {"advantage.name": "history_window"}),
    "kl/k3_0.001": (-0.005, {"objective.kl.coefficient": 0.001}),
    "reward/minus_one": (-0.08, {"reward.incorrect": -1.0}),
    "optimizer/lr_3e-4": (0.05, {"optimizer.lr": 3e-4}),
    "control/lr_0": (-0.2, {"optimizer.lr": 0.0}),
    "control/random_reward": (-0.19, {"reward.verifier": "random"}),
}
FEW = {name: VARIANTS[name] for name in ("baseline", "again", "advantage/group_norm_extra7", "rollouts/n8")}
FORMS = {
    "greedy_strict": 0.3,
    "greedy_flexible": 0.4,
    "format_rate": 0.6,
    "truncation_rate": 0.1,
    "verifier_failure_rate": 0.0,
}  # of the base model; a tenth more at every checkpoint
PROVENANCE = {
    "code": "cccccccccccccccc", "commit": "0123456789abcdef" * 2, "dirty": False, "python": "3.11.7",
    "packages": {"torch": "2.13.0", "transformers": "5.19.0"}, "platform": "Linux-x86_64", "threads": 1,
    "data": {"path": "train.jsonl", "sha256": "d" * 64, "queries": 512, "overlong": 5},
    "model": {"path": "model", "sha256": "e" * 64},
    "seconds": 18.0, "wall_start": "2026-01-01T00:00:00Z",
}  # fmt: skip
OVERLONG = {"chains_test": 0, "longer": 3}  # queries whose prompts were dropped
TRAINING = {"queries": 512, "duplicates": 4, "conflicts": 1, "unanswered": ["train.jsonl:7"], "several_boxes": []}
CHECKED: dict[str, Any] = {  # the content of data.json
    name: {"queries": 256, "overlap": {}, "reason": None, "clusters": {}} for name in SETS
} | {
    "larger": {
        "queries": 256,
        "overlap": {"chains": {"exact": 1, "normalised": 2}},
        "reason": "a known duplicate",
        "clusters": {},
    }
}
RELATIVE_TO = {
    "rollouts/n8": "advantage/group_norm_extra7",
    "rollouts/n16": "advantage/group_norm_extra7",
    "batch_size/b64_n8": "rollouts/n8",
    "fixed_budget/b8_n32": "rollouts/n8",
    "fixed_budget/b16_n16": "rollouts/n8",
}


def study(
    *,
    models: tuple[str, ...] = ("tiny-qwen2",),
    datasets: tuple[str, ...] = ("chains",),
    seeds: tuple[int, ...] = (0, 1, 2),
    variants: dict[str, tuple[float, dict[str, Any]]] = VARIANTS,
    name: str = "demo",
    relative_to: Mapping[str, str] = RELATIVE_TO,
) -> Results:
    """Plan and tables of every model × dataset × variant × seed, the same each time."""
    rng = np.random.default_rng(7)
    plan = _plan(name, models, datasets, seeds, variants, relative_to)
    runs, curves, evaluations = [], [], []
    for run in plan["runs"]:
        effect, overrides = variants[run["variant"]]
        config = {
            "rollout.queries": 32,
            "rollout.rollouts": 1,
            "rollout.statistics_rollouts": 0,
            "advantage.name": "raw",
        }
        config |= {"objective.kl.coefficient": 0.0, "reward.incorrect": 0.0, "reward.verifier": "answer"}
        config |= {"optimizer.lr": 1e-4, "rollout.temperature": 1.0, "rollout.max_new_tokens": 48} | overrides
        sampled = config["rollout.queries"] * (config["rollout.rollouts"] + config["rollout.statistics_rollouts"])
        noise = rng.normal(0, 0.02)
        identity = {key: run[key] for key in ("model", "dataset", "variant", "factor", "level", "seed")}
        progress = 1 - np.exp(-np.arange(1, ROUNDS + 1) / 25)
        accuracy = np.clip(0.3 + (0.2 + effect + noise) * progress + rng.normal(0, 0.08, ROUNDS) / sampled**0.25, 0, 1)
        length = 14 + 4 * progress + rng.normal(0, 0.4, ROUNDS)
        curve = pd.DataFrame({
            "round": np.arange(1, ROUNDS + 1), "reward_mean": accuracy, "accuracy": accuracy,
            "signal_share": 0.3 + 0.4 * progress, "response_length": length, "truncation_rate": 0.05 * (1 - progress),
            "entropy": 0.6 - 0.3 * progress + rng.normal(0, 0.02, ROUNDS),
            "gradient_norm": 0.4 + rng.gamma(2, 0.1, ROUNDS),
            "kl_base": np.where(np.arange(1, ROUNDS + 1) % 5 == 0, 0.1 * progress, np.nan),
            "rollouts": sampled * np.arange(1, ROUNDS + 1), "tokens": np.cumsum(np.round(length * sampled)).astype(int),
            "seconds": np.arange(1, ROUNDS + 1) * 0.3,
        })  # fmt: skip
        curves.append(curve.assign(**identity))
        runs.append(
            identity
            | {
                "relative_to": run["relative_to"],
                "status": "finished",
                "inert": False,
                "other_code": False,
                "rounds": ROUNDS,
            }
            | {"rollouts": sampled * ROUNDS, "tokens": int(curve["tokens"].iloc[-1]), "seconds": 0.3 * ROUNDS}
            | {"reward_first": accuracy[:12].mean(), "reward_last": accuracy[-12:].mean()}
            | {"collapse": "entropy" if run["variant"] == "optimizer/lr_3e-4" and run["seed"] == 1 else ""}
            | {f"config.{key}": value for key, value in config.items()}
        )
        for i, (evaluation_set, (suite, split, _)) in enumerate(SETS.items()):
            for r in CHECKPOINTS:
                final = 0.32 - 0.04 * i + (0.22 + effect + noise) * (1 if suite == "id" else 0.5)
                base = 0.32 - 0.04 * i
                value = base + (final - base) * (1 - np.exp(-r / 20)) + (rng.normal(0, 0.012) if r else 0.0)
                row = identity | {"round": r, "rollouts": sampled * r, "tokens": 500 * r, "metric": "greedy"}
                row |= {"evaluation_set": evaluation_set, "split": split, "suite": suite}
                right = round(QUERIES * float(np.clip(value, 0, 1)))
                evaluations.append(row | {"value": right / QUERIES, "n_queries": QUERIES})
                for metric, share in FORMS.items():
                    form = {"metric": metric, "value": share + 0.1 * (r > 0), "n_queries": 256}
                    evaluations.append(row | form)
    tables = pd.DataFrame(evaluations)
    planned = study_plan(plan, "plan.json")
    gains = _gains(plan, tables)
    lost = pd.DataFrame(
        collapses(runs, planned.variants, confidence=planned.report.confidence), columns=list(COLLAPSES)
    ).astype(COLLAPSES)
    all_curves, judged = pd.concat(curves, ignore_index=True), _verdicts(planned, gains)
    pooled = _pooled(judged, len(planned.pairs))
    effects = pd.DataFrame(columns=list(EFFECTS)).astype(EFFECTS)
    untuned = [pd.DataFrame(columns=list(types)).astype(types) for types in (TUNING, TUNED, POOLED)]
    return Results(planned, pd.DataFrame(runs), all_curves, tables, gains, judged, effects, pooled, lost, *untuned)


def paper(**options: Any) -> Results:
    """The paper's grid: the 45 variants of config/paper.yaml, effects of −10 to +10 points drawn by lot."""
    rng = np.random.default_rng(3)
    planned = variants_of(load_study(REPOSITORY / "config/paper.yaml", unlocked=True)).values()
    variants = {v.name: (float(rng.uniform(-0.1, 0.1)), flat(v.overrides)) for v in planned}
    relative_to = {v.name: str(v.relative_to) for v in planned}
    return study(variants=variants, relative_to=relative_to, name="paper", **options)


def flat(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Nested overrides by dotted keys."""
    dotted: dict[str, Any] = {}
    for key, value in overrides.items():
        inner = flat(value) if isinstance(value, Mapping) else None
        dotted |= {key: value} if inner is None else {f"{key}.{name}": v for name, v in inner.items()}
    return dotted


def write(results: Results, folder: Path, wrote: str = "thinking") -> tuple[Path, Path]:
    """Write plan.json, the tables, and what the report reads of each run; returns the paths of the first two.

    ``wrote`` is what every completion begins with, and what a query asks.
    """
    runs = []
    greedy = results.evaluations[results.evaluations["metric"] == "greedy"]
    right = greedy.assign(right=(QUERIES * greedy["value"]).round().astype(int))
    right = right.set_index(["model", "dataset", "variant", "seed", "evaluation_set", "round"])["right"].to_dict()
    sets = {name: dataclasses.replace(s, path=str(folder / s.path)) for name, s in results.plan.evaluation_sets.items()}
    for name, planned_set in sets.items():
        lines = [
            json.dumps({"id": f"{name}-{i:03d}", "query": f"{wrote} {i}?", "answer": str(i)}) for i in range(QUERIES)
        ]
        Path(planned_set.path).parent.mkdir(parents=True, exist_ok=True)
        Path(planned_set.path).write_text("\n".join(lines) + "\n", encoding="utf-8")
    for planned in results.plan.runs:
        place, base = folder / "runs" / planned.key, folder / f"base-{planned.model}-{planned.dataset}.parquet"
        outcomes = {suite: str(place / f"{suite}.parquet") for suite in planned.suites}
        runs.append(dataclasses.replace(planned, folder=str(place), base=str(base), evaluations=outcomes))
        place.mkdir(parents=True, exist_ok=True)
        (place / "provenance.json").write_text(json.dumps(PROVENANCE), encoding="utf-8")
        timings = [{"round": r, "sample_s": 0.2, "score_s": 0.0, "update_s": 0.1} for r in range(1, ROUNDS + 1)]
        (place / "timings.jsonl").write_text("".join(json.dumps(t) + "\n" for t in timings), encoding="utf-8")
        identity = (planned.model, planned.dataset, planned.variant, planned.seed)
        for suite, names in planned.suites.items():
            counts = {
                (s, r): right[*identity, s, r] for s in names for r in CHECKPOINTS if r and (*identity, s, r) in right
            }
            _write_outcomes(Path(outcomes[suite]), counts, planned.seed, f"{wrote} {planned.variant}")
        if str(base) not in {run.base for run in runs[:-1]}:
            counts = {(s, 0): right[*identity, s, 0] for s in SETS if (*identity, s, 0) in right}
            _write_outcomes(base, counts, 0, f"{wrote} base")
    data = {"datasets": {run.dataset: TRAINING for run in runs}, "evaluation_sets": CHECKED}
    (folder / "data.json").write_text(json.dumps(data), encoding="utf-8")
    tables = folder / "tables"
    tables.mkdir(parents=True, exist_ok=True)
    plan = folder / "plan.json"
    plan.write_text(
        json.dumps(asdict(dataclasses.replace(results.plan, runs=tuple(runs), evaluation_sets=sets))), encoding="utf-8"
    )
    for name in TABLES:
        getattr(results, name).to_parquet(tables / f"{name}.parquet")
    return plan, tables


def _write_outcomes(path: Path, counts: Mapping[tuple[str, int], int], seed: int, wrote: str) -> None:
    """Greedy answers, so many of them right by set and round, mostly the first queries', and a sampled one."""
    rng = np.random.default_rng(seed)
    parts = []
    for (name, number), right in counts.items():
        correct = np.zeros(QUERIES, bool)
        correct[np.argsort(np.arange(QUERIES) + rng.normal(0, 60, QUERIES))[:right]] = True
        parts.append(pd.DataFrame({
            "round": number, "evaluation_set": name, "decoding": "greedy",
            "query": [f"{name}-{i:03d}" for i in range(QUERIES)],
            "correct": correct, "strict": correct, "flexible": correct | (np.arange(QUERIES) % 16 == 15),
            "failure": [None if right or i % 16 != 14 else "timeout" for i, right in enumerate(correct)],
            "extracted": [str(i) if right else None for i, right in enumerate(correct)],
            "completion": [f"{wrote} {number} {i}" for i in range(QUERIES)], "truncated": False,
        }))  # fmt: skip
    rows = pd.concat([*parts, parts[-1].iloc[:1].assign(decoding="sampled", completion="sampled")])
    metadata = {"overlong": json.dumps(OVERLONG)}
    pq.write_table(pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata(metadata), path)


def _plan(
    name: str,
    models: tuple[str, ...],
    datasets: tuple[str, ...],
    seeds: tuple[int, ...],
    variants: dict[str, Any],
    relative_to: Mapping[str, str],
) -> dict[str, Any]:
    described = []
    for variant, (_, overrides) in variants.items():
        factor, _, level = variant.rpartition("/")
        baseline = variant == "baseline"
        described.append({
            "name": variant, "overrides": overrides,
            "factor": None if baseline else factor or "noise_floor", "level": None if baseline else level,
            "relative_to": None if baseline else relative_to.get(variant, "baseline"),
        })  # fmt: skip
    suites = {suite: [s for s, (where, _, _) in SETS.items() if where == suite] for suite in ("id", "ood")}
    runs = [
        {key: v[key] for key in ("factor", "level", "relative_to")}
        | {"model": m, "dataset": d, "variant": v["name"], "seed": seed, "suites": suites}
        | {"folder": f"results/{name}/runs/{m}/{d}/{v['name']}/seed-{seed}"}
        | {"evaluations": dict.fromkeys(suites, ""), "base": ""}
        for m in models for d in datasets for v in described for seed in seeds
    ]  # fmt: skip
    sets = {
        s: {
            "path": f"resources/{s}.jsonl",
            "digest": "0123456789abcdef",
            "dataset": None,
            "split": split,
            "shift": shift,
        }
        for s, (_, split, shift) in SETS.items()
    }
    return {
        "study": name,
        "description": "Which design choices matter for a tiny model on sums and differences?",
        "models": {
            m: {"source": "tiny", "digest": "aaaaaaaaaaaaaaaa", "path": f"resources/models/{m}"} for m in models
        },
        "datasets": {d: {"source": "procedural", "digest": "bbbbbbbbbbbbbbbb", "splits": {}} for d in datasets},
        "evaluation_sets": sets,
        "variants": described,
        "runs": runs,
        "evaluation": {"rounds": list(CHECKPOINTS), "samples": 4, "pass_at": [1, 2, 4], "temperature": 1.0},
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


def _verdicts(plan: StudyPlan, gains: pd.DataFrame) -> pd.DataFrame:
    """Verdicts on the means over each suite's sets, as if queries and seeds had given a standard error of a point."""
    primary = plan.report.primary
    chosen = gains[gains["metric"] == primary.metric]
    found = []
    for pair in plan.pairs:
        here = chosen[(chosen["model"] == pair.model) & (chosen["dataset"] == pair.dataset)]
        for variant, suite, budget in itertools.product(plan.variants, ("id", "ood"), primary.budgets):
            rows = here[(here["level"] == variant.level) & (here["factor"] == variant.factor)]
            rows = rows[(rows["suite"] == suite) & (rows["budget"] == budget)]
            if len(rows):
                seeds = len(plan.seeds)
                se = 0.01 if seeds > 1 else float("nan")
                estimate = known(float(rows["estimate"].mean()), se, 12.0, (seeds, seeds), 256)
                inert = bool(rows["inert"].all())
                found.append(Comparison(pair, variant, suite, primary.metric, (budget,), estimate, inert, False))
    rows = at_once(found, alpha=1 - plan.report.confidence, margin=plan.report.equivalence_margin)
    return pd.DataFrame(rows, columns=list(VERDICTS)).astype(VERDICTS)


def _pooled(judged: pd.DataFrame, pairs: int) -> pd.DataFrame:
    """Rows over pairs: of the first pair, their mean, and what there is of others."""
    place = ["factor", "level", "suite", "budget"]
    rows = judged.drop_duplicates(place) if pairs > 1 else judged.iloc[:0]
    mean = judged.groupby(place)["estimate"].mean().loc[[tuple(p) for p in rows[place].itertuples(index=False)]]
    y = mean.to_numpy()
    counts = {"n_pairs": pairs, "higher_in": np.where(y > 0.05, pairs - 1, 0), "lower_in": np.where(y < -0.05, 1, 0)}
    ends = {"general_low": y - 0.03, "general_high": y + 0.03, "predicted_low": y - 0.06, "predicted_high": y + 0.06}
    if pairs < 3:
        ends = dict.fromkeys(ends, np.nan)
    rows = rows.assign(estimate=y, low=y - 0.02, high=y + 0.02, general_p=0.1, **counts, **ends)
    return rows[list(POOLED)].astype(POOLED).reset_index(drop=True)


def _gains(plan: dict[str, Any], evaluations: pd.DataFrame) -> pd.DataFrame:
    last = evaluations[(evaluations["round"] == CHECKPOINTS[-1]) & (evaluations["split"] != "validation")]
    last = last[last["metric"] == "greedy"]
    values = last.set_index(["model", "dataset", "variant", "seed", "evaluation_set"])["value"]
    rows = []
    pairs = dict.fromkeys((run["model"], run["dataset"]) for run in plan["runs"])
    for model, dataset in pairs:
        for v in plan["variants"]:
            for s, (suite, split, _) in SETS.items():
                if v["name"] == "baseline" or split == "validation":
                    continue
                reference = (
                    v["relative_to"] if any(w["name"] == v["relative_to"] for w in plan["variants"]) else "baseline"
                )
                seeds = plan["seeds"]
                at = {
                    name: [values[model, dataset, name, seed, s] for seed in seeds] for name in (v["name"], reference)
                }
                d = np.array(at[v["name"]]) - np.array(at[reference])
                half = 2.2 * np.sqrt(d.var(ddof=1) / len(d) + 0.45**2 / 256 / len(d)) if len(d) > 1 else np.nan
                low, high = d.mean() - half, d.mean() + half
                verdict = "higher" if low > 0 else "lower" if high < 0 else "undecided"
                verdict = "equivalent" if low > -0.02 and high < 0.02 else verdict
                verdict = "too few seeds" if len(d) < 3 else verdict
                row = {"model": model, "dataset": dataset, "evaluation_set": s, "suite": suite, "n_seeds": len(d)}
                row |= {key: v[key] for key in ("factor", "level", "relative_to")} | {
                    "n_queries": 256,
                    "method": "crossed t",
                }
                row |= {"estimate": d.mean(), "low": low, "high": high, "p": 0.04, "p_holm": 0.2, "verdict": verdict}
                for metric in ("greedy", "greedy_auc", "greedy_best_validation", "pass@4", "maj@4"):
                    budgets = ("rounds", "rollouts") if metric in ("greedy", "greedy_auc") else ("rounds",)
                    rows += [
                        row | {"metric": metric, "budget": b, "inert": v["name"] == "kl/k3_0.001"} for b in budgets
                    ]
    columns = ["model", "dataset", "evaluation_set", "suite", "factor", "level", "relative_to", "metric", "budget"]
    columns += ["estimate", "low", "high", "n_seeds", "n_queries", "method", "p", "p_holm", "verdict", "inert"]
    return pd.DataFrame(rows, columns=columns)


UNDECIDED = {"verdict": "undecided", "estimate": 0.01, "low": -0.01, "high": 0.03, "detectable": 0.04}
LOWER = {"verdict": "lower", "estimate": -0.05, "low": -0.07, "high": -0.03}


def judged(study: Results, said: dict[tuple[str, str, str], dict[str, Any]], pair: Pair | None = None) -> Results:
    """The study with verdicts by (level, suite, budget), all else undecided, as it is of another pair."""
    verdicts = study.verdicts.copy()
    here = pd.Series(True, index=verdicts.index)
    if pair is None:
        real = ~verdicts["factor"].isin(["noise_floor", "control"])
        for column, value in UNDECIDED.items():
            verdicts.loc[real, column] = value
    else:
        here = (verdicts["model"] == pair.model) & (verdicts["dataset"] == pair.dataset)
    for (level, suite, budget), row in said.items():
        of = here & (verdicts["level"] == level) & (verdicts["suite"] == suite)
        for column, value in row.items():
            verdicts.loc[of & ((verdicts["budget"] == budget) | (budget == "both")), column] = value
    return dataclasses.replace(study, verdicts=verdicts)
