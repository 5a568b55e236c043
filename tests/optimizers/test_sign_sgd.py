import pytest

from optimizing import assert_it_goes_on_where_it_was_saved, weights_after
from rftlab.optimizers.adamw import optimizer as adamw
from rftlab.optimizers.sign_sgd import optimizer


def test_every_step_has_one_size_and_without_a_gradient_there_is_none():
    assert weights_after(optimizer, [2.0, -1e-9, 0.0], 0.1) == pytest.approx([0.9, 1.0, 1.0])


def test_momentum():
    # u: 0.5·2 = 1, then 0.5·1 + 0.5·(−0.5) = 0.25, then 0.5·0.25 + 0.5·(−1) = −0.375
    values = weights_after(optimizer, [2.0, -0.5, -1.0], 0.1, momentum=0.5)
    assert values == pytest.approx([0.9, 0.8, 0.9])


def test_weight_decay_takes_a_share():
    assert weights_after(optimizer, [2.0], 0.1, weight_decay=0.5) == pytest.approx([0.85])


def test_without_momentum_it_is_adamw_without_memory():
    gradients = [0.3, -2.0, 5.0]
    theirs = weights_after(adamw, gradients, 0.1, betas=(0.0, 0.0), weight_decay=0.2)
    assert weights_after(optimizer, gradients, 0.1, weight_decay=0.2) == pytest.approx(theirs, rel=1e-6)


def test_it_goes_on_where_it_was_saved():
    assert_it_goes_on_where_it_was_saved(optimizer)
    assert_it_goes_on_where_it_was_saved(lambda model, lr: optimizer(model, lr, momentum=0.9, weight_decay=0.1))
