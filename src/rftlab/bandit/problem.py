"""A contextual bandit small enough to enumerate: kinds of queries, actions, a softmax policy, rewards 1 and 0.

π_θ(a|x) ∝ exp(c_xa + θ·φ_xa) at θ = 0; the score is ∇log π(a|x) = φ_xa − E_π[φ_x], a rollout one action. Half of what
an action's features say is common to all kinds of queries and half is the kind's own, so that queries teach each other
something, but not all. The goal is the success rate J = mean over kinds of p_x, and its gradient mean ∇p_x.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rftlab.advantages import Floats

RIGHT, WRONG, DIMENSIONS = 2, 6, 16
SEED = 20260122


@dataclass(frozen=True)
class Bandit:
    """Kinds of queries X, equally likely; actions K, of which the first ``right`` are rewarded; D parameters.

    Args:
        policy_XK: π(a|x), the rows sum to 1.
        scores_XKD: ∇log π(a|x).
        right: how many actions have reward 1; the others have 0.
    """

    policy_XK: Floats
    scores_XKD: Floats
    right: int

    @cached_property
    def success_X(self) -> Floats:
        """p_x, the chance of reward 1."""
        success_X: Floats = self.policy_XK[:, : self.right].sum(axis=1)
        return success_X

    @cached_property
    def greedy_X(self) -> Floats:
        """Reward of the greedy response, the likeliest action."""
        greedy_X: Floats = (self.policy_XK.argmax(axis=1) < self.right).astype(np.float64)
        return greedy_X

    @cached_property
    def gradient_D(self) -> Floats:
        """∇J, exactly: the mean over x of Σ_a π(a|x) r_a ∇log π(a|x)."""
        right_XK = self.policy_XK[:, : self.right]
        gradient_D: Floats = np.einsum("xk,xkd->d", right_XK, self.scores_XKD[:, : self.right]) / len(self.policy_XK)
        return gradient_D

    @cached_property
    def means_X2D(self) -> Floats:
        """E[∇log π | x, reward], reward 1 first."""
        return np.stack([np.einsum("xk,xkd->xd", given_XK, self.scores_XKD) for given_XK in self._given_2XK], axis=1)

    @cached_property
    def spreads_X2(self) -> Floats:
        """E[‖∇log π‖² | x, reward] − ‖E[∇log π | x, reward]‖²."""
        squares_XK = (self.scores_XKD**2).sum(axis=2)
        means_2X = [(given_XK * squares_XK).sum(axis=1) for given_XK in self._given_2XK]
        spreads_X2: Floats = np.stack(means_2X, axis=1) - (self.means_X2D**2).sum(axis=2)
        return spreads_X2

    @cached_property
    def lengths(self) -> tuple[int, int]:
        """Tokens of a response with reward 1 and with 0: a hundred times the mean squared norm of its score.

        What a length stands in for in `optimal_baseline` it is here exactly, within each reward.
        """
        norms_X2 = self.spreads_X2 + (self.means_X2D**2).sum(axis=2)
        right, wrong = (max(1, round(100 * float(norm))) for norm in norms_X2.mean(axis=0))
        return right, wrong

    @property
    def _given_2XK(self) -> list[Floats]:
        """π(a | x, reward), reward 1 first."""
        rewarded_K = np.arange(self.policy_XK.shape[1]) < self.right
        parts = [self.policy_XK * rewarded_K, self.policy_XK * ~rewarded_K]
        return [part / part.sum(axis=1, keepdims=True) for part in parts]


def bandit(
    success: Sequence[float], *, right: int = RIGHT, wrong: int = WRONG, dimensions: int = DIMENSIONS, seed: int = SEED
) -> Bandit:
    """The bandit of this laboratory, a kind of query for each success rate, each in (0, 1).

    Features and preferences c are standard normal from ``seed``, so that bandits of other success rates differ in
    nothing else.

    Raises:
        ValueError: a success rate is not between 0 and 1.
    """
    rates_X = np.asarray(success, dtype=np.float64)
    if not ((rates_X > 0) & (rates_X < 1)).all():
        raise ValueError(f"success rates are between 0 and 1, got {list(success)}")
    X, K, generator = len(rates_X), right + wrong, np.random.default_rng(seed)
    common_1KD = generator.standard_normal((1, K, dimensions))
    own_XKD = generator.standard_normal((X, K, dimensions))
    policy_XK = np.exp(generator.standard_normal((X, K)))
    for part, share_X in ((slice(right), rates_X), (slice(right, None), 1 - rates_X)):
        policy_XK[:, part] *= share_X[:, None] / policy_XK[:, part].sum(axis=1, keepdims=True)
    features_XKD = np.sqrt(0.5) * (common_1KD + own_XKD)
    scores_XKD = features_XKD - np.einsum("xk,xkd->xd", policy_XK, features_XKD)[:, None]
    return Bandit(policy_XK, scores_XKD, right)
