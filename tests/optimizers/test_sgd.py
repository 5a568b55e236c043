import pytest

from optimizing import assert_it_goes_on_where_it_was_saved, weights_after
from rftlab.optimizers.sgd import optimizer


def test_plain():
    assert weights_after(optimizer, [2.0, -1.0], 0.1) == pytest.approx([0.8, 0.9])


def test_momentum():
    # u: 2, then 0.5·2 − 1 = 0, then 0.5·0 + 4 = 4
    values = weights_after(optimizer, [2.0, -1.0, 4.0], 0.1, momentum=0.5)
    assert values == pytest.approx([0.8, 0.8, 0.4])


def test_weight_decay_takes_a_share_and_not_through_the_momentum():
    # 1·(1 − 0.1·0.5) − 0.1·2, then 0.75·0.95 − 0.1·(0.5·2 + 0)
    values = weights_after(optimizer, [2.0, 0.0], 0.1, momentum=0.5, weight_decay=0.5)
    assert values == pytest.approx([0.75, 0.6125])


def test_it_goes_on_where_it_was_saved():
    assert_it_goes_on_where_it_was_saved(optimizer)
    assert_it_goes_on_where_it_was_saved(lambda model, lr: optimizer(model, lr, momentum=0.9, weight_decay=0.1))
