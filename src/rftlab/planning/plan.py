"""What a study's jobs are: their paths, their configuration as canonical JSON, their fingerprints.

The Snakefile asks a :class:`Plan` while it builds the graph; nothing here imports torch.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Any

from rftlab.files import canonical_json, digest
from rftlab.planning.fingerprint import PACKAGE
from rftlab.planning.resources import Resources
from rftlab.rewards.declared import terms_of
from rftlab.rewards.scoring import verifiers
from rftlab.rollouts import EngineConfig
from rftlab.runfolder.study_plan import VALIDATION, Pair
from rftlab.study.baseline import concise
from rftlab.study.owners import dataset_of, verifier_of
from rftlab.study.schema import Study
from rftlab.study.tune import candidates_of
from rftlab.study.variants import Run, Variant, variants_of

STAGES = {  # rule → module whose import closure is its code
    "plan": "rftlab.planning.planfile",
    "look": "rftlab.analysis.looks",
    "tuned_look": "rftlab.analysis.tuned_looks",
    "tables": "rftlab.analysis.tables",
    "prediction": "rftlab.analysis.prediction",
    "figures": "rftlab.views.figures.__main__",
    "report": "rftlab.views.report",
    "track": "rftlab.views.track.__main__",
}


class Plan:
    """Every path and configuration of a validated study."""

    def __init__(self, study: Study) -> None:
        self.study, self.resources = study, Resources(study)
        self.variants: dict[str, Variant] = variants_of(study)
        self.candidates = candidates_of(study, self.variants)
        self._trained = self.variants | {one.variant.name: one.variant for one in self.candidates}
        self.folder = f"results/{study.study}"
        self.verifiers = functools.cache(verifiers)  # asked for by every job; their files are read once a plan

    def stage_code(self, rule: str) -> str:
        """Fingerprint of a stage that selects no levels; the report's templates are code as well."""
        templates = (PACKAGE / "views" / "templates").glob("report.*") if rule == "report" else ()
        return self.resources.code(STAGES[rule], files=templates)

    def pairs(self) -> list[Pair]:
        """Model × dataset, in the study's order."""
        return [Pair(model, dataset) for model in self.study.models for dataset in self.study.datasets]

    def runs(self) -> Iterator[Run]:
        """Every run that there can be, in the study's order; a race takes some of them."""
        for pair in self.pairs():
            for variant in self.variants.values():
                for seed in self.study.possible_seeds[: self.study.looks.most(variant)]:
                    yield Run(*pair, variant, seed)

    def first_runs(self) -> list[Run]:
        """Those of its first look: all, where it does not race."""
        count = {variant.name: self.study.looks.seeds(variant.name, 0) for variant in self.variants.values()}
        return [run for run in self.runs() if run.seed in self.study.possible_seeds[: count[run.variant.name]]]

    def run_at(self, key: str) -> Run:
        """A run by its place below ``runs``."""
        model, dataset, rest = key.split("/", 2)
        variant, seed = rest.rsplit("/seed-", 1)
        return self.run(model, dataset, variant, seed)

    def run(self, model: str, dataset: str, variant: str, seed: str | int) -> Run:
        """One run by its wildcards."""
        return Run(model, dataset, self._trained[variant], int(seed))

    def checkpoint_rounds(self, run: Run) -> list[int] | None:
        """Rounds of a run's checkpoints, 0 (the base model) included; None where only the run can tell."""
        rounds = run.variant.rounds(self.study)
        if rounds is None:
            return None
        every = run.variant.checkpoint_every(self.study.evaluation.every)
        return [*range(0, rounds, every), rounds]

    # runs ------------------------------------------------------------------------------------------------------------

    def run_folder(self, run: Run) -> str:
        """Folder of a run."""
        return f"{self.folder}/runs/{run.path}"

    def run_json(self, run: Run) -> dict[str, Any]:
        """Content of a run's ``run.json``: all that its training depends on, and nothing else.

        What a level is compared with is in ``plan.json``: training does not depend on it.
        """
        variant, dataset = run.variant, self.study.datasets[run.dataset]
        rounds = variant.rounds(self.study)
        return {
            "study": self.study.study,
            "model": run.model,
            "dataset": run.dataset,
            "variant": variant.name,
            "factor": variant.factor,
            "level": variant.level,
            "seed": run.seed,
            "random_seed": run.random_seed,
            "model_digest": digest(self.resources.model(run.model)),
            "dataset_digest": self.resources.data_digests[run.dataset],
            "config": {
                "prompt": dataset.prompt.model_dump(),
                "verifier": verifier_of(self.study, dataset),
                **concise(variant.config),
                "budget": {"rounds": rounds} if rounds is not None else self.study.budget.model_dump(exclude_none=True),
                "checkpoint_every": variant.checkpoint_every(self.study.evaluation.every),
                "diagnostics": self.study.diagnostics.model_dump(),
                "device": self.study.device,
            },
        }

    def run_params(self, run: Run) -> dict[str, str]:
        """Params of a training job: its code is the stage's and that of the levels it selects."""
        code = self.resources.code("rftlab.training.train", *self.modules(run))
        return {"code": code, "config": canonical_json(self.run_json(run))}

    def modules(self, run: Run) -> list[str]:
        """Modules of the levels, the verifiers and the engine that a run selects."""
        config = {**self.run_json(run)["config"], **run.variant.config}
        modules = [
            f"rftlab.advantages.{config['advantage']['name']}",
            f"rftlab.objectives.ratio.{config['objective']['ratio']['name']}",
            f"rftlab.objectives.aggregation.{config['objective']['aggregation']['name']}",
            f"rftlab.objectives.shaping.{config['objective']['shaping']['name']}",
            f"rftlab.objectives.tokens.{config['objective']['tokens']['name']}",
            f"rftlab.optimizers.{config['optimizer']['name']}",
            f"rftlab.optimizers.schedule.{config['optimizer']['schedule']['name']}",
            *self.verifiers(config["verifier"]).modules,
            EngineConfig(**config["engine"]).module,
        ]
        if config["objective"]["kl"]["coefficient"]:
            modules.append(f"rftlab.objectives.kl.{config['objective']['kl']['estimator']}")
        if "mask" in config["objective"]:
            modules.append(f"rftlab.objectives.mask.{config['objective']['mask']['name']}")
        return [*modules, *(f"rftlab.rewards.terms.{name}" for name in terms_of(config["reward"]))]

    def datacheck_params(self) -> dict[str, str]:
        """Params of the job that looks at all data before anything is trained or evaluated."""
        study = self.study
        datasets = {
            name: {"path": self.resources.data_file(name, "train"), "verifier": verifier_of(study, dataset)}
            for name, dataset in study.datasets.items()
        }
        sets = {
            name: {
                "path": self.evaluation_file(name),
                "verifier": verifier_of(study, entry),
                "limit": entry.limit_queries,
                "split": entry.split,
                "overlap": entry.overlap,
            }
            for name, entry in study.evaluation_sets.items()
        }
        sources = [*study.datasets.values(), *study.evaluation_sets.values()]
        modules = {module for source in sources for module in self.verifiers(verifier_of(study, source)).modules}
        config: dict[str, Any] = {"datasets": datasets, "evaluation_sets": sets}
        rewards = [v.config["reward"] for v in self._trained.values() if "file" in v.config["reward"]]
        files = [{key: reward[key] for key in ("file", "sha256", "parameters")} for reward in rewards]
        if files:
            config["rewards"] = [file for i, file in enumerate(files) if file not in files[:i]]
        return {"code": self.resources.code("rftlab.data.check", *modules), "config": canonical_json(config)}

    # evaluations -----------------------------------------------------------------------------------------------------

    def suites(self, dataset: str) -> dict[str, list[str]]:
        """Evaluation sets of each suite for runs on a dataset: its own splits are ``id``, all others ``ood``."""
        evaluation = self.study.evaluation
        own = [s for s in evaluation.id if dataset_of(self.study.evaluation_sets[s]) == dataset]
        others = [
            s for s in evaluation.id if s not in own and self.study.evaluation_sets[s].split == "test"
        ]  # another dataset's validation split chooses nothing here
        suites = {"id": own, "ood": [*others, *evaluation.ood]}
        return {suite: sets for suite, sets in suites.items() if sets}

    def suites_of(self, run: Run) -> dict[str, list[str]]:
        """The same of one run: one that chooses a value is asked its dataset's validation queries, and no others."""
        if self.study.tuning is None or run.seed not in self.study.tuning.seeds:
            return self.suites(run.dataset)
        own = self.suites(run.dataset)["id"]
        return {VALIDATION: [name for name in own if self.study.evaluation_sets[name].split == "validation"]}

    def samples(self, run: Run) -> int:
        """Samples a query, at its last checkpoint; greedy answers choose values."""
        return 0 if VALIDATION in self.suites_of(run) else self.study.evaluation.samples

    def evaluation_file(self, evaluation_set: str) -> str:
        """Path of an evaluation set's queries."""
        entry = self.study.evaluation_sets[evaluation_set]
        return self.resources.data_file(dataset_of(entry) or evaluation_set, entry.split)

    def evaluation(self, run: Run, suite: str) -> str:
        """Path of a run's outcomes on a suite."""
        return f"{self.folder}/evaluations/{run.path}/{suite}.parquet"

    def evaluations(self, runs: Iterable[Run]) -> list[str]:
        """Outcomes of some runs, and of every base model."""
        of_runs = [self.evaluation(run, suite) for run in runs for suite in self.suites_of(run)]
        return of_runs + self.base_evaluations()

    def base_evaluations(self) -> list[str]:
        """Every base model's outcomes."""
        return sorted({self.base_evaluation(m, d) for m in self.study.models for d in self.study.datasets})

    def base_evaluation(self, model: str, dataset: str) -> str:
        """Path of a base model's outcomes with a dataset's prompt: shared by all runs that have both."""
        return f"{self.folder}/evaluations/{model}/base/{self.prompt_digest(dataset)}.parquet"

    def prompt_digest(self, dataset: str) -> str:
        """Digest of a dataset's prompt: runs with the same one share the outcomes of their base model."""
        return digest(self.study.datasets[dataset].prompt.model_dump())

    def base_sets(self, prompt_digest: str) -> list[str]:
        """Every evaluation set of every run with that prompt."""
        datasets = [d for d in self.study.datasets if self.prompt_digest(d) == prompt_digest]
        return sorted({name for d in datasets for sets in self.suites(d).values() for name in sets})

    def evaluation_params(self, run: Run, suite: str) -> dict[str, str]:
        """Params of the evaluation of a run on a suite."""
        labels = {"model": run.model, "dataset": run.dataset, "variant": run.variant.name, "seed": run.seed}
        return self._evaluation_params(labels, self.suites_of(run)[suite], run.dataset, self.samples(run))

    def base_params(self, model: str, prompt_digest: str) -> dict[str, str]:
        """Params of the evaluation of a base model."""
        labels = {"model": model, "dataset": "", "variant": "base", "seed": -1}
        dataset = next(d for d in self.study.datasets if self.prompt_digest(d) == prompt_digest)
        samples = self.study.evaluation.samples
        return self._evaluation_params(labels, self.base_sets(prompt_digest), dataset, samples)

    def _evaluation_params(self, labels: dict[str, Any], sets: list[str], dataset: str, samples: int) -> dict[str, str]:
        evaluation = self.study.evaluation
        entries = {name: self._set_config(name) for name in sets}
        config = {
            "labels": labels,
            "sets": entries,
            "prompt": self.study.datasets[dataset].prompt.model_dump(),
            "evaluation": {
                "max_new_tokens": evaluation.max_new_tokens or self.study.baseline.rollout.max_new_tokens,
                "samples": samples,
                "temperature": evaluation.temperature,
                "top_p": evaluation.top_p,
                "seed": evaluation.seed,
                "stop": list(self.study.baseline.rollout.stop),
                "device": self.study.device,
            },
            "engine": evaluation.engine.model_dump(),
        }
        modules = {module for entry in entries.values() for module in self.verifiers(entry["verifier"]).modules}
        modules.add(EngineConfig(**config["engine"]).module)
        return {"code": self.resources.code("rftlab.evaluation.evaluate", *modules), "config": canonical_json(config)}

    def _set_config(self, name: str) -> dict[str, Any]:
        entry = self.study.evaluation_sets[name]
        return {
            "path": self.evaluation_file(name),
            "verifier": verifier_of(self.study, entry),
            "limit": entry.limit_queries,
        }
