import torch
from torch.testing import assert_close

from enumeration import divergence, divergence_gradient, expected_gradient, expected_value
from rftlab.objectives.kl import k3
from rftlab.objectives.kl.k3_k2 import penalty


def test_value_is_that_of_k3():
    here, there = torch.tensor([[-1.0, -2.0]]), torch.tensor([[-1.5, -1.0]])
    assert_close(penalty(here, there), k3.penalty(here, there))
    assert_close(expected_value(penalty), divergence())


def test_gradient_in_the_loss_is_that_of_the_divergence():
    assert_close(expected_gradient(penalty), divergence_gradient(reverse=True))
