import numpy as np
import pytest
import torch

from rftlab.advantages import Round
from rftlab.data.queries import read_queries
from rftlab.errors import BadInputError
from rftlab.files import file_sha256
from rftlab.policies.directory import PolicyDirectory
from rftlab.rollouts import Rollout, Sampling
from rftlab.training.chosen_tokens import AllTokens, TokenChoice
from rftlab.training.learner import BudgetConfig, Learner, advantage, objective, tokens
from rftlab.training.passes import Passes
from training import run_json, write_base, write_sums


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    folder = tmp_path_factory.mktemp("learner")
    return PolicyDirectory(write_base(folder / "base")), read_queries(write_sums(folder / "train.jsonl"))


def test_a_run_is_read_into_what_it_trains_with(given) -> None:
    learner = Learner(run_json(random_seed=5, optimizer__lr=0.25, rollout__statistics_rollouts=2), *given)
    assert learner.random_seed == 5
    assert learner.rollout.per_query == 3
    assert learner.rollout.sampling == Sampling(max_new_tokens=6, temperature=1.0, top_p=1.0)
    assert isinstance(learner.optimizer, torch.optim.AdamW)
    (group,) = learner.optimizer.param_groups
    assert {key: group[key] for key in ("lr", "eps", "weight_decay")} == {"lr": 0.25, "eps": 1e-8, "weight_decay": 0.01}
    assert tuple(group["betas"]) == (0.9, 0.999)
    assert len(group["params"]) == len(list(learner.policy.parameters()))
    assert [learner.tokenizer.decode(prompt) for prompt in learner.pool.prompts] == [
        q.query for q in learner.pool.queries
    ]
    assert learner.engine.model is learner.policy


def test_the_parameters_of_a_level_are_bound(given) -> None:
    learner = Learner(run_json(advantage={"name": "group_norm", "epsilon": 1.0, "ddof": 0}), *given)
    scores = Round(np.array([[1.0, 0.0]]), np.array([[3, 3]]), 2, ("a",))
    np.testing.assert_allclose(learner.advantage(scores), [[0.5 / 1.5, -0.5 / 1.5]])


def test_advantages_of_trained_rollouts_are_shaped_where_the_study_asks_for_it() -> None:
    scores = Round(np.array([[1.0, 0.0, 1.0]]), np.array([[3, 1, 9]]), 2, ("a",))
    raw = {"advantage": {"name": "raw"}, "objective": {}}
    assert advantage(raw)(scores).tolist() == [[1.0, 0.0]]
    shaped = raw | {"objective": {"shaping": {"name": "clip", "bound": 0.25}}}
    assert advantage(shaped)(scores).tolist() == [[0.25, 0.0]]
    # over the tokens of the two trained rollouts: mean 3/4, variance (3/16 + 9/16)/3 = 1/4
    tokenwise = raw | {"objective": {"shaping": {"name": "whiten_tokens", "epsilon": 1e-8}}}
    np.testing.assert_allclose(advantage(tokenwise)(scores), [[0.5, -1.5]], rtol=1e-6)


def test_what_a_choice_of_tokens_costs_and_does_stands_in_its_file() -> None:
    assert isinstance(tokens({"name": "all"}), AllTokens)
    costly, plain = tokens({"name": "high_entropy", "share": 0.5}), tokens({"name": "clip_cov"})
    assert isinstance(costly, TokenChoice)
    assert isinstance(plain, TokenChoice)
    assert (costly.entropies, plain.entropies, plain.pull) == (True, False, None)
    pulling = tokens({"name": "kl_cov", "share": 0.5, "coefficient": 0.25})
    assert isinstance(pulling, TokenChoice)
    assert pulling.pull == 0.25


def test_an_entropy_bonus_is_of_every_rollout() -> None:
    config = {"ratio": {"name": "none"}, "kl": {"coefficient": 0.0, "estimator": "k3"}}
    assert not objective(config, None).of_all
    assert objective(config | {"entropy": {"coefficient": 0.1}}, None).of_all


@pytest.mark.parametrize(
    ("coefficient", "kl_every", "reference", "penalty"),
    [(0.0, 0, False, False), (0.0, 5, True, False), (0.1, 0, True, True), (0.1, 5, True, True)],
)
def test_a_reference_is_loaded_where_it_is_needed(given, coefficient, kl_every, reference, penalty) -> None:
    kl = {"coefficient": coefficient, "estimator": "k3"}
    learner = Learner(run_json(objective__kl=kl, diagnostics__kl_every=kl_every), *given)
    assert (learner.reference is not None, learner.objective.penalty is not None) == (reference, penalty)
    if learner.reference is not None:
        assert not any(p.requires_grad for p in learner.reference.parameters())
        assert learner.reference is not learner.policy


CLIP = {"name": "clip", "epsilon_low": 0.2, "epsilon_high": 0.2}
TRUNCATED = {"name": "truncated", "cap": 2.0, "sequence": False}


@pytest.mark.parametrize(
    ("ratio", "epochs", "this_pass", "renewed"),
    [(CLIP, 1, True, False), (CLIP, 2, False, True), (TRUNCATED, 1, False, False), (TRUNCATED, 2, False, False)],
)
def test_what_a_ratio_compares_with(given, ratio, epochs, this_pass, renewed) -> None:
    """A clip with several steps: the policy before the first, whatever the sampler computed; weights: the sampler."""
    update = {"token_budget": 4096, "gradient_checkpointing": False, "compile": False, "epochs": epochs}
    learner = Learner(run_json(update=update, objective__ratio=ratio), *given)
    assert learner.objective.old_is_trainer == this_pass
    sampled = Rollout(tuple(learner.pool.prompts[0]), (4, 5), (-9.0, -9.0), False)
    (old,) = learner.with_old([sampled])
    assert (old.logprobs != sampled.logprobs) == renewed


@pytest.mark.parametrize("overrides", [{"rollout": {"queries": 3}}, {"optimizer": {"lr": 1.0}}])
def test_no_default_stands_in_for_a_missing_key(given, overrides) -> None:
    with pytest.raises(TypeError, match="missing"):
        Learner(run_json(**overrides), *given)


def test_a_query_the_model_cannot_read_is_refused_before_the_first_round(given) -> None:
    with pytest.raises(BadInputError, match="does not know every character"):
        Learner(run_json(prompt__template="Q: {{ query }}"), *given)


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        ({}, [[0.1, 0.1], [0.1, 0.1]]),
        ({"mask": {"name": "truncated", "share_out": False}}, [[0.1, 0], [0.1, 0.1]]),
        ({"mask": {"name": "truncated", "share_out": True}}, [[1 / 6, 0], [1 / 6, 1 / 6]]),
    ],
)
def test_what_is_masked_weighs_nothing(given, mask, expected) -> None:
    run = run_json()
    run["config"]["objective"] |= mask
    learner = Learner(run, *given)
    weights_Bn = learner.mask(
        np.full((2, 2), 0.1), np.array([[2, 4], [3, 1]]), np.array([[False, True], [False, False]])
    )
    np.testing.assert_allclose(weights_Bn, expected, rtol=1e-12)


def test_a_reward_file_is_told_what_the_advantage_needs(given, tmp_path) -> None:
    path = tmp_path / "my.py"
    path.write_text("def reward(records): ...\n")
    run = run_json(advantage={"name": "max_likelihood"})
    run["config"]["reward"] = {"file": str(path), "sha256": file_sha256(path), "parameters": {}}
    assert Learner(run, *given).scoring.reward.least == 0.0
    run["config"]["advantage"] = {"name": "raw"}
    assert Learner(run, *given).scoring.reward.least == -np.inf


def test_budgets() -> None:
    much, reached = 10**9, [False, False, True, True]
    rounds, tokens, rollouts = BudgetConfig(rounds=3), BudgetConfig(tokens=50), BudgetConfig(rollouts=50)
    assert [rounds.spent(number, much, much) for number in (0, 2, 3, 4)] == reached
    assert [tokens.spent(much, count, much) for count in (0, 49, 50, 51)] == reached
    assert [rollouts.spent(much, much, count) for count in (0, 49, 50, 51)] == reached


def test_the_baseline_computes_in_float32_and_samples_from_the_policy_itself(given) -> None:
    learner = Learner(run_json(), *given)
    assert learner.passes == Passes(pad_token=0, temperature=1.0, token_budget=4096)
    assert (learner.engine.autocast, learner.engine.dtype) == (None, None)
    assert learner.exported() is learner.policy
    assert not learner.policy.is_gradient_checkpointing


BFLOAT16 = {"autocast": "bfloat16", "checkpoint_dtype": "bfloat16", "sampler_dtype": "trainer"}


@pytest.mark.parametrize(
    ("sampler", "autocast", "dtype"),
    [("trainer", torch.bfloat16, None), ("float32", None, None), ("bfloat16", None, torch.bfloat16)],
)
def test_precision(given, sampler, autocast, dtype) -> None:
    learner = Learner(run_json(precision={**BFLOAT16, "sampler_dtype": sampler}), *given)
    assert learner.passes.autocast == torch.bfloat16
    assert (learner.engine.autocast, learner.engine.dtype) == (autocast, dtype)
    assert {parameter.dtype for parameter in learner.policy.parameters()} == {torch.float32}
    assert {parameter.dtype for parameter in learner.exported().parameters()} == {torch.bfloat16}
    assert (learner.engine.model is learner.policy) == (dtype is None)


def test_what_the_update_may_do(given) -> None:
    computed = {"token_budget": 64, "gradient_checkpointing": True, "compile": True}
    learner = Learner(run_json(update=computed), *given)
    assert learner.policy.is_gradient_checkpointing
    assert learner.passes.compiled
    assert learner.passes.token_budget == 64


def test_adapters(given) -> None:
    learner = Learner(run_json(lora={"rank": 2, "alpha": 4, "targets": ["q_proj"]}), *given)
    (group,) = learner.optimizer.param_groups
    trained = [parameter for parameter in learner.policy.parameters() if parameter.requires_grad]
    assert [id(p) for p in group["params"]] == [id(p) for p in trained]
    assert len(trained) == 2  # A and B of one layer
    assert not any("lora" in name for name in learner.exported().state_dict())


def test_a_model_whose_head_is_not_plain_is_refused(given, monkeypatch) -> None:
    monkeypatch.setattr("rftlab.training.learner.has_plain_head", lambda model: False)
    with pytest.raises(BadInputError, match="logits of qwen2 are not its last layer's"):
        Learner(run_json(), *given)
