import copy
import random

import pytest
import scipy.stats
import torch

from rftlab.models.tiny import HEAD_DIM
from rftlab.rollouts import Sampling
from rftlab.rollouts.cache import cache_bytes
from rftlab.rollouts.padding import pad_left
from rftlab.rollouts.transformers_engine import (
    COMPACT,
    SHARED,
    TransformersEngine,
    common_prefix,
    draw_tokens,
    keep_top_p,
)
from rftlab.training.logprobs import response_logprobs, sampler_logprobs
from rftlab.training.passes import Passes
from training import ARCHITECTURES, END, PAD, TOKENIZER, perturbed, policy, prompts, rows_run_forward

SAMPLING = Sampling(max_new_tokens=12)
PROMPTS = prompts(20)
SEEDS = list(range(100, 120))


@pytest.fixture(scope="module", params=ARCHITECTURES)
def model(request):
    return policy(request.param)


def engine_of(model, **overrides) -> TransformersEngine:
    return TransformersEngine(model, **{"end_tokens": [END], "pad_token": PAD, **overrides})


def assert_same(rollouts, others) -> None:
    """Tokens exactly, log-probabilities up to rounding: the same numbers are summed in another order."""
    for rollout, other in zip(rollouts, others, strict=True):
        assert (rollout.prompt, rollout.tokens, rollout.truncated) == (other.prompt, other.tokens, other.truncated)
        assert rollout.logprobs == pytest.approx(other.logprobs, abs=1e-5)


def test_the_models_are_of_the_kind_promised(model) -> None:
    config = model.config
    assert config.hidden_size // config.num_attention_heads == HEAD_DIM
    assert config.num_attention_heads == 2


def test_a_rollout_is_what_it_is_whatever_it_is_batched_with(model) -> None:
    together = engine_of(model).generate(PROMPTS, SAMPLING, SEEDS)
    assert len({len(rollout.prompt) for rollout in together}) > 3  # left padding is at work
    assert {rollout.truncated for rollout in together} == {True, False}
    alone = [engine_of(model).generate([p], SAMPLING, [s])[0] for p, s in zip(PROMPTS, SEEDS, strict=True)]
    assert_same(together, alone)
    assert_same(together, engine_of(model, rows=3).generate(PROMPTS, SAMPLING, SEEDS))
    order = random.Random(1).sample(range(20), 20)
    shuffled = engine_of(model).generate([PROMPTS[i] for i in order], SAMPLING, [SEEDS[i] for i in order])
    assert_same([together[i] for i in order], shuffled)


def test_more_tokens_allowed_only_append(model) -> None:
    short = engine_of(model).generate(PROMPTS, Sampling(5), SEEDS)
    for rollout, longer in zip(short, engine_of(model).generate(PROMPTS, SAMPLING, SEEDS), strict=True):
        assert longer.tokens[:5] == rollout.tokens
        assert rollout.truncated == (len(rollout.tokens) == 5 and rollout.tokens[-1] != END)


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_logprobs_are_those_of_a_plain_forward_pass(model, temperature) -> None:
    rollouts = engine_of(model).generate(PROMPTS, Sampling(12, temperature), SEEDS)
    logprobs_NT, _ = response_logprobs(model, rollouts, pad_token=PAD, temperature=temperature)
    for row_T, rollout in zip(logprobs_NT.tolist(), rollouts, strict=True):
        assert row_T[: len(rollout.tokens)] == pytest.approx(rollout.logprobs, abs=1e-5)


def test_greedy_is_what_generate_does(model) -> None:
    rollouts = engine_of(model).generate(PROMPTS, Sampling(12, temperature=0.0), SEEDS)
    input_NT, mask_NT = pad_left(PROMPTS, PAD, "cpu")
    expected_NT = model.generate(
        input_ids=input_NT,
        attention_mask=mask_NT,
        do_sample=False,
        max_new_tokens=12,
        eos_token_id=END,
        pad_token_id=PAD,
    )[:, input_NT.shape[1] :]
    for rollout, row in zip(rollouts, expected_NT.tolist(), strict=True):
        assert row[: len(rollout.tokens)] == list(rollout.tokens)
        assert set(row[len(rollout.tokens) :]) <= {PAD}


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_generation_config_changes_nothing(model, temperature) -> None:
    trapped = copy.deepcopy(model)
    trapped.generation_config.update(
        do_sample=True, repetition_penalty=1.1, top_k=20, top_p=0.5, temperature=0.7, max_new_tokens=3, eos_token_id=5
    )
    sampling = Sampling(12, temperature)
    expected = engine_of(model).generate(PROMPTS, sampling, SEEDS)
    assert engine_of(trapped).generate(PROMPTS, sampling, SEEDS) == expected


def test_finished_rollouts_leave_the_batch(model) -> None:
    with rows_run_forward(model) as rows:
        rollouts = engine_of(model).generate(PROMPTS, SAMPLING, SEEDS)
    lengths = [len(rollout.tokens) for rollout in rollouts]
    going = [sum(length > step for length in lengths) for step in range(max(lengths))]
    assert len(rows) == len(going)
    assert all(live <= row < live / (1 - COMPACT) for live, row in zip(going, rows, strict=True))
    assert rows[-1] < rows[0]


def test_a_prompt_of_several_rollouts_is_run_through_the_model_once(model) -> None:
    repeated = [prompt for prompt in PROMPTS[:5] for _ in range(4)]
    with rows_run_forward(model) as rows:
        rollouts = engine_of(model).generate(repeated, SAMPLING, SEEDS)
    assert rows[0] == len(set(map(tuple, PROMPTS[:5])))
    alone = [engine_of(model).generate([p], SAMPLING, [s])[0] for p, s in zip(repeated, SEEDS, strict=True)]
    assert_same(rollouts, alone)


def test_what_all_prompts_begin_with_is_run_through_the_model_once(model) -> None:
    system = prompts(1)[0] * 3
    assert len(system) > SHARED
    alike = [[*system, *prompt] for prompt in PROMPTS]
    with rows_run_forward(model) as rows:
        rollouts = engine_of(model).generate(alike, SAMPLING, SEEDS)
    assert rows[:2] == [1, len(PROMPTS)]
    alone = [engine_of(model).generate([p], SAMPLING, [s])[0] for p, s in zip(alike, SEEDS, strict=True)]
    assert_same(rollouts, alone)


@pytest.mark.parametrize(
    ("several", "shared"),
    [
        ([[1] * 20], 0),
        ([[1] * 20, [1] * 20 + [2]], 19),
        ([[1] * 9 + [3], [1] * 9 + [4]], 9),
        ([[1] * 7 + [3], [1] * 7 + [4]], 0),
        ([[5, *[1] * 9], [6, *[1] * 9]], 0),
    ],
)
def test_common_prefix(several, shared) -> None:
    assert common_prefix(several) == shared


def test_memory_for_keys_and_values_bounds_the_batch(model) -> None:
    together = engine_of(model).generate(PROMPTS, SAMPLING, SEEDS)
    tokens = max(map(len, PROMPTS)) + SAMPLING.max_new_tokens
    gib = 7 * tokens * cache_bytes(model.config, model.dtype) / 2**30  # room for seven rows
    with rows_run_forward(model) as rows:
        assert_same(together, engine_of(model, cache_gib=gib).generate(PROMPTS, SAMPLING, SEEDS))
    assert max(rows) == 7
    with rows_run_forward(model) as rows:
        assert_same(together, engine_of(model, cache_gib=0.0).generate(PROMPTS, SAMPLING, SEEDS))
    assert max(rows) == 1


def test_end_tokens(model) -> None:
    ends = [END, TOKENIZER.convert_tokens_to_ids("7"), TOKENIZER.convert_tokens_to_ids("3")]
    one = engine_of(model).generate(PROMPTS, SAMPLING, SEEDS)
    several = engine_of(model, end_tokens=ends).generate(PROMPTS, SAMPLING, SEEDS)
    assert {rollout.tokens[-1] for rollout in several if not rollout.truncated} == set(ends)
    for rollout, longer in zip(several, one, strict=True):
        stop = next((t + 1 for t, token in enumerate(longer.tokens) if token in ends), None)
        assert rollout.tokens == longer.tokens[:stop]  # the first end token is kept, nothing after it
        assert rollout.truncated == (stop is None)


def test_the_end_token_may_pad(model) -> None:
    ordinary = engine_of(model).generate(PROMPTS, SAMPLING, SEEDS)
    assert_same(ordinary, engine_of(model, pad_token=END).generate(PROMPTS, SAMPLING, SEEDS))


def test_no_prompts_no_rollouts() -> None:
    assert engine_of(policy()).generate([], SAMPLING, []) == []


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_of_the_model_is_given_back(training) -> None:
    model = policy().train(training)
    engine_of(model).generate(PROMPTS[:2], SAMPLING, SEEDS[:2])
    assert model.training is training
    with pytest.raises(IndexError):
        engine_of(model).generate([[10**6]], SAMPLING, [0])
    assert model.training is training


def test_sync_takes_another_model() -> None:
    first, second = policy(seed=0), policy(seed=1)
    engine = engine_of(first)
    engine.sync(second)
    assert engine.generate(PROMPTS, SAMPLING, SEEDS) == engine_of(second).generate(PROMPTS, SAMPLING, SEEDS)


def test_a_copy_in_another_format_follows_at_sync(model) -> None:
    other = perturbed(model, 0.05)
    engine = engine_of(model, dtype=torch.bfloat16)
    assert {p.dtype for p in engine.model.parameters()} == {torch.bfloat16}
    first = engine.generate(PROMPTS, SAMPLING, SEEDS)
    assert first == engine_of(copy.deepcopy(model).to(torch.bfloat16)).generate(PROMPTS, SAMPLING, SEEDS)
    engine.sync(other)
    assert engine.generate(PROMPTS, SAMPLING, SEEDS) != first
    assert torch.equal(engine.model.lm_head.weight, other.lm_head.weight.bfloat16())
    assert {p.dtype for p in other.parameters()} == {torch.float32}


def test_autocast_is_how_the_trainer_computes(model) -> None:
    """The mismatch of a sampler under the trainer's autocast is far below that of one in float32."""
    lower = Passes(PAD, temperature=1.0, token_budget=10**6, autocast=torch.bfloat16)
    distances = []
    for autocast in (torch.bfloat16, None):
        rollouts = engine_of(model, autocast=autocast).generate(PROMPTS, SAMPLING, SEEDS)
        (batch,) = lower.batches(rollouts)
        with torch.no_grad():
            logprobs_NT, mask_NT = lower.logprobs(model, batch)
        distances.append((logprobs_NT - sampler_logprobs(batch.rollouts, model.device))[mask_NT].abs().mean().item())
    assert distances[0] < 0.5 * distances[1]


# drawing a token ----------------------------------------------------------------------------------------------------

LOGITS_V = torch.tensor([2.0, 1.5, 1.0, 0.0, -0.5, -1.0, -2.0, -4.0])


def generators(count: int, *, first: int = 0) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in range(first, first + count)]


def drawn(logits_V, sampling: Sampling, count: int, *, first: int = 0):
    return draw_tokens(logits_V.expand(count, -1), sampling, generators(count, first=first))


@pytest.mark.parametrize(
    ("sampling", "p_V"),
    [
        (Sampling(1), LOGITS_V.softmax(0)),
        (Sampling(1, temperature=0.7), (LOGITS_V / 0.7).softmax(0)),
        (Sampling(1, top_p=0.8), torch.cat([LOGITS_V[:3].softmax(0), torch.zeros(5)])),
        (Sampling(1, temperature=2.0, top_p=0.5), torch.cat([(LOGITS_V[:2] / 2).softmax(0), torch.zeros(6)])),
    ],
    ids=["T=1", "T=0.7", "top_p", "T and top_p"],
)
def test_tokens_follow_the_distribution(sampling, p_V) -> None:
    count = 20_000
    token_N, logprob_N = drawn(LOGITS_V, sampling, count)
    torch.testing.assert_close(logprob_N, p_V.log()[token_N])
    counts_V = token_N.bincount(minlength=8)
    allowed_V = p_V > 0
    assert counts_V[~allowed_V].sum() == 0
    expected = (p_V[allowed_V] / p_V.sum()).double() * count
    assert scipy.stats.chisquare(counts_V[allowed_V].numpy(), (expected / expected.sum() * count).numpy()).pvalue > 1e-3


def test_two_rows_are_independent() -> None:
    tokens_N, _ = drawn(LOGITS_V[:3], Sampling(1), 10_000)
    table = torch.zeros(3, 3).index_put_((tokens_N[::2], tokens_N[1::2]), torch.ones(5_000), accumulate=True)
    assert scipy.stats.chi2_contingency(table.numpy()).pvalue > 1e-3


def test_greedy_takes_the_most_likely_and_its_logprob_under_the_model() -> None:
    token_N, logprob_N = draw_tokens(LOGITS_V.flip(0)[None], Sampling(1, temperature=0.0), [])
    assert token_N.tolist() == [7]
    torch.testing.assert_close(logprob_N, LOGITS_V.log_softmax(0)[:1])


def test_top_p_keeps_the_smallest_set_that_reaches_it() -> None:
    p_NV = torch.tensor([[0.1, 0.4, 0.2, 0.3], [0.97, 0.01, 0.01, 0.01]])
    kept = {top_p: keep_top_p(p_NV.log(), top_p).isfinite().int().tolist() for top_p in (0.01, 0.65, 0.75, 1.0)}
    assert kept[0.01] == [[0, 1, 0, 0], [1, 0, 0, 0]]
    assert kept[0.65] == [[0, 1, 0, 1], [1, 0, 0, 0]]
    assert kept[0.75] == [[0, 1, 1, 1], [1, 0, 0, 0]]
    assert kept[1.0] == [[1, 1, 1, 1], [1, 1, 1, 1]]


def test_close_policies_draw_the_same_token() -> None:
    """The race couples two distributions with P(same) ≥ (1 − TV) / (1 + TV); independent draws with Σ p·q."""
    count = 5_000
    other_V = LOGITS_V + 0.3 * torch.randn(8, generator=torch.Generator().manual_seed(0))
    p_V, q_V = LOGITS_V.softmax(0), other_V.softmax(0)
    distance = 0.5 * (p_V - q_V).abs().sum().item()
    ours, _ = drawn(LOGITS_V, Sampling(1), count)
    coupled = (ours == drawn(other_V, Sampling(1), count)[0]).float().mean().item()
    independent = (ours == drawn(other_V, Sampling(1), count, first=count)[0]).float().mean().item()
    assert 1 - distance + 0.02 >= coupled >= (1 - distance) / (1 + distance) - 0.02
    assert independent == pytest.approx((p_V * q_V).sum().item(), abs=0.02)
    assert coupled > 2 * independent


def test_close_policies_sample_mostly_the_same_responses(model) -> None:
    ours = engine_of(model).generate(PROMPTS, SAMPLING, SEEDS)
    theirs = engine_of(perturbed(model, 3e-4)).generate(PROMPTS, SAMPLING, SEEDS)
    others = engine_of(model).generate(PROMPTS, SAMPLING, [seed + 1000 for seed in SEEDS])
    assert sum(a.tokens == b.tokens for a, b in zip(ours, theirs, strict=True)) >= 15
    assert sum(a.tokens == b.tokens for a, b in zip(ours, others, strict=True)) <= 2
    assert any(a.logprobs != b.logprobs for a, b in zip(ours, theirs, strict=True))
