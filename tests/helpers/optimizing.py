"""What all optimizers must do, checked in one line each."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch

from rftlab.training.saved_state import optimizer_tensors
from training import policy


def weights_after(optimizer: Callable[..., Any], gradients: list[float], lr: float, **parameters: Any) -> list[float]:
    """Where a weight that begins at 1 is after each gradient."""
    model = torch.nn.Linear(1, 1, bias=False)
    model.weight.data.fill_(1.0)
    made, values = optimizer(model, lr, **parameters), []
    for gradient in gradients:
        model.weight.grad = torch.full_like(model.weight, gradient)
        made.step()
        values.append(model.weight.item())
    return values


def assert_it_goes_on_where_it_was_saved(optimizer: Callable[..., Any]) -> None:
    """Two steps, saved as tensors and JSON after the first, are the two steps of one that was never saved."""
    model, other = policy(), policy(seed=1)
    made = optimizer(model, 1e-3)
    before = copy.deepcopy(model.state_dict())
    step(model, made, seed=0)
    assert all(not torch.equal(before[name], value) for name, value in model.state_dict().items())

    other.load_state_dict(model.state_dict())
    again = optimizer(other, 1.0)
    tensors, rest = optimizer_tensors(made)
    state: dict[int, dict[str, Any]] = {}
    for key, value in {**tensors, **rest["values"]}.items():
        state.setdefault(int(key.partition("/")[0]), {})[key.partition("/")[2]] = value
    again.load_state_dict({"state": state, "param_groups": rest["groups"]})
    for one, optimizer_of_it in ((model, made), (other, again)):
        step(one, optimizer_of_it, seed=1)
    theirs = other.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in model.state_dict().items())
    assert {group["lr"] for group in again.param_groups} == {1e-3}


def step(model: Any, optimizer: Any, *, seed: int) -> None:
    """One step on gradients drawn by a seed."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator)
    optimizer.step()
