import pytest

from rftlab.files import file_sha256
from rftlab.policies.checkpoint import save_checkpoint
from rftlab.policies.directory import PolicyDirectory
from training import TOKENIZER, policy


def test_a_checkpoint_appears_whole(tmp_path) -> None:
    folder = tmp_path / "checkpoints" / "round-00001"
    sha256 = save_checkpoint(folder, policy(), TOKENIZER)
    assert sha256 == file_sha256(folder / "model.safetensors")
    assert [*folder.parent.iterdir()] == [folder]
    PolicyDirectory(folder)


def test_an_older_checkpoint_is_replaced(tmp_path) -> None:
    folder = tmp_path / "round-00001"
    first = save_checkpoint(folder, policy(seed=0), TOKENIZER)
    (folder / "stray").touch()
    second = save_checkpoint(folder, policy(seed=1), TOKENIZER)
    assert first != second == file_sha256(folder / "model.safetensors")
    assert not (folder / "stray").exists()


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch) -> None:
    folder = tmp_path / "round-00001"
    before = save_checkpoint(folder, policy(seed=0), TOKENIZER)
    model = policy(seed=1)
    monkeypatch.setattr(model, "save_pretrained", lambda *_, **__: (_ for _ in ()).throw(OSError("no space")))
    with pytest.raises(OSError, match="no space"):
        save_checkpoint(folder, model, TOKENIZER)
    assert file_sha256(folder / "model.safetensors") == before
