import copy

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM

from rftlab.policies.lora import LoraConfig
from rftlab.rollouts.cache import preallocated_cache
from rftlab.rollouts.decoding import ModelDecoder, ShortDecoder, decoder, forward
from rftlab.rollouts.padding import pad_left, positions
from training import ARCHITECTURES, PAD, perturbed, policy, prompts

ALIKE = [prompt[:1] * 4 for prompt in prompts(6)]
STEPS = torch.randint(3, 15, (5, 6), generator=torch.Generator().manual_seed(0))
SHAPE = {
    "vocab_size": 18,
    "hidden_size": 96,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "head_dim": 32,
}
LLAMA3 = {"rope_type": "llama3", "rope_theta": 1e4, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}


@pytest.fixture(scope="module", params=ARCHITECTURES)
def model(request):
    """Every weight, norms' and biases' too, is a number of its own."""
    return perturbed(policy(request.param), 0.3)


def started(model, rows, capacity: int = 20):
    cache = preallocated_cache(model.config, capacity)
    input_NT, mask_NT = pad_left(rows, PAD, "cpu")
    with torch.inference_mode():
        forward(model, cache, input_NT, mask_NT, positions(mask_NT))
    return cache, mask_NT


def logits(kind, model, rows, kept=(0, 1, 2, 3, 4, 5)) -> list[torch.Tensor]:
    """Of five steps, some rows leaving after the second."""
    cache, mask_NT = started(model, rows)
    steps = kind(model, cache, mask_NT)
    with torch.inference_mode():
        first = [steps.next(token_N) for token_N in STEPS[:2]]
        steps.keep(torch.tensor(kept))
        return [*first, *(steps.next(token_N[list(kept)]) for token_N in STEPS[2:])]


def assert_short_is_right(model, rows, **options) -> None:
    ours, theirs = (logits(kind, model, rows, **options) for kind in (ShortDecoder, ModelDecoder))
    assert torch.cat(theirs).std() > 0.1  # there is something to be equal to
    for short, whole in zip(ours, theirs, strict=True):
        torch.testing.assert_close(short, whole, rtol=0, atol=2e-6 * whole.abs().max().item() + 1e-5)


@pytest.mark.parametrize("kept", [(0, 1, 2, 3, 4, 5), (4, 1), (5, 0, 0, 3)])
@pytest.mark.parametrize("rows", [prompts(6), ALIKE], ids=["padded", "alike"])
def test_the_short_decoder_computes_what_the_model_does(model, rows, kept) -> None:
    assert_short_is_right(model, rows, kept=kept)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("rope", [None, LLAMA3, {"rope_type": "linear", "rope_theta": 1e4, "factor": 2.0}])
def test_grouped_heads_biases_and_scaled_positions(rope, tied) -> None:
    extra = {} if rope is None else {"rope_parameters": rope, "max_position_embeddings": 64}
    torch.manual_seed(0)
    config = LlamaConfig(
        **SHAPE,
        attention_bias=True,
        mlp_bias=True,
        tie_word_embeddings=tied,
        **extra,
    )
    assert_short_is_right(perturbed(LlamaForCausalLM(config).eval(), 0.3), prompts(6))


def test_adapters_count() -> None:
    model = policy("llama")
    before = logits(ShortDecoder, model, ALIKE)
    LoraConfig(rank=2, alpha=4, targets=["q_proj", "down_proj"]).adapt(model, 0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.5)
    assert type(decoder(model, *started(model, ALIKE), None)) is ShortDecoder
    assert (torch.cat(logits(ShortDecoder, model, ALIKE)) - torch.cat(before)).abs().max() > 0.1
    assert_short_is_right(model, ALIKE)


def test_it_is_chosen_where_it_is_right(model) -> None:
    cache, mask_NT = started(model, ALIKE)
    assert type(decoder(model, cache, mask_NT, None)) is ShortDecoder
    assert type(decoder(model, cache, mask_NT, torch.bfloat16)) is ModelDecoder
    half = copy.deepcopy(model).to(torch.bfloat16)
    assert type(decoder(half, *started(half, ALIKE), None)) is ModelDecoder


class Changed(LlamaForCausalLM):
    """A class of its own may compute something of its own."""


DYNAMIC = {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}, "max_position_embeddings": 8}
WINDOW = {"use_sliding_window": True, "sliding_window": 4, "max_window_layers": 1}


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        (Changed, LlamaConfig(**SHAPE)),
        (LlamaForCausalLM, LlamaConfig(**SHAPE, hidden_act="gelu")),
        (LlamaForCausalLM, LlamaConfig(**SHAPE, **DYNAMIC)),
        (Qwen2ForCausalLM, Qwen2Config(**SHAPE, **WINDOW)),
        (Qwen3ForCausalLM, Qwen3Config(**SHAPE)),
    ],
    ids=["class", "activation", "dynamic", "window", "architecture"],
)
def test_all_else_is_left_to_the_model(kind, config) -> None:
    model = kind(config).eval()
    assert type(decoder(model, *started(model, ALIKE), None)) is ModelDecoder
