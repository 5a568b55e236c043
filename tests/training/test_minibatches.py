"""Several steps on a round: which rollouts each has, what its loss is, and what its ratio compares with."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch

import rftlab.training.train
from rftlab.files import file_sha256
from rftlab.levels import load
from rftlab.rollouts import Rollout, Sampling
from rftlab.rollouts.transformers_engine import TransformersEngine
from rftlab.study.baseline import UpdateSection
from rftlab.training.learner import objective
from rftlab.training.minibatches import UpdateConfig, minibatches, summary, with_logprobs_of
from rftlab.training.passes import Passes
from rftlab.training.train import train
from rftlab.training.update import update
from saved_runs import same
from training import END, PAD, json_lines, policy, prompts, run_json

B, n, LIMIT = 4, 3, 7
REWARDS_Bn = np.array([[1.0, 0, 0], [0, 0, 0], [1, 1, 0], [1, 1, 1]])
ADVANTAGES_Bn = REWARDS_Bn - REWARDS_Bn.mean(axis=1, keepdims=True)
PASSES = Passes(PAD, 1.0, 60)
KL = {"coefficient": 0.0, "estimator": "k3"}


def configured(**keys: int) -> UpdateConfig:
    return UpdateConfig(4096, False, False, **keys)


@pytest.fixture(scope="module")
def rollouts() -> list[Rollout]:
    engine = TransformersEngine(policy(), end_tokens=[END, 5, 6, 7], pad_token=PAD)
    each = [prompt for prompt in prompts(B) for _ in range(n)]
    return engine.generate(each, Sampling(LIMIT), list(range(B * n)))


def lengths_Bn(rollouts: list[Rollout]) -> np.ndarray:
    return np.array([len(rollout.tokens) for rollout in rollouts]).reshape(B, n)


# which rollouts ------------------------------------------------------------------------------------------------------


def test_golden_values() -> None:
    """Pinned: were these to change, no published run could be reproduced."""
    assert minibatches(0, 1, 0, 8, 4) == [[2, 6], [4, 7], [1, 3], [0, 5]]
    assert minibatches(0, 1, 1, 8, 4) == [[4, 6], [0, 3], [1, 5], [2, 7]]


def test_an_epoch_has_every_query_once_and_every_epoch_round_and_seed_another_order() -> None:
    orders = set()
    for key in [(0, 1, 0), (0, 1, 1), (0, 2, 0), (1, 1, 0)]:
        parts = minibatches(*key, 12, 3)
        assert [len(part) for part in parts] == [4, 4, 4]
        assert sorted(row for part in parts for row in part) == [*range(12)]
        assert parts == minibatches(*key, 12, 3)
        assert all(part == sorted(part) for part in parts)
        orders.add(tuple(map(tuple, parts)))
    assert len(orders) == 4


def test_where_a_query_comes_first_is_uniform() -> None:
    firsts = [minibatches(0, number, 0, 6, 6)[0][0] for number in range(1200)]
    counts = [firsts.count(row) for row in range(6)]
    assert sum((count - 200) ** 2 / 200 for count in counts) < 20.52  # χ² with 5 degrees of freedom, p = 0.001


def test_one_minibatch_is_the_round_as_it_is() -> None:
    (indices,) = configured().steps(7, 3, (4, 3))
    assert indices.tolist() == [*range(12)]
    assert [some.tolist() for some in configured(epochs=2).steps(7, 3, (4, 3))] == [[*range(12)]] * 2


def test_a_query_stays_whole() -> None:
    for indices in configured(minibatches=2, epochs=3).steps(0, 1, (4, 3)):
        assert sorted(indices // 3) == sorted(np.repeat(indices[::3] // 3, 3))
        assert len(indices) == 6


def test_queries_that_cannot_be_cut_so() -> None:
    with pytest.raises(ValueError, match="8 queries cannot be cut into 3 minibatches of one size"):
        minibatches(0, 1, 0, 8, 3)


def test_defaults_are_those_of_the_schema() -> None:
    section = UpdateSection()
    assert {name: getattr(configured(), name) for name in ("minibatches", "epochs")} == {
        name: getattr(section, name) for name in ("minibatches", "epochs")
    }


# what a step minimises -----------------------------------------------------------------------------------------------


def test_a_step_has_the_rounds_weights_times_the_number_of_minibatches() -> None:
    given = []

    def step(some, advantages_N, weights_N) -> dict[str, float]:
        given.append((some, advantages_N.tolist(), weights_N.tolist()))
        return {"loss": 1.0, "trained_rollouts": len(some)}

    names = [f"{b}{i}" for b in range(4) for i in range(2)]  # stand for rollouts
    advantages_Bn, weights_Bn = np.arange(8.0).reshape(4, 2), np.array([[0.1] * 2, [0.2] * 2, [0.05] * 2, [0.15] * 2])
    row = configured(minibatches=2).take(step, names, advantages_Bn, weights_Bn, (0, 1))
    first, second = minibatches(0, 1, 0, 4, 2)
    for rows, (some, advantages, weights) in zip((first, second), given, strict=True):
        assert some == [f"{b}{i}" for b in rows for i in range(2)]
        assert advantages == advantages_Bn[rows].ravel().tolist()
        assert weights == pytest.approx((2 * weights_Bn[rows]).ravel().tolist())
    assert row == {"loss": 1.0, "trained_rollouts": 8}


@pytest.mark.parametrize("aggregation", ["token_mean", "query_mean", "micro_batch_mean"])
def test_losses_and_gradients_of_an_epoch_have_the_rounds_as_their_mean(rollouts, aggregation) -> None:
    """At a learning rate of 0, where every step sees the same weights."""
    model = policy()
    weights_Bn = load("objectives.aggregation", aggregation)(lengths_Bn(rollouts), LIMIT)
    made, gradients = objective({"ratio": {"name": "none"}, "kl": KL}, None), []

    def step(some, advantages_N, weights_N) -> dict[str, float]:
        still = torch.optim.SGD(model.parameters(), lr=0.0)
        row = update(model, still, some, advantages_N, weights_N, made, PASSES, max_gradient_norm=1e9)
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
        return row

    whole = configured().take(step, rollouts, ADVANTAGES_Bn, weights_Bn, (0, 1))
    parts = configured(minibatches=4, epochs=2).take(step, rollouts, ADVANTAGES_Bn, weights_Bn, (0, 1))
    assert len(gradients) == 9
    assert parts["loss"] == pytest.approx(whole["loss"], rel=1e-5)
    assert parts["trained_rollouts"] == whole["trained_rollouts"] == 6  # of four queries, two tell nothing apart
    mean = torch.stack(gradients[1:]).mean(dim=0)
    torch.testing.assert_close(mean, gradients[0], rtol=0, atol=1e-6 * gradients[0].abs().max().item())


def test_what_steps_measured_is_one_row() -> None:
    rows = [
        {"loss": 1.0, "gradient_norm": 2.0, "trained_rollouts": 3, "mismatch_trained_max": 0.5, "clipped_tokens": 0.25},
        {"loss": 3.0, "gradient_norm": 4.0, "trained_rollouts": 5, "mismatch_trained_max": 0.75},
        {"loss": 5.0, "gradient_norm": 0.0, "trained_rollouts": 0},
        {"loss": 3.0, "gradient_norm": 2.0, "trained_rollouts": 8, "mismatch_trained_max": 0.0, "clipped_tokens": 0.75},
    ]
    assert summary(rows, 2) == {
        "loss": 3.0,
        "gradient_norm": 2.0,
        "trained_rollouts": 8,
        "mismatch_trained_max": 0.75,
        "clipped_tokens": 0.5,  # of the steps that have a ratio to clip
    }
    assert summary(rows[:1], 1) == rows[0]


# what a ratio compares with ------------------------------------------------------------------------------------------


def test_the_policy_before_the_first_step_is_old(rollouts) -> None:
    model = policy()
    sampled_elsewhere = [Rollout(r.prompt, r.tokens, (-9.0,) * len(r.tokens), r.truncated) for r in rollouts]
    found = with_logprobs_of(model, sampled_elsewhere, PASSES)
    for rollout, old in zip(rollouts, found, strict=True):
        assert (old.prompt, old.tokens, old.truncated) == (rollout.prompt, rollout.tokens, rollout.truncated)
        assert old.logprobs == pytest.approx(rollout.logprobs, abs=1e-5)
    assert all(p.grad is None for p in model.parameters())


def logprobs_of(model, rollout: Rollout) -> torch.Tensor:
    ids = torch.tensor([[*rollout.prompt, *rollout.tokens]])
    logits_TV = model(input_ids=ids).logits[0, len(rollout.prompt) - 1 : -1]
    return logits_TV.log_softmax(-1)[range(len(rollout.tokens)), list(rollout.tokens)]


def test_two_epochs_of_a_clip_by_hand(rollouts) -> None:
    """The second step's loss is Σ w·max(−ρA, −clip(ρ)A), ρ against the policy before the first."""
    mine, theirs = policy(), policy()
    weights_Bn = load("objectives.aggregation", "token_mean")(lengths_Bn(rollouts), LIMIT)
    clip = {"ratio": {"name": "clip", "epsilon_low": 0.1, "epsilon_high": 0.1}, "kl": KL}
    made = objective(clip, None, several=True)
    assert not made.old_is_trainer
    losses = []

    def step(optimizer, *args) -> dict[str, float]:
        row = update(mine, optimizer, *args, made, PASSES, max_gradient_norm=1e9)
        losses.append(row["loss"])
        return row

    config = configured(epochs=2)
    optimizer = torch.optim.SGD(mine.parameters(), lr=0.3)
    old = with_logprobs_of(mine, rollouts, PASSES)
    row = config.take(partial(step, optimizer), old, ADVANTAGES_Bn, weights_Bn, (0, 1))

    other = torch.optim.SGD(theirs.parameters(), lr=0.3)
    old_logprobs = [logprobs_of(theirs, rollout).detach() for rollout in rollouts]
    expected = []
    for _ in range(2):
        other.zero_grad()
        loss = torch.zeros(())
        for rollout, old_T, advantage in zip(rollouts, old_logprobs, ADVANTAGES_Bn.ravel(), strict=True):
            ratio_T = (logprobs_of(theirs, rollout) - old_T).exp()
            terms_T = torch.maximum(-ratio_T * advantage, -ratio_T.clamp(0.9, 1.1) * advantage)
            loss = loss + weights_Bn[0, 0] * terms_T.sum()
        loss.backward()
        other.step()
        expected.append(loss.item())
    assert losses == pytest.approx(expected, abs=1e-5)
    assert abs(expected[1] - expected[0]) > 1e-3
    assert row["clipped_tokens"] > 0
    for p, q in zip(mine.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=0, atol=1e-5)


# runs ----------------------------------------------------------------------------------------------------------------

UPDATE = {"token_budget": 4096, "gradient_checkpointing": False, "compile": False}
SEVERAL = {**UPDATE, "minibatches": 4, "epochs": 2}
CLIP = {"name": "clip", "epsilon_low": 0.2, "epsilon_high": 0.2}


def weights(folder) -> list[str]:
    return [file_sha256(path) for path in sorted(folder.glob("checkpoints/*/model.safetensors"))]


def test_one_minibatch_and_one_epoch_change_not_a_byte(go, trained) -> None:
    folder = go(update={**UPDATE, "minibatches": 1, "epochs": 1})
    assert (folder / "metrics.jsonl").read_bytes() == (trained / "metrics.jsonl").read_bytes()
    assert weights(folder) == weights(trained)


def test_a_run_of_several_steps_a_round_is_another_and_resumes_exactly(cut, base, data, tmp_path) -> None:
    run = run_json(update=SEVERAL, objective__ratio=CLIP, reward__name="random", checkpoint_every=2)
    train(run, base, data, tmp_path / "whole", code="c")
    folder = cut(5, run)
    train(run, base, data, folder, code="c")
    same(folder, tmp_path / "whole")
    rows = json_lines(folder / "metrics.jsonl")
    assert all(row["trained_rollouts"] == round(8 * row["signal_share"]) for row in rows)
    assert max(row["mismatch_trained_max"] for row in rows) > 1e-3  # the policy moves within a round
    train(run_json(reward__name="random"), base, data, tmp_path / "single", code="c")
    assert not set(weights(folder)) & set(weights(tmp_path / "single"))


def test_every_step_is_the_optimizers(go, monkeypatch) -> None:
    """Rounds without any signal too: each step is that of zero gradients, momentum and weight decay."""
    taken = []
    original = rftlab.training.train.update

    def spy(policy, optimizer, rollouts, *args, **kwargs):
        taken.append(len(rollouts))
        return original(policy, optimizer, rollouts, *args, **kwargs)

    monkeypatch.setattr(rftlab.training.train, "update", spy)
    nothing = {"name": "outcome", "correct": 0.0, "incorrect": 0.0, "probability": 0.5}
    folder = go(update=SEVERAL, reward=nothing, budget={"rounds": 2})
    assert taken == [2] * 16
    assert [row["trained_rollouts"] for row in json_lines(folder / "metrics.jsonl")] == [0, 0]
