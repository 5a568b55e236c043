"""What must hold of objectives for every round: aggregations, micro-batches, ratios and penalties."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from torch.testing import assert_close

from rftlab import levels

quick = settings(max_examples=25, deadline=None, derandomize=True)

WEIGHTS = {name: levels.load("objectives.aggregation", name) for name in levels.names("objectives.aggregation")}


@st.composite
def lengths_of_rounds(draw) -> np.ndarray:
    B, n = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    return np.reshape(draw(st.lists(st.integers(1, 6), min_size=B * n, max_size=B * n)), (B, n))


@quick
@given(lengths_Bn=lengths_of_rounds())
def test_mean_weights_of_all_tokens_sum_to_one(lengths_Bn):
    for name in ("token_mean", "sequence_mean", "query_mean"):
        assert (WEIGHTS[name](lengths_Bn, 6) * lengths_Bn).sum() == pytest.approx(1)
    assert (WEIGHTS["sequence_sum"](lengths_Bn, 6) * lengths_Bn).sum() == pytest.approx(lengths_Bn.mean())
    assert (WEIGHTS["constant"](lengths_Bn, 6) * lengths_Bn).sum() == pytest.approx(lengths_Bn.mean() / 6)


@quick
@given(shape=st.tuples(st.integers(1, 4), st.integers(1, 4)), length=st.integers(1, 9))
def test_aggregations_agree_where_lengths_are_equal(shape, length):
    lengths_Bn = np.full(shape, length)
    expected = WEIGHTS["token_mean"](lengths_Bn, length)
    for name in ("sequence_mean", "query_mean", "constant"):  # constant with the limit at that length
        assert_allclose(WEIGHTS[name](lengths_Bn, length), expected, rtol=1e-12)
    assert_allclose(WEIGHTS["sequence_sum"](lengths_Bn, length), length * expected, rtol=1e-12)


@quick
@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_at_one_rollout_query_mean_is_sequence_mean(lengths):
    lengths_Bn = np.array(lengths)[:, None]
    assert_allclose(WEIGHTS["query_mean"](lengths_Bn, 9), WEIGHTS["sequence_mean"](lengths_Bn, 9), rtol=1e-12)


@quick
@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_for_a_single_query_query_mean_is_token_mean(lengths):
    assert_allclose(WEIGHTS["query_mean"](np.array([lengths]), 9), WEIGHTS["token_mean"](np.array([lengths]), 9))


@pytest.mark.parametrize("name", WEIGHTS)
@quick
@given(lengths_Bn=lengths_of_rounds())
def test_the_limit_matters_to_constant_alone(name, lengths_Bn):
    same = np.array_equal(WEIGHTS[name](lengths_Bn, 6), WEIGHTS[name](lengths_Bn, 12))
    assert same == (name != "constant")


@pytest.mark.parametrize("ratio", levels.names("objectives.ratio"))
@pytest.mark.parametrize("name", WEIGHTS)
@quick
@given(lengths_Bn=lengths_of_rounds(), data=st.data())
def test_a_round_cut_into_micro_batches_has_the_same_loss_and_gradient(name, ratio, lengths_Bn, data):
    policy_loss = levels.load("objectives.ratio", ratio)
    N = lengths_Bn.size
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 99)))
    old_NT = -torch.rand(N, 6, generator=generator, dtype=torch.float64)
    logprobs_NT = (old_NT + 0.5 * torch.randn(N, 6, generator=generator, dtype=torch.float64)).requires_grad_()
    advantages_N = torch.randn(N, generator=generator, dtype=torch.float64)
    mask_NT = torch.arange(6) < torch.from_numpy(lengths_Bn.reshape(-1, 1))
    weights_N = torch.from_numpy(WEIGHTS[name](lengths_Bn, 6)).flatten()

    def loss_of(rows: list[int]) -> torch.Tensor:
        longest = int(mask_NT[rows].sum(dim=1).max())  # a micro-batch is padded to its own longest rollout
        cut = (rows, slice(longest))
        loss_NT = policy_loss(logprobs_NT[cut], old_NT[cut], mask_NT[cut], advantages_N[rows])
        return (weights_N[rows, None] * loss_NT).sum()

    order = data.draw(st.permutations(range(N)))
    size = data.draw(st.integers(1, N))
    whole = loss_of(list(range(N)))
    parts = [loss_of(order[start : start + size]) for start in range(0, N, size)]
    assert_close(torch.stack(parts).sum(), whole)
    gradients = [torch.autograd.grad(loss, logprobs_NT, retain_graph=True)[0] for loss in (sum(parts), whole)]
    assert_close(gradients[0], gradients[1])


@quick
@given(
    logprob=st.floats(-20, 0, width=32),
    reference=st.floats(-20, 0, width=32),
    advantage=st.sampled_from([-1.5, 0.0, 2.0]),
)
def test_clip_is_the_larger_of_the_two_losses(logprob, reference, advantage):
    logprobs, old = torch.tensor([[logprob]], dtype=torch.float64), torch.tensor([[reference]], dtype=torch.float64)
    rho = (logprobs - old).exp()
    expected = torch.maximum(-rho * advantage, -rho.clamp(0.8, 1.28) * advantage)
    policy_loss = levels.load("objectives.ratio", "clip")
    mask, advantages = torch.ones(1, 1, dtype=torch.bool), torch.tensor([advantage], dtype=torch.float64)
    assert_close(policy_loss(logprobs, old, mask, advantages, epsilon_high=0.28), expected)


@quick
@given(logprob=st.floats(-30, 0, width=32), reference=st.floats(-30, 0, width=32))
def test_k2_and_k3_are_never_negative_and_all_vanish_where_the_models_agree(logprob, reference):
    here, there = torch.tensor([[logprob]]), torch.tensor([[reference]])
    for name in ("k2", "k3"):
        assert levels.load("objectives.kl", name)(here, there).item() >= 0
    for name in levels.names("objectives.kl"):
        assert levels.load("objectives.kl", name)(here, here).item() == 0


@quick
@given(
    logits=st.lists(st.floats(-3, 3), min_size=4, max_size=4),
    reference=st.lists(st.floats(-3, 3), min_size=4, max_size=4),
)
def test_k1_and_k3_have_the_same_expectation(logits, reference):
    logprobs_V = torch.log_softmax(torch.tensor(logits, dtype=torch.float64), dim=0)
    reference_V = torch.log_softmax(torch.tensor(reference, dtype=torch.float64), dim=0)
    k1, k3 = (levels.load("objectives.kl", name)(logprobs_V, reference_V) for name in ("k1", "k3"))
    assert_close((logprobs_V.exp() * k1).sum(), (logprobs_V.exp() * k3).sum(), rtol=1e-9, atol=1e-12)
