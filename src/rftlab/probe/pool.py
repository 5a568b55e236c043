"""The pool: many rollouts of fixed queries at one checkpoint, and of each the gradient of its log-probability."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rftlab.advantages import Floats
from rftlab.errors import BadInputError
from rftlab.files import replacing

NAMES = ("queries", "rewards_QR", "greedy_Q", "lengths_QR", "truncated_QR", "scores_QRD")


@dataclass(frozen=True)
class Pool:
    """Q queries × R rollouts.

    Args:
        queries: ids of the Q queries.
        rewards_QR: what the baseline's reward pays.
        greedy_Q: the same of a greedy response of each query.
        lengths_QR: tokens of each response.
        truncated_QR: which were cut off.
        scores_QRD: sketches of ∇ Σ_t log π(token t), the score of each rollout.
    """

    queries: tuple[str, ...]
    rewards_QR: Floats
    greedy_Q: Floats
    lengths_QR: NDArray[np.int64]
    truncated_QR: NDArray[np.bool_]
    scores_QRD: Floats

    @property
    def gradient_D(self) -> Floats:
        """The many-rollout gradient of the mean reward: the mean of (r − mean of the query's others)·∇log π."""
        R = self.rewards_QR.shape[1]
        advantages_QR = (self.rewards_QR - self.rewards_QR.mean(axis=1, keepdims=True)) * (R / (R - 1))
        gradient_D: Floats = np.einsum("qr,qrd->d", advantages_QR, self.scores_QRD) / advantages_QR.size
        return gradient_D

    @property
    def centred_QRD(self) -> Floats:
        """Scores minus their query's mean, of which theory says that it is 0.

        In a pool of R it is not, and all rounds share what is left: a level that subtracts nothing would have it as a
        signal without variance. Centring takes 1/R of the variance with it.
        """
        centred_QRD: Floats = self.scores_QRD - self.scores_QRD.mean(axis=1, keepdims=True)
        return centred_QRD

    def write(self, path: Path) -> None:
        """As arrays in one file, without pickle."""
        with replacing(path) as temporary, temporary.open("wb") as file:
            arrays = {name: np.asarray(getattr(self, name)) for name in NAMES}
            np.savez(file, allow_pickle=False, **arrays | {"scores_QRD": self.scores_QRD.astype(np.float32)})

    @classmethod
    def read(cls, path: Path) -> Pool:
        """From such a file.

        Raises:
            BadInputError: it is none.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                found = {name: arrays[name] for name in NAMES}
                found |= {"scores_QRD": found["scores_QRD"].astype(np.float64)}
                return cls(queries=tuple(found.pop("queries").tolist()), **found)
        except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise BadInputError(f"{path}: not a pool of rollouts: {error}; remove it to have it made again") from None
