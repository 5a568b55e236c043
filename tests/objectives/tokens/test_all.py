import numpy as np

from rftlab.objectives.tokens.all import keep


def test_every_token_is_kept():
    assert keep(np.zeros(0), np.zeros(3), np.array([1.0, 0.0, -1.0])).tolist() == [True] * 3
