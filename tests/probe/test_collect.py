"""A pool of a tiny model's rollouts: its own seeds, its judgements, and gradients that autograd gives in one pass."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rftlab.data.queries import read_queries
from rftlab.errors import BadInputError
from rftlab.policies.directory import PolicyDirectory
from rftlab.probe.collect import ProbeConfig, collect, last_checkpoint, main, scores_of
from rftlab.probe.pool import Pool
from rftlab.probe.sketch import Sketch
from rftlab.rollouts.engine import responses
from rftlab.training.learner import Learner
from training import run_json, write_base, write_sums

CONFIG = ProbeConfig(queries=3, rollouts=4, dimensions=64, seed=0)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("collect")
    return write_base(folder / "base" / "model"), write_sums(folder / "train.jsonl")


@pytest.fixture(scope="module")
def learner(files: tuple[Path, Path]) -> Learner:
    return Learner(run_json(), PolicyDirectory(files[0]), read_queries(files[1]))


def test_a_pool_has_its_queries_lengths_and_judgements(learner: Learner) -> None:
    pool = collect(learner, CONFIG)
    assert len({*pool.queries}) == 3
    assert (
        pool.rewards_QR.shape == pool.lengths_QR.shape == pool.truncated_QR.shape == pool.scores_QRD.shape[:2] == (3, 4)
    )
    assert 1 <= pool.lengths_QR.min() <= pool.lengths_QR.max() <= 6
    assert {*pool.rewards_QR.ravel(), *pool.greedy_Q} <= {0.0, 1.0}
    assert pool.greedy_Q.shape == (3,)
    assert np.isfinite(pool.scores_QRD).all()
    assert (np.linalg.norm(pool.scores_QRD, axis=2) > 0).all()


def test_more_rollouts_leave_the_first_ones_as_they_are(learner: Learner) -> None:
    few, many = (collect(learner, ProbeConfig(3, rollouts, 16, 0)) for rollouts in (2, 4))
    assert few.queries == many.queries
    assert (few.lengths_QR == many.lengths_QR[:, :2]).all()
    assert (few.rewards_QR == many.rewards_QR[:, :2]).all()
    assert few.scores_QRD == pytest.approx(many.scores_QRD[:, :2], rel=1e-3, abs=1e-5)


def test_a_score_is_the_gradient_of_the_log_probability_and_scores_add_up(learner: Learner) -> None:
    rollouts = learner.engine.generate(learner.pool.prompts[:4], learner.rollout.sampling, [1, 2, 3, 4])
    assert len(responses(learner.tokenizer, rollouts)) == 4
    found_ND = scores_of(learner, rollouts, 64, seed=9)
    weights = [*learner.policy.parameters()]
    total = torch.zeros(())
    for batch in learner.passes.batches(rollouts):
        logprobs_NT, _ = learner.passes.logprobs(learner.policy, batch)
        total = total + logprobs_NT.sum()
    whole = Sketch(weights, 64, seed=9)(torch.autograd.grad(total, weights, allow_unused=True))
    assert found_ND.sum(axis=0) == pytest.approx(whole, rel=1e-3, abs=1e-4 * np.abs(whole).max())


def test_more_queries_than_there_are_is_refused(learner: Learner) -> None:
    with pytest.raises(BadInputError, match="at most the 16 of the dataset are possible, not 17"):
        collect(learner, ProbeConfig(17, 2, 16, 0))


def test_the_stage_takes_a_base_model_or_the_last_checkpoint_of_a_run(files: tuple[Path, Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "checkpoints").mkdir(parents=True)
    (run / "checkpoints" / "last").symlink_to(files[0])
    entries = [{"path": "checkpoints/gone"}, {"path": "checkpoints/last"}]
    (run / "checkpoints.json").write_text(json.dumps({"checkpoints": entries}))
    config = json.dumps({"run": run_json(), "probe": vars(CONFIG)})
    pools = []
    for option, folder in (("--model", files[0]), ("--run", run)):
        output = tmp_path / f"{option}.npz"
        main(["--config", config, option, str(folder), "--data", str(files[1]), "--output", str(output)])
        pools.append(Pool.read(output))
    assert (pools[0].scores_QRD == pools[1].scores_QRD).all()


def test_a_run_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "checkpoints.json").write_text('{"checkpoints": []}')
    with pytest.raises(BadInputError, match="no checkpoint to probe"):
        last_checkpoint(tmp_path)
