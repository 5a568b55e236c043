import numpy as np

from rftlab.objectives.tokens.kl_cov import PULLS, keep

NOTHING = np.zeros(0)
ADVANTAGES = np.array([1.0, 1.0, -1.0, -1.0])
LOGPROBS = np.array([-1.0, -3.0, -1.0, -7.0])  # their mean is −3: c = 2, 0, −2, 4


def test_the_tokens_of_largest_covariance_are_held_back():
    assert PULLS
    assert keep(NOTHING, LOGPROBS, ADVANTAGES).tolist() == [True, True, True, False]
    assert keep(NOTHING, LOGPROBS, ADVANTAGES, share=0.5).tolist() == [False, True, True, False]
    assert not keep(NOTHING, LOGPROBS, ADVANTAGES, share=1.0).any()


def test_equal_advantages_and_a_single_token():
    assert keep(NOTHING, LOGPROBS, np.ones(4)).tolist() == [False, True, True, True]
    assert keep(NOTHING, np.array([-9.0]), np.array([1.0])).tolist() == [False]
