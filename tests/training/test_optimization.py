"""The learning rate of each round, and the optimizer by its name."""

from __future__ import annotations

import pytest
import torch

from rftlab.optimizers.sgd import Sgd
from rftlab.training.optimization import OptimizerConfig
from training import policy

ADAMW = {"lr": 0.5, "max_gradient_norm": 1.0, "weight_decay": 0.01, "betas": [0.9, 0.999], "epsilon": 1e-8}


def rates(rounds: int | None, count: int, **keys: object) -> list[float]:
    config = OptimizerConfig.read({**ADAMW, "lr": 1.0, **keys})
    return [config.rate(number, rounds) for number in range(1, count + 1)]


def test_a_section_of_before_is_adamw_at_one_rate() -> None:
    config = OptimizerConfig.read(ADAMW)
    assert (config.name, config.schedule, config.warmup) == ("adamw", {"name": "constant"}, 0)
    made = config.build(policy())
    assert isinstance(made, torch.optim.AdamW)
    (group,) = made.param_groups
    assert (group["lr"], group["eps"], group["weight_decay"]) == (0.5, 1e-8, 0.01)
    assert {config.rate(number, rounds) for number in (1, 7) for rounds in (7, None)} == {0.5}


def test_an_optimizer_by_its_name_with_its_own_parameters() -> None:
    made = OptimizerConfig.read({"lr": 0.5, "max_gradient_norm": 1.0, "name": "sgd", "momentum": 0.25}).build(policy())
    assert isinstance(made, Sgd)
    assert made.param_groups[0]["momentum"] == 0.25
    with pytest.raises(TypeError, match="betas"):
        OptimizerConfig.read({**ADAMW, "name": "sgd"}).build(policy())


def test_a_missing_key_is_missed() -> None:
    with pytest.raises(TypeError, match="max_gradient_norm"):
        OptimizerConfig.read({"lr": 1.0})


def test_warm_up_rises_in_equal_steps_and_ends_at_the_whole_rate() -> None:
    assert rates(None, 6, warmup=4) == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    assert rates(4, 4, warmup=4, schedule={"name": "linear"}) == [0.25, 0.5, 0.75, 1.0]


def test_what_goes_down_begins_after_the_warm_up() -> None:
    assert rates(4, 4, schedule={"name": "linear"}) == [1.0, 0.75, 0.5, 0.25]
    assert rates(6, 6, warmup=2, schedule={"name": "linear", "final": 0.0}) == [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]
    assert rates(4, 4, schedule={"name": "cosine", "final": 0.5})[2] == pytest.approx(0.75)


def test_every_group_gets_the_rate_of_the_round() -> None:
    config = OptimizerConfig.read({"lr": 1.0, "max_gradient_norm": 1.0, "name": "muon", "schedule": {"name": "linear"}})
    made = config.build(policy())
    config.set_rate(made, 2, 4)
    assert [group["lr"] for group in made.param_groups] == [0.75, 0.75]
