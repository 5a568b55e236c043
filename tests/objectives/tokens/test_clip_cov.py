import numpy as np

from rftlab.objectives.tokens.clip_cov import keep

NOTHING = np.zeros(0)
ADVANTAGES = np.array([1.0, 1.0, -1.0, -1.0])
LOGPROBS = np.array([-1.0, -3.0, -1.0, -7.0])  # their mean is −3: c = 2, 0, −2, 4


def test_the_tokens_of_largest_covariance_in_the_band_are_dropped():
    assert keep(NOTHING, LOGPROBS, ADVANTAGES).tolist() == [True, True, True, False]
    assert keep(NOTHING, LOGPROBS, ADVANTAGES, share=0.5).tolist() == [False, True, True, False]
    assert keep(NOTHING, LOGPROBS, ADVANTAGES, share=1.0).tolist() == [False, True, True, False]
    assert keep(NOTHING, LOGPROBS, ADVANTAGES, high=4.0).tolist() == [False, True, True, True]
    assert keep(NOTHING, LOGPROBS, ADVANTAGES, low=-3.0, high=-1.0).tolist() == [True, True, False, True]


def test_where_none_is_in_the_band_none_is_dropped():
    assert keep(NOTHING, LOGPROBS, ADVANTAGES, low=10.0, high=20.0).all()
    assert keep(NOTHING, LOGPROBS, np.ones(4)).all(), "equal advantages"
    assert keep(NOTHING, np.array([-9.0]), np.array([1.0])).all()
