import pytest
import torch

from optimizing import assert_it_goes_on_where_it_was_saved, step
from rftlab.errors import BadInputError
from rftlab.optimizers.muon import optimizer, outer_weights
from rftlab.policies.lora import LoraConfig
from training import policy


def test_hidden_matrices_go_by_muon_and_all_else_by_adamw():
    model = policy()
    muon, adamw = optimizer(model, 1e-3).optimizers
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    by_muon, by_adamw = ([names[id(p)] for g in one.param_groups for p in g["params"]] for one in (muon, adamw))
    assert sorted(by_muon + by_adamw) == sorted(names.values())
    assert all(".mlp." in name or ".self_attn." in name for name in by_muon)
    assert all(name.endswith("weight") and "norm" not in name for name in by_muon)
    assert "model.embed_tokens.weight" in by_adamw
    assert {id(weight) for weight in outer_weights(model)} == {id(model.lm_head.weight)}, "they are one weight"


def test_a_step_is_orthogonal_and_as_large_as_adamws():
    model = policy()
    made = optimizer(model, 1e-3, weight_decay=0.0)
    weight = model.model.layers[0].self_attn.q_proj.weight
    before = weight.detach().clone()
    step(model, made, seed=0)
    moved = before - weight.detach()
    singular = torch.linalg.svdvals(moved)
    assert singular.min() > 0.4 * singular.max(), "all directions move alike"
    assert moved.square().mean().sqrt().item() == pytest.approx(0.2e-3, rel=0.3)  # AdamW's is about 0.2 to 0.4 of lr


def test_weight_decay_takes_a_share():
    decayed, plain = policy(), policy()
    for model, decay in ((decayed, 10.0), (plain, 0.0)):
        step(model, optimizer(model, 1e-2, weight_decay=decay), seed=0)
    for (name, one), other, start in zip(
        decayed.named_parameters(), plain.parameters(), policy().parameters(), strict=True
    ):
        torch.testing.assert_close(one, other - 0.1 * start, rtol=1e-4, atol=1e-6, msg=name)


def test_adapters_are_matrices():
    adapted = LoraConfig(rank=2, alpha=4, targets=["q_proj"]).adapt(policy(), 0)
    (muon,) = optimizer(adapted, 1e-3).optimizers
    assert len(muon.param_groups[0]["params"]) == 4


def test_one_learning_rate_reaches_both():
    model = policy()
    made = optimizer(model, 1e-3)
    for group in made.param_groups:
        group["lr"] = 0.0
    before = [parameter.detach().clone() for parameter in model.parameters()]
    step(model, made, seed=0)
    assert all(torch.equal(one, other) for one, other in zip(before, model.parameters(), strict=True))


def test_it_goes_on_where_it_was_saved():
    assert_it_goes_on_where_it_was_saved(optimizer)


def test_a_torch_without_it_is_refused(monkeypatch):
    monkeypatch.delattr(torch.optim, "Muon")
    with pytest.raises(BadInputError, match=r"optimizer\.name: muon needs torch 2\.9 or later"):
        optimizer(policy(), 1e-3)
