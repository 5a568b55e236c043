"""Units: what counts as one answer, a query or a cluster of near-copies of one question.

The estimators take queries for draws from many. Near-copies are drawn together: taken for draws of their own, they
would narrow every interval. So the values of a cluster are averaged, run by run, and its mean stands for one query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rftlab.errors import BadInputError

Floats = NDArray[np.float64]
Clusters = Mapping[str, Mapping[str, str]]  # evaluation set → id of a query → its cluster, where it has one


def read_clusters(data: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    """Clusters of every evaluation set, from the content of ``data.json``.

    Raises:
        BadInputError: it does not say them.
    """
    try:
        return {name: entry["clusters"] for name, entry in data["evaluation_sets"].items()}
    except (KeyError, TypeError, AttributeError):
        raise BadInputError(
            "data.json: evaluation_sets: clusters are missing: remove the file, so that it is made again"
        ) from None


@dataclass(frozen=True)
class Units:
    """Which unit each query is of, counted from 0 in the order of their first queries."""

    index_Q: NDArray[np.intp]

    @classmethod
    def of(cls, queries: Sequence[str], clusters: Mapping[str, str]) -> Units:
        """From the ids of queries; one without a cluster is a unit of its own."""
        keys = [(True, clusters[query]) if query in clusters else (False, query) for query in queries]
        number = {key: i for i, key in enumerate(dict.fromkeys(keys))}
        return cls(np.array([number[key] for key in keys], dtype=np.intp))

    def mean(self, values: ArrayLike) -> Floats:
        """Means over the queries of each unit: values of shape (Q, …) → (units, …)."""
        order = np.argsort(self.index_Q, kind="stable")
        starts = np.flatnonzero(np.diff(self.index_Q[order], prepend=-1))
        ordered = np.asarray(values, dtype=np.float64)[order]
        counts = np.diff(starts, append=len(order)).reshape(-1, *[1] * (ordered.ndim - 1))
        return np.asarray(np.add.reduceat(ordered, starts, axis=0) / counts)
