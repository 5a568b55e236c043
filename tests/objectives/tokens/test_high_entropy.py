import numpy as np

from rftlab.objectives.tokens.high_entropy import ENTROPIES, keep

NOTHING = np.zeros(0)


def test_the_most_undecided_fifth():
    assert ENTROPIES
    # ten tokens: the quantile 0.8 of 0 … 9 lies at 0.8·9 = 7.2
    assert np.flatnonzero(keep(np.arange(10.0), NOTHING, NOTHING)).tolist() == [8, 9]
    assert np.flatnonzero(keep(np.arange(10.0), NOTHING, NOTHING, share=0.5)).tolist() == [5, 6, 7, 8, 9]
    assert keep(np.arange(10.0), NOTHING, NOTHING, share=1.0).all()


def test_the_order_of_tokens_does_not_matter_and_equal_ones_are_all_kept():
    entropies = np.array([3.0, 1.0, 2.0, 0.0, 5.0])
    order = np.array([4, 2, 0, 3, 1])
    assert keep(entropies[order], NOTHING, NOTHING).tolist() == keep(entropies, NOTHING, NOTHING)[order].tolist()
    assert keep(np.full(7, 0.3), NOTHING, NOTHING).all()
    assert keep(np.array([0.5]), NOTHING, NOTHING).all()
