from __future__ import annotations

from typing import Any

import pytest

from rftlab.data.clusters import cluster_of
from rftlab.data.queries import DataError


@pytest.mark.parametrize(
    ("metadata", "cluster"),
    [({}, None), ({"cluster": None}, None), ({"cluster": "a"}, "a"), ({"clusters": 3}, None)],
)
def test_a_query_is_of_the_cluster_it_names(metadata: dict[str, Any], cluster: str | None) -> None:
    assert cluster_of(metadata, "f.jsonl:3") == cluster


@pytest.mark.parametrize("name", [7, 0, 1.5, True, "", " ", ["a"]])
def test_a_cluster_that_is_no_text_is_refused(name: Any) -> None:
    with pytest.raises(DataError) as refused:
        cluster_of({"cluster": name}, "f.jsonl:3")
    assert str(refused.value) == (
        f"f.jsonl:3: field 'cluster' is {name!r}; a text is needed that near-copies of one question share, or none"
    )
