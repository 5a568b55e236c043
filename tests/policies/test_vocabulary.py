"""Tokenizers whose ids an embedding lacks: a padding token is let go, any other is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from rftlab.errors import BadInputError
from rftlab.models.build import build
from rftlab.policies.directory import PolicyDirectory
from rftlab.policies.prompts import PromptConfig, encode, pad_token
from rftlab.policies.vocabulary import fitted
from rftlab.rollouts import Sampling
from rftlab.rollouts.engine import engine_of
from training import write_base


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("models") / "base")


@pytest.fixture
def base(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "base"))


def add(folder: Path, token: str, **names: str) -> None:
    """A token more in a tokenizer, as people add it, and what it is used as."""
    tokenizer = PolicyDirectory(folder).tokenizer()
    tokenizer.add_special_tokens(names) if names else tokenizer.add_tokens([token])
    tokenizer.save_pretrained(folder)


def test_a_tokenizer_that_fits_is_left_alone(base: Path) -> None:
    tokenizer = PolicyDirectory(base).tokenizer()
    assert fitted(tokenizer, len(tokenizer)) is tokenizer
    assert fitted(tokenizer, len(tokenizer) + 100) is tokenizer


def test_an_added_padding_token_works_with_a_model_that_was_not_resized(base: Path, tmp_path: Path) -> None:
    rows = PolicyDirectory(base).model().get_input_embeddings().num_embeddings
    add(base, "[PAD]", pad_token="[PAD]")
    assert PolicyDirectory(base).tokenizer().pad_token_id == rows
    build({"source": "directory", "path": str(base)}, tmp_path / "built")
    directory = PolicyDirectory(tmp_path / "built" / "model")
    tokenizer = directory.tokenizer()
    assert pad_token(tokenizer) < rows
    assert max(tokenizer.get_vocab().values()) < rows
    assert tokenizer.eos_token == PolicyDirectory(base).tokenizer().eos_token
    prompts = [encode(tokenizer, PromptConfig(), query) for query in ("1+1=", "1+2+3=")]
    engine = engine_of(directory, directory.model(), tokenizer)
    both = engine.generate(prompts, Sampling(4), [1, 2])
    alone = [engine.generate([prompt], Sampling(4), [seed])[0] for prompt, seed in zip(prompts, (1, 2), strict=True)]
    assert [rollout.tokens for rollout in both] == [rollout.tokens for rollout in alone]
    with pytest.raises(BadInputError, match="does not know every character"):
        encode(tokenizer, PromptConfig(), "[PAD]")


def test_other_tokens_without_a_row_are_refused(base: Path, tmp_path: Path) -> None:
    add(base, "<tool>")
    with pytest.raises(BadInputError) as error:
        build({"source": "directory", "path": str(base)}, tmp_path / "built")
    rows = PolicyDirectory(base).model().get_input_embeddings().num_embeddings
    assert str(error.value).startswith(
        f"{base}: 1 tokens of the tokenizer have no row in the model's embedding of {rows}: '<tool>'; "
    )
    assert not (tmp_path / "built").exists()


def test_a_padding_token_that_is_the_end_token_too_is_refused(base: Path) -> None:
    rows = len(PolicyDirectory(base).tokenizer())
    add(base, "<over>", pad_token="<over>", eos_token="<over>")
    with pytest.raises(BadInputError, match="'<over>'; resize the embedding"):
        fitted(PolicyDirectory(base).tokenizer(), rows)


def test_a_model_that_nothing_ends_is_refused(base: Path, tmp_path: Path) -> None:
    for name in ("config.json", "tokenizer_config.json"):
        document = json.loads((base / name).read_text())
        (base / name).write_text(json.dumps({k: v for k, v in document.items() if not k.startswith("eos_token")}))
    (base / "generation_config.json").unlink(missing_ok=True)
    with pytest.raises(BadInputError, match="no end token in tokenizer_config"):
        build({"source": "directory", "path": str(base)}, tmp_path / "built")
    assert not (tmp_path / "built").exists()
