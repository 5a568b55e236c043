"""A count sketch keeps inner products in the mean, and is what its definition says."""

import numpy as np
import pytest
import torch

from rftlab.probe.sketch import Sketch

SHAPES = [(40, 30), (30,), (7, 5)]


def gradients(seed: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in SHAPES]


WEIGHTS = gradients(0)


def flat(tensors: list[torch.Tensor]) -> np.ndarray:
    return torch.cat([tensor.flatten() for tensor in tensors]).double().numpy()


def test_a_sketch_is_linear_and_the_same_for_a_seed() -> None:
    x, y = gradients(1), gradients(2)
    sketch = Sketch(WEIGHTS, 16, seed=3)
    together = sketch([2 * a + b for a, b in zip(x, y, strict=True)])
    assert together == pytest.approx(2 * sketch(x) + sketch(y), abs=1e-4)
    assert (Sketch(WEIGHTS, 16, seed=3)(x) == sketch(x)).all()
    assert (Sketch(WEIGHTS, 16, seed=4)(x) != sketch(x)).any()


def test_inner_products_are_right_in_the_mean_and_as_far_off_as_theory_says() -> None:
    x, y = gradients(1), gradients(2)
    y = [0.5 * a + b for a, b in zip(x, y, strict=True)]
    exact, scale = float(flat(x) @ flat(y)), float(np.linalg.norm(flat(x)) * np.linalg.norm(flat(y)))
    D, seeds = 64, 400
    found = [float(Sketch(WEIGHTS, D, seed)(x) @ Sketch(WEIGHTS, D, seed)(y)) for seed in range(seeds)]
    error = float(np.std(found))
    assert np.mean(found) == pytest.approx(exact, abs=4 * error / np.sqrt(seeds))
    assert 0.5 / np.sqrt(D) < error / scale < np.sqrt(2 / D)


def test_every_weight_is_one_signed_sum() -> None:
    sketch = Sketch([torch.zeros(3)], 5, seed=1)
    columns = np.stack([sketch([one]) for one in torch.eye(3)])
    assert (np.abs(columns).sum(axis=1) == 1).all()


def test_a_weight_without_a_gradient_adds_nothing() -> None:
    x = gradients(1)
    sketch = Sketch(WEIGHTS, 16, seed=3)
    assert (sketch([x[0], None, x[2]]) == sketch([x[0], torch.zeros(SHAPES[1]), x[2]])).all()
