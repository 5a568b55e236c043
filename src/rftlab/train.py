"""The training loop, on one page: draw queries → sample rollouts → score → advantages → update → log → checkpoint.

Stage: ``python -m rftlab.train --config JSON --model DIR --data FILE --folder DIR --code DIGEST``, with the run's
``run.json`` as one line of JSON. Everything is written to ``<folder>/.state`` and published when the run has ended.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rftlab.advantages import Past, Round
from rftlab.data.queries import read_queries
from rftlab.errors import one_line_errors
from rftlab.learner import Learner
from rftlab.logprobs import mean_kl
from rftlab.models import PolicyDirectory
from rftlab.prompts import responses
from rftlab.provenance import record
from rftlab.randomness import draw, rollout_seed
from rftlab.rewards._values import reward
from rftlab.rollouts import Rollout
from rftlab.runlog import append_json, file_sha256, peak_memory_mb, publish, write_json
from rftlab.scoring import Score, rates
from rftlab.state import save_checkpoint
from rftlab.update import DivergedError, update

PUBLISHED = ("run.json", "metrics.jsonl", "timings.jsonl", "provenance.json", "checkpoints.json")


@one_line_errors
def main(argv: list[str] | None = None) -> None:
    """Train one run."""
    parser = argparse.ArgumentParser(prog="python -m rftlab.train")
    parser.add_argument("--config", required=True, type=json.loads)
    for name in ("--model", "--data", "--folder"):
        parser.add_argument(name, required=True, type=Path)
    parser.add_argument("--code", required=True)
    arguments = parser.parse_args(argv)
    train(arguments.config, arguments.model, arguments.data, arguments.folder, code=arguments.code)


def train(run: dict[str, Any], model_folder: Path, data: Path, folder: Path, *, code: str) -> None:
    """Train one run from its ``run.json`` and publish its files in ``folder``."""
    torch.use_deterministic_algorithms(True)
    started = time.time()
    state = folder / ".state"
    for name in reversed(PUBLISHED):  # the manifest first: it must not outlive the checkpoints it names
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(state, ignore_errors=True)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    state.mkdir(parents=True)
    for log in ("metrics.jsonl", "timings.jsonl"):
        (state / log).touch()
    write_json(state / "run.json", run)
    base, queries = PolicyDirectory(model_folder), read_queries(data)
    entries, reason = Training(Learner(run, base, queries), folder).run()
    ended = {
        "status": "diverged" if reason else "finished",
        "reason": reason,
        "base": {"path": str(model_folder), "sha256": base.sha256},
        "checkpoints": entries,
    }
    write_json(state / "checkpoints.json", ended)
    inputs: dict[str, dict[str, Any]] = {
        "model": {"path": str(model_folder), "sha256": base.sha256},
        "data": {"path": str(data), "sha256": file_sha256(data), "queries": len(queries)},
    }
    write_json(state / "provenance.json", record(code, inputs, started))
    publish(state, folder, PUBLISHED)
    state.rmdir()


class Training:
    """One run, round by round, and what it remembers between rounds."""

    def __init__(self, learner: Learner, folder: Path) -> None:
        self.learner, self.folder = learner, folder
        self.past = Past()
        self.rollouts = self.tokens = 0

    def run(self) -> tuple[list[dict[str, Any]], str | None]:
        """Train until the budget is spent; return the checkpoints and, where the run diverged, why."""
        budget, every = self.learner.budget, self.learner.checkpoint_every
        entries: list[dict[str, Any]] = []
        number = 0
        while not budget.spent(number, self.tokens):
            number += 1
            try:
                self.play(number)
            except DivergedError as error:
                return entries, f"round {number}: {error}"
            if number % every == 0 or budget.spent(number, self.tokens):
                entries.append(self.checkpoint(number))
        return entries, None

    def play(self, number: int) -> None:
        """One round: B queries, n trained and m statistics rollouts of each, one step."""
        learner, config = self.learner, self.learner.rollout
        B, n, M = config.queries, config.rollouts, config.per_query
        clock = [time.perf_counter()]

        drawn = draw(learner.random_seed, [q.id for q in learner.queries], (number - 1) * B, B)
        keys = [(learner.queries[q].id, occurrence, m) for q, occurrence in drawn for m in range(M)]
        seeds = [rollout_seed("train", learner.random_seed, *key) for key in keys]
        prompts = [learner.prompts[q] for q, _ in drawn for _ in range(M)]
        rollouts = learner.engine.generate(prompts, config.sampling, seeds)
        clock.append(time.perf_counter())
        if not np.isfinite([logprob for rollout in rollouts for logprob in rollout.logprobs]).all():
            raise DivergedError("the policy's log-probabilities are not finite")

        verdicts = self.score(rollouts, [learner.queries[q].answer for q, _ in drawn for _ in range(M)])
        rewards = [
            reward(verdict, learner.reward, (learner.random_seed, *key))
            for verdict, key in zip(verdicts, keys, strict=True)
        ]
        scores = Round(
            rewards_BM=np.array(rewards).reshape(B, M),
            lengths_BM=np.array([len(r.tokens) for r in rollouts]).reshape(B, M),
            n=n,
            queries=tuple(learner.queries[q].id for q, _ in drawn),
            past=self.past,
        )
        advantages_Bn = learner.advantage(scores)
        weights_Bn = learner.token_weights(scores.lengths_BM[:, :n], config.max_new_tokens)
        trained = [rollouts[b * M + i] for b in range(B) for i in range(n)]
        kl_base = self.kl_to_base(number, trained)
        clock.append(time.perf_counter())

        updated = update(
            learner.policy,
            learner.optimizer,
            trained,
            advantages_Bn.ravel(),
            weights_Bn.ravel(),
            learner.objective,
            temperature=config.temperature,
            pad_token=learner.pad_token,
            token_budget=learner.token_budget,
            max_gradient_norm=learner.optimizer_config.max_gradient_norm,
        )
        learner.engine.sync(learner.policy)
        clock.append(time.perf_counter())

        self.past.remember(scores)
        self.rollouts += len(rollouts)
        self.tokens += int(scores.lengths_BM.sum())
        correct_BM = np.array([verdict.correct for verdict in verdicts]).reshape(B, M)
        metrics = {
            "round": number,
            "reward_mean": float(scores.rewards_Bn.mean()),
            "accuracy": float(correct_BM[:, :n].mean()),
            **rates([verdicts[b * M + i] for b in range(B) for i in range(n)], verdicts),
            "signal_share": float((advantages_Bn != 0).any(axis=1).mean()),
            "response_length": float(scores.lengths_BM[:, :n].mean()),
            "truncation_rate": float(np.mean([rollout.truncated for rollout in trained])),
            "entropy": -float(np.mean(np.concatenate([rollout.logprobs for rollout in trained]))),
            **kl_base,
            **updated,
            "learning_rate": learner.optimizer.param_groups[0]["lr"],
            "rollouts": self.rollouts,
            "tokens": self.tokens,
        }
        append_json(self.folder / ".state" / "metrics.jsonl", metrics)
        sample_s, score_s, update_s = np.diff(clock).tolist()
        timings = {
            "round": number,
            "time_ms": int(time.time() * 1000),
            "sample_s": sample_s,
            "score_s": score_s,
            "update_s": update_s,
            "tokens_per_s": float(scores.lengths_BM.sum()) / (clock[-1] - clock[0]),
            "peak_memory_mb": peak_memory_mb(),
        }
        append_json(self.folder / ".state" / "timings.jsonl", timings)

    def score(self, rollouts: list[Rollout], answers: list[str]) -> list[Score]:
        """Score of every rollout."""
        return self.learner.scorer.score(responses(self.learner.tokenizer, rollouts), answers)

    def kl_to_base(self, number: int, rollouts: list[Rollout]) -> dict[str, float]:
        """KL per token from the policy that sampled these rollouts to the base model, in the rounds that measure it."""
        learner = self.learner
        if learner.reference is None or not learner.kl_every or number % learner.kl_every:
            return {}
        kl = mean_kl(
            learner.policy,
            learner.reference,
            rollouts,
            pad_token=learner.pad_token,
            temperature=learner.rollout.temperature,
            token_budget=learner.token_budget,
        )
        if not np.isfinite(kl):
            raise DivergedError(f"the KL to the base model is {kl}")
        return {"kl_base": kl}

    def checkpoint(self, number: int) -> dict[str, Any]:
        """Save the policy after round ``number``."""
        path = f"checkpoints/round-{number:05d}"
        sha256 = save_checkpoint(self.folder / path, self.learner.policy, self.learner.tokenizer)
        return {"round": number, "path": path, "sha256": sha256, "rollouts": self.rollouts, "tokens": self.tokens}


if __name__ == "__main__":
    main()
