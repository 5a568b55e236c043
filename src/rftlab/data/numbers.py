"""Numbers of data files as texts: the shortest decimal that stands for what the file holds, at its own width."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def decimal_text(number: float | Decimal) -> str:
    """A finite number without exponent and without idle zeros: ``145.00`` is ``145``, ``1e-7`` is ``0.0000001``.

    Of a float it is the shortest decimal that rounds to it.
    """
    text = format(number if isinstance(number, Decimal) else Decimal(repr(number)), "f")
    if "." in text:
        text = text.rstrip("0").removesuffix(".")
    return "0" if text == "-0" else text


def exact_floats(record: Mapping[str, Any], schema: pa.Schema | None) -> dict[str, Any]:
    """A record of Python's numbers, whose halves and singles were widened, with the shortest decimals of their width.

    The single next to 0.1 is 0.10000000149011612 as a double, and ``Decimal("0.1")`` here. Without a schema there are
    only doubles. What a reader has decoded, an image for instance, stays as it is.
    """
    return {name: _exact(value, schema.field(name).type) if schema else value for name, value in record.items()}


def _exact(value: Any, kind: pa.DataType) -> Any:
    import numpy as np
    import pyarrow.types as types

    if value is None:
        return None
    if types.is_float16(kind) or types.is_float32(kind):
        return Decimal(str(np.float16(value) if types.is_float16(kind) else np.float32(value)))
    if types.is_struct(kind) and isinstance(value, dict):
        return {field.name: _exact(value[field.name], field.type) for field in kind}
    if isinstance(value, list) and (types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)):
        return [_exact(item, kind.value_type) for item in value]
    return _exact(value, kind.value_type) if types.is_dictionary(kind) else value
