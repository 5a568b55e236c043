import torch
from torch.testing import assert_close

from enumeration import divergence, expected_gradient, expected_value
from rftlab.objectives.kl.k1 import penalty


def test_is_the_log_ratio():
    assert_close(penalty(torch.tensor([[-1.0, -2.0]]), torch.tensor([[-1.5, -1.0]])), torch.tensor([[0.5, -1.0]]))


def test_value_is_unbiased():
    assert_close(expected_value(penalty), divergence())


def test_gradient_in_the_loss_has_expectation_zero():
    assert_close(expected_gradient(penalty), torch.zeros(5, dtype=torch.float64), rtol=0, atol=1e-15)
