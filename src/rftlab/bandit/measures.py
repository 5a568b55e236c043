"""What an estimator of the gradient is worth, from its moments.

ĝ is a round's gradient, the mean over its trained rollouts of A·∇log π, and g = ∇J what it should be. All is relative
to ‖g‖, so that no unit remains:

- ``scale`` = ⟨E ĝ, g⟩ / ‖g‖²: how long the mean estimate is in the right direction; 1 where ĝ is unbiased.
- ``bias`` = ‖E ĝ − g‖ / ‖g‖: 0 where ĝ is unbiased.
- ``cosine`` of E ĝ and g: what of a bias a learning rate cannot make good; 1 where only the scale is off.
- ``variance`` = tr Cov ĝ / ‖g‖².
- ``signal`` = scale² / variance / rollouts sampled: the squared signal over the noise, per rollout. No factor before ĝ
  changes it, and where queries do not influence each other it is the same for every B.
- ``silent``: share of rounds whose advantages are all 0.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from rftlab.advantages import Floats

BATCHES = 20  # of a sample, for its errors


@dataclass(frozen=True)
class Measures:
    """The numbers above; ``cosine`` is not a number where the mean estimate is 0."""

    scale: float
    bias: float
    cosine: float
    variance: float
    signal: float
    silent: float


def measures(
    mean_D: Floats, square: float, silent: float, gradient_D: Floats, rollouts: int, *, noise: float = 0.0
) -> Measures:
    """From E ĝ, E‖ĝ‖² and the share of silent rounds.

    Args:
        mean_D: E ĝ.
        square: E‖ĝ‖².
        silent: share of rounds.
        gradient_D: g.
        rollouts: sampled in a round.
        noise: where E ĝ was sampled, the expected square of its error, which is taken from squares of it.
    """
    norm2 = float(gradient_D @ gradient_D)
    along, length2 = float(mean_D @ gradient_D), max(0.0, float(mean_D @ mean_D) - noise)
    scale = along / norm2
    off = mean_D - gradient_D
    variance = max(0.0, square - length2) / norm2
    if variance < 1e-14:
        variance = 0.0
    return Measures(
        scale=scale,
        bias=sqrt(max(0.0, float(off @ off) - noise) / norm2),
        cosine=min(1.0, max(-1.0, along / sqrt(norm2 * length2))) if length2 > 1e-14 * norm2 else float("nan"),
        variance=variance,
        signal=scale**2 / variance / rollouts if variance else 0.0,
        silent=silent,
    )


def sampled_measures(
    means_SD: Floats, squares_S: Floats, silent_S: Floats, gradient_D: Floats, rollouts: int
) -> tuple[Measures, Measures]:
    """The same from S sampled rounds, and the standard errors: a jackknife over ``BATCHES`` parts of the sample.

    Args:
        means_SD: E[ĝ | round], which is known where a round's rewards are.
        squares_S: E[‖ĝ‖² | round].
        silent_S: 1 for a silent round.
        gradient_D: g.
        rollouts: sampled in a round.
    """

    def of(rows: NDArray[np.int64]) -> Measures:
        mean_D = means_SD[rows].mean(axis=0)
        noise = float(means_SD[rows].var(axis=0, ddof=1).sum()) / len(rows)
        return measures(
            mean_D, float(squares_S[rows].mean()), float(silent_S[rows].mean()), gradient_D, rollouts, noise=noise
        )

    everything = np.arange(len(means_SD))
    without = [astuple(of(everything[everything % BATCHES != batch])) for batch in range(BATCHES)]
    errors = np.std(without, axis=0) * sqrt(BATCHES - 1)
    return of(everything), Measures(*errors.tolist())
