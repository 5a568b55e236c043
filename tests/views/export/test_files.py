"""The files of an export: which there are, that they agree, and that a failure leaves none behind."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pytest

import presented
from rftlab.views.export import files
from rftlab.views.export.files import export
from rftlab.views.export.headline import headline
from rftlab.views.figures import names
from rftlab.views.figures.__main__ import specifications
from rftlab.views.results import Results


@pytest.fixture(scope="module")
def study() -> Results:
    return presented.study(variants=presented.FEW)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Specifications that would have been drawn, which takes seconds."""
    texts: list[str] = []
    monkeypatch.setattr(files.vl_convert, "vegalite_to_pdf", lambda text, **_: texts.append(text) or b"%PDF")
    return texts


def test_it_writes_table_and_figures(study: Results, tmp_path: Path, drawn: list[str]) -> None:
    paths = export(study, tmp_path / "export")
    expected = {"verdicts.tex", "verdicts.csv", *(f"{stem}.pdf" for stem in names(study.pairs))}
    assert {path.name for path in paths} == {path.name for path in (tmp_path / "export").iterdir()} == expected


def test_figures_are_vectors_with_text(study: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    charts = {"forest": specifications(study)["forest"]}
    monkeypatch.setattr(files, "specifications", lambda _: charts)
    (path,) = export(study, tmp_path, ["pdf"])
    content = path.read_bytes()
    assert content.startswith(b"%PDF")
    assert b"/Font" in content
    assert b"/Subtype /Image" not in content


def test_the_csv_is_the_table(study: Results, tmp_path: Path) -> None:
    (path,) = export(study, tmp_path, ["csv"])
    table = headline(study)
    read = pd.read_csv(io.BytesIO(path.read_bytes()), keep_default_na=True).astype(table.dtypes)
    pd.testing.assert_frame_equal(read, table, rtol=1e-9)


@pytest.mark.parametrize(("form", "suffix"), [("latex", ".tex"), ("csv", ".csv"), ("pdf", ".pdf")])
def test_only_what_is_asked_for(study: Results, tmp_path: Path, drawn: list[str], form: str, suffix: str) -> None:
    assert {path.suffix for path in export(study, tmp_path, [form])} == {suffix}


def test_what_fails_writes_nothing(study: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.vl_convert, "vegalite_to_pdf", fails)
    with pytest.raises(OSError, match="No space"):
        export(study, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_headings_are_left_to_the_caption(study: Results, tmp_path: Path, drawn: list[str]) -> None:
    export(study, tmp_path, ["pdf"])
    assert len(drawn) == len(names(study.pairs))
    assert not any("title" in json.loads(text) for text in drawn)
