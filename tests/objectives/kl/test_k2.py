import torch
from torch.testing import assert_close

from enumeration import divergence, divergence_gradient, expected_gradient, expected_value
from rftlab.objectives.kl.k2 import penalty


def test_is_half_the_square():
    assert_close(penalty(torch.tensor([[-1.0, -2.0]]), torch.tensor([[-1.5, -1.0]])), torch.tensor([[0.125, 0.5]]))


def test_value_is_biased():
    assert abs(expected_value(penalty) - divergence()) > 0.01


def test_gradient_in_the_loss_is_that_of_the_divergence():
    assert_close(expected_gradient(penalty), divergence_gradient(reverse=True))
