"""Many rollouts of fixed queries at one checkpoint: sampled, verified and differentiated one by one.

Stage: ``python -m rftlab.probe.collect --config JSON --model DIR --data FILE --output FILE``, or ``--run DIR`` in place
of ``--model``: the last checkpoint of that run.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from rftlab.advantages import Floats, Round
from rftlab.data.queries import read_queries
from rftlab.errors import BadInputError, one_line_errors
from rftlab.files import json_option, read_json
from rftlab.policies.directory import PolicyDirectory
from rftlab.probe.pool import Pool
from rftlab.probe.sketch import Sketch
from rftlab.randomness import draw, rollout_seed, stable_hash
from rftlab.rollouts import Rollout
from rftlab.training.greedy import GreedyResponses
from rftlab.training.learner import Learner
from rftlab.training.passes import Batch


@dataclass(frozen=True)
class ProbeConfig:
    """Q queries with R rollouts each, gradients in D dimensions."""

    queries: int
    rollouts: int
    dimensions: int
    seed: int


@one_line_errors
def main(argv: list[str] | None = None) -> None:
    """Make the pool of one base model and dataset."""
    parser = argparse.ArgumentParser(prog="python -m rftlab.probe.collect")
    parser.add_argument("--config", required=True, type=json_option("--config", run=dict, probe=dict))
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--run", type=Path, help="folder of a run")
    which.add_argument("--model", type=Path, help="folder of a base model")
    for option in ("--data", "--output"):
        parser.add_argument(option, required=True, type=Path)
    arguments = parser.parse_args(argv)
    folder = last_checkpoint(arguments.run) if arguments.model is None else arguments.model
    learner = Learner(arguments.config["run"], PolicyDirectory(folder), read_queries(arguments.data))
    collect(learner, ProbeConfig(**arguments.config["probe"])).write(arguments.output)


def last_checkpoint(run: Path) -> Path:
    """Folder of a run's last checkpoint.

    Raises:
        BadInputError: it has none, since it diverged before its first.
    """
    checkpoints = read_json(run / "checkpoints.json")["checkpoints"]
    if not checkpoints:
        raise BadInputError(f"{run}: no checkpoint to probe; `probe.checkpoint: base` needs none")
    return run / str(checkpoints[-1]["path"])


def collect(learner: Learner, config: ProbeConfig) -> Pool:
    """Sample, verify and differentiate the rollouts; they share no seed with training or evaluation.

    Raises:
        BadInputError: the dataset has fewer queries.
    """
    Q, R = config.queries, config.rollouts
    if len(learner.pool.queries) < Q:
        raise BadInputError(
            f"probe.queries: at most the {len(learner.pool.queries)} of the dataset are possible, not {Q}"
        )
    chosen = [i for i, _ in draw(config.seed, learner.pool.ids, 0, Q)]
    rows = [learner.pool.queries[i] for i in chosen for _ in range(R)]
    keys = [(config.seed, learner.pool.ids[i], 0, r) for i in chosen for r in range(R)]
    prompts = [learner.pool.prompts[i] for i in chosen for _ in range(R)]
    rollouts = learner.engine.generate(prompts, learner.rollout.sampling, [rollout_seed("probe", *key) for key in keys])
    _, paid = learner.scoring(rows, rollouts, keys, R)
    scores_ND = scores_of(learner, rollouts, config.dimensions, stable_hash("sketch", config.seed))
    ids, lengths_N = tuple(learner.pool.ids[i] for i in chosen), np.array([len(rollout.tokens) for rollout in rollouts])
    pool = Pool(
        ids,
        paid.rewards_N.reshape(Q, R),
        np.zeros(Q),
        lengths_N.reshape(Q, R),
        np.array([rollout.truncated for rollout in rollouts]).reshape(Q, R),
        scores_ND.reshape(Q, R, config.dimensions),
    )
    known = {learner.pool.ids[i]: (learner.pool.queries[i], learner.pool.prompts[i]) for i in chosen}
    greedy = GreedyResponses(learner.engine, learner.scoring, learner.rollout.sampling, known)
    greedy_Q = greedy(Round(pool.rewards_QR, pool.lengths_QR, R, ids), 0)[0].greedy_B
    assert greedy_Q is not None, "that is what was asked for"
    return replace(pool, greedy_Q=greedy_Q)


def scores_of(learner: Learner, rollouts: Sequence[Rollout], dimensions: int, seed: int) -> Floats:
    """Sketch of ∇ Σ_t log π(token t) of each rollout [N, D], by one backward pass each."""
    weights = [weight for weight in learner.policy.parameters() if weight.requires_grad]
    sketch = Sketch(weights, dimensions, seed)
    rows = []
    for rollout in rollouts:
        logprobs_1T, _ = learner.passes.logprobs(learner.policy, Batch([0], [rollout], True))
        rows.append(sketch(torch.autograd.grad(logprobs_1T.sum(), weights, allow_unused=True)))
    return np.stack(rows)


if __name__ == "__main__":
    main()
