import pytest
import torch
from transformers import AutoModelForCausalLM

from rftlab.errors import BadInputError
from rftlab.policies.checkpoint import save_checkpoint
from rftlab.policies.lora import LoraConfig, merged
from training import ARCHITECTURES, TOKENIZER, policy, prompts

CONFIG = LoraConfig(rank=3, alpha=6, targets=["q_proj", "down_proj"])
IDS = torch.tensor([[*prompts(1, longest=40)[0], 5, 6, 7]])


@pytest.fixture(params=ARCHITECTURES)
def plain(request):
    return policy(request.param)


@pytest.fixture
def adapted(plain, request):
    return CONFIG.adapt(policy(plain.config.model_type), random_seed=0)


def moved(model, scale: float = 0.1):
    """The model after its adapters have been trained, more or less."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn(parameter.shape, generator=generator) * scale)
    return model


def logits(model) -> torch.Tensor:
    with torch.no_grad():
        return model(input_ids=IDS).logits


def test_at_first_the_policy_is_the_base_model(plain, adapted) -> None:
    assert torch.equal(logits(adapted), logits(plain))
    assert not any(module.training for module in adapted.modules())


def test_only_adapters_are_trained(adapted) -> None:
    trained = {name for name, parameter in adapted.named_parameters() if parameter.requires_grad}
    assert trained == {name for name, _ in adapted.named_parameters() if ".lora_" in name}
    assert len(trained) == 2 * 2 * len(CONFIG.targets)  # A and B, two layers


def test_adapters_follow_from_the_seed_alone(plain) -> None:
    def numbers(seed: int) -> torch.Tensor:
        model = CONFIG.adapt(policy(plain.config.model_type), seed)
        return torch.cat([p.flatten() for p in model.parameters() if p.requires_grad])

    state = torch.get_rng_state()
    assert torch.equal(numbers(0), numbers(0))
    assert not torch.equal(numbers(0), numbers(1))
    assert torch.equal(torch.get_rng_state(), state)


def test_merging_leaves_the_policy_alone_and_gives_an_ordinary_model(plain, adapted) -> None:
    moved(adapted)
    before = logits(adapted).clone()
    model = merged(adapted)
    assert [*model.state_dict()] == [*plain.state_dict()]
    torch.testing.assert_close(logits(model), before, rtol=0, atol=1e-4)
    assert (before - logits(plain)).abs().max() > 0.01
    assert torch.equal(logits(adapted), before)
    assert any(parameter.requires_grad for parameter in adapted.parameters())


def test_the_change_is_alpha_over_rank_times_b_a(plain, adapted) -> None:
    moved(adapted)
    layer = adapted.model.layers[1].mlp.down_proj
    change = 6 / 3 * layer.lora_B["default"].weight @ layer.lora_A["default"].weight
    expected = plain.model.layers[1].mlp.down_proj.weight + change
    torch.testing.assert_close(merged(adapted).model.layers[1].mlp.down_proj.weight, expected)


def test_a_policy_without_adapters_is_itself(plain) -> None:
    assert merged(plain) is plain


def test_a_checkpoint_loads_as_any_other(adapted, tmp_path) -> None:
    moved(adapted)
    save_checkpoint(tmp_path / "checkpoint", merged(adapted), TOKENIZER)
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "checkpoint", dtype=torch.float32)
    torch.testing.assert_close(logits(loaded), logits(adapted), rtol=0, atol=1e-4)


def test_a_name_no_module_has_is_refused(plain) -> None:
    with pytest.raises(BadInputError, match=r"lora\.targets: no module of a \w+ model is named 'query'"):
        LoraConfig(3, 6, ["q_proj", "query"]).adapt(plain, 0)
