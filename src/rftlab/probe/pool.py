"""The pool: many rollouts of fixed queries at one checkpoint, and of each the gradient of its log-probability."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rftlab.advantages import Floats
from rftlab.errors import BadInputError
from rftlab.files import replacing
from rftlab.rewards import Judgement
from rftlab.rewards.value import RewardConfig, reward


@dataclass(frozen=True)
class Pool:
    """Q queries × R rollouts.

    Args:
        queries: ids of the Q queries.
        correct_QR: the verifier's judgements.
        lengths_QR: tokens of each response.
        scores_QRD: sketches of ∇ Σ_t log π(token t), the score of each rollout.
    """

    queries: tuple[str, ...]
    correct_QR: NDArray[np.bool_]
    lengths_QR: NDArray[np.int64]
    scores_QRD: Floats

    def rewards_QR(self, config: Mapping[str, Any], seed: int) -> Floats:
        """What a reward pays for each rollout; a random one tosses its coins by ``seed``."""
        settings = RewardConfig(**config)
        return np.array(
            [
                [reward(Judgement(bool(one), None), settings, (seed, query, 0, i)) for i, one in enumerate(row)]
                for query, row in zip(self.queries, self.correct_QR, strict=True)
            ]
        )

    @property
    def gradient_D(self) -> Floats:
        """The many-rollout gradient of the success rate: the mean of (r − mean of the query's others)·∇log π.

        r is 1 where a rollout is correct and 0 where not, whatever a study's reward is.
        """
        R = self.correct_QR.shape[1]
        advantages_QR = (self.correct_QR - self.correct_QR.mean(axis=1, keepdims=True)) * (R / (R - 1))
        gradient_D: Floats = np.einsum("qr,qrd->d", advantages_QR, self.scores_QRD) / advantages_QR.size
        return gradient_D

    def write(self, path: Path) -> None:
        """As arrays in one file, without pickle."""
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(
                file,
                queries=np.array(self.queries),
                correct_QR=self.correct_QR,
                lengths_QR=self.lengths_QR,
                scores_QRD=self.scores_QRD.astype(np.float32),
            )

    @classmethod
    def read(cls, path: Path) -> Pool:
        """From such a file.

        Raises:
            BadInputError: it is none.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(
                    tuple(arrays["queries"].tolist()),
                    arrays["correct_QR"],
                    arrays["lengths_QR"],
                    arrays["scores_QRD"].astype(np.float64),
                )
        except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise BadInputError(f"{path}: not a pool of rollouts: {error}; remove it to have it made again") from None
