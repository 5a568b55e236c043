"""What a Vega-Lite specification shows: its rows, and what stands under a key anywhere in it."""

from __future__ import annotations

from typing import Any


def data(specification: dict[str, Any], field: str) -> list[dict[str, Any]]:
    """The stored rows that have a field."""
    return next(rows for rows in specification["datasets"].values() if rows and field in rows[0])


def values(specification: dict[str, Any]) -> list[dict[str, Any]]:
    """All rows, those that a chart holds itself and those that are stored for several."""
    inline = [row for found in walk(specification, "values") if isinstance(found, list) for row in found]
    stored = [row for rows in specification.get("datasets", {}).values() for row in rows]
    return [row for row in inline + stored if isinstance(row, dict)]


def reason(specification: dict[str, Any]) -> str:
    """Why a chart has nothing to show."""
    (row,) = [row for row in values(specification) if "reason" in row]
    return " ".join(row["reason"])


def walk(node: Any, key: str) -> list[Any]:
    """Whatever stands under a key, at any depth."""
    if isinstance(node, dict):
        return [v for k, v in node.items() if k == key] + [hit for v in node.values() for hit in walk(v, key)]
    return [hit for v in node for hit in walk(v, key)] if isinstance(node, list) else []
