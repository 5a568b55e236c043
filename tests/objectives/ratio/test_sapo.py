import math

import pytest

from rftlab.objectives.ratio.sapo import policy_loss
from tokens import assert_finite_where_ratios_overflow, assert_masked, assert_none_at_ratio_one, loss_and_gradient


def test_the_gate_by_hand():
    """ρ = 2, A = 1, τ = 1: f = 4·σ(1) = 2.924234; f' = 4·σ(1)·σ(−1) = 0.786448, times ρ."""
    losses, gradients = loss_and_gradient(policy_loss, [2.0, 1.0], 1.0)
    assert losses == pytest.approx([-2.924234, -2.0], abs=1e-6)
    assert gradients == pytest.approx([-2 * 0.786448, -1.0], abs=1e-6)


def test_failures_have_a_temperature_of_their_own():
    """ρ = 2, A = −1, τ = 1.05: f = (4/1.05)·σ(1.05); its weight falls faster than a success's."""
    losses, _ = loss_and_gradient(policy_loss, [2.0], -1.0)
    assert losses == pytest.approx([4 / 1.05 / (1 + math.exp(-1.05))], rel=1e-12)
    assert loss_and_gradient(policy_loss, [2.0], -1.0, tau_negative=1.0)[0] == pytest.approx([2.924234], abs=1e-6)


@pytest.mark.parametrize("advantage", [1.0, -1.0])
def test_no_token_is_silent_and_far_ones_whisper(advantage):
    _, gradients = loss_and_gradient(policy_loss, [0.25, 1.0, 4.0, 8.0], advantage)
    sizes = [abs(gradient) for gradient in gradients]
    assert min(sizes) > 0
    assert sizes[1] > sizes[2] > sizes[3]


def test_what_all_ratios_do():
    assert_none_at_ratio_one(policy_loss)
    assert_masked(policy_loss)
    assert_finite_where_ratios_overflow(policy_loss, 1.0)
    assert_finite_where_ratios_overflow(policy_loss, -1.0)
