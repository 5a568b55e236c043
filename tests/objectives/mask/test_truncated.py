import numpy as np
import pytest

from rftlab.objectives.aggregation.query_mean import token_weights as query_mean
from rftlab.objectives.aggregation.sequence_mean import token_weights as sequence_mean
from rftlab.objectives.aggregation.token_mean import token_weights as token_mean
from rftlab.objectives.mask.truncated import mask

LENGTHS = np.array([[2, 8], [8, 4]])
TRUNCATED = np.array([[False, True], [True, False]])
NONE, ALL = np.zeros((2, 2), bool), np.ones((2, 2), bool)


def test_with_token_mean_it_is_the_mean_over_the_tokens_that_are_left() -> None:
    masked = mask(token_mean(LENGTHS, 8), LENGTHS, TRUNCATED)
    assert masked.ravel().tolist() == pytest.approx([1 / 6, 0, 0, 1 / 6])


def test_with_sequence_mean_it_is_the_mean_over_the_rollouts_that_are_left() -> None:
    masked = mask(sequence_mean(LENGTHS, 8), LENGTHS, TRUNCATED)
    assert masked.ravel().tolist() == pytest.approx([1 / (2 * 2), 0, 0, 1 / (2 * 4)])


@pytest.mark.parametrize("aggregation", [token_mean, sequence_mean, query_mean])
def test_all_tokens_together_weigh_what_they_did(aggregation) -> None:
    weights = aggregation(LENGTHS, 8)
    assert (mask(weights, LENGTHS, TRUNCATED) * LENGTHS).sum() == pytest.approx((weights * LENGTHS).sum())


def test_or_the_others_keep_their_weights() -> None:
    weights = token_mean(LENGTHS, 8)
    assert mask(weights, LENGTHS, TRUNCATED, share_out=False).tolist() == np.where(TRUNCATED, 0, weights).tolist()


@pytest.mark.parametrize("share_out", [True, False])
def test_without_truncation_nothing_changes_and_with_nothing_else_all_is_zero(share_out: bool) -> None:
    weights = sequence_mean(LENGTHS, 8)
    assert mask(weights, LENGTHS, NONE, share_out=share_out).tobytes() == weights.tobytes()
    assert not mask(weights, LENGTHS, ALL, share_out=share_out).any()


def test_one_rollout_a_query_is_nothing_special() -> None:
    masked = mask(token_mean(LENGTHS[:, :1], 8), LENGTHS[:, :1], TRUNCATED[:, :1])
    assert masked.ravel().tolist() == pytest.approx([1 / 2, 0])
