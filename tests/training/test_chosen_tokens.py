"""Which tokens of a step have a policy loss, over the whole step and whatever micro-batches it is cut into."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rftlab.objectives.tokens.high_entropy import keep
from rftlab.rollouts import Sampling
from rftlab.rollouts.transformers_engine import TransformersEngine
from rftlab.training.chosen_tokens import AllTokens, TokenChoice, entropies_of
from rftlab.training.learner import objective
from rftlab.training.passes import Passes
from rftlab.training.update import update
from training import END, PAD, policy, prompts

KL = {"coefficient": 0.0, "estimator": "k3"}
OWN = {"kl_cov": {"share": 0.1, "coefficient": 0.5}}


@pytest.fixture(scope="module")
def model():
    return policy()


@pytest.fixture(scope="module")
def rollouts(model):
    engine = TransformersEngine(model, end_tokens=[END], pad_token=PAD)
    return engine.generate(prompts(8), Sampling(10), list(range(8)))


def passes(token_budget: int = 4096, temperature: float = 1.0) -> Passes:
    return Passes(PAD, temperature, token_budget)


def by_hand(model, rollout, temperature: float) -> list[float]:
    """Entropies of one rollout from all of its logits."""
    with torch.no_grad():
        logits_TV = model(input_ids=torch.tensor([[*rollout.prompt, *rollout.tokens]])).logits[0] / temperature
    return torch.distributions.Categorical(logits=logits_TV[len(rollout.prompt) - 1 : -1]).entropy().tolist()


@pytest.mark.parametrize("temperature", [1.0, 0.7])
@pytest.mark.parametrize("token_budget", [4096, 30])
def test_entropies_are_those_of_the_whole_distribution(model, rollouts, token_budget, temperature) -> None:
    expected = [entropy for rollout in rollouts for entropy in by_hand(model, rollout, temperature)]
    found = entropies_of(model, rollouts, passes(token_budget, temperature))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_choice_has_a_row_for_every_rollout(model, rollouts) -> None:
    seen: list[np.ndarray] = []

    def first_half(entropies_K, logprobs_K, advantages_K):
        seen.extend((entropies_K, logprobs_K, advantages_K))
        return np.arange(len(logprobs_K)) < 3

    advantages = np.arange(8.0)
    chosen = TokenChoice(first_half, entropies=False)(model, rollouts, advantages, passes())
    lengths = [len(rollout.tokens) for rollout in rollouts]
    assert [len(row) for row in chosen.kept] == lengths
    assert seen[0].size == 0, "nobody asked for entropies"
    assert seen[1].tolist() == [logprob for rollout in rollouts for logprob in rollout.logprobs]
    assert seen[2].tolist() == np.repeat(advantages, lengths).tolist()
    assert chosen.metrics == {"kept_tokens": pytest.approx(3 / sum(lengths))}
    loss_NT = torch.ones(2, max(lengths[1], lengths[0]))
    assert (
        chosen.of(loss_NT, loss_NT, [1, 0])[1, : lengths[0]].tolist()
        == (np.arange(lengths[0]) < 3).astype(float).tolist()
    )
    assert chosen.of(loss_NT, loss_NT, [1, 0])[0].sum() == max(0, min(3 - lengths[0], lengths[1]))


def test_no_choice_changes_nothing(model, rollouts) -> None:
    everything = AllTokens()
    assert everything(model, rollouts, np.ones(8), passes()) is everything
    loss_NT = torch.ones(1, 1)
    assert everything.of(loss_NT, loss_NT, [0]) is loss_NT
    assert everything.metrics == {}
    assert TokenChoice(keep, entropies=True)(model, [], np.zeros(0), passes()).metrics == {}


def gradients(tokens: str, rollouts, token_budget: int, *, entropy: float = 0.0, advantage: float = 1.0):
    """Gradients of one update of a fresh copy, and its metrics."""
    model = policy()
    made = objective(
        {
            "ratio": {"name": "none"},
            "kl": KL,
            "tokens": {"name": tokens, **OWN.get(tokens, {})},
            "entropy": {"coefficient": entropy},
        },
        None,
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    advantages, weights = advantage * np.where(np.arange(8) % 2, 1.0, -0.5), np.full(8, 1 / 80)
    row = update(model, optimizer, rollouts, advantages, weights, made, passes(token_budget), max_gradient_norm=1e9)
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()]), row


@pytest.mark.parametrize("tokens", ["high_entropy", "clip_cov", "kl_cov", "all"])
def test_micro_batches_choose_and_add_up_alike(rollouts, tokens) -> None:
    whole, row = gradients(tokens, rollouts, 4096, entropy=0.01)
    parts, cut = gradients(tokens, rollouts, 30, entropy=0.01)
    torch.testing.assert_close(whole, parts, rtol=1e-4, atol=1e-7)
    assert row.get("kept_tokens") == cut.get("kept_tokens")
    assert row["loss"] == pytest.approx(cut["loss"], rel=1e-4)


def test_the_gradient_is_that_of_the_kept_tokens_alone(model, rollouts) -> None:
    found, row = gradients("high_entropy", rollouts, 4096)
    assert 0.15 < row["kept_tokens"] < 0.3
    everything, _ = gradients("all", rollouts, 4096)
    assert not torch.allclose(found, everything)
    fresh, total = policy(), 0.0
    entropies = [by_hand(fresh, rollout, 1.0) for rollout in rollouts]
    threshold = np.quantile(np.concatenate(entropies), 0.8)
    for i, rollout in enumerate(rollouts):
        logits_TV = fresh(input_ids=torch.tensor([[*rollout.prompt, *rollout.tokens]])).logits[0]
        logprobs_T = logits_TV[len(rollout.prompt) - 1 : -1].log_softmax(-1)[range(len(rollout.tokens)), rollout.tokens]
        kept_T = torch.tensor(entropies[i]) >= threshold - 1e-6
        total = total - (1.0 if i % 2 else -0.5) / 80 * (logprobs_T * kept_T).sum()
    total.backward()
    expected = torch.cat([parameter.grad.flatten() for parameter in fresh.parameters()])
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-6)


def test_what_is_pulled_back_keeps_its_loss_and_gets_a_penalty(model, rollouts) -> None:
    choice = TokenChoice(lambda _, logprobs_K, __: np.arange(len(logprobs_K)) != 1, entropies=False, pull=0.5)
    chosen = choice(model, rollouts, np.ones(8), passes())
    shape = (1, len(rollouts[0].tokens))
    losses = chosen.of(torch.full(shape, 2.0), torch.full(shape, -3.0), [0])
    assert losses[0, :3].tolist() == [2.0, 2.0 + 0.5 * 4.5, 2.0]


def test_the_entropy_bonus_is_a_term_of_the_loss_of_every_rollout(rollouts) -> None:
    """Without any advantage nothing is left but the bonus: its gradient is −coefficient·Σ w ∇H."""
    found, row = gradients("all", rollouts, 4096, entropy=0.5, advantage=0.0)
    fresh, total = policy(), 0.0
    for rollout in rollouts:
        logits_TV = fresh(input_ids=torch.tensor([[*rollout.prompt, *rollout.tokens]])).logits[0]
        entropy_T = torch.distributions.Categorical(logits=logits_TV[len(rollout.prompt) - 1 : -1]).entropy()
        total = total - 0.5 / 80 * entropy_T.sum()
    total.backward()
    expected = torch.cat([parameter.grad.flatten() for parameter in fresh.parameters()])
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-6)
    assert (row["trained_rollouts"], row["loss"]) == (8, pytest.approx(total.item(), rel=1e-4))


def test_without_a_coefficient_rollouts_without_an_advantage_are_not_run(rollouts) -> None:
    found, row = gradients("high_entropy", rollouts, 4096, advantage=0.0)
    assert (row["trained_rollouts"], row["loss"]) == (0, 0.0)
    assert not found.any()
