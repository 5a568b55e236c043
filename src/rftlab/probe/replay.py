"""What a variant would make of the pool: its rounds, drawn again and again, and the gradient of each.

The pool is taken as all there is: a round draws its queries and their rollouts from it, each at most once a round where
there are enough; what signal is noise of the pool, all variants have alike. Levels that look at earlier rounds find
some of the same policy.

Stage: ``python -m rftlab.probe.replay --config JSON --pool FILE --output FILE``.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan, sqrt
from pathlib import Path
from typing import Any

import numpy as np

from rftlab import levels
from rftlab.advantages import Floats, Past, Round
from rftlab.bandit.estimates import EARLIER, SEEN
from rftlab.bandit.measures import Measures, sampled_measures
from rftlab.bandit.rounds import Shape, reads_past
from rftlab.errors import one_line_errors
from rftlab.files import json_option, write_json
from rftlab.probe.pool import Pool
from rftlab.randomness import stable_hash
from rftlab.training import learner
from rftlab.training.equal_rewards import weights

ROUNDS = 1_000
EQUAL = 256  # rollouts, at which cosines are compared


@dataclass(frozen=True)
class VariantConfig:
    """What of a variant the gradient of a round depends on: B, n, m, its advantage and objective, and the longest
    response."""

    queries: int
    rollouts: int
    statistics_rollouts: int
    advantage: Mapping[str, Any]
    objective: Mapping[str, Any]
    max_new_tokens: int

    @property
    def greedy(self) -> bool:
        """Whether a round has a greedy response of each query."""
        return bool(levels.read("advantages", self.advantage["name"]).constants.get("GREEDY", False))

    @property
    def sampled(self) -> int:
        """Responses of a round, greedy ones among them."""
        return self.queries * (self.rollouts + self.statistics_rollouts + self.greedy)


@one_line_errors
def main(argv: list[str] | None = None) -> None:
    """Write the table of one base model and dataset: a row a variant."""
    parser = argparse.ArgumentParser(prog="python -m rftlab.probe.replay")
    parser.add_argument("--config", required=True, type=json_option("--config", labels=dict, variants=dict))
    for option in ("--pool", "--output"):
        parser.add_argument(option, required=True, type=Path)
    arguments = parser.parse_args(argv)
    config, pool = arguments.config, Pool.read(arguments.pool)
    rows = [
        {**config["labels"], "variant": name, **replay(pool, VariantConfig(**entry), config["seed"])}
        for name, entry in config["variants"].items()
    ]
    write_json(arguments.output, {**config["labels"], "reward_mean": float(pool.rewards_QR.mean()), "rows": rows})


def replay(pool: Pool, variant: VariantConfig, seed: int) -> dict[str, Any]:
    """A row of the probe's table: measures of :mod:`rftlab.bandit.measures` against the many-rollout gradient.

    ``signal`` is per sampled rollout, ``signal_trained`` per trained one, ``signal_round`` of a round; ``cosine`` that
    of the mean gradient, ``cosine_sampled`` and ``cosine_trained`` those of the mean over as many rounds as have
    ``EQUAL`` sampled and trained rollouts.
    """
    gradients_SD, silent_S = rounds(pool, variant, seed)
    squares_S: Floats = (gradients_SD**2).sum(axis=1)
    sampled, trained = variant.sampled, variant.queries * variant.rollouts
    found, errors = sampled_measures(gradients_SD, squares_S, silent_S, pool.gradient_D, sampled)
    return {
        "B": variant.queries,
        "n": variant.rollouts,
        "m": variant.statistics_rollouts,
        "cosine": number(found.cosine),
        "cosine_error": number(errors.cosine),
        "variance": found.variance,
        "signal": found.signal,
        "signal_error": errors.signal,
        "signal_trained": found.signal * sampled / trained,
        "signal_round": found.signal * sampled,
        "cosine_sampled": cosine_at(found, EQUAL / sampled),
        "cosine_trained": cosine_at(found, EQUAL / trained),
        "silent": found.silent,
    }


def rounds(pool: Pool, variant: VariantConfig, seed: int) -> tuple[Floats, Floats]:
    """The gradient Σ w·A·∇log π of each of ``ROUNDS`` rounds [S, D], and 1 for each that is silent [S]."""
    B, n, M = variant.queries, variant.rollouts, variant.rollouts + variant.statistics_rollouts
    advantage = learner.advantage({"advantage": variant.advantage, "objective": variant.objective})
    aggregate = learner.level("objectives.aggregation", variant.objective["aggregation"])
    drop_equal, mask = variant.objective["drop_equal_rewards"], learner.mask(variant.objective)
    (Q, R), centred_QRD = pool.rewards_QR.shape, pool.centred_QRD
    shape = Shape(B, n, variant.statistics_rollouts, variant.greedy)
    looks_back = reads_past(advantage, shape)
    generator, earlier = (  # of rounds, the same for every advantage, and of what was before them
        np.random.default_rng(stable_hash("replay", of, seed, B, n, M)) for of in ("rounds", "pasts")
    )
    gradients, silent = [], []
    for _ in range(ROUNDS):
        chosen_B = generator.choice(Q, size=B, replace=B > Q)
        which_BM = generator.permuted(np.tile(np.arange(R), (B, 1)), axis=1)[:, :M]
        where = chosen_B[:, None], which_BM
        rewards_BM, lengths_BM, truncated_BM = pool.rewards_QR[where], pool.lengths_QR[where], pool.truncated_QR[where]
        ids = tuple(pool.queries[q] for q in chosen_B)
        greedy_B = pool.greedy_Q[chosen_B] if variant.greedy else None
        past = past_of(pool, variant, earlier) if looks_back else Past()
        scores = Round(rewards_BM, lengths_BM, n, ids, past, greedy_B)
        weights_Bn = weights(scores, aggregate=aggregate, limit=variant.max_new_tokens, drop_equal=drop_equal)
        signal_Bn = advantage(scores) * mask(weights_Bn, lengths_BM[:, :n], truncated_BM[:, :n])
        scores_BnD = centred_QRD[chosen_B[:, None], which_BM[:, :n]]
        gradients.append(np.einsum("bn,bnd->d", signal_Bn, scores_BnD))
        silent.append(float(not signal_Bn.any()))
    return np.array(gradients), np.array(silent)


def past_of(pool: Pool, variant: VariantConfig, generator: np.random.Generator) -> Past:
    """Earlier rounds of the policy that made the pool: mean rewards of some, and every query's rewards in a few."""
    rewards_QR, n = pool.rewards_QR, variant.rollouts
    Q, R = rewards_QR.shape
    earlier = np.take_along_axis(rewards_QR, generator.integers(R, size=(Q, SEEN * n)), axis=1)
    means = rewards_QR.ravel()[generator.integers(Q * R, size=(EARLIER, variant.queries * n))].mean(axis=1)
    return Past(dict(zip(pool.queries, earlier.tolist(), strict=True)), means.tolist())


def cosine_at(found: Measures, rounds: float) -> float | None:
    """⟨E ĝ, g⟩ over ‖g‖ times the root mean square of the mean of so many rounds' ĝ: about its expected cosine."""
    if isnan(found.cosine) or found.cosine == 0:
        return None
    return found.scale / sqrt((found.scale / found.cosine) ** 2 + found.variance / rounds)


def number(value: float) -> float | None:
    """None where there is none."""
    return None if isnan(value) else value


if __name__ == "__main__":
    main()
