"""The training loop, on one page: draw queries → sample rollouts → score → advantages → update → log → checkpoint.

Stage: ``python -m rftlab.training.train --config JSON --model DIR --data FILE --folder DIR --code DIGEST``, with the
run's ``run.json`` as one line of JSON. Everything is written to ``<folder>/.state`` and published when the run has
ended; a run that was killed goes on from there.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from rftlab.advantages import Past
from rftlab.data.queries import read_queries
from rftlab.errors import one_line_errors
from rftlab.files import digest, file_sha256, json_option, write_json
from rftlab.jobs.interrupt import Interrupts, StoppedError
from rftlab.policies.checkpoint import save_checkpoint
from rftlab.policies.directory import PolicyDirectory
from rftlab.provenance import record
from rftlab.randomness import difficulty_seed, redraw_seed, rollout_seed
from rftlab.rewards.terms import Key
from rftlab.rollouts import Rollout
from rftlab.runfolder.log import append_json
from rftlab.training.divergence import CurrentRound
from rftlab.training.down_sampling import down_sampled
from rftlab.training.equal_rewards import cap_reached, counts, redrawn
from rftlab.training.learner import Learner
from rftlab.training.measures import Clock, metrics, timings
from rftlab.training.mismatch import diagnose
from rftlab.training.resume import RunState, StateConfig
from rftlab.training.update import DivergedError, update


@one_line_errors
def main(argv: list[str] | None = None) -> None:
    """Train one run."""
    parser = argparse.ArgumentParser(prog="python -m rftlab.training.train")
    parser.add_argument("--config", required=True, type=json_option("--config", config=dict))
    for name in ("--model", "--data", "--folder"):
        parser.add_argument(name, required=True, type=Path)
    parser.add_argument("--code", required=True)
    arguments = parser.parse_args(argv)
    try:
        train(arguments.config, arguments.model, arguments.data, arguments.folder, code=arguments.code)
    except StoppedError as stopped:
        print(f"{arguments.folder}: {stopped}", file=sys.stderr, flush=True)
        sys.exit(stopped.code)
    except OSError as error:  # a full disk does not say which
        error.filename = error.filename or str(arguments.folder)
        raise


def train(run: dict[str, Any], model_folder: Path, data: Path, folder: Path, *, code: str) -> None:
    """Train one run from its ``run.json`` and publish its files in ``folder``; go on where a killed process was."""
    start_time = time.time()
    base, queries = PolicyDirectory(model_folder), read_queries(data)
    inputs: dict[str, dict[str, Any]] = {
        "model": {"path": str(model_folder), "sha256": base.sha256},
        "data": {"path": str(data), "sha256": file_sha256(data), "queries": len(queries)},
    }
    key = {"code": code, "configuration": digest(run), "model": base.sha256, "data": inputs["data"]["sha256"]}
    key |= {"torch": torch.__version__, "transformers": transformers.__version__}
    with Interrupts() as interrupts, RunState(folder, key, StateConfig.read()) as state:
        if state.published_by_another:
            return
        state.unpublish()
        learner = Learner(run, base, queries)
        inputs["data"]["overlong"] = learner.overlong
        if learner.overlong:
            limit = run["config"]["prompt"]["max_tokens"]
            print(f"{learner.overlong} of {len(queries)} queries dropped: prompts over {limit} tokens")
        training = Training(learner, state, interrupts)
        write_json(state.place / "run.json", run)
        reason = training.run()
        interrupts.hold()
        for line in cap_reached(state.place / "metrics.jsonl", learner.rollout.redraws):
            print(f"{folder}: {line}", flush=True)
        manifest = {
            "files": {name: file_sha256(state.place / name) for name in ("run.json", "metrics.jsonl")},
            "status": "diverged" if reason else "finished",
            "reason": reason,
            "base": inputs["model"],
            "checkpoints": training.checkpoints,
        }
        provenance = record(code, inputs, start_time) | {
            "key": key,
            "seconds": state.total_seconds,
            "processes": state.processes,
        }
        state.publish({"checkpoints.json": manifest, "provenance.json": provenance})


class Training:
    """One run, round by round, and what it remembers between rounds."""

    def __init__(self, learner: Learner, state: RunState, interrupts: Interrupts) -> None:
        self.learner, self.state, self.interrupts = learner, state, interrupts
        self.folder = state.folder
        self.round = self.rollouts = self.tokens = 0
        self.past, self.checkpoints = Past(), list[dict[str, Any]]()
        if memory := state.load(learner.models, learner.optimizer):
            self.past, self.checkpoints = Past(**memory["past"]), memory["checkpoints"]
            self.round, self.rollouts, self.tokens = (memory[name] for name in ("round", "rollouts", "tokens"))
            learner.kl_reward.coefficient = memory["kl_coefficient"]
            learner.pool.choose(memory["rates"])
            learner.engine.sync(learner.sampled)
        self.step = partial(
            update,
            learner.policy,
            objective=learner.objective,
            passes=learner.passes,
            max_gradient_norm=learner.optimizer_config.max_gradient_norm,
        )
        learner.optimizer.register_step_pre_hook(lambda *_: interrupts.hold())

    @property
    def memory(self) -> dict[str, Any]:
        """All of it that is saved beside weights and optimizer, as JSON."""
        counters = {"round": self.round, "rollouts": self.rollouts, "tokens": self.tokens}
        values = {"kl_coefficient": self.learner.kl_reward.coefficient, "rates": self.learner.pool.rates}
        return {**counters, **values, "past": asdict(self.past), "checkpoints": self.checkpoints}

    @property
    def spent(self) -> bool:
        """Whether the budget is; a run has a round, whatever measuring difficulty took."""
        return self.round > 0 and self.learner.budget.spent(self.round, self.tokens, self.rollouts)

    def run(self) -> str | None:
        """Train until the budget is spent; where the run diverged, return why.

        Raises:
            StoppedError: by a signal; it says what was saved.
        """
        every = self.learner.checkpoint_every
        where = self.learner.models, self.learner.optimizer
        try:
            while not self.spent:
                try:
                    self.play(self.round + 1)
                except DivergedError as error:
                    broken_indices = self.current_round.broken_indices(self.step, self.learner.policy)
                    return self.current_round.explain(self.folder, self.round + 1, error, broken_indices)
                self.round += 1
                if at_checkpoint := self.round % every == 0 or self.spent:
                    self.checkpoints.append(self.checkpoint(self.round))
                if at_checkpoint or self.state.due:
                    self.state.save(self.memory, *where)
                self.interrupts.release()
        except StoppedError as stopped:
            self.interrupts.hold()
            ending = self.state.save_in_time(self.memory, *where)
            raise StoppedError(f"{stopped.reason}: {ending}", stopped.code) from None
        return None

    def play(self, number: int) -> None:
        """One round: B queries, n trained and m statistics rollouts of each, and the steps on them."""
        learner, self.clock = self.learner, Clock()
        self.measure()
        first = self.drawn(number)
        current, sampled = redrawn(first, learner.rollout.redraws, partial(self.drawn_anew, number))
        self.current_round = current = down_sampled(current, learner.rollout.down_sample)

        scores, greedy = learner.greedy(current.scores(learner.rollout.trained, self.past), number)
        n, trained = scores.n, current.trained(scores.n)
        weights_Bn = learner.mask(learner.weights(scores), scores.lengths_BM[:, :n], current.truncated_BM[:, :n])
        scores, kl_row = learner.kl_reward.subtract(scores, current.rollouts)
        advantages_Bn = learner.advantage(scores)
        current.trained_indices, current.advantages_N = trained, advantages_Bn.ravel()
        current.weights_N, signal_Bn = weights_Bn.ravel(), advantages_Bn * (weights_Bn != 0)
        measured = first.trained(learner.rollout.rollouts)
        row = metrics(
            first.scores(learner.rollout.rollouts, self.past), signal_Bn, sampled.rollouts, sampled.judgements, measured
        )
        row |= sampled.paid.metrics(measured) | counts(current, sampled, learner.rollout.redraws) | kl_row
        row |= {f"{name}_age": follower.age(number) for name, follower in learner.followers.items()}
        row |= self.kl_to_base(number, [first.rollouts[i] for i in measured])
        self.clock.lap("score_s")

        learner.optimizer_config.set_rate(learner.optimizer, number, learner.budget.rounds)
        steps, key = partial(self.step, learner.optimizer), (learner.random_seed, number)
        rollouts = learner.with_old([current.rollouts[i] for i in trained])
        row |= learner.update_config.take(steps, rollouts, advantages_Bn, weights_Bn, key)
        learner.follow(number)
        self.clock.lap("update_s")

        self.past.remember(scores)
        learner.kl_reward.adapt(row.get("kl_reward"), len(trained))
        every = [*sampled.rollouts, *greedy]
        tokens = sum(len(rollout.tokens) for rollout in every)
        self.count(len(every), tokens)
        totals = {"rollouts": self.rollouts, "tokens": self.tokens}
        rate = {"learning_rate": learner.optimizer.param_groups[0]["lr"]}
        append_json(self.state.place / "metrics.jsonl", {"round": number, **row, **rate, **totals})
        append_json(self.state.place / "timings.jsonl", {"round": number, **timings(self.clock.seconds, tokens)})

    def measure(self) -> None:
        """Before the first round: how hard queries are, where the run asks for it. It and its cost are saved as one."""
        rates, spent = self.learner.pool.measure(partial(self.sample, difficulty_seed(self.learner.random_seed)))
        self.interrupts.hold()
        self.learner.pool.choose(rates)
        self.count(**spent)
        self.interrupts.release()

    def count(self, rollouts: int, tokens: int) -> None:
        """Count what was sampled."""
        self.rollouts, self.tokens = self.rollouts + rollouts, self.tokens + tokens

    def drawn(self, number: int) -> CurrentRound:
        """The B queries of round ``number``."""
        B, seed = self.learner.rollout.queries, self.learner.random_seed
        return self.sample(seed, self.learner.pool.draw(seed, (number - 1) * B, B))

    def drawn_anew(self, number: int, start: int, count: int) -> CurrentRound:
        """So many other queries for that round, from a stream of its own."""
        seed = redraw_seed(self.learner.random_seed, number)
        return self.sample(seed, self.learner.pool.draw_anew(seed, start, count))

    def sample(self, seed: int, draws: Sequence[tuple[int, int]], count: int | None = None) -> CurrentRound:
        """Sample and score M, or ``count``, rollouts of each query drawn, keyed by seed, query, occurrence, index."""
        learner, pool, M = self.learner, self.learner.pool, count or self.learner.rollout.per_query
        keys = [(seed, pool.ids[q], occurrence, m) for q, occurrence in draws for m in range(M)]
        prompts = [pool.prompts[q] for q, _ in draws for _ in range(M)]
        seeds = [rollout_seed("train", *key) for key in keys]
        rollouts = learner.engine.generate(prompts, learner.rollout.sampling, seeds)
        self.current_round = CurrentRound([pool.queries[q] for q, _ in draws for _ in range(M)], rollouts, M)
        self.clock.lap("sample_s")
        if not np.isfinite([logprob for rollout in rollouts for logprob in rollout.logprobs]).all():
            raise DivergedError("the policy's log-probabilities are not finite")
        self.score(keys)
        self.clock.lap("score_s")
        return self.current_round

    def score(self, keys: Sequence[Key]) -> None:
        """Verify and reward the rollouts just sampled."""
        current = self.current_round
        scored = self.learner.scoring(current.queries, current.rollouts, keys, current.per_query)
        current.judgements, current.paid = scored
        current.rewards = current.paid.rewards_N.tolist()

    def kl_to_base(self, number: int, rollouts: list[Rollout]) -> dict[str, float]:
        """KL per token from the policy to the base model on these rollouts, and how far what has sampled them is from
        that policy, in the rounds that measure it."""
        learner = self.learner
        if learner.reference is None or not learner.kl_every or number % learner.kl_every:
            return {}
        values = diagnose(learner.policy, learner.reference, rollouts, learner.passes)
        if not np.isfinite(values["kl_base"]):
            raise DivergedError(f"the KL to the base model is {values['kl_base']}")
        return values

    def checkpoint(self, number: int) -> dict[str, Any]:
        """Save the policy after round ``number``."""
        path = f"checkpoints/round-{number:05d}"
        sha256 = save_checkpoint(self.folder / path, self.learner.exported(), self.learner.tokenizer)
        return {"round": number, "path": path, "sha256": sha256, "rollouts": self.rollouts, "tokens": self.tokens}


if __name__ == "__main__":
    main()
