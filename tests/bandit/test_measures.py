"""Measures of estimates whose moments are plain."""

from math import isnan, sqrt

import numpy as np
import pytest

from rftlab.bandit.measures import measures, sampled_measures

G = np.array([3.0, 4.0])


def test_an_unbiased_estimate_has_its_variance_and_its_signal() -> None:
    found = measures(G, 25 + 50, 0.1, G, rollouts=8)
    assert (found.scale, found.bias, found.cosine, found.variance, found.silent) == (1, 0, 1, 2, 0.1)
    assert found.signal == pytest.approx(1 / 2 / 8)


def test_a_factor_changes_scale_and_bias_and_no_signal() -> None:
    one, three = measures(G, 75, 0, G, rollouts=8), measures(3 * G, 9 * 75, 0, G, rollouts=8)
    assert (three.scale, three.bias, three.cosine) == (3, 2, 1)
    assert three.signal == pytest.approx(one.signal)


def test_a_wrong_direction_is_in_the_cosine() -> None:
    found = measures(np.array([-4.0, 3.0]) + G, 100, 0, G, rollouts=1)
    assert (found.scale, found.bias) == (1, 1)
    assert found.cosine == pytest.approx(sqrt(0.5))


def test_nothing_has_no_direction_and_no_signal() -> None:
    found = measures(np.zeros(2), 0.0, 1.0, G, rollouts=4)
    assert isnan(found.cosine)
    assert (found.scale, found.bias, found.variance, found.signal, found.silent) == (0, 1, 0, 0, 1)


def test_a_sample_of_noise_around_the_gradient_is_found_to_be_that() -> None:
    generator = np.random.default_rng(1)
    spread = []
    for _ in range(40):
        means_SD = G + generator.standard_normal((400, 2))
        squares_S = (means_SD**2).sum(axis=1) + 3.0
        found, errors = sampled_measures(means_SD, squares_S, np.zeros(400), G, 2)
        assert found.variance == pytest.approx((2 + 3) / 25, rel=0.2)
        spread.append((found.scale, errors.scale, found.bias))
    scales, errors_, biases = np.array(spread).T
    assert scales.std(ddof=1) == pytest.approx(errors_.mean(), rel=0.35)
    assert errors_.mean() == pytest.approx(1 / 5 / sqrt(400), rel=0.15)
    assert np.median(biases) < 0.015  # its own sampling noise, sqrt(2/400)/5, is taken off
