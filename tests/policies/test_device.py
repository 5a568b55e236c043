import os

import pytest
import torch

from rftlab.errors import BadInputError
from rftlab.policies.device import prepare


@pytest.fixture
def cuda(monkeypatch):
    def there(is_there: bool) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: is_there)

    return there


@pytest.mark.parametrize(
    ("setting", "there", "expected"),
    [
        ("auto", True, "cuda"),
        ("auto", False, "cpu"),
        ("cpu", True, "cpu"),
        ("cpu", False, "cpu"),
        ("cuda", True, "cuda"),
    ],
)
def test_device(cuda, setting, there, expected) -> None:
    cuda(there)
    assert prepare(setting) == torch.device(expected)


def test_a_device_that_is_not_there_is_refused(cuda) -> None:
    cuda(False)
    with pytest.raises(BadInputError, match=r"^device: cuda is asked for"):
        prepare("cuda")


def test_everything_is_deterministic_from_then_on(monkeypatch) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    torch.use_deterministic_algorithms(False)
    prepare("cpu")
    assert torch.are_deterministic_algorithms_enabled()
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
