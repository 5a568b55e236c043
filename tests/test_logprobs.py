import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rftlab.logprobs import fill_right, mean_kl, micro_batches, response_logprobs, sampler_logprobs
from rftlab.rollouts import Rollout
from training import ARCHITECTURES, PAD, perturbed, policy, prompts


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


def kl(model, base, **overrides) -> float:
    given_ = {"pad_token": PAD, "temperature": 1.0, "token_budget": 50, **overrides}
    return mean_kl(model, base, ROLLOUTS, **given_)


def test_mean_kl_is_the_token_mean_of_k3(model) -> None:
    base = perturbed(model, 0.02)
    terms = []
    for rollout_ in ROLLOUTS:
        with torch.no_grad():
            delta_T = reference(base, rollout_, 0.8) - reference(model, rollout_, 0.8)
        terms += (delta_T.exp() - delta_T - 1).tolist()
    assert kl(model, base, temperature=0.8) == pytest.approx(sum(terms) / sum(LENGTHS), rel=1e-3)
    assert kl(model, base, token_budget=1) == pytest.approx(kl(model, base, token_budget=10**6), rel=1e-4)
    assert kl(model, model) == 0.0
