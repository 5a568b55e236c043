"""Bounds of the clamped k3, in value and gradient."""

import math

import pytest
import torch

from rftlab.objectives.kl import k3, k3_clamped


def penalty(delta: float) -> tuple[float, float]:
    """Value and slope in log π of a token whose log(π_ref/π) is ``delta``."""
    logprobs = torch.tensor([[-3.0]], dtype=torch.float64, requires_grad=True)
    value = k3_clamped.penalty(logprobs, torch.tensor([[-3.0 + delta]], dtype=torch.float64))
    (slope,) = torch.autograd.grad(value.sum(), logprobs)
    return value.item(), slope.item()


@pytest.mark.parametrize("delta", [-5.0, -0.1, 0.0, 0.1, 2.5])
def test_within_its_bounds_it_is_k3(delta: float) -> None:
    value, slope = penalty(delta)
    assert value == pytest.approx(math.expm1(delta) - delta, rel=1e-12, abs=1e-15)
    assert slope == pytest.approx(1 - math.exp(delta), rel=1e-12, abs=1e-15)
    deltas = torch.tensor([[delta]], dtype=torch.float64)
    assert k3.penalty(torch.zeros_like(deltas), deltas).item() == pytest.approx(value, abs=1e-15)


@pytest.mark.parametrize(
    ("delta", "value"), [(2.7, 10.0), (30.0, 10.0), (900.0, 10.0), (-19.0, 18.0 + math.exp(-19.0))]
)
def test_the_penalty_is_at_most_ten(delta: float, value: float) -> None:
    found, slope = penalty(delta)
    assert found == pytest.approx(min(value, 10.0), rel=1e-12)
    assert slope == 0.0


def test_the_bound_is_where_it_says() -> None:
    assert math.expm1(2.6) - 2.6 < 10 < math.expm1(2.62) - 2.62
    assert math.exp(2.61) == pytest.approx(13.6, abs=0.1)
