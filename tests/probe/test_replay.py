"""What a variant makes of a pool, against the bandit laboratory and by hand."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rftlab.bandit.estimates import enumerated
from rftlab.bandit.problem import bandit
from rftlab.bandit.rounds import Shape
from rftlab.bandit.rounds import level as level_of
from rftlab.probe.pool import Pool
from rftlab.probe.replay import EQUAL, VariantConfig, cosine_at, main, past_of, replay, rounds

PROBLEM = bandit([0.2, 0.5, 0.8], right=1, wrong=2, dimensions=4)


def pool_of(rollouts: int) -> Pool:
    """Rollouts of a bandit whose queries are its kinds, in the very shares of its policy as far as they go."""
    X, D = len(PROBLEM.scores_XKD), PROBLEM.scores_XKD.shape[2]
    generator = np.random.default_rng(5)
    actions_XR = np.stack([generator.permutation(_shares(PROBLEM.policy_XK[x], rollouts)) for x in range(X)])
    scores_XRD = np.take_along_axis(PROBLEM.scores_XKD, actions_XR[:, :, None].repeat(D, axis=2), axis=1)
    rewards_XR, lengths_XR = (actions_XR < 1).astype(float), np.full((X, rollouts), 5)
    return Pool(("a", "b", "c"), rewards_XR, PROBLEM.greedy_X, lengths_XR, lengths_XR > 5, scores_XRD)


def _shares(policy_K: np.ndarray, rollouts: int) -> np.ndarray:
    counts = np.floor(policy_K * rollouts).astype(int)
    counts[0] = round(policy_K[0] * rollouts)
    counts[-1] += rollouts - counts.sum()
    return np.repeat(np.arange(len(policy_K)), counts)


def variant(advantage: str, B: int, n: int, m: int = 0, **objective: Any) -> VariantConfig:
    usual = {"aggregation": {"name": "sequence_sum"}, "drop_equal_rewards": False, "shaping": {"name": "none"}}
    return VariantConfig(B, n, m, {"name": advantage}, usual | objective, 8)


def test_the_many_rollout_gradient_is_the_bandits() -> None:
    assert pool_of(2000).gradient_D == pytest.approx(PROBLEM.gradient_D, abs=0.01)


@pytest.mark.parametrize(
    ("name", "shape"), [("raw", Shape(1, 2)), ("group_norm", Shape(1, 4)), ("raw", Shape(1, 1, 3))]
)
def test_a_large_pool_gives_what_the_laboratory_enumerates(name: str, shape: Shape) -> None:
    exact = enumerated(level_of(name), shape, PROBLEM)
    found = replay(pool_of(2000), variant(name, shape.B, shape.n, shape.m), seed=0)
    assert (found["B"], found["n"], found["m"]) == (shape.B, shape.n, shape.m)
    assert found["signal"] == pytest.approx(exact.signal, abs=5 * found["signal_error"])
    assert found["cosine"] == pytest.approx(exact.cosine, abs=5 * found["cosine_error"] + 0.01)
    assert found["silent"] == pytest.approx(exact.silent, abs=0.06)
    assert found["signal_trained"] == pytest.approx(found["signal"] * (shape.n + shape.m) / shape.n)
    assert found["signal_round"] == pytest.approx(found["signal"] * shape.rollouts)
    assert found["cosine_sampled"] <= found["cosine_trained"] <= found["cosine"] + 1e-9


def test_a_gradient_is_the_sum_of_weights_advantages_and_scores() -> None:
    scores_QRD, truncated_QR = np.array([[[3.0, 1.0], [2.0, 2.0]]]), np.array([[False, True]])
    pool = Pool(("a",), np.array([[1.0, 0.0]]), np.zeros(1), np.array([[2, 6]]), truncated_QR, scores_QRD)
    token_mean = {"name": "token_mean"}
    gradients_SD, silent_S = rounds(pool, variant("constant", 1, 2, aggregation=token_mean), seed=0)
    assert gradients_SD == pytest.approx(np.tile([0.5 / 8, -0.5 / 8], (len(gradients_SD), 1)))
    assert not silent_S.any()
    masked_SD, _ = rounds(pool, variant("constant", 1, 2, aggregation=token_mean, mask={"name": "truncated"}), seed=0)
    assert masked_SD == pytest.approx(np.tile([0.25 / 2, -0.25 / 2], (len(masked_SD), 1)))
    shaped_SD, _ = rounds(pool, variant("raw", 1, 2, shaping={"name": "whiten_rollouts", "ddof": 0}), seed=0)
    assert shaped_SD == pytest.approx(np.tile([0.5, -0.5], (len(shaped_SD), 1)), rel=1e-5)


def test_a_small_pool_lends_no_signal_to_a_level_that_subtracts_nothing() -> None:
    generator = np.random.default_rng(8)
    scores_QRD = generator.standard_normal((6, 5, 4)) + 1.0  # their mean is 0 in theory, and far from it here
    rewards_QR, shape = (generator.random((6, 5)) < 0.7).astype(float), (6, 5)
    pool = Pool(tuple("abcdef"), rewards_QR, np.zeros(6), np.full(shape, 3), np.full(shape, False), scores_QRD)
    raw, centred = (replay(pool, variant(name, 3, 1, m), seed=0) for name, m in (("raw", 0), ("leave_one_out", 3)))
    assert raw["cosine"] == pytest.approx(1, abs=0.02)
    assert centred["cosine"] == pytest.approx(1, abs=0.02)


def test_queries_of_equal_rewards_can_be_left_out() -> None:
    pool = Pool(("a",), np.ones((1, 2)), np.ones(1), np.full((1, 2), 3), np.full((1, 2), False), np.ones((1, 2, 2)))
    assert not rounds(pool, variant("raw", 1, 2), seed=0)[1].any()
    assert rounds(pool, variant("raw", 1, 2, drop_equal_rewards=True), seed=0)[1].all()


def test_a_greedy_response_is_compared_with_and_counts_as_a_rollout() -> None:
    exact = enumerated(level_of("greedy_baseline"), Shape(1, 2, greedy=True), PROBLEM)
    found = replay(pool_of(2000), variant("greedy_baseline", 1, 2), seed=0)
    assert found["signal"] == pytest.approx(exact.signal, abs=5 * found["signal_error"])
    assert found["signal_trained"] == pytest.approx(1.5 * found["signal"])


def test_a_variant_that_never_says_anything_has_no_cosine_and_no_signal() -> None:
    found = replay(pool_of(20), variant("group_mean", 2, 1), seed=0)
    assert (found["cosine"], found["cosine_sampled"], found["signal"], found["silent"]) == (None, None, 0.0, 1.0)


def test_advantages_are_compared_on_the_same_rounds_and_a_seed_gives_the_same_rows() -> None:
    pool = pool_of(50)
    raw, positive = (rounds(pool, variant(name, 2, 2), seed=4)[0] for name in ("raw", "positive_only"))
    assert (raw == positive).all()
    assert replay(pool, variant("ema", 2, 2), seed=4) == replay(pool, variant("ema", 2, 2), seed=4)


def test_more_queries_than_the_pool_has_are_drawn_again() -> None:
    gradients_SD, _ = rounds(pool_of(20), variant("raw", 7, 2), seed=0)
    assert np.isfinite(gradients_SD).all()


def test_earlier_rounds_are_of_the_same_policy() -> None:
    pool = pool_of(100)
    past = past_of(pool, variant("ema", 4, 2), np.random.default_rng(0))
    assert np.mean(past.round_means) == pytest.approx(pool.rewards_QR.mean(), abs=0.1)
    assert {query: len(rewards) for query, rewards in past.by_query.items()} == {"a": 16, "b": 16, "c": 16}
    assert np.mean(past.by_query["a"]) < np.mean(past.by_query["c"])


def test_a_cosine_grows_with_rounds_to_that_of_the_mean() -> None:
    exact = enumerated(level_of("raw"), Shape(1, 2), PROBLEM)
    found = [cosine_at(exact, rounds) for rounds in (1, 10, 1e9)]
    assert found[0] < found[1] < found[2] == pytest.approx(1)
    assert found[0] == pytest.approx((1 + exact.variance) ** -0.5)
    assert EQUAL == 256


def test_the_stage_writes_a_row_a_variant(tmp_path: Path) -> None:
    pool_of(20).write(tmp_path / "pool.npz")
    config = {"labels": {"model": "m", "dataset": "d", "checkpoint": "base"}, "seed": 0}
    config["variants"] = {name: vars(variant(name, 2, 2)) for name in ("raw", "group_norm")}
    output = tmp_path / "probe.json"
    main(["--config", json.dumps(config), "--pool", str(tmp_path / "pool.npz"), "--output", str(output)])
    written = json.loads(output.read_text())
    assert [row["variant"] for row in written["rows"]] == ["raw", "group_norm"]
    assert written["reward_mean"] == pytest.approx(0.5, abs=0.1)
    assert written["rows"][0]["model"] == "m"
