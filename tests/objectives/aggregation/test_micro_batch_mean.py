import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rftlab.objectives.aggregation import micro_batch_mean, query_mean, sequence_mean, token_mean

LENGTHS = np.array([[1, 3], [2, 2], [5, 1]])
rounds = st.integers(1, 6).flatmap(
    lambda B: st.integers(1, 5).flatmap(
        lambda n: st.lists(st.integers(1, 50), min_size=B * n, max_size=B * n).map(lambda L: np.array(L).reshape(B, n))
    )
)


def test_by_hand() -> None:
    """Micro-batches of four: lengths 1 3 2 2, eight tokens, and 5 1, six."""
    expected = [[1 / 16, 1 / 16], [1 / 16, 1 / 16], [1 / 12, 1 / 12]]
    np.testing.assert_allclose(micro_batch_mean.token_weights(LENGTHS, 9), expected, rtol=1e-15)


def test_a_loss_is_the_mean_of_the_micro_batches_means() -> None:
    losses = [np.arange(1.0, length + 1) for length in LENGTHS.ravel()]
    first, second = np.concatenate(losses[:3]).mean(), np.concatenate(losses[3:]).mean()
    weights = micro_batch_mean.token_weights(LENGTHS, 9, size=3).ravel()
    assert sum(w * loss.sum() for w, loss in zip(weights, losses, strict=True)) == pytest.approx((first + second) / 2)


@given(lengths=rounds, size=st.integers(1, 40))
def test_tokens_weights_sum_to_one(lengths: np.ndarray, size: int) -> None:
    weights = micro_batch_mean.token_weights(lengths, 50, size=size)
    assert weights.shape == lengths.shape
    assert (weights * lengths).sum() == pytest.approx(1.0)


@given(lengths=rounds)
def test_it_is_the_others_at_their_sizes(lengths: np.ndarray) -> None:
    B, n = lengths.shape
    for size, other in ((1, sequence_mean), (n, query_mean), (B * n, token_mean), (B * n + 3, token_mean)):
        expected = other.token_weights(lengths, 50)
        np.testing.assert_allclose(micro_batch_mean.token_weights(lengths, 50, size=size), expected, rtol=1e-12)


def test_it_is_not_the_mean_over_the_round() -> None:
    """Log-normal lengths, as responses have: a token's weight differs by more than a tenth."""
    lengths = np.random.default_rng(0).lognormal(5, 0.8, (256, 1)).astype(np.int64) + 1
    ratio = micro_batch_mean.token_weights(lengths, 4096) / token_mean.token_weights(lengths, 4096)
    assert np.sqrt(np.mean((ratio - 1) ** 2)) > 0.1
