"""A pool of rollouts: its rewards, its gradient, its file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rftlab.errors import BadInputError
from rftlab.probe.pool import NAMES, Pool

GENERATOR = np.random.default_rng(1)
POOL = Pool(
    ("a", "b"),
    np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 1.0]]),
    np.array([0.0, 1.0]),
    np.array([[3, 4, 5], [6, 7, 8]]),
    np.array([[True, False, False], [False, False, False]]),
    GENERATOR.standard_normal((2, 3, 4)).astype(np.float32).astype(np.float64),
)


def test_the_gradient_is_the_reward_less_the_mean_of_the_others_times_the_score() -> None:
    scores = POOL.scores_QRD
    by_hand = (scores[0, 0] * 1.0 - scores[0, 1] * 0.5 - scores[0, 2] * 0.5) / 6
    assert POOL.gradient_D == pytest.approx(by_hand)


def test_centred_scores_have_mean_zero_and_the_same_gradient() -> None:
    assert POOL.centred_QRD.mean(axis=1) == pytest.approx(np.zeros((2, 4)), abs=1e-12)
    assert replace(POOL, scores_QRD=POOL.centred_QRD).gradient_D == pytest.approx(POOL.gradient_D)


def test_a_pool_comes_back_from_its_file(tmp_path: Path) -> None:
    POOL.write(tmp_path / "pool.npz")
    again = Pool.read(tmp_path / "pool.npz")
    assert again.queries == POOL.queries
    for name in NAMES[1:]:
        assert (getattr(again, name) == getattr(POOL, name)).all()


@pytest.mark.parametrize("content", [b"", b"no pool", b"PK\x03\x04broken"])
def test_another_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pool.npz").write_bytes(content)
    with pytest.raises(BadInputError, match="not a pool of rollouts"):
        Pool.read(tmp_path / "pool.npz")
