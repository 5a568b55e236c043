import pytest
import torch

from optimizing import assert_it_goes_on_where_it_was_saved, step, weights_after
from rftlab.optimizers.adamw import optimizer
from training import policy


def test_two_steps_by_hand():
    # m̂ = g and √v̂ = |g| at first: 1 − 0.1·(1 + 0.5·1); then m = 0.9·0.1·2 + 0.1·(−1), bias 1 − 0.81, v likewise
    m, v = (0.9 * 0.1 * 2 - 0.1) / 0.19, (0.999 * 0.001 * 4 + 0.001) / (1 - 0.999**2)
    first = 1 - 0.1 * 1.5
    expected = [first, first * (1 - 0.05) - 0.1 * m / v**0.5]
    assert weights_after(optimizer, [2.0, -1.0], 0.1, weight_decay=0.5) == pytest.approx(expected, rel=1e-6)


def test_it_is_torchs_with_these_parameters():
    ours, theirs = policy(), policy()
    parameters = {"betas": (0.8, 0.95), "weight_decay": 0.1}
    one = optimizer(ours, 1e-3, epsilon=1e-6, **parameters)
    other = torch.optim.AdamW(theirs.parameters(), lr=1e-3, eps=1e-6, **parameters)
    for seed in range(3):
        step(ours, one, seed=seed)
        step(theirs, other, seed=seed)
    assert all(torch.equal(value, theirs.state_dict()[name]) for name, value in ours.state_dict().items())
    assert not one.defaults["fused"]


def test_frozen_weights_stay():
    model = policy()
    first = next(model.parameters()).requires_grad_(False)
    (group,) = optimizer(model, 1e-3).param_groups
    assert first is not group["params"][0]
    assert len(group["params"]) == len([*model.parameters()]) - 1


def test_it_goes_on_where_it_was_saved():
    assert_it_goes_on_where_it_was_saved(optimizer)
