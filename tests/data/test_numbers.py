"""Numbers as texts: what no file shows, since a file's numbers are finite and its lists have types."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rftlab.data.numbers import decimal_text, exact_floats


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_comes_back(number: float) -> None:
    text = decimal_text(number)
    assert float(text) == number
    assert "e" not in text
    assert text == "0" or not text.endswith((".", "-0"))
    assert "." not in text or not text.endswith("0")


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_single_comes_back_in_no_more_digits_than_it_needs(number: float) -> None:
    record = exact_floats({"a": number}, pa.schema({"a": pa.float32()}))
    text = decimal_text(record["a"])
    assert np.float32(text) == np.float32(number)
    assert len(text.lstrip("-0.").replace(".", "").rstrip("0")) <= 9


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (pa.list_(pa.float32()), [0.1, None], [Decimal("0.1"), None]),
        (pa.large_list(pa.float16()), [0.1], [Decimal("0.1")]),
        (pa.list_(pa.float32(), 2), [0.5, 0.25], [Decimal("0.5"), Decimal("0.25")]),
        (pa.struct({"a": pa.float32()}), {"a": 0.1}, {"a": Decimal("0.1")}),
        (pa.dictionary(pa.int8(), pa.float32()), 0.1, Decimal("0.1")),
        (pa.float64(), 0.1, 0.1),
        (pa.struct({"bytes": pa.binary()}), ..., ...),  # decoded to something of its own, as images of the hub are
        (pa.list_(pa.list_(pa.float32())), ..., ...),
    ],
    ids=str,
)
def test_numbers_inside_of_other_types(kind: pa.DataType, value: object, expected: object) -> None:
    assert exact_floats({"a": value}, pa.schema({"a": kind})) == {"a": expected}
    assert exact_floats({"a": value}, None) == {"a": value}
