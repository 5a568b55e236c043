"""The bandit is the one it is said to be, and its gradient is that of its success rate."""

import numpy as np
import pytest

from rftlab.bandit.problem import bandit

RATES = [0.1, 0.5, 0.9]
PROBLEM = bandit(RATES)


def success_rate(theta_D: np.ndarray) -> float:
    """J(θ) of π_θ ∝ π·exp(θ·score): features and scores differ by a number for each kind of query, which cancels."""
    logits_XK = np.log(PROBLEM.policy_XK) + PROBLEM.scores_XKD @ theta_D
    policy_XK = np.exp(logits_XK)
    policy_XK /= policy_XK.sum(axis=1, keepdims=True)
    return float(policy_XK[:, : PROBLEM.right].sum(axis=1).mean())


def test_success_rates_are_those_asked_for() -> None:
    assert PROBLEM.success_X == pytest.approx(RATES)
    assert PROBLEM.policy_XK.sum(axis=1) == pytest.approx([1, 1, 1])


def test_the_gradient_is_that_of_the_success_rate() -> None:
    h = 1e-5
    steps = h * np.eye(len(PROBLEM.gradient_D))
    numeric_D = [(success_rate(step) - success_rate(-step)) / (2 * h) for step in steps]
    assert PROBLEM.gradient_D == pytest.approx(numeric_D, abs=1e-9)


def test_scores_have_mean_zero_and_their_moments_by_reward_are_those_of_actions() -> None:
    assert np.einsum("xk,xkd->xd", PROBLEM.policy_XK, PROBLEM.scores_XKD) == pytest.approx(np.zeros((3, 16)), abs=1e-12)
    for x, p in enumerate(RATES):
        right, wrong = PROBLEM.means_X2D[x]
        assert p * right + (1 - p) * wrong == pytest.approx(np.zeros(16), abs=1e-12)
        weights = PROBLEM.policy_XK[x, :2] / p
        off = PROBLEM.scores_XKD[x, :2] - right
        assert PROBLEM.spreads_X2[x, 0] == pytest.approx(float(weights @ (off**2).sum(axis=1)))


def test_lengths_are_in_proportion_to_squared_norms() -> None:
    squares_XK = (PROBLEM.scores_XKD**2).sum(axis=2)
    means = [
        np.mean([np.average(squares_XK[x, part], weights=PROBLEM.policy_XK[x, part]) for x in range(3)])
        for part in (slice(2), slice(2, None))
    ]
    assert PROBLEM.lengths == tuple(round(100 * mean) for mean in means)


def test_bandits_of_one_seed_differ_in_their_success_rates_alone() -> None:
    other = bandit([0.2, 0.3, 0.4])
    for part in (slice(2), slice(2, None)):
        shares = [
            one.policy_XK[:, part] / one.policy_XK[:, part].sum(axis=1, keepdims=True) for one in (PROBLEM, other)
        ]
        assert shares[0] == pytest.approx(shares[1])


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1])
def test_a_success_rate_is_between_0_and_1(rate: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        bandit([0.5, rate])
