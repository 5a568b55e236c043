"""One round worked out on paper: from rewards to the loss, every number a literal with its arithmetic beside it."""

import numpy as np
import pytest
import torch

from rftlab import levels
from rftlab.advantages import Past, Round

# Two queries, two rollouts each: one right of two, and none right. Lengths 2, 4 and 1, 3 tokens.
SCORES = Round(
    rewards_BM=np.array([[1.0, 0.0], [0.0, 0.0]]),
    lengths_BM=np.array([[2, 4], [1, 3]]),
    n=2,
    queries=("a", "b"),
    past=Past({"a": [0.0, 0.0], "b": [1.0]}, [0.5, 0.0]),
    greedy_B=np.array([0.0, 1.0]),
)
ADVANTAGES = {
    "raw": [1.0, 0.0, 0.0, 0.0],
    "constant": [0.5, -0.5, -0.5, -0.5],  # r − 1/2
    "batch_mean": [0.75, -0.25, -0.25, -0.25],  # r − 1/4
    "batch_norm": [1.499997, -0.499999, -0.499999, -0.499999],  # std² = (9/16 + 3/16)/3 = 1/4; 0.75/0.500001
    "group_mean": [0.5, -0.5, 0.0, 0.0],  # r − 1/2; r − 0
    "group_norm": [0.70710578, -0.70710578, 0.0, 0.0],  # std² = (1/4 + 1/4)/1; 0.5/(0.70710678 + 1e-6)
    "group_mean_batch_std": [0.999998, -0.999998, 0.0, 0.0],  # 0.5/0.500001
    "leave_one_out": [1.0, -1.0, 0.0, 0.0],  # 1 − 0; 0 − 1
    "optimal_baseline": [0.66666667, -0.33333333, 0.0, 0.0],  # b = (2·1 + 4·0)/6
    "max_likelihood": [1.0, -1.0, 0.0, 0.0],  # (1 − 1/2)/(1/2); p̂ = 0 gives 0
    "positive_only": [1.0, 0.0, 0.0, 0.0],
    "negative_only": [0.0, -1.0, -1.0, -1.0],
    "weighted": [0.1, -1.0, -1.0, -1.0],
    "pass_at_k": [0.0, 0.0, 0.0, 0.0],  # k = 2: the only set of a succeeds, the only set of b does not
    "shrinkage": [1.0, -1.0, 0.0, 0.0],  # two queries: λ = 0, leave_one_out
    "ema": [0.55, -0.45, -0.45, -0.45],  # b = 0.9·0.5 + 0.1·0
    "greedy_baseline": [1.0, 0.0, -1.0, -1.0],  # r − 0; r − 1
    "max_minus_second": [1.0, 0.0, 0.0, 0.0],  # 1 − 0; a tie
    "max_variance": [0.70710578, -0.70710578, 0.0, 0.0],  # k = 2 of 2: group_norm
    # a: (0.9·0.5 + 0 + 0)/(0.9 + 2) = 0.15517241; b: (0.9·0.5 + 1)/(0.9 + 1) = 0.76315789
    "value_tracker": [0.84482759, -0.15517241, -0.76315789, -0.76315789],
    # a: 0, 0, 1, 0 has mean 1/4, std 1/2. b: 1, 0, 0 has mean 1/3, std² = (4/9 + 1/9 + 1/9)/2 = 1/3:
    # (−1/3)/(0.57735027 + 1e-6) = −0.57734927
    "history_window": [1.499997, -0.499999, -0.57734927, -0.57734927],
}
WEIGHTS = {  # of a token of each rollout; 10 tokens, limit 8
    "token_mean": [0.1, 0.1, 0.1, 0.1],
    "sequence_mean": [0.125, 0.0625, 0.25, 0.08333333],  # 1/(4·2), 1/(4·4), 1/(4·1), 1/(4·3)
    "sequence_sum": [0.25, 0.25, 0.25, 0.25],
    "constant": [0.03125, 0.03125, 0.03125, 0.03125],  # 1/(4·8)
    "micro_batch_mean": [0.1, 0.1, 0.1, 0.1],  # one micro-batch, of 4
    "query_mean": [0.08333333, 0.08333333, 0.125, 0.125],  # 1/(2·6), 1/(2·4)
}
# Sums of log-probabilities −1 (2 tokens of −0.5), −1 (4 of −0.25), −3 (1 of −3), −6 (3 of −2)
LOGPROBS_NT = torch.tensor(
    [[-0.5, -0.5, 0, 0], [-0.25, -0.25, -0.25, -0.25], [-3.0, 0, 0, 0], [-2.0, -2.0, -2.0, 0]], dtype=torch.float64
)
MASK_NT = torch.arange(4) < torch.tensor([[2], [4], [1], [3]])
SHAPED = {  # of the advantages 0.5, −0.5, −0.5, 1.5 with lengths 2, 4, 1, 3
    "none": [0.5, -0.5, -0.5, 1.5],
    "clip": [0.5, -0.5, -0.5, 1.5],  # the bound is 5
    # mean 1/4, std² = (1/16 + 9/16 + 9/16 + 25/16)/3 = 11/12: 0.25, −0.75, −0.75, 1.25 over 0.95742711 + 1e-6
    "whiten_rollouts": [0.26111621, -0.78334863, -0.78334863, 1.30558106],
    # mean (2·0.5 − 4·0.5 − 0.5 + 3·1.5)/10 = 0.3; σ² = (2·0.04 + 5·0.64 + 3·1.44)/9 = 0.84444444, √(σ² + 1e-8) =
    # 0.91893659: 0.2, −0.8, −0.8, 1.2 over it
    "whiten_tokens": [0.21764287, -0.87057149, -0.87057149, 1.30585724],
}
LOSSES = {  # Σ_i w_i·(−A_i)·Σ_t log π_it
    ("raw", "token_mean"): 0.1,  # 0.1·1·1
    ("raw", "sequence_mean"): 0.125,  # 0.125·1·1
    ("constant", "token_mean"): -0.45,  # 0.1·(0.5·1 − 0.5·1 − 0.5·3 − 0.5·6)
    ("leave_one_out", "sequence_mean"): 0.0625,  # 0.125·1 − 0.0625·1
    ("constant", "query_mean"): -0.5625,  # (0.5 − 0.5)/12 + 0.125·(−0.5·3 − 0.5·6)
    ("negative_only", "sequence_sum"): -2.5,  # 0.25·(−1 − 3 − 6)
    ("constant", "constant"): -0.140625,  # 0.03125·(0.5 − 0.5 − 1.5 − 3)
}


def test_every_level_is_worked_out():
    assert sorted(ADVANTAGES) == levels.names("advantages")
    assert sorted(WEIGHTS) == levels.names("objectives.aggregation")
    assert sorted(SHAPED) == levels.names("objectives.shaping")


@pytest.mark.parametrize("name", ADVANTAGES)
def test_advantage(name):
    advantages_Bn = levels.load("advantages", name)(SCORES)
    assert advantages_Bn.dtype == np.float64
    np.testing.assert_allclose(advantages_Bn, np.reshape(ADVANTAGES[name], (2, 2)), rtol=0, atol=5e-9)


@pytest.mark.parametrize("name", WEIGHTS)
def test_token_weights(name):
    weights_Bn = levels.load("objectives.aggregation", name)(SCORES.lengths_BM, 8)
    assert weights_Bn.dtype == np.float64
    np.testing.assert_allclose(weights_Bn, np.reshape(WEIGHTS[name], (2, 2)), rtol=0, atol=5e-9)


@pytest.mark.parametrize("name", SHAPED)
def test_shaping(name):
    advantages_Bn = np.array([[0.5, -0.5], [-0.5, 1.5]])
    shaped_Bn = levels.load("objectives.shaping", name)(advantages_Bn, SCORES.lengths_BM)
    np.testing.assert_allclose(shaped_Bn, np.reshape(SHAPED[name], (2, 2)), rtol=0, atol=5e-9)


@pytest.mark.parametrize(("advantage", "aggregation"), LOSSES)
def test_loss_of_the_round(advantage, aggregation):
    advantages_N = torch.from_numpy(levels.load("advantages", advantage)(SCORES)).flatten()
    weights_N = torch.from_numpy(levels.load("objectives.aggregation", aggregation)(SCORES.lengths_BM, 8)).flatten()
    loss_NT = levels.load("objectives.ratio", "none")(LOGPROBS_NT, LOGPROBS_NT, MASK_NT, advantages_N)
    assert (weights_N[:, None] * loss_NT).sum().item() == pytest.approx(LOSSES[advantage, aggregation], abs=1e-12)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("k1", [0.69314718, -0.69314718]),  # log 2, −log 2
        ("k2", [0.24022651, 0.24022651]),  # ½·0.69314718²
        ("k3_k2", [0.19314718, 0.30685282]),  # k3's value
        ("k3", [0.19314718, 0.30685282]),  # 0.5 + 0.69314718 − 1; 2 − 0.69314718 − 1
    ],
)
def test_penalty_of_a_token_twice_and_half_as_likely_as_in_the_base_model(name, expected):
    logprobs_NT = torch.tensor([[0.5, 0.25]], dtype=torch.float64).log()
    reference_NT = torch.tensor([[0.25, 0.5]], dtype=torch.float64).log()
    penalty_NT = levels.load("objectives.kl", name)(logprobs_NT, reference_NT)
    assert penalty_NT.tolist() == [pytest.approx(expected, abs=5e-9)]
