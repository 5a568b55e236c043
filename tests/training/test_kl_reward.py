"""KL in the reward: what is subtracted, worked out by hand, and a coefficient that follows its target."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from rftlab.levels import load
from rftlab.rollouts import Rollout, Sampling
from rftlab.rollouts.transformers_engine import TransformersEngine
from rftlab.study.baseline import KlSection
from rftlab.training.kl_reward import KlConfig, KlReward, summed_penalties
from rftlab.training.passes import Passes
from rftlab.training.train import train
from rounds import round_of
from saved_runs import same
from training import END, PAD, json_lines, perturbed, policy, prompts, run_json

KL_N = np.array([1.0, -2.0, 4.0, 0.0])


def kl_reward(**keys: object) -> KlReward:
    return KlReward(KlConfig(**{"coefficient": 0.5, "estimator": "k1", "in_reward": True, **keys}), lambda _: KL_N)


def test_the_kl_of_every_rollout_is_subtracted_by_hand() -> None:
    scores = round_of([1.0, 0.0], [1.0, 1.0], n=1, lengths=[[2, 9], [3, 9]])
    paid, row = kl_reward().subtract(scores, [])
    np.testing.assert_array_equal(paid.rewards_BM, [[0.5, 1.0], [-1.0, 1.0]])
    assert row == {"kl_reward": (1.0 + 4.0) / 5, "kl_coefficient": 0.5}  # of the trained rollouts' five tokens
    assert scores.rewards_BM.tolist() == [[1.0, 0.0], [1.0, 1.0]], "the rewards themselves stay"
    assert (paid.n, paid.queries, paid.past) == (scores.n, scores.queries, scores.past)


def test_at_n_1_a_reward_pays_for_its_own_kl() -> None:
    paid, _ = kl_reward().subtract(round_of([1.0], [1.0], [0.0], [0.0]), [])
    np.testing.assert_array_equal(load("advantages", "raw")(paid), [[0.5], [2.0], [-2.0], [0.0]])


def test_where_rewards_are_equal_kl_is_all_that_tells_rollouts_apart() -> None:
    paid, _ = kl_reward().subtract(round_of([1.0, 1.0], [0.0, 0.0]), [])
    np.testing.assert_allclose(load("advantages", "group_mean")(paid), [[-0.75, 0.75], [-1.0, 1.0]])


def test_without_a_measure_nothing_is_subtracted() -> None:
    scores = round_of([1.0, 0.0])
    assert KlReward(KlConfig(0.5, "k3"), None).subtract(scores, []) == (scores, {})


@pytest.mark.parametrize(
    ("kl", "expected"),
    [
        (0.1, 0.5),  # on target
        (0.11, 0.5 * (1 + 0.1 * 32 / 1000)),
        (0.5, 0.5 * (1 + 0.2 * 32 / 1000)),  # a fifth at most
        (0.0, 0.5 * (1 - 0.2 * 32 / 1000)),
        (None, 0.5),
    ],
)
def test_the_coefficient_follows_its_target(kl: float | None, expected: float) -> None:
    adaptive = kl_reward(target=0.1, horizon=1000)
    adaptive.adapt(kl, 32)
    assert adaptive.coefficient == pytest.approx(expected, rel=1e-12)
    fixed = kl_reward()
    fixed.adapt(kl, 32)
    assert fixed.coefficient == 0.5


def logprobs_of(model, rollout: Rollout) -> np.ndarray:
    import torch

    ids = torch.tensor([[*rollout.prompt, *rollout.tokens]])
    with torch.no_grad():
        logits_TV = model(input_ids=ids).logits[0, len(rollout.prompt) - 1 : -1]
    return logits_TV.log_softmax(-1)[range(len(rollout.tokens)), list(rollout.tokens)].double().numpy()


def test_penalties_are_summed_over_a_response() -> None:
    model, reference = policy(), perturbed(policy(), 0.05)
    engine = TransformersEngine(model, end_tokens=[END, 5, 6, 7], pad_token=PAD)
    rollouts = engine.generate(prompts(6), Sampling(7), list(range(6)))
    measure = partial(summed_penalties, model, reference, load("objectives.kl", "k1"), Passes(PAD, 1.0, 30))
    expected = [(logprobs_of(model, r) - logprobs_of(reference, r)).sum() for r in rollouts]
    assert np.abs(expected).max() > 1e-2
    np.testing.assert_allclose(measure(rollouts), expected, atol=1e-5)
    assert all(p.grad is None for p in model.parameters())


def test_defaults_are_those_of_the_schema() -> None:
    section = KlSection()
    config = KlConfig(section.coefficient, section.estimator)
    assert {name: getattr(config, name) for name in KlSection.model_fields} == section.model_dump()


def test_an_adaptive_run_resumes_exactly_and_pays_for_kl(cut, base, data, tmp_path) -> None:
    kl = {"coefficient": 1.0, "estimator": "k1", "in_reward": True, "target": 1e-4, "horizon": 50}
    run = run_json(objective__kl=kl, reward__name="random", checkpoint_every=4)
    train(run, base, data, tmp_path / "whole", code="c")
    folder = cut(4, run)
    train(run, base, data, folder, code="c")
    same(folder, tmp_path / "whole")
    rows = json_lines(folder / "metrics.jsonl")
    assert rows[0]["kl_reward"] == 0.0  # at the base model
    coefficients = [row["kl_coefficient"] for row in rows]
    expected = 1.0
    for row, coefficient in zip(rows, coefficients, strict=True):
        assert coefficient == pytest.approx(expected, rel=1e-12)
        expected *= 1 + float(np.clip(row["kl_reward"] / 1e-4 - 1, -0.2, 0.2)) * 8 / 50
    assert len(set(coefficients)) == 6
    assert {row["reward_mean"] for row in rows} <= {i / 8 for i in range(9)}, "rewards are logged without their KL"
