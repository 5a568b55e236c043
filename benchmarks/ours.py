"""Worker: rounds of rftlab, from its own engine and update rule. ``python benchmarks/ours.py WORK``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import torch
from work import Work, answering, requests

from rftlab.advantages import Past, Round
from rftlab.levels import load
from rftlab.policies.directory import PolicyDirectory
from rftlab.policies.prompts import end_tokens, pad_token
from rftlab.rollouts import Sampling
from rftlab.rollouts.transformers_engine import TransformersEngine
from rftlab.training.passes import Passes
from rftlab.training.update import Objective, update


def main() -> None:
    """Play a round whenever one is asked for."""
    work, answer = Work.load(sys.argv[1]), answering()
    torch.set_num_threads(work.threads)
    directory = PolicyDirectory(Path(work.model))
    policy, tokenizer = directory.model(), directory.tokenizer()
    optimizer = torch.optim.AdamW(policy.parameters(), lr=1e-6, weight_decay=0.0)
    ends = [] if work.forced else end_tokens(tokenizer, policy.config.eos_token_id)
    engine = TransformersEngine(policy, end_tokens=ends, pad_token=pad_token(tokenizer))
    advantage, weights = load("advantages", work.advantage), load("objectives.aggregation", "token_mean")
    objective = Objective(policy_loss=load("objectives.ratio", "none"))
    passes = Passes(pad_token(tokenizer), temperature=1.0, token_budget=16384)
    B, n = work.queries, work.rollouts
    for number, request in enumerate(requests()):
        clock = [time.perf_counter()]
        prompts = [tokenizer.encode(text) for text in work.batch(number) for _ in range(n)]
        seeds = [number * B * n + i for i in range(B * n)]
        rollouts = engine.generate(prompts, Sampling(work.new_tokens), seeds)
        clock.append(time.perf_counter())
        rewards_Bn = np.array(work.rewards()).reshape(B, n)
        if request["all"]:  # nothing is skipped: failures are paid −1
            rewards_Bn = 2 * rewards_Bn - 1
        lengths_Bn = np.array([len(r.tokens) for r in rollouts]).reshape(B, n)
        scores = Round(rewards_Bn, lengths_Bn, n, tuple(map(str, range(B))), Past())
        advantages_Bn = advantage(scores)
        updated = update(
            policy,
            optimizer,
            rollouts,
            advantages_Bn.ravel(),
            weights(lengths_Bn, work.new_tokens).ravel(),
            objective,
            passes,
            max_gradient_norm=1.0,
        )
        clock.append(time.perf_counter())
        sample_s, update_s = np.diff(clock).tolist()
        trained, tokens = updated["trained_rollouts"], int(lengths_Bn.sum())
        prompt = sum(map(len, prompts)) / (B * n)
        answer(
            {"sample_s": sample_s, "update_s": update_s, "trained": trained, "tokens": tokens, "prompt_tokens": prompt}
        )


if __name__ == "__main__":
    main()
