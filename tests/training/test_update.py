import copy
from pathlib import Path

import numpy as np
import pytest
import torch

import rftlab.training.update
from rftlab.advantages import Round
from rftlab.levels import load, names
from rftlab.rollouts import Sampling
from rftlab.rollouts.transformers_engine import TransformersEngine
from rftlab.training.passes import Passes
from rftlab.training.update import DivergedError, Objective, update
from training import END, PAD, perturbed, policy, prompts, rows_run_forward

B, n, LIMIT = 4, 3, 7
QUERIES = prompts(B)
REWARDS_Bn = np.array([[1.0, 0, 0], [0, 0, 0], [1, 1, 0], [1, 1, 1]])
AGGREGATIONS = names("objectives.aggregation")
REINFORCE = Objective(load("objectives.ratio", "none"))
TEMPERATURE = 0.9


@pytest.fixture(scope="module")
def rollouts():
    engine = TransformersEngine(policy(), end_tokens=[END, 5, 6, 7], pad_token=PAD)  # responses of many lengths
    each = [prompt for prompt in QUERIES for _ in range(n)]
    sampled = engine.generate(each, Sampling(LIMIT, TEMPERATURE), list(range(B * n)))
    assert len({len(rollout.tokens) for rollout in sampled}) > 2
    return sampled


def lengths_of(rollouts) -> np.ndarray:
    return np.array([len(rollout.tokens) for rollout in rollouts]).reshape(-1, n)


def step(model, rollouts, advantages_Bn, *, aggregation="token_mean", objective=REINFORCE, optimizer=None, **options):
    max_gradient_norm = options.pop("max_gradient_norm", 1e9)  # large: gradients are compared before clipping
    lengths_Bn = lengths_of(rollouts)
    weights_Bn = load("objectives.aggregation", aggregation)(lengths_Bn, LIMIT)
    if (masked_Bn := options.pop("masked_Bn", None)) is not None:
        weights_Bn = load("objectives.mask", "truncated")(weights_Bn, lengths_Bn, masked_Bn)
    return update(
        model,
        optimizer or torch.optim.SGD(model.parameters(), lr=0.0),
        rollouts,
        np.ravel(advantages_Bn).astype(float),
        weights_Bn.ravel(),
        objective,
        Passes(**{"temperature": TEMPERATURE, "pad_token": PAD, "token_budget": 60, **options}),
        max_gradient_norm=max_gradient_norm,
    )


def gradient(model) -> torch.Tensor:
    return torch.cat([p.grad.flatten() for p in model.parameters()])


def weights(model) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def assert_equal_gradients(actual, expected) -> None:
    assert expected.abs().max() > 1e-3
    torch.testing.assert_close(actual, expected, rtol=0, atol=2e-6 * expected.abs().max().item() + 1e-9)


def logprobs_of(model, rollout) -> torch.Tensor:
    ids = torch.tensor([[*rollout.prompt, *rollout.tokens]])
    logits_TV = model(input_ids=ids).logits[0, len(rollout.prompt) - 1 : -1] / TEMPERATURE
    return logits_TV.log_softmax(-1)[range(len(rollout.tokens)), list(rollout.tokens)]


def aggregate(name: str, terms: list[torch.Tensor]) -> torch.Tensor:
    """The mean of the tokens' losses, each as its paper writes it."""
    groups = [terms[b * n : (b + 1) * n] for b in range(B)]
    means = {
        "token_mean": lambda: torch.cat(terms).mean(),
        "sequence_mean": lambda: torch.stack([t.mean() for t in terms]).mean(),
        "query_mean": lambda: torch.stack([torch.cat(group).mean() for group in groups]).mean(),
        "micro_batch_mean": lambda: torch.stack(
            [torch.cat(terms[i : i + 4]).mean() for i in range(0, len(terms), 4)]
        ).mean(),
        "sequence_sum": lambda: torch.stack([t.sum() for t in terms]).mean(),
        "constant": lambda: torch.stack([t.sum() for t in terms]).sum() / (B * n * LIMIT),
    }
    return means[name]()


def expected_gradient(model, rollouts, advantages_Bn, aggregation, *, base=None, coefficient=0.0):
    """Loss and gradient by hand: every rollout alone, none skipped, no mask, no micro-batch."""
    model.zero_grad()
    terms = []
    for rollout, advantage in zip(rollouts, np.ravel(advantages_Bn), strict=True):
        logprobs_T = logprobs_of(model, rollout)
        term_T = -float(advantage) * logprobs_T
        if base is not None:
            with torch.no_grad():
                base_T = logprobs_of(base, rollout)
            term_T = term_T + coefficient * ((base_T - logprobs_T).exp() - (base_T - logprobs_T) - 1)
        terms.append(term_T)
    loss = aggregate(aggregation, terms)
    loss.backward()
    return loss.item(), gradient(model).clone()


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_the_gradient_is_that_of_reinforce(rollouts, aggregation) -> None:
    model = policy()
    loss, expected = expected_gradient(model, rollouts, REWARDS_Bn, aggregation)
    updated = step(model, rollouts, REWARDS_Bn, aggregation=aggregation)
    assert_equal_gradients(gradient(model), expected)
    assert updated["loss"] == pytest.approx(loss, rel=1e-5)
    assert updated["gradient_norm"] == pytest.approx(expected.norm().item(), rel=1e-5)


def test_with_group_norm(rollouts) -> None:
    model = policy()
    by_hand = (REWARDS_Bn - REWARDS_Bn.mean(1, keepdims=True)) / (REWARDS_Bn.std(1, ddof=1, keepdims=True) + 1e-6)
    scores = Round(REWARDS_Bn, lengths_of(rollouts), n, ("a", "b", "c", "d"))
    _, expected = expected_gradient(model, rollouts, by_hand, "token_mean")
    updated = step(model, rollouts, load("advantages", "group_norm")(scores))
    assert_equal_gradients(gradient(model), expected)
    assert updated["trained_rollouts"] == 6  # the queries never and always solved say nothing


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_with_a_kl_penalty(rollouts, aggregation) -> None:
    model, base = policy(), perturbed(policy(), 0.02)
    objective = Objective(REINFORCE.policy_loss, load("objectives.kl", "k3"), 0.3, base.requires_grad_(False))
    _, without = expected_gradient(model, rollouts, REWARDS_Bn, aggregation)
    loss, expected = expected_gradient(model, rollouts, REWARDS_Bn, aggregation, base=base, coefficient=0.3)
    assert (expected - without).abs().max() > 1e-3 * without.abs().max()
    updated = step(model, rollouts, REWARDS_Bn, aggregation=aggregation, objective=objective)
    assert_equal_gradients(gradient(model), expected)
    assert updated["loss"] == pytest.approx(loss, rel=1e-5)
    assert updated["trained_rollouts"] == B * n  # a penalty has no zeros to skip
    assert all(p.grad is None for p in base.parameters())


def test_an_on_policy_clipped_ratio_has_the_same_gradient(rollouts) -> None:
    model = policy()
    step(model, rollouts, REWARDS_Bn)
    expected = gradient(model).clone()
    step(model, rollouts, REWARDS_Bn, objective=Objective(load("objectives.ratio", "clip")))
    torch.testing.assert_close(gradient(model), expected, rtol=0, atol=1e-5 * expected.abs().max().item())


def test_finite_differences(rollouts) -> None:
    """(loss(θ + h·g) − loss(θ − h·g)) / 2h = ‖g‖² along one weight matrix's gradient, without any autograd."""
    model = policy()
    step(model, rollouts, REWARDS_Bn)
    matrix = model.get_parameter("model.layers.0.mlp.down_proj.weight")
    slope = matrix.grad.square().sum().item()
    direction, losses, h = matrix.grad.clone(), [], 1e-2 / matrix.grad.norm().item()
    for sign in (1, -1):
        moved = policy()
        with torch.no_grad():
            moved.get_parameter("model.layers.0.mlp.down_proj.weight").add_(sign * h * direction)
        losses.append(step(moved, rollouts, REWARDS_Bn)["loss"])
    assert (losses[0] - losses[1]) / (2 * h) == pytest.approx(slope, rel=1e-2)


def test_the_size_of_micro_batches_changes_rounding_only(rollouts) -> None:
    gradients, losses, passes = [], [], []
    for token_budget in (1, 40, 10**6):
        model = policy()
        with rows_run_forward(model) as rows:
            losses.append(step(model, rollouts, REWARDS_Bn, token_budget=token_budget)["loss"])
        gradients.append(gradient(model))
        passes.append(len(rows))
    assert passes[0] == REWARDS_Bn.sum() > passes[1] > passes[2] == 1
    for other, loss in zip(gradients[1:], losses[1:], strict=True):
        assert_equal_gradients(other, gradients[0])
        assert loss == pytest.approx(losses[0], rel=1e-6)


def test_rollouts_without_advantage_are_not_run(rollouts) -> None:
    model = policy()
    with rows_run_forward(model) as rows:
        updated = step(model, rollouts, REWARDS_Bn)
    assert sum(rows) == updated["trained_rollouts"] == REWARDS_Bn.sum()
    skipping = gradient(model).clone()
    nothing = Objective(REINFORCE.policy_loss, load("objectives.kl", "k3"), 0.0, policy())  # a penalty runs them all
    with rows_run_forward(model) as rows:
        step(model, rollouts, REWARDS_Bn, objective=nothing)
    assert sum(rows) == B * n
    assert_equal_gradients(gradient(model), skipping)


@pytest.mark.parametrize("coefficient", [0.0, 0.5])
def test_masked_rollouts_are_not_run_and_the_gradient_is_that_of_the_others_alone(rollouts, coefficient) -> None:
    """Of `token_mean`, whose weights of the others alone are those with the share of the masked ones."""
    model, base = policy(), perturbed(policy(), 0.05)
    penalty = {"penalty": load("objectives.kl", "k3"), "kl_coefficient": coefficient, "reference": base}
    objective = Objective(load("objectives.ratio", "none"), **(penalty if coefficient else {}))
    masked_Bn = np.zeros((B, n), dtype=bool)
    masked_Bn[0] = masked_Bn[2] = True
    others = [rollout for rollout, masked in zip(rollouts, masked_Bn.ravel(), strict=True) if not masked]
    advantages_Bn = np.arange(1.0, B * n + 1).reshape(B, n)
    with rows_run_forward(model) as rows:
        updated = step(model, rollouts, advantages_Bn, objective=objective, masked_Bn=masked_Bn)
    assert updated["trained_rollouts"] == sum(rows) == len(others)
    masked_gradient = gradient(model)
    step(model, others, advantages_Bn[[1, 3]], objective=objective)
    assert_equal_gradients(masked_gradient, gradient(model))


def test_a_round_without_signal_takes_the_step_of_zero_gradients(rollouts) -> None:
    ours, theirs = policy(), policy()
    optimizers = [torch.optim.AdamW(m.parameters(), lr=1e-2, weight_decay=0.1) for m in (ours, theirs)]
    for model, optimizer in zip((ours, theirs), optimizers, strict=True):
        step(model, rollouts, REWARDS_Bn, optimizer=optimizer)
    before = weights(ours).clone()
    with rows_run_forward(ours) as rows:
        updated = step(ours, rollouts, np.zeros((B, n)), optimizer=optimizers[0])
    assert rows == []
    assert updated == {"loss": 0.0, "gradient_norm": 0.0, "trained_rollouts": 0}
    for parameter in theirs.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizers[1].step()
    assert torch.equal(weights(ours), weights(theirs))
    assert (weights(ours) != before).float().mean() > 0.9  # momentum and weight decay go on
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        for key, value in optimizers[1].state[other].items():
            assert torch.equal(optimizers[0].state[mine][key], value)


def test_the_first_round_may_be_without_signal(rollouts) -> None:
    model = policy()
    before = weights(model).clone()
    step(model, rollouts, np.zeros((B, n)), optimizer=torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.1))
    torch.testing.assert_close(weights(model), before * (1 - 0.1 * 0.1))


def test_gradients_of_earlier_rounds_are_forgotten(rollouts) -> None:
    model = policy()
    step(model, rollouts, REWARDS_Bn)
    once = gradient(model).clone()
    step(model, rollouts, REWARDS_Bn)
    assert torch.equal(gradient(model), once)


def test_clipping_keeps_the_norm_it_reports(rollouts) -> None:
    model = policy()
    before = weights(model).clone()
    plain = torch.optim.SGD(model.parameters(), lr=1.0)
    updated = step(model, rollouts, REWARDS_Bn, optimizer=plain, max_gradient_norm=0.01)
    assert updated["gradient_norm"] > 0.1
    assert (weights(model) - before).norm().item() == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize("broken", ["loss", "gradient"])
def test_what_is_not_finite_stops_before_the_step(rollouts, broken) -> None:
    model = policy()
    before = weights(model).clone()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    advantages_Bn = copy.copy(REWARDS_Bn)
    if broken == "loss":
        advantages_Bn[2, 0] = np.inf
    else:
        model.get_input_embeddings().weight.register_hook(lambda gradient: gradient * float("nan"))
    with pytest.raises(DivergedError, match="gradient norm nan"):
        step(model, rollouts, advantages_Bn, optimizer=optimizer)
    assert torch.equal(weights(model), before)
    assert not optimizer.state


def test_it_fits_on_one_page() -> None:
    assert len(Path(rftlab.training.update.__file__).read_text().splitlines()) <= 80
