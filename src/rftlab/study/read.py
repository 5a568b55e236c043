"""From a study file to its variants and runs: everything that can be wrong is found here, before any job runs."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rftlab.errors import BadInputError
from rftlab.study.check_data import check_contexts, check_data
from rftlab.study.check_engines import check_engines
from rftlab.study.check_names import check_names
from rftlab.study.lock import with_lock
from rftlab.study.presets import with_names
from rftlab.study.probe import check_probe
from rftlab.study.schema import Study
from rftlab.study.section import first_error
from rftlab.study.tune import Candidate, candidates_of
from rftlab.study.variants import Variant, variants_of
from rftlab.study.yaml_file import merged, parse_yaml, read_files, read_yaml, refuse_unusable

MOST_BYTES = 100_000  # a job's command is one argument of its shell, and Linux takes 128 KiB
MOST_CHECKPOINTS = 10_000
MOST_RUNS = 10_000
TEXTS = {name for name, field in Study.model_fields.items() if field.annotation is str}


def load_study(*files: Path, unlocked: bool = False) -> Study:
    """Read and validate a study, of one file or of several merged.

    Raises:
        BadInputError: as :func:`read_study`.
    """
    return read_study(read_files(files), files, unlocked=unlocked)


def read_study(
    config: Mapping[str, Any], files: Sequence[str | Path], options: Sequence[str] = (), *, unlocked: bool = False
) -> Study:
    """Validate a study given as Snakemake's merged configuration.

    Args:
        config: the configuration; what ``options`` say is read anew.
        files: what it was merged from.
        options: ``KEY=VALUE`` of ``--config``.
        unlocked: one that takes something from the hub may be without a lock; it cannot be run.

    Raises:
        BadInputError: the first thing that is wrong, as ``file: key: what is wrong and what would be valid``.
    """
    where = ", ".join([*map(str, files), *(["--config"] if options else [])]) or "study"
    for file in files:
        read_yaml(Path(file))  # for what a merged configuration no longer shows, such as one key given twice
    config = with_options(config, options)
    refuse_unusable(dict(config), where)
    try:
        study = Study.model_validate(with_names(config))
        check_names(study)
        study = with_lock(study, files, unlocked=unlocked)
        variants = variants_of(study)
        candidates = candidates_of(study, variants)
        refuse_too_much(study, variants, candidates)
        variants |= {one.variant.name: one.variant for one in candidates}
        check_data(study, {v.key: v.config["rollout"]["only"] for v in variants.values()})
        check_contexts(study, max(v.config["rollout"]["max_new_tokens"] for v in variants.values()))
        check_engines(study, variants)
        check_probe(study, variants)
    except ValidationError as error:
        raise BadInputError(f"{where}: {first_error(error)}") from None
    except BadInputError as error:
        raise BadInputError(f"{where}: {error}") from None
    return study


def with_options(config: Mapping[str, Any], options: Sequence[str]) -> dict[str, Any]:
    """A configuration with values of ``--config`` read as those of a study file are.

    Snakemake reads ``budget={rounds: 2}`` as a mapping to the text ``2``. A value is YAML here, but for the keys whose
    value is a text: that is taken as it stands.

    Raises:
        BadInputError: a value is not YAML.
    """
    changed = dict(config)
    for option in options:
        key, _, text = option.partition("=")
        value = text if key in TEXTS else parse_yaml(text, f"--config {key}")
        changed = merged(changed, {key: value})
    return changed


def refuse_too_much(study: Study, variants: Mapping[str, Variant], candidates: Sequence[Candidate]) -> None:
    """Refuse a study that cannot be given to its jobs, or whose plan would not fit into memory.

    Raises:
        BadInputError: with the limit.
    """
    size = len(shlex.quote(study.model_dump_json(exclude_unset=True)).encode())
    if size > MOST_BYTES:
        raise BadInputError(
            f"the study is {size} bytes as one line of JSON; at most {MOST_BYTES} can be passed to a job"
        )
    seeds = sum(study.looks.most(variant) for variant in variants.values())
    if study.tuning:
        seeds += len(candidates) * len(study.tuning.seeds)
        seeds += sum(study.looks.most(variants[one.tuned]) for one in candidates if not one.own)
    runs = len(study.models) * len(study.datasets) * seeds
    if runs > MOST_RUNS:
        keys = "seeds, factors, tune" if study.tuning else "seeds, factors"
        raise BadInputError(f"{keys}: {runs} runs; at most {MOST_RUNS} are possible in one study")
    for variant in [*variants.values(), *(one.variant for one in candidates)]:
        checkpoints = (variant.rounds(study) or 0) // variant.checkpoint_every(study.evaluation.every)
        if checkpoints > MOST_CHECKPOINTS:
            raise BadInputError(
                f"evaluation.every: {checkpoints} checkpoints of each run of {variant.name}; "
                f"at most {MOST_CHECKPOINTS} are possible"
            )
