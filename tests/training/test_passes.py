import random

import pytest
import torch

from rftlab.rollouts import Rollout
from rftlab.training.passes import Passes, compiled_body, recomputing
from training import ARCHITECTURES, PAD, policy, prompts

ROLLOUTS = [
    Rollout(tuple(p), tuple(t), (0.0,) * len(t), truncated=False)
    for p, t in zip(prompts(8), prompts(8, seed=1), strict=True)
]


def passes(**options) -> Passes:
    return Passes(**{"pad_token": PAD, "temperature": 1.0, "token_budget": 10**6, **options})


def result(model, options: Passes) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-probabilities of all rollouts, and the gradient of their sum."""
    model.zero_grad()
    found = {}
    for batch in options.batches(ROLLOUTS):
        logprobs_NT, mask_NT = options.logprobs(model, batch)
        logprobs_NT.sum().backward()
        found |= {i: row[mask].detach() for i, row, mask in zip(batch.indices, logprobs_NT, mask_NT, strict=True)}
    return torch.cat([found[i] for i in sorted(found)]), torch.cat([p.grad.flatten() for p in model.parameters()])


def assert_close(one, other, *, rounding: float) -> None:
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=rounding * b.abs().max().item())


@pytest.fixture(scope="module", params=ARCHITECTURES)
def model(request):
    return policy(request.param)


def test_gradient_checkpointing_changes_nothing(model) -> None:
    """Not a bit: the same operations are done again. Layers run twice, and stay in evaluation mode."""
    plain = result(model, passes())
    calls = []
    layer = model.model.layers[0]
    model.gradient_checkpointing_enable({"use_reentrant": False})
    layer.mlp.register_forward_pre_hook(lambda *_: calls.append(layer.mlp.training))
    again = result(model, passes())
    assert calls == [False, False]
    assert not layer.training
    with torch.no_grad():
        passes().logprobs(model, passes().batches(ROLLOUTS)[0])
    assert len(calls) == 3
    model.gradient_checkpointing_disable()
    for one, other in zip(again, plain, strict=True):
        assert torch.equal(one, other)


def test_layers_are_in_training_mode_only_within_a_pass(model) -> None:
    model.gradient_checkpointing_enable({"use_reentrant": False})
    with recomputing(model):
        assert all(layer.training for layer in model.model.layers)
        assert not any(layer.mlp.training for layer in model.model.layers)
    with pytest.raises(IndexError), recomputing(model):
        model(input_ids=torch.tensor([[10**6]]))
    model.gradient_checkpointing_disable()
    assert not any(module.training for module in model.modules())


def test_autocast_multiplies_in_bfloat16_and_keeps_float32_weights(model) -> None:
    formats = set()
    hook = model.model.layers[0].mlp.down_proj.register_forward_hook(lambda _, args, y: formats.add(y.dtype))
    lower = result(model, passes(autocast=torch.bfloat16))
    hook.remove()
    assert formats == {torch.bfloat16}
    assert {value.dtype for value in (*lower, *model.parameters())} == {torch.float32}
    plain = result(model, passes())
    assert not torch.equal(lower[0], plain[0])
    assert_close(lower, plain, rounding=0.1)  # these weights are made to be sharp: 8 bits leave little
    cosine = torch.nn.functional.cosine_similarity(lower[1], plain[1], dim=0)
    assert cosine > 0.98


def test_compiled() -> None:
    """One layer of one architecture, since compiling takes longest of all."""
    model = policy("qwen2")
    del model.model.layers[1]
    model.config.num_hidden_layers = 1
    plain = result(model, passes())
    with torch._dynamo.config.patch(error_on_recompile=True):
        assert_close(result(model, passes(compiled=True)), plain, rounding=1e-5)
    assert compiled_body.cache_info().currsize == 1


def test_rounds_with_much_padding_are_cut_by_whole_length() -> None:
    rng = random.Random(0)
    lengths = [(rng.randint(40, 200), rng.randint(20, 400)) for _ in range(40)]
    rollouts = [Rollout((1,) * p, (1,) * r, (0.0,) * r, truncated=False) for p, r in lengths]
    batches = passes(token_budget=4096).batches(rollouts)
    assert len(batches) > 5
    assert not any(batch.aligned for batch in batches)
    assert all(batch.rollouts == [rollouts[i] for i in batch.indices] for batch in batches)
    (batch,) = passes().batches(ROLLOUTS)
    assert batch.aligned
    assert passes().batches([]) == []
