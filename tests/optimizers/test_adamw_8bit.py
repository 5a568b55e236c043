"""The package that it needs is not among the dependencies: what is handed to it is tested, with a stand-in."""

import sys
from types import ModuleType

import pytest
import torch

from rftlab.errors import BadInputError
from rftlab.optimizers import adamw_8bit
from training import policy


@pytest.fixture
def given(monkeypatch) -> list:
    calls: list = []

    def stand_in(weights, **parameters):
        calls.append((weights, parameters))
        return torch.optim.SGD(weights)

    package, module = ModuleType("bitsandbytes"), ModuleType("bitsandbytes.optim")
    module.AdamW8bit = stand_in
    monkeypatch.setitem(sys.modules, "bitsandbytes", package)
    monkeypatch.setitem(sys.modules, "bitsandbytes.optim", module)
    return calls


def test_it_says_what_it_needs():
    assert adamw_8bit.NEEDS == "bitsandbytes"


def test_a_policy_on_no_gpu_is_refused(given):
    with pytest.raises(BadInputError, match="adamw_8bit needs a GPU, and the policy is on cpu"):
        adamw_8bit.optimizer(policy(), 1e-3)
    assert given == []


def test_parameters_reach_the_package(given):
    class OnGpu(torch.nn.Parameter):
        device = torch.device("cuda")

    model = torch.nn.Linear(1, 1, bias=False)
    model.weight = OnGpu(torch.ones(1, 1))
    adamw_8bit.optimizer(model, 0.5, weight_decay=0.1, betas=(0.8, 0.9), epsilon=1e-6)
    ((weights, parameters),) = given
    assert weights == [model.weight]
    assert parameters == {"lr": 0.5, "betas": (0.8, 0.9), "eps": 1e-6, "weight_decay": 0.1}
