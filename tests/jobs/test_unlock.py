"""Snakemake's lock is freed when nobody who may hold it lives, and only then."""

import fcntl
import os
import socket
from pathlib import Path

import pytest

from rftlab.jobs.unlock import KERNEL_LOCK, free_stale_lock


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """Snakemake's lock files; the last Snakemake was on this machine."""
    folder = tmp_path / ".snakemake" / "locks"
    folder.mkdir(parents=True)
    (tmp_path / KERNEL_LOCK).write_text(socket.gethostname())
    (folder / "0.input.lock").touch()
    return folder / "0.input.lock"


def test_what_a_dead_one_left_is_removed(tmp_path: Path, locked: Path, capsys) -> None:
    os.close(free_stale_lock(tmp_path))
    assert not locked.exists()
    assert "unlocked" in capsys.readouterr().err
    os.close(free_stale_lock(tmp_path))
    assert capsys.readouterr().err == ""


def test_while_another_lives_nothing_is_removed(tmp_path: Path, locked: Path, capsys) -> None:
    with (tmp_path / KERNEL_LOCK).open() as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        mine = free_stale_lock(tmp_path)
        assert locked.exists()
    with (tmp_path / KERNEL_LOCK).open() as third, pytest.raises(BlockingIOError):  # and mine is held now
        fcntl.flock(third, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(mine)
    assert capsys.readouterr().err == ""
    os.close(free_stale_lock(tmp_path))
    assert not locked.exists()


def test_of_another_machine_nothing_is_removed_however_often(tmp_path: Path, locked: Path) -> None:
    (tmp_path / KERNEL_LOCK).write_text("elsewhere")
    for _ in range(2):
        os.close(free_stale_lock(tmp_path))
        assert locked.exists()
    locked.unlink()
    os.close(free_stale_lock(tmp_path))  # nothing to protect any more: from now on it is this machine's
    assert (tmp_path / KERNEL_LOCK).read_text() == socket.gethostname()


def test_a_new_folder(tmp_path: Path) -> None:
    os.close(free_stale_lock(tmp_path))
    assert (tmp_path / KERNEL_LOCK).read_text() == socket.gethostname()
