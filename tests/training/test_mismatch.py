import pytest
import torch

from rftlab.rollouts import Sampling
from rftlab.rollouts.transformers_engine import TransformersEngine
from rftlab.training.mismatch import Mismatch, diagnose
from rftlab.training.passes import Passes
from training import ARCHITECTURES, END, PAD, perturbed, policy, prompts

PASSES = Passes(PAD, temperature=0.8, token_budget=50)


@pytest.fixture(scope="module", params=ARCHITECTURES)
def model(request):
    return policy(request.param)


@pytest.fixture(scope="module")
def rollouts(model):
    engine = TransformersEngine(model, end_tokens=[END, 5], pad_token=PAD)
    return engine.generate(prompts(8), Sampling(6, 0.8), list(range(8)))


def test_by_hand() -> None:
    """Differences log 2 and −log 2 cancel in the first rollout; the second weighs 3: (1 + 3)² / (1 + 9) / 2 = 0.8."""
    log2, log3 = torch.tensor([2.0, 3.0]).log().tolist()
    mismatch = Mismatch()
    mask = torch.tensor([[True, True]])
    mismatch.add(torch.tensor([[-1.0, -2.0]]), torch.tensor([[-1.0 - log2, -2.0 + log2]]), mask)
    mismatch.add(torch.tensor([[-1.0, 0.0]]), torch.tensor([[-1.0 - log3, 0.0]]), torch.tensor([[True, False]]))
    assert mismatch.metrics("trained") == {
        "mismatch_trained_mean": pytest.approx((2 * log2 + log3) / 3, rel=1e-6),
        "mismatch_trained_max": pytest.approx(log3, rel=1e-6),
        "mismatch_trained_effective_share": pytest.approx(0.8, rel=1e-6),
    }


def test_of_no_rollouts_there_is_nothing_to_say() -> None:
    assert Mismatch().metrics("trained") == {}


def test_a_ratio_that_overflows_leaves_a_share() -> None:
    mismatch, mask = Mismatch(), torch.ones(2, 1, dtype=torch.bool)
    mismatch.add(torch.tensor([[-1.0], [-2000.0]]), torch.tensor([[-2000.0], [-1.0]]), mask)
    assert mismatch.metrics("all")["mismatch_all_effective_share"] == 0.5


def test_one_model_has_rounding_alone_another_has_more(model, rollouts) -> None:
    same = diagnose(model, model, rollouts, PASSES)
    assert same["kl_base"] == 0.0
    assert 0 <= same["mismatch_all_mean"] <= same["mismatch_all_max"] < 1e-5
    assert same["mismatch_all_effective_share"] == pytest.approx(1, abs=1e-6)
    moved = diagnose(perturbed(model, 0.02), model, rollouts, PASSES)
    assert 1e-3 < moved["mismatch_all_mean"] < moved["mismatch_all_max"]
    assert 1 / 8 < moved["mismatch_all_effective_share"] < 0.999


def test_the_kl_is_the_token_mean_of_k3_however_it_is_cut(model, rollouts) -> None:
    base = perturbed(model, 0.02)
    terms = []
    for rollout in rollouts:
        ids = torch.tensor([[*rollout.prompt, *rollout.tokens]])
        with torch.no_grad():
            both = [(one(input_ids=ids).logits[0].double() / 0.8).log_softmax(-1) for one in (base, model)]
        places = torch.arange(len(rollout.prompt) - 1, ids.shape[1] - 1), torch.tensor(rollout.tokens)
        delta_T = both[0][places] - both[1][places]
        terms += (delta_T.exp() - delta_T - 1).tolist()
    cut = diagnose(model, base, rollouts, Passes(PAD, temperature=0.8, token_budget=1))
    whole = diagnose(model, base, rollouts, Passes(PAD, temperature=0.8, token_budget=10**6))
    assert whole["kl_base"] == pytest.approx(sum(terms) / len(terms), rel=1e-3)
    assert cut == pytest.approx(whole, rel=1e-3, abs=1e-5)
