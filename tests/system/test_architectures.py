"""Each architecture of the paper, without its weights: from a hub's directory to a checkpoint."""

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from architectures import FAMILIES, TRAPS, write_family
from rftlab.files import read_json
from rftlab.models.build import build
from rftlab.policies.directory import PolicyDirectory
from rftlab.policies.prompts import PromptConfig, encode, pad_token
from rftlab.rollouts import Sampling
from rftlab.rollouts.engine import engine_of
from rftlab.training.logprobs import response_logprobs
from rftlab.training.train import train
from training import json_lines, run_json, write_sums

CHAT = PromptConfig(chat=True)
QUERIES = ["1+1=", "12+3-4=", "7=", "9+9+9+9+9=", "30-2="]
ROLLOUTS = 16


@pytest.fixture(scope="module", params=FAMILIES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def hub(name, tmp_path_factory):
    return write_family(name, tmp_path_factory.mktemp(name) / "hub")


@pytest.fixture(scope="module")
def base(hub):
    build({"source": "directory", "path": str(hub)}, hub.parent)
    return PolicyDirectory(hub.parent / "model")


@pytest.fixture(scope="module")
def ends(name, base):
    return base.tokenizer().convert_tokens_to_ids(FAMILIES[name].ends)


@pytest.fixture(scope="module")
def rollouts(base):
    tokenizer = base.tokenizer()
    prompts = [encode(tokenizer, CHAT, query) for query in QUERIES for _ in range(ROLLOUTS)]
    return engine_of(base, base.model(), tokenizer).generate(prompts, Sampling(48), range(len(prompts)))


def logits(model, ids: list[int]) -> torch.Tensor:
    with torch.no_grad():
        return model(input_ids=torch.tensor([ids])).logits[0]


def test_the_model_is_what_its_files_say(name, base) -> None:
    model = base.model()
    names = {key for key, _ in model.named_parameters()}
    assert ("lm_head.weight" not in names) == FAMILIES[name].config["tie_word_embeddings"]
    assert any("q_norm" in key for key in names) == (name == "olmo2")
    assert (model.config.rope_parameters["rope_type"] == "llama3") == (name == "llama3")
    if name == "llama3":  # slow waves are slowed down by the factor
        plain = 5e5 ** (-torch.arange(0, 32, 2) / 32)
        torch.testing.assert_close(model.model.rotary_emb.inv_freq[-1], plain[-1] / 32)


def test_nothing_of_the_generation_config_is_left_but_the_end_tokens(hub, base, ends) -> None:
    assert TRAPS.items() <= read_json(hub / "generation_config.json").items()
    generation = read_json(base.folder / "generation_config.json")
    assert not TRAPS.keys() & generation.keys()
    assert generation["eos_token_id"] == sorted(ends)


def test_the_chat_template(name, base) -> None:
    tokenizer, family = base.tokenizer(), FAMILIES[name]
    ids = encode(tokenizer, CHAT, "1+1=")
    assert tokenizer.decode(ids) == family.prompt
    if family.bos and family.bos != "<|im_start|>":
        assert ids.count(tokenizer.bos_token_id) == 1  # the template has it: tokenising must not add another
    plain = encode(tokenizer, PromptConfig(), "1+1=")
    assert (plain[0] == tokenizer.bos_token_id) == family.adds_bos


def test_sampling_is_the_studys_own(hub, rollouts) -> None:
    """Logprobs of what was sampled are a plain forward pass's: no penalty, no top_k, no temperature of the files'."""
    model = AutoModelForCausalLM.from_pretrained(hub, dtype=torch.float32)
    ranks = []
    for rollout in rollouts:
        start = len(rollout.prompt)
        logprobs_TV = logits(model, [*rollout.prompt, *rollout.tokens])[start - 1 : -1].log_softmax(-1)
        logprobs_T = logprobs_TV[range(len(rollout.tokens)), list(rollout.tokens)]
        torch.testing.assert_close(torch.tensor(rollout.logprobs), logprobs_T, rtol=0, atol=1e-5)
        ranks += (logprobs_TV > logprobs_T[:, None]).sum(dim=1).tolist()
    assert max(ranks) >= 20  # no top_k: beyond the files' 20
    assert max(len(rollout.tokens) for rollout in rollouts) == 48  # nor their max_new_tokens


def test_a_response_ends_with_the_first_end_token_whichever_it_is(rollouts, ends) -> None:
    last = {rollout.tokens[-1] for rollout in rollouts if not rollout.truncated}
    assert last == set(ends)
    for rollout in rollouts:
        assert not set(rollout.tokens[:-1]) & set(ends)
        assert rollout.truncated == (rollout.tokens[-1] not in ends)


def test_the_end_token_is_in_the_loss_and_padding_is_not(base, rollouts) -> None:
    """Also where one token does both: a row's gradient is that of the row alone, its end token's logprob in it."""
    model, pad = base.model(), pad_token(base.tokenizer())
    ended = sorted((r for r in rollouts if not r.truncated), key=lambda r: len(r.tokens))
    some = [ended[0], ended[-1]]
    assert len(some[0].tokens) < len(some[1].tokens)
    for aligned in (True, False):
        gradients = []
        for batch in (some, some[:1]):
            model.zero_grad()
            logprobs_NT, mask_NT = response_logprobs(model, batch, pad_token=pad, temperature=1.0, aligned=aligned)
            length = len(some[0].tokens)
            assert mask_NT[0].tolist() == [True] * length + [False] * (mask_NT.shape[1] - length)
            assert (logprobs_NT[0, length:] == 0).all()
            assert logprobs_NT[0, length - 1].item() == pytest.approx(some[0].logprobs[-1], abs=1e-5)
            logprobs_NT[0].sum().backward()
            gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
        scale = gradients[1].abs().max().item()
        assert scale > 0
        torch.testing.assert_close(gradients[0], gradients[1], rtol=0, atol=1e-5 * scale)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_checkpoint_goes_through_the_auto_classes(base, dtype, tmp_path) -> None:
    precision = {"autocast": "none", "checkpoint_dtype": dtype, "sampler_dtype": "trainer"}
    run = run_json(
        precision=precision,
        prompt={"template": "{{ query }}", "chat": True},
        reward__name="random",
        budget={"rounds": 1},
        diagnostics__kl_every=1,
    )
    train(run, base.folder, write_sums(tmp_path / "train.jsonl"), tmp_path / "run", code="c")
    folder = tmp_path / "run" / "checkpoints" / "round-00001"
    (row,) = json_lines(tmp_path / "run" / "metrics.jsonl")
    assert row["mismatch_all_max"] < 1e-5
    ours, theirs = PolicyDirectory(folder), AutoModelForCausalLM.from_pretrained(folder)
    assert str(theirs.dtype) == f"torch.{dtype}"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer.apply_chat_template(
        [{"role": "user", "content": "1+1="}], add_generation_prompt=True, return_dict=False
    )
    assert ids == encode(base.tokenizer(), CHAT, "1+1=")
    assert torch.equal(logits(ours.model(), ids), logits(theirs.float(), ids))
    moved = (logits(ours.model(), ids) - logits(base.model(), ids)).abs().max()
    assert moved > 1e-3
    assert engine_of(ours, ours.model(), ours.tokenizer()).end_tokens.tolist() == sorted(
        base.model().generation_config.eos_token_id
    )
