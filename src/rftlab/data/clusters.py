"""Clusters: near-copies of one question, such as the perturbed versions of a problem, which are no questions each.

A query says in ``metadata["cluster"]`` which cluster it is of. Answers to near-copies go together: 200 questions in
eight versions each say little more than 200 answers do. So analysis averages the queries of a cluster before all else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rftlab.data.queries import DataError

CLUSTER = "cluster"


def cluster_of(metadata: Mapping[str, Any], where: str) -> str | None:
    """The name of a query's cluster; None for a query that is its own.

    Raises:
        DataError: ``where: …`` for one that is no text.
    """
    name = metadata.get(CLUSTER)
    if name is None or (isinstance(name, str) and name.strip()):
        return name
    raise DataError(
        f"{where}: field {CLUSTER!r} is {name!r:.40}; a text is needed that near-copies of one question share, or none"
    )
