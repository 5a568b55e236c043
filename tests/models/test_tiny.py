import dataclasses

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from rftlab.data.families import FAMILIES
from rftlab.data.sources.procedural import configured_family
from rftlab.errors import BadInputError
from rftlab.files import file_sha256, read_json
from rftlab.models.build import build
from rftlab.models.tiny import Mixture, TinyConfig, character_tokenizer, initial_model, solution_loss, train_tiny
from rftlab.policies.checkpoint import save_checkpoint
from rftlab.policies.directory import PolicyDirectory
from rftlab.policies.prompts import PromptConfig, encode
from training import ARCHITECTURES, BASE, SUMS, TOKENIZER, generated, policy

QUICK = {**BASE, "max_steps": 2, "check_every": 2, "check_queries": 10}


def task(**overrides) -> dict:
    return {**BASE["tasks"]["sums"], **overrides}


def test_the_same_bytes_twice(tmp_path) -> None:
    config = {**BASE, "max_steps": 20, "tasks": {"sums": task(goal=0.0)}}
    for name in ("a", "b"):
        build(config, tmp_path / name)
    files = {path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file()}
    assert {str(file) for file in files} >= {"model.json", "model/model.safetensors", "model/tokenizer.json"}
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    build({**config, "seed": 1}, tmp_path / "c")
    assert read_json(tmp_path / "c" / "model.json")["sha256"] != read_json(tmp_path / "a" / "model.json")["sha256"]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_built_model_is_an_ordinary_directory(architecture, tmp_path) -> None:
    config = {**QUICK, "architecture": architecture, "tasks": {"sums": task(goal=0.0)}}
    build(config, tmp_path)
    manifest = read_json(tmp_path / "model.json")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "model", use_safetensors=True)
    assert manifest["config"] == config
    assert manifest["architecture"] == architecture == model.config.model_type
    assert manifest["sha256"] == file_sha256(tmp_path / "model" / "model.safetensors")
    assert manifest["parameters"] == sum(p.numel() for p in model.parameters())
    assert manifest["steps"] == 2
    assert set(manifest["sampled_accuracy"]) == {"sums"}
    assert model.lm_head.weight is model.get_input_embeddings().weight
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model")
    ids = tokenizer("1+2=", return_tensors="pt").input_ids
    assert ids.shape == (1, 4)
    generated = model.generate(ids, do_sample=False, max_new_tokens=4)
    assert generated.shape[1] <= 8
    assert model.generation_config.eos_token_id == [tokenizer.eos_token_id]
    assert not model.generation_config.do_sample


def test_a_checkpoint_is_read_back_as_it_was(tmp_path) -> None:
    for architecture in ARCHITECTURES:
        model = policy(architecture)
        sha256 = save_checkpoint(tmp_path / architecture, model, TOKENIZER)
        again = PolicyDirectory(tmp_path / architecture)
        assert sha256 == again.sha256
        for name, value in again.model().state_dict().items():
            assert torch.equal(value, model.state_dict()[name])


@pytest.mark.parametrize("form", ["symbols", "words"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_text_of_a_family_is_spelt_by_its_characters(family, form, tmp_path) -> None:
    config = {"source": "procedural", "family": family, "form": form, "sizes": {"train": 50}}
    tokenizer = character_tokenizer(configured_family(config).charset())
    tokenizer.save_pretrained(tmp_path)
    for loaded in (tokenizer, AutoTokenizer.from_pretrained(tmp_path)):
        for query in generated(config, "train"):
            for text in (query.query, query.metadata["solution"]):
                ids = loaded(text).input_ids
                assert len(ids) == len(text)
                assert loaded.unk_token_id not in ids
                assert loaded.decode([*ids, loaded.eos_token_id], skip_special_tokens=True) == text


def test_any_character_is_one_token() -> None:
    text = " a\n\t1 .,'Z  "
    tokenizer = character_tokenizer(text)
    assert tokenizer.decode(tokenizer(text).input_ids) == text
    assert len(tokenizer(text).input_ids) == len(text)
    assert len(tokenizer) == 3 + len(set(text))


def test_other_characters_are_their_bytes() -> None:
    tokenizer = character_tokenizer("3×ß")
    assert tokenizer.decode(tokenizer("ß×3").input_ids) == "ß×3"
    assert len(tokenizer("ß×3").input_ids) == 5


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_saved_tokenizer_is_read_the_same_by_everybody(architecture, tmp_path) -> None:
    """AutoTokenizer goes by the model's architecture too: it takes a Qwen2 model's tokenizer for Qwen2's own."""
    tokenizer = character_tokenizer("three plus four=7;#\n")
    config = TinyConfig.read({**BASE, "architecture": architecture})
    save_checkpoint(tmp_path / "model", initial_model(config, tokenizer), tokenizer)
    text = "three plus  four=\n7;#"
    loaded = PolicyDirectory(tmp_path / "model").tokenizer()
    for other in (loaded, AutoTokenizer.from_pretrained(tmp_path / "model")):
        ids = other(text).input_ids
        assert ids == tokenizer(text).input_ids
        assert other.decode([*ids, other.eos_token_id], skip_special_tokens=True) == text
        assert (other.pad_token_id, other.eos_token_id) == (tokenizer.pad_token_id, tokenizer.eos_token_id)
    with pytest.raises(BadInputError, match="does not know every character"):
        encode(loaded, PromptConfig(), "three times four=")


def test_an_unknown_character_is_refused() -> None:
    with pytest.raises(BadInputError, match="does not know every character of '1×2='"):
        encode(TOKENIZER, PromptConfig(), "1×2=")


def test_the_loss_is_that_of_the_solutions_alone() -> None:
    model = policy()
    queries = generated({**SUMS, "terms": [2, 3], "sizes": {"train": 4}}, "train")
    terms = []
    for query in queries:
        prompt, solution = TOKENIZER(query.query).input_ids, TOKENIZER(query.metadata["solution"]).input_ids
        target = [*solution, TOKENIZER.eos_token_id]
        logprobs_TV = model(input_ids=torch.tensor([prompt + target])).logits[0].log_softmax(-1)
        terms += [-logprobs_TV[len(prompt) - 1 + t, token] for t, token in enumerate(target)]
    torch.testing.assert_close(solution_loss(model, TOKENIZER, queries), torch.stack(terms).mean())


@pytest.mark.parametrize(
    ("accuracies", "message"),
    [
        ({"low": 0.9, "goal": 0.95}, r"after 2 steps sums is at 0\.\d\d, needs 0.9 to 1.0: change its weight"),
        ({"low": -1.0, "goal": -1.0, "high": -0.5}, r"sums is at 0.00, needs -1.0 to -0.5"),
    ],
)
def test_a_task_outside_its_range_is_named(accuracies, message) -> None:
    with pytest.raises(BadInputError, match=message):
        train_tiny(TinyConfig.read({**QUICK, "tasks": {"sums": task(**accuracies)}}))


def test_training_stops_at_the_goal_and_not_before(capsys) -> None:
    _, _, facts = train_tiny(TinyConfig.read(BASE))
    measured = [float(line.rpartition(" ")[2]) for line in capsys.readouterr().out.splitlines()]
    assert facts["steps"] == BASE["check_every"] * len(measured) < BASE["max_steps"]
    assert measured[-1] >= 0.2 > max(measured[:-1])
    assert facts["sampled_accuracy"]["sums"] == pytest.approx(measured[-1], abs=0.005)


def test_the_weights_saved_are_the_weights_measured() -> None:
    """The last step is measured even where it falls between two checks."""
    config = TinyConfig.read({**QUICK, "max_steps": 3, "tasks": {"sums": task(goal=2.0)}})
    _, _, facts = train_tiny(config)
    assert facts["steps"] == 3
    model, tokenizer, again = train_tiny(dataclasses.replace(config, check_every=100))
    assert again["sampled_accuracy"] == facts["sampled_accuracy"]
    assert len(tokenizer) == model.config.vocab_size


def test_a_mixture_turns_to_what_is_not_yet_learnt() -> None:
    names = ("new", "learnt", "beyond")
    tasks = TinyConfig.read(
        {**BASE, "tasks": {name: task(weight=2.0, goal=0.3, high=0.5, low=0.1) for name in names}}
    ).tasks
    mixture = Mixture(tasks, seed=0)
    mixture.focus({"new": 0.1, "learnt": 0.4, "beyond": 0.6})
    assert mixture.weights == [2.0, 0.2, 0.0]
    assert [q.id for q in mixture.batch(5)] != [q.id for q in mixture.batch(5)]
    assert [q.id for q in Mixture(tasks, seed=3).batch(9)] == [q.id for q in Mixture(tasks, seed=3).batch(9)]


def test_shapes() -> None:
    config = TinyConfig.read({**BASE, "hidden_size": 128, "layers": 3})
    for architecture in ARCHITECTURES:
        model = initial_model(dataclasses.replace(config, architecture=architecture), TOKENIZER)
        assert model.config.num_attention_heads == model.config.num_key_value_heads == 4
        assert sum(p.numel() for p in model.parameters()) < 1_000_000
