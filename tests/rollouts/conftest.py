"""A real vLLM for the tests that need one; where there is none they are skipped."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator

import pytest

from one_vllm import OneVllm


@pytest.fixture(scope="module")
def vllm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneVllm]:
    if importlib.util.find_spec("vllm") is None:
        pytest.skip("vLLM is not installed beside this Python: make test-vllm")
    importlib.import_module("rftlab.rollouts.vllm_inprocess")  # before anything of vLLM
    one = OneVllm(tmp_path_factory)
    yield one
    one.close()
