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


@quick
@given(lengths=st.lists(st.integers(1, 99), min_size=256, max_size=256))
def test_micro_batches_of_a_querys_rollouts_are_query_mean(lengths):
    """The paper's 64×4 cell, whose scripts average micro-batches of 4."""
    lengths_Bn = np.reshape(lengths, (64, 4))
    ours, theirs = WEIGHTS["micro_batch_mean"](lengths_Bn, 99, size=4), WEIGHTS["query_mean"](lengths_Bn, 99)
    assert_allclose(ours, theirs, rtol=1e-12)


SHAPES = {name: levels.load("objectives.shaping", name) for name in levels.names("objectives.shaping")}


@st.composite
def advantages_of_rounds(draw) -> tuple[np.ndarray, np.ndarray]:
    lengths_Bn = draw(lengths_of_rounds())
    values = st.sampled_from([-1.0, 0.0, 0.25, 1.0]) | st.floats(-3, 3, width=16)
    advantages = draw(st.lists(values, min_size=lengths_Bn.size, max_size=lengths_Bn.size))
    return np.reshape(advantages, lengths_Bn.shape), lengths_Bn


@pytest.mark.parametrize("name", SHAPES)
@quick
@given(given_=advantages_of_rounds(), data=st.data())
def test_shaping_keeps_order_and_knows_no_place(name, given_, data):
    advantages_Bn, lengths_Bn = given_
    before = advantages_Bn.copy()
    shaped_Bn = SHAPES[name](advantages_Bn, lengths_Bn)
    assert shaped_Bn.shape == advantages_Bn.shape
    assert np.isfinite(shaped_Bn).all()
    assert_allclose(advantages_Bn, before, rtol=0, atol=0)
    order = np.argsort(advantages_Bn, axis=None, kind="stable")
    assert (np.diff(shaped_Bn.ravel()[order]) >= 0).all()
    rows = data.draw(st.permutations(range(len(advantages_Bn))))
    assert_allclose(SHAPES[name](advantages_Bn[rows], lengths_Bn[rows]), shaped_Bn[rows], rtol=1e-7, atol=1e-7)


@quick
@given(given_=advantages_of_rounds(), scale=st.floats(0.5, 20), shift=st.floats(-5, 5))
def test_whitened_advantages_are_centred_and_ignore_shift_and_scale(given_, scale, shift):
    advantages_Bn, lengths_Bn = given_
    spread = np.ptp(advantages_Bn)
    for name, weights in (("whiten_rollouts", np.ones_like(lengths_Bn)), ("whiten_tokens", lengths_Bn)):
        shaped_Bn = SHAPES[name](advantages_Bn, lengths_Bn)
        if weights.sum() > 1:  # a single one is passed on as it is
            assert (weights * shaped_Bn).sum() == pytest.approx(0, abs=1e-6)
        if spread > 0.05:  # in between, ε decides
            moved_Bn = SHAPES[name](scale * advantages_Bn + shift, lengths_Bn)
            assert_allclose(moved_Bn, shaped_Bn, rtol=1e-3, atol=1e-6)


@quick
@given(given_=advantages_of_rounds(), bound=st.floats(0.1, 2))
def test_clipped_advantages_are_within_the_bound_and_clipping_twice_is_clipping(given_, bound):
    once_Bn = SHAPES["clip"](*given_, bound=bound)
    assert np.abs(once_Bn).max() <= bound
    assert_allclose(SHAPES["clip"](once_Bn, given_[1], bound=bound), once_Bn, rtol=0, atol=0)


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


NEUTRAL = sorted({*levels.names("objectives.ratio")} - {"dro"})  # which pulls back whatever has moved


@pytest.mark.parametrize("ratio", NEUTRAL)
@quick
@given(seed=st.integers(0, 99))
def test_without_an_advantage_there_is_no_loss_and_no_gradient(ratio, seed):
    generator = torch.Generator().manual_seed(seed)
    logprobs_NT = -torch.rand(3, 4, generator=generator, dtype=torch.float64)
    old_NT = logprobs_NT + 0.3 * torch.randn(3, 4, generator=generator, dtype=torch.float64)
    logprobs_NT.requires_grad_()
    mask_NT, nothing_N = torch.arange(4) < torch.tensor([[4], [2], [1]]), torch.zeros(3, dtype=torch.float64)
    loss_NT = levels.load("objectives.ratio", ratio)(logprobs_NT, old_NT, mask_NT, nothing_N)
    (gradient_NT,) = torch.autograd.grad(loss_NT.sum(), logprobs_NT)
    assert not loss_NT.any()
    assert not gradient_NT.any()


@pytest.mark.parametrize("ratio", NEUTRAL)
@quick
@given(seed=st.integers(0, 99), scale=st.floats(0.1, 10))
def test_a_loss_is_proportional_to_the_size_of_the_advantage(ratio, seed, scale):
    generator = torch.Generator().manual_seed(seed)
    logprobs_NT = -torch.rand(3, 4, generator=generator, dtype=torch.float64)
    old_NT = logprobs_NT + 0.3 * torch.randn(3, 4, generator=generator, dtype=torch.float64)
    mask_NT = torch.arange(4) < torch.tensor([[4], [2], [1]])
    advantages_N = torch.randn(3, generator=generator, dtype=torch.float64)
    policy_loss = levels.load("objectives.ratio", ratio)
    loss_NT = policy_loss(logprobs_NT, old_NT, mask_NT, advantages_N)
    assert_close(policy_loss(logprobs_NT, old_NT, mask_NT, scale * advantages_N), scale * loss_NT)


@quick
@given(logprob=st.floats(-30, 0, width=32), reference=st.floats(-30, 0, width=32))
def test_k2_and_k3_are_never_negative_and_all_vanish_where_the_models_agree(logprob, reference):
    here, there = torch.tensor([[logprob]]), torch.tensor([[reference]])
    for name in ("k2", "k3", "k3_k2"):
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
