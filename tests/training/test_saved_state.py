"""One saved state: what is written, and that what is read back is the same or is refused."""

from __future__ import annotations

import os
import shutil

import pytest

from rftlab.errors import BadInputError
from rftlab.training.train import train
from saved_runs import RUN, same


def test_what_is_saved_is_safetensors_and_json(cut) -> None:
    for saved in (cut(5) / ".state").glob("round-*"):
        assert {p.suffix for p in saved.iterdir()} == {".safetensors", ".json"}


def test_a_log_or_a_checkpoint_that_was_touched_is_noticed(cut, base, data, reference, capsys) -> None:
    folder = cut(6)
    lines = (folder / ".state/metrics.jsonl").read_text().splitlines(keepends=True)
    (folder / ".state/metrics.jsonl").write_text("".join(lines[:4]))  # as a power failure may leave it
    train(RUN, base, data, folder, code="c")
    assert "metrics.jsonl is not what it was then" in capsys.readouterr().err
    same(folder, reference)
    shutil.rmtree(folder)
    cut(6)
    (folder / "checkpoints/round-00004/model.safetensors").write_bytes(b"")
    with pytest.raises(BadInputError, match=r"no saved state is whole .*round-00004 is not what it was then"):
        train(RUN, base, data, folder, code="c")


def test_a_malicious_pickle_is_not_read(cut, base, data, tmp_path) -> None:
    import pickle

    class Evil:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "owned"),))

    folder = cut(5)
    for saved in (folder / ".state").glob("round-*"):
        for path in saved.iterdir():
            path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(BadInputError, match="no saved state is whole"):
        train(RUN, base, data, folder, code="c")
    assert not (tmp_path / "owned").exists()
