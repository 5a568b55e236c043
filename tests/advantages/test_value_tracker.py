import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from rftlab.advantages import Past
from rftlab.advantages.value_tracker import advantage
from rounds import round_of


def test_a_query_that_was_never_seen_has_the_prior():
    assert_array_equal(advantage(round_of([1], [0])), [[0.5], [-0.5]])
    assert_array_equal(advantage(round_of([1]), prior=0.25), [[0.75]])


def test_visits_fade():
    # α: 0.5, then 0.9·0.5 + 1 = 1.45, then 0.9·1.45 + 0 = 1.305; α + β: 1, then 1.9, then 2.71
    past = Past({"q0": [1.0, 0.0]})
    assert_allclose(advantage(round_of([1], past=past)), [[1 - 1.305 / 2.71]], rtol=1e-14)
    # without fading the counts of successes and failures, the prior among them: (0.5 + 1)/(1 + 2)
    assert_allclose(advantage(round_of([1], past=past), decay=1.0), [[0.5]], rtol=1e-14)
    # with nothing kept the last visit alone
    assert_array_equal(advantage(round_of([1], past=past), decay=0.0), [[1.0]])


def test_it_is_the_tracker_of_a_success_rate():
    """v = α/(α + β), with α and β of the update rule, rewards {0, 1}."""
    rng = np.random.default_rng(0)
    rewards = rng.integers(0, 2, size=9).astype(float).tolist()
    alpha, beta = 2.0 * 0.3, 2.0 * 0.7
    for reward in rewards:
        alpha, beta = 0.8 * alpha + reward, 0.8 * beta + 1 - reward
    scores = round_of([1], [1], queries=["q0", "q1"], past=Past({"q0": rewards}))
    tracked = advantage(scores, decay=0.8, prior=0.3, prior_weight=2.0)
    assert_allclose(tracked, [[1 - alpha / (alpha + beta)], [0.7]], rtol=1e-14)


def test_rollouts_of_one_round_are_one_visit():
    # α: 0.5, then 0.9·0.5 + 1 = 1.45, then 0.9·1.45 + 2 = 3.305; α + β: 1, 2.9, 4.61
    past = Past({"q0": [1.0, 0.0, 1.0, 1.0]})
    assert_allclose(advantage(round_of([1, 0], past=past)), [[1 - 3.305 / 4.61, -3.305 / 4.61]], rtol=1e-14)


def test_this_round_and_statistics_rollouts_are_not_in_it():
    past = Past({"q0": [1.0]})
    twice = round_of([1], [0], queries=["q0", "q0"], past=past)
    assert_array_equal(advantage(twice)[0] - advantage(twice)[1], [1.0])
    assert_array_equal(advantage(round_of([1, 0, 0], n=1, past=past)), advantage(round_of([1], past=past)))


def test_equal_rewards_give_equal_advantages():
    assert_array_equal(advantage(round_of([1, 1, 1])), [[0.5, 0.5, 0.5]])
