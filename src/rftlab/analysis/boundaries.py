"""Group-sequential levels: how small a p-value must be at each look, so that all looks together err with α.

A study that looks at its results after S₁ < S₂ < … < S_K seeds and stops at a verdict would, at an uncorrected level,
err once per look. Lan & DeMets spend the error by a function of the information: α·(S/S_K)² up to S seeds. An
estimate's variance is inversely proportional to the seeds, up to the noise of queries, which all looks share; so
increments between looks are independent, and the boundaries of a Brownian motion observed at t = S/S_K hold.
"""

from __future__ import annotations

import functools
import itertools

import numpy as np
from scipy import optimize, stats

NODES = 96  # of the quadrature: more change no digit that is shown


@functools.cache
def nominal_levels(seeds: tuple[int, ...], alpha: float) -> tuple[float, ...]:
    """Two-sided level of a test at each look.

    With B a Brownian motion, t_k = S_k/S_K and c_k the boundaries, P(|B(t_j)| < c_j for j < k and |B(t_k)| ≥ c_k) =
    α·(t_k² − t_{k−1}²); the level is 2·(1 − Φ(c_k/√t_k)). One look has the level α.

    Args:
        seeds: of a level at each look, increasing.
        alpha: the error that all looks spend together, two-sided.

    Raises:
        ValueError: seeds that do not increase from one on, or alpha outside (0, 1).

    Source: Lan & DeMets 1983; the recursion of Armitage, McPherson & Rowe 1969.
    """
    if not seeds or seeds[0] < 1 or any(b <= a for a, b in itertools.pairwise(seeds)):
        raise ValueError(f"looks need increasing numbers of seeds, not {list(seeds)}")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha lies between 0 and 1, not at {alpha:g}")
    times = [S / seeds[-1] for S in seeds]
    levels, spent, before = [], 0.0, 0.0
    b, density = np.zeros(1), np.ones(1)  # where the paths are that have crossed nothing, and how much of them
    for t in times:
        share, spent = alpha * t**2 - spent, alpha * t**2
        step = np.sqrt(t - before)

        def crossing(c: float, b: np.ndarray = b, weight: np.ndarray = density, step: float = step) -> float:
            return float(weight @ (stats.norm.sf((c - b) / step) + stats.norm.cdf((-c - b) / step)))

        c = float(optimize.brentq(lambda c, f=crossing, share=share: f(c) - share, 1e-9, 12.0 * np.sqrt(t), xtol=1e-12))
        levels.append(float(2 * stats.norm.sf(c / np.sqrt(t))))
        nodes, weights = np.polynomial.legendre.leggauss(NODES)
        new = c * nodes
        density = c * weights * (stats.norm.pdf((new[:, None] - b) / step) / step @ density)
        b, before = new, t
    return tuple(levels)
