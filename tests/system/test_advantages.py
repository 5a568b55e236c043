"""What must hold of advantages in every round, not only in those worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from rftlab import levels
from rftlab.advantages import Past, Round

quick = settings(max_examples=25, deadline=None, derandomize=True)

ADVANTAGE = {name: levels.load("advantages", name) for name in levels.names("advantages")}
GROUP = ["group_mean", "group_norm", "group_mean_batch_std", "leave_one_out", "max_likelihood", "optimal_baseline"]
BEST_ALONE = ["max_minus_second"]  # with statistics rollouts among the others
CHOSEN = ["max_variance"]  # of rollouts with one reward the earlier are kept
ONE_REWARD_ALONE = ["batch_norm", "group_norm", "history_window"]  # a lone reward is passed on as it is

some_reward = st.sampled_from([0.0, 0.1, 0.5, 1.0]) | st.floats(0, 2, width=32)
past_rewards = st.lists(some_reward, max_size=5)


@st.composite
def rounds(draw, *, rollouts: int = 1, statistics: int = 3) -> Round:
    """A round with at least ``rollouts`` trained and at most ``statistics`` statistics rollouts of every query."""
    B, n, m = draw(st.integers(1, 4)), draw(st.integers(rollouts, 4)), draw(st.integers(0, statistics))
    rewards_BM = draw(arrays(np.float64, (B, n + m), elements=some_reward))
    lengths_BM = draw(arrays(np.int64, (B, n + m), elements=st.integers(1, 50)))
    queries = tuple(f"q{row}" for row in range(B))
    past = Past({query: draw(past_rewards) for query in queries}, draw(past_rewards))
    return Round(rewards_BM, lengths_BM, n, queries, past, draw(arrays(np.float64, B, elements=some_reward)))


def defined(name: str, scores: Round) -> bool:
    """Whether the level accepts so few rollouts."""
    file = levels.read("advantages", name)
    minimum: int = file.constants.get("MINIMUM_ROLLOUTS", 1)
    return scores.rewards_BM.shape[1] >= minimum and scores.n >= file.parameters.get("keep", 1)


def spread_out(rewards: np.ndarray, axis: int | None) -> bool:
    """Whether the rewards are equal or far apart; in between, ε decides the size of an advantage."""
    spread = np.ptp(rewards, axis=axis)
    return bool(np.all((spread == 0) | (spread > 0.05)))


@pytest.mark.parametrize("name", ADVANTAGE)
@quick
@given(scores=rounds())
def test_shape_type_and_finiteness(name, scores):
    assume(defined(name, scores))
    before = scores.rewards_BM.copy()
    advantages_Bn = ADVANTAGE[name](scores)
    assert advantages_Bn.shape == scores.rewards_Bn.shape
    assert advantages_Bn.dtype == np.float64
    assert np.isfinite(advantages_Bn).all()
    assert_array_equal(scores.rewards_BM, before)


@pytest.mark.parametrize("name", ADVANTAGE)
@quick
@given(scores=rounds(), data=st.data())
def test_the_order_of_queries_does_not_matter(name, scores, data):
    assume(defined(name, scores))
    order = data.draw(st.permutations(range(len(scores.queries))))
    shuffled = replace(
        scores,
        rewards_BM=scores.rewards_BM[order],
        lengths_BM=scores.lengths_BM[order],
        queries=tuple(scores.queries[row] for row in order),
        greedy_B=scores.greedy_B[order],
    )
    assume(spread_out(scores.rewards_BM, None))
    assert_allclose(ADVANTAGE[name](shuffled), ADVANTAGE[name](scores)[order], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", sorted({*ADVANTAGE} - {*CHOSEN}))
@quick
@given(scores=rounds(), data=st.data())
def test_the_order_of_rollouts_does_not_matter(name, scores, data):
    assume(defined(name, scores) and spread_out(scores.rewards_BM, 1))
    order = data.draw(st.permutations(range(scores.n)))
    columns = [*order, *range(scores.n, scores.rewards_BM.shape[1])]
    shuffled = replace(scores, rewards_BM=scores.rewards_BM[:, columns], lengths_BM=scores.lengths_BM[:, columns])
    assert_allclose(ADVANTAGE[name](shuffled), ADVANTAGE[name](scores)[:, order], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", sorted({*ADVANTAGE} - {*CHOSEN}))
@quick
@given(scores=rounds())
def test_a_larger_reward_never_gets_a_smaller_advantage(name, scores):
    assume(defined(name, scores))
    advantages_Bn = ADVANTAGE[name](scores)
    for rewards_n, advantages_n in zip(scores.rewards_Bn, advantages_Bn, strict=True):
        assert np.all(np.diff(advantages_n[np.argsort(rewards_n, kind="stable")]) >= -1e-9)


@pytest.mark.parametrize("name", [*GROUP, *BEST_ALONE, *CHOSEN])
@quick
@given(scores=rounds(rollouts=2), reward=some_reward)
def test_equal_rewards_of_a_query_give_exactly_zero(name, scores, reward):
    scores.rewards_BM[0] = reward
    assert_array_equal(ADVANTAGE[name](scores)[0], np.zeros(scores.n))


@pytest.mark.parametrize("name", ["batch_mean", "batch_norm"])
@quick
@given(scores=rounds(rollouts=2), reward=some_reward)
def test_equal_rewards_of_a_round_give_exactly_zero(name, scores, reward):
    scores.rewards_BM[:] = reward
    assert_array_equal(ADVANTAGE[name](scores), np.zeros_like(scores.rewards_Bn))


@pytest.mark.parametrize("name", ["batch_norm", "group_norm", "group_mean_batch_std", "history_window", *CHOSEN])
@quick
@given(scores=rounds(rollouts=2), scale=st.floats(0.5, 20), shift=st.floats(-5, 5))
def test_standardised_advantages_ignore_shift_and_scale_up_to_epsilon(name, scores, scale, shift):
    assume(spread_out(scores.rewards_BM, 1) and spread_out(scores.rewards_Bn, 1))
    scores = replace(scores, past=Past())
    moved = replace(scores, rewards_BM=scale * scores.rewards_BM + shift)
    ours, theirs = ADVANTAGE[name](moved), ADVANTAGE[name](scores)
    if name in CHOSEN:  # of rewards that are one up to rounding, another may be chosen
        ours, theirs = np.sort(ours), np.sort(theirs)
    # a spread above 0.05 over at most 28 rewards is a std above 0.05/√2/√27 > 0.006: ε is 2e-4 of the smallest
    assert_allclose(ours, theirs, rtol=5e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["batch_mean", "group_mean", "leave_one_out", "optimal_baseline", *BEST_ALONE])
@quick
@given(scores=rounds(rollouts=2), scale=st.floats(0.5, 20), shift=st.floats(-5, 5))
def test_centred_advantages_ignore_shift_and_follow_scale(name, scores, scale, shift):
    moved = replace(scores, rewards_BM=scale * scores.rewards_BM + shift)
    assert_allclose(ADVANTAGE[name](moved), scale * ADVANTAGE[name](scores), rtol=1e-9, atol=1e-9)


@quick
@given(scores=rounds(statistics=0))
def test_without_statistics_rollouts_the_batch_mean_sums_to_zero(scores):
    assert ADVANTAGE["batch_mean"](scores).sum() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    "name", ["group_mean", "group_norm", "leave_one_out", "group_mean_batch_std", "max_likelihood", *CHOSEN]
)
@quick
@given(scores=rounds(rollouts=2, statistics=0))
def test_without_statistics_rollouts_each_query_sums_to_zero(name, scores):
    advantages_Bn = ADVANTAGE[name](scores)
    assert_allclose(advantages_Bn.sum(axis=1), 0, atol=1e-9 * max(1, np.abs(advantages_Bn).max()))


@quick
@given(scores=rounds(rollouts=2, statistics=0))
def test_group_mean_is_leave_one_out_up_to_a_constant(scores):
    shrunk = (scores.n - 1) / scores.n * ADVANTAGE["leave_one_out"](scores)
    assert_allclose(ADVANTAGE["group_mean"](scores), shrunk, rtol=1e-12, atol=1e-12)


@quick
@given(scores=rounds(rollouts=2))
def test_leave_one_out_is_the_reward_minus_the_mean_of_the_others(scores):
    others_Bn = np.stack([np.delete(scores.rewards_BM, i, axis=1).mean(axis=1) for i in range(scores.n)], axis=1)
    assert_allclose(ADVANTAGE["leave_one_out"](scores), scores.rewards_Bn - others_Bn, rtol=1e-12, atol=1e-12)


@quick
@given(scores=rounds())
def test_optimal_baseline_with_equal_lengths_is_the_group_mean(scores):
    scores = replace(scores, lengths_BM=np.full_like(scores.lengths_BM, 9))
    assert_allclose(ADVANTAGE["optimal_baseline"](scores), ADVANTAGE["group_mean"](scores), rtol=0, atol=1e-12)


@quick
@given(scores=rounds())
def test_positive_and_negative_add_up_to_the_sign(scores):
    both = ADVANTAGE["positive_only"](scores) + ADVANTAGE["negative_only"](scores)
    assert_array_equal(both, np.where(scores.rewards_Bn > 0.5, 1, -1))


@quick
@given(scores=rounds(statistics=0))
def test_history_window_without_a_past_is_group_norm(scores):
    scores = replace(scores, past=Past())
    assert_allclose(ADVANTAGE["history_window"](scores), ADVANTAGE["group_norm"](scores), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ONE_REWARD_ALONE)
@quick
@given(reward=some_reward)
def test_a_reward_that_stands_alone_is_passed_on(name, reward):
    assert_array_equal(ADVANTAGE[name](Round(np.array([[reward]]), np.array([[3]]), 1, ("q",))), [[reward]])


@pytest.mark.parametrize("name", [*GROUP, *BEST_ALONE, "batch_mean", "batch_norm"])
def test_statistics_rollouts_change_these_advantages(name):
    rewards_BM, lengths_BM = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]), np.full((2, 3), 5)
    alone = ADVANTAGE[name](Round(rewards_BM[:, :2], lengths_BM[:, :2], 2, ("a", "b")))
    helped = ADVANTAGE[name](Round(rewards_BM, lengths_BM, 2, ("a", "b")))
    assert helped.shape == alone.shape
    assert np.abs(helped - alone).max() > 0.01


NO_STATISTICS = sorted({*ADVANTAGE} - {*GROUP, *BEST_ALONE, "batch_mean", "batch_norm", "pass_at_k", "shrinkage"})


@pytest.mark.parametrize("name", NO_STATISTICS)
@quick
@given(scores=rounds())
def test_statistics_rollouts_leave_the_others_as_they_are(name, scores):
    assume(defined(name, scores))
    alone = replace(scores, rewards_BM=scores.rewards_Bn, lengths_BM=scores.lengths_BM[:, : scores.n])
    assert_array_equal(ADVANTAGE[name](scores), ADVANTAGE[name](alone))


@quick
@given(scores=rounds())
def test_rewards_of_minus_one_and_one_are_the_constant_one_half_at_twice_the_scale(scores):
    binary = replace(scores, rewards_BM=(scores.rewards_BM > 0.5).astype(np.float64))
    signed = replace(binary, rewards_BM=2 * binary.rewards_BM - 1)
    assert_array_equal(ADVANTAGE["raw"](signed), 2 * ADVANTAGE["constant"](binary))


@quick
@given(scores=rounds(rollouts=2))
def test_the_best_rollouts_lead_is_what_the_best_would_lose_without_it(scores):
    for rewards_M, advantages_n in zip(scores.rewards_BM, ADVANTAGE["max_minus_second"](scores), strict=True):
        lost = [rewards_M.max() - np.delete(rewards_M, i).max() for i in range(scores.n)]
        assert_allclose(advantages_n, lost, rtol=0, atol=1e-12)


@quick
@given(scores=rounds())
def test_greedy_baseline_with_the_own_reward_is_zero_and_with_none_is_raw(scores):
    first = replace(scores, greedy_B=scores.rewards_BM[:, 0])
    assert_array_equal(ADVANTAGE["greedy_baseline"](first)[:, 0], np.zeros(len(scores.queries)))
    nothing = replace(scores, greedy_B=np.zeros(len(scores.queries)))
    assert_array_equal(ADVANTAGE["greedy_baseline"](nothing), ADVANTAGE["raw"](scores))


@quick
@given(scores=rounds(), shift=st.floats(-2, 2))
def test_value_tracker_follows_a_shift_of_everything(scores, shift):
    moved = replace(
        scores,
        rewards_BM=scores.rewards_BM + shift,
        past=Past({query: [r + shift for r in rewards] for query, rewards in scores.past.by_query.items()}, []),
    )
    level = ADVANTAGE["value_tracker"]
    assert_allclose(level(moved, prior=0.5 + shift), level(scores), rtol=1e-9, atol=1e-9)
