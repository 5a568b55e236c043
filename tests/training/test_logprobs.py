import random
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import rftlab.training.logprobs
from rftlab.rollouts import Rollout
from rftlab.training.logprobs import (
    PADDING,
    dense_batches,
    fill_right,
    has_plain_head,
    length_of,
    micro_batches,
    response_logprobs,
    sampler_logprobs,
    wastes_little,
)
from training import ARCHITECTURES, PAD, policy, prompts


def rollout(prompt: list[int], tokens: list[int]) -> Rollout:
    return Rollout(tuple(prompt), tuple(tokens), tuple(-0.5 * i for i in range(len(tokens))), truncated=False)


ROLLOUTS = [rollout(p, t) for p, t in zip(prompts(8), prompts(8, seed=1), strict=True)]
LENGTHS = [len(r.tokens) for r in ROLLOUTS]


@pytest.fixture(scope="module", params=ARCHITECTURES)
def model(request):
    return policy(request.param)


def reference(model, rollout: Rollout, temperature: float) -> torch.Tensor:
    """One rollout, no padding, all logits: what response_logprobs must equal."""
    ids = torch.tensor([[*rollout.prompt, *rollout.tokens]])
    logprobs_TV = (model(input_ids=ids).logits[0].double() / temperature).log_softmax(-1)
    return logprobs_TV[torch.arange(len(rollout.prompt) - 1, ids.shape[1] - 1), torch.tensor(rollout.tokens)]


@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_response_logprobs_are_those_of_each_rollout_alone(model, temperature) -> None:
    assert len(set(LENGTHS)) > 2
    logprobs_NT, mask_NT = response_logprobs(model, ROLLOUTS, pad_token=PAD, temperature=temperature)
    assert mask_NT.dtype == torch.bool
    assert mask_NT.sum(dim=1).tolist() == LENGTHS
    assert (logprobs_NT[~mask_NT] == 0).all()
    for row_T, rollout_ in zip(logprobs_NT, ROLLOUTS, strict=True):
        expected = reference(model, rollout_, temperature)
        torch.testing.assert_close(row_T[: len(expected)].double(), expected, rtol=0, atol=1e-5)


def test_the_pad_token_does_not_matter(model) -> None:
    one, _ = response_logprobs(model, ROLLOUTS, pad_token=PAD, temperature=1.0)
    other, _ = response_logprobs(model, ROLLOUTS, pad_token=7, temperature=1.0)
    torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_padding_sends_no_gradient(model) -> None:
    """A row's gradient is that of the row alone, however much padding its neighbours bring."""
    gradients = []
    for some in (ROLLOUTS, ROLLOUTS[:1]):
        model.zero_grad()
        response_logprobs(model, some, pad_token=PAD, temperature=1.0)[0][0].sum().backward()
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    scale = gradients[1].abs().max().item()
    torch.testing.assert_close(gradients[0], gradients[1], rtol=0, atol=1e-5 * scale)


def gradients(model) -> torch.Tensor:
    return torch.cat([p.grad.flatten() for p in model.parameters()])


@pytest.mark.parametrize("temperature", [1.0, 0.6])
@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("limit", [1, 7 * 18, 10**9])
def test_every_layout_and_every_number_of_logits_at_once_gives_the_same(
    model, monkeypatch, temperature, aligned, limit
) -> None:
    """Log-probabilities and gradients are those of the plain forward pass, up to rounding in float32."""
    results = []
    for logits, layout in ((10**9, True), (limit, aligned)):
        monkeypatch.setattr(rftlab.training.logprobs, "LOGITS", logits)
        model.zero_grad()
        logprobs_NT, mask_NT = response_logprobs(
            model, ROLLOUTS, pad_token=PAD, temperature=temperature, aligned=layout
        )
        assert (logprobs_NT[~mask_NT] == 0).all()
        (logprobs_NT * torch.linspace(-1, 1, mask_NT.numel()).view_as(mask_NT)).sum().backward()
        results.append((logprobs_NT.detach(), mask_NT, gradients(model)))
    (plain_NT, plain_mask_NT, plain), (other_NT, mask_NT, other) = results
    assert torch.equal(mask_NT, plain_mask_NT)
    torch.testing.assert_close(other_NT, plain_NT, rtol=0, atol=1e-5)
    torch.testing.assert_close(other, plain, rtol=0, atol=1e-5 * plain.abs().max().item())


@pytest.mark.parametrize("aligned", [True, False])
def test_no_more_logits_than_allowed_exist_at_once(model, monkeypatch, aligned) -> None:
    monkeypatch.setattr(rftlab.training.logprobs, "LOGITS", 3 * model.config.vocab_size)
    rows = []
    head = model.get_output_embeddings()
    hook = head.register_forward_hook(lambda _, args, logits: rows.append(logits.shape[:-1].numel()))
    logprobs_NT, _ = response_logprobs(model, ROLLOUTS, pad_token=PAD, temperature=1.0, aligned=aligned)
    assert max(rows) == 3
    assert sum(rows) == sum(LENGTHS)  # of responses alone, and of no padding
    logprobs_NT.sum().backward()
    hook.remove()
    assert max(rows) == 3
    assert sum(rows) == 2 * sum(LENGTHS)  # the backward pass computes them again


def test_a_head_that_changes_its_logits_is_noticed(model) -> None:
    assert has_plain_head(model)
    hook = model.register_forward_hook(lambda _, args, output: SimpleNamespace(logits=output.logits.tanh()))
    assert not has_plain_head(model)
    hook.remove()


def test_sampler_logprobs() -> None:
    both = sampler_logprobs([rollout([1], [2, 3, 4]), rollout([1, 1], [5])], torch.device("cpu"))
    assert both.tolist() == [[0.0, -0.5, -1.0], [0.0, 0.0, 0.0]]
    assert both.dtype == torch.float32
    assert fill_right([[1], [2, 3]], 3, 9, torch.device("cpu")).tolist() == [[1, 9, 9], [2, 3, 9]]


@given(
    lengths=st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), max_size=25),
    budget=st.integers(1, 300),
)
def test_micro_batches_hold_every_rollout_once_and_keep_to_the_budget(lengths, budget) -> None:
    rollouts = [rollout([1] * prompt, [1] * response) for prompt, response in lengths]
    batches = micro_batches(rollouts, budget)
    assert sorted(i for batch in batches for i in batch) == list(range(len(rollouts)))
    sizes = [len(batch) * (max(lengths[i][0] for i in batch) + max(lengths[i][1] for i in batch)) for batch in batches]
    assert all(size <= budget or len(batch) == 1 for size, batch in zip(sizes, batches, strict=True))


def test_micro_batches_put_alike_lengths_together_and_use_the_budget() -> None:
    rollouts = [rollout([1] * 2, [1] * length) for length in (8, 2, 8, 2, 2)]
    assert micro_batches(rollouts, 20) == [[1, 3, 4], [0, 2]]
    assert micro_batches(rollouts, 19) == [[1, 3, 4], [0], [2]]
    assert micro_batches(rollouts, 10**6) == [[1, 3, 4, 0, 2]]
    assert micro_batches([], 5) == []


def padded(lengths: list[tuple[int, int]], batches: list[list[int]]) -> int:
    return sum(len(batch) * max(sum(lengths[i]) for i in batch) for batch in batches)


@given(
    lengths=st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), max_size=25),
    budget=st.integers(1, 300),
)
def test_dense_batches_hold_every_rollout_once_with_little_padding(lengths, budget) -> None:
    rollouts = [rollout([1] * prompt, [1] * response) for prompt, response in lengths]
    batches = dense_batches(rollouts, budget)
    assert sorted(i for batch in batches for i in batch) == list(range(len(rollouts)))
    for batch in batches:
        size = padded(lengths, [batch])
        assert size <= budget or len(batch) == 1
        assert size - sum(sum(lengths[i]) for i in batch) <= PADDING * size


def realistic(count: int, *, seed: int) -> list[Rollout]:
    """Questions as long as GSM8K's in a chat template, answers of a wide spread, some cut off at the limit."""
    rng = random.Random(seed)
    lengths = [(40 + round(rng.lognormvariate(4.3, 0.4)), round(rng.lognormvariate(5.3, 0.6))) for _ in range(count)]
    return [rollout([1] * min(prompt, 512), [1] * min(response, 1024)) for prompt, response in lengths]


@pytest.mark.parametrize("count", [8, 32, 256, 2048])
def test_real_rounds_have_no_more_padding_than_allowed(count) -> None:
    rollouts = realistic(count, seed=count)
    lengths = [(len(r.prompt), len(r.tokens)) for r in rollouts]
    assert len({response for _, response in lengths}) > count / 10
    aligned = micro_batches(rollouts, 16384)
    assert not wastes_little(rollouts, aligned)
    batches = dense_batches(rollouts, 16384)
    tokens = sum(map(length_of, rollouts))
    assert (padded(lengths, batches) - tokens) / padded(lengths, batches) <= PADDING
    assert len(batches) <= len(aligned) + 12  # and this costs but a few passes


def test_short_rounds_and_alike_rollouts_stay_together() -> None:
    short = [rollout([1] * 9, [1] * length) for length in (1, 5, 30, 48, 48)]
    alike = [rollout([1] * (200 + i), [1] * 300) for i in range(20)]
    for rollouts in (short, alike):
        assert wastes_little(rollouts, micro_batches(rollouts, 16384))
    assert wastes_little([], [])
