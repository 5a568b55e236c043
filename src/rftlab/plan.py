"""What a study's jobs are: their paths, their configuration as canonical JSON, their fingerprints.

The Snakefile asks a :class:`Plan` while it builds the graph; nothing here imports torch.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rftlab.checks import content_of
from rftlab.data.stage import split_names
from rftlab.provenance import fingerprint
from rftlab.runlog import canonical_json, digest, file_sha256
from rftlab.schema import Study
from rftlab.sources import DatasetSplit, TinyModel
from rftlab.study import Run, Variant, variants

VERIFIERS = {"procedural": "marked", "jsonl": "gsm8k_strict"}
RUN_FILES = ("run.json", "metrics.jsonl", "timings.jsonl", "provenance.json", "checkpoints.json")
STAGES = {  # rule → module whose import closure is its code
    "plan": "rftlab.planfile",
    "tables": "rftlab.tables",
    "figures": "rftlab.figures",
    "report": "rftlab.report",
    "track": "rftlab.track",
}


class Plan:
    """Every path and configuration of a validated study."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.variants: dict[str, Variant] = variants(study)
        self.folder = f"results/{study.study}"

    @staticmethod
    def stage_code(rule: str) -> str:
        """Fingerprint of a stage that selects no levels."""
        return fingerprint(STAGES[rule])

    def runs(self) -> Iterator[Run]:
        """Every run, in the study's order."""
        for model in self.study.models:
            for dataset in self.study.datasets:
                for variant in self.variants.values():
                    for seed in self.study.seeds:
                        yield Run(model, dataset, variant, seed)

    def run(self, model: str, dataset: str, variant: str, seed: str | int) -> Run:
        """One run by its wildcards."""
        return Run(model, dataset, self.variants[variant], int(seed))

    # data ------------------------------------------------------------------------------------------------------------

    @functools.cached_property
    def data(self) -> dict[str, dict[str, Any]]:
        """Data configuration of every dataset and every evaluation set of its own."""
        own = {name: s for name, s in self.study.evaluation_sets.items() if not isinstance(s, DatasetSplit)}
        return {name: source.content() for name, source in (self.study.datasets | own).items()}

    @functools.cached_property
    def data_digests(self) -> dict[str, str]:
        """What identifies each dataset: its configuration and the bytes of the files it names, not their times."""
        return {
            name: digest([config, {s: file_sha256(Path(p)) for s, p in config.get("files", {}).items()}])
            for name, config in self.data.items()
        }

    def data_folder(self, name: str) -> str:
        """Folder of a dataset's splits."""
        return f"resources/data/{name}/{self.data_digests[name]}"

    def data_file(self, name: str, split: str) -> str:
        """Path of one split of a dataset or of an evaluation set of its own."""
        return f"{self.data_folder(name)}/{split}.jsonl"

    def splits(self, name: str) -> list[str]:
        """Splits a dataset has."""
        return split_names(self.data[name])

    def data_files(self) -> list[str]:
        """Every split of everything."""
        return [self.data_file(name, split) for name in self.data for split in self.splits(name)]

    def data_params(self, name: str) -> dict[str, str]:
        """Params of a dataset's job."""
        return {"code": fingerprint("rftlab.data.__main__"), "config": canonical_json(self.data[name])}

    # models ----------------------------------------------------------------------------------------------------------

    @functools.cached_property
    def models(self) -> dict[str, dict[str, Any]]:
        """Resolved configuration of every base model: a tiny one holds the configuration of its tasks."""
        return {name: self._model(name) for name in self.study.models}

    def _model(self, name: str) -> dict[str, Any]:
        model = self.study.models[name]
        if not isinstance(model, TinyModel):
            return model.model_dump()
        tasks = {}
        for task, weight in model.train_on.items():
            trained = task in self.study.datasets
            source = self.study.datasets[task] if trained else self.study.evaluation_sets[task]
            content = content_of(self.study, source)
            low, goal, high = model.trained_range if trained else model.other_range
            shape = {k: v for k, v in content.items() if k not in ("seed", "sizes")}  # more queries are no other task
            verifier = source.verifier or VERIFIERS["procedural"]
            limits = {"low": low, "goal": goal, "high": high}
            tasks[task] = {"dataset": shape, "weight": weight, "verifier": verifier, **limits}
        skipped = {"train_on", "trained_range", "other_range"}
        return {**model.model_dump(exclude=skipped), "tasks": tasks}

    def model_folder(self, name: str) -> str:
        """Directory of a base model; the Hugging Face files are in its ``model``, its manifest is ``model.json``."""
        return f"resources/models/{name}/{digest(self.models[name])}"

    def model_params(self, name: str) -> dict[str, str]:
        """Params of a base model's job."""
        config = self.models[name]
        verifiers = {f"rftlab.rewards.{task['verifier']}" for task in config.get("tasks", {}).values()}
        return {"code": fingerprint("rftlab.models.build", *verifiers), "config": canonical_json(config)}

    # runs ------------------------------------------------------------------------------------------------------------

    def run_folder(self, run: Run) -> str:
        """Folder of a run."""
        return f"{self.folder}/runs/{run.path}"

    def run_json(self, run: Run) -> dict[str, Any]:
        """Content of a run's ``run.json``: all that its training depends on."""
        variant, dataset = run.variant, self.study.datasets[run.dataset]
        rounds = variant.rounds(self.study)
        return {
            "study": self.study.study,
            "model": run.model,
            "dataset": run.dataset,
            "variant": variant.name,
            "factor": variant.factor,
            "level": variant.level,
            "relative_to": variant.relative_to,
            "seed": run.seed,
            "random_seed": run.random_seed,
            "model_digest": digest(self.models[run.model]),
            "dataset_digest": self.data_digests[run.dataset],
            "config": {
                "prompt": dataset.prompt.model_dump(),
                "verifier": dataset.verifier or VERIFIERS[dataset.source],
                **variant.config,
                "budget": {"rounds": rounds} if rounds is not None else {"tokens": self.study.budget.tokens},
                "checkpoint_every": variant.checkpoint_every(self.study.evaluation.every),
                "diagnostics": self.study.diagnostics.model_dump(),
            },
        }

    def run_params(self, run: Run) -> dict[str, str]:
        """Params of a training job: its code is the stage's and that of the levels it selects."""
        content = self.run_json(run)
        config = content["config"]
        selected = [
            f"rftlab.advantages.{config['advantage']['name']}",
            f"rftlab.objectives.ratio.{config['objective']['ratio']['name']}",
            f"rftlab.objectives.aggregation.{config['objective']['aggregation']['name']}",
            f"rftlab.rewards.{config['verifier']}",
        ]
        if config["objective"]["kl"]["coefficient"]:
            selected.append(f"rftlab.objectives.kl.{config['objective']['kl']['estimator']}")
        return {"code": fingerprint("rftlab.train", *selected), "config": canonical_json(content)}

    # evaluations -----------------------------------------------------------------------------------------------------

    def suites(self, dataset: str) -> dict[str, list[str]]:
        """Evaluation sets of each suite for runs on a dataset: its own splits are ``id``, all others ``ood``."""
        evaluation = self.study.evaluation
        own = [s for s in evaluation.id if self._dataset_of(s) == dataset]
        others = [
            s for s in evaluation.id if s not in own and self.study.evaluation_sets[s].split == "test"
        ]  # another dataset's validation split chooses nothing here
        suites = {"id": own, "ood": [*others, *evaluation.ood]}
        return {suite: sets for suite, sets in suites.items() if sets}

    def _dataset_of(self, evaluation_set: str) -> str | None:
        entry = self.study.evaluation_sets[evaluation_set]
        return entry.dataset if isinstance(entry, DatasetSplit) else None

    def evaluation_file(self, evaluation_set: str) -> str:
        """Path of an evaluation set's queries."""
        entry = self.study.evaluation_sets[evaluation_set]
        return self.data_file(self._dataset_of(evaluation_set) or evaluation_set, entry.split)

    def evaluation(self, run: Run, suite: str) -> str:
        """Path of a run's outcomes on a suite."""
        return f"{self.folder}/evaluations/{run.path}/{suite}.parquet"

    def evaluations(self) -> list[str]:
        """Every run's outcomes, and every base model's."""
        of_runs = [self.evaluation(run, suite) for run in self.runs() for suite in self.suites(run.dataset)]
        return of_runs + sorted({self.base_evaluation(m, d) for m in self.study.models for d in self.study.datasets})

    def base_evaluation(self, model: str, dataset: str) -> str:
        """Path of a base model's outcomes with a dataset's prompt: shared by all runs that have both."""
        return f"{self.folder}/evaluations/{model}/base/{self.prompt_digest(dataset)}.parquet"

    def prompt_digest(self, dataset: str) -> str:
        """What tells prompts apart."""
        return digest(self.study.datasets[dataset].prompt.model_dump())

    def base_sets(self, prompt_digest: str) -> list[str]:
        """Every evaluation set of every run with that prompt."""
        datasets = [d for d in self.study.datasets if self.prompt_digest(d) == prompt_digest]
        return sorted({name for d in datasets for sets in self.suites(d).values() for name in sets})

    def evaluation_params(self, run: Run, suite: str) -> dict[str, str]:
        """Params of the evaluation of a run on a suite."""
        labels = {"model": run.model, "dataset": run.dataset, "variant": run.variant.name, "seed": run.seed}
        return self._evaluation_params(labels, self.suites(run.dataset)[suite], run.dataset)

    def base_params(self, model: str, prompt_digest: str) -> dict[str, str]:
        """Params of the evaluation of a base model."""
        labels = {"model": model, "dataset": "", "variant": "base", "seed": -1}
        dataset = next(d for d in self.study.datasets if self.prompt_digest(d) == prompt_digest)
        return self._evaluation_params(labels, self.base_sets(prompt_digest), dataset)

    def _evaluation_params(self, labels: dict[str, Any], sets: list[str], dataset: str) -> dict[str, str]:
        asked = self.study.evaluation
        entries = {name: self._set_config(name) for name in sets}
        config = {
            "labels": labels,
            "sets": entries,
            "prompt": self.study.datasets[dataset].prompt.model_dump(),
            "evaluation": {
                "max_new_tokens": asked.max_new_tokens or self.study.baseline.rollout.max_new_tokens,
                "samples": asked.samples,
                "temperature": asked.temperature,
                "top_p": asked.top_p,
                "seed": asked.seed,
            },
        }
        verifiers = {f"rftlab.rewards.{entry['verifier']}" for entry in entries.values()}
        return {"code": fingerprint("rftlab.evaluate", *verifiers), "config": canonical_json(config)}

    def _set_config(self, name: str) -> dict[str, Any]:
        entry = self.study.evaluation_sets[name]
        owner = self._dataset_of(name)
        verifier = entry.verifier or (self.study.datasets[owner].verifier if owner else None)
        source = content_of(self.study, entry)["source"]
        return {
            "path": self.evaluation_file(name),
            "verifier": verifier or VERIFIERS[source],
            "limit": entry.limit_queries,
        }
