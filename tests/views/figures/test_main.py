"""Every figure a plan promises is written, the same each time, and shows the numbers of the tables."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import altair as alt
import pytest

import presented
from browser import CHROMIUM, Page
from rftlab.runfolder.study_plan import TABLES
from rftlab.views.figures import FIGURES, FORMATS, names
from rftlab.views.figures.__main__ import PER_PAIR, main, specifications, write
from rftlab.views.results import Results
from vega import values


@pytest.fixture(scope="module")
def study() -> Results:
    return presented.study(variants=presented.FEW)


@pytest.fixture(scope="module")
def drawings(study: Results) -> dict[str, dict[str, Any]]:
    return specifications(study)


@pytest.fixture(scope="module")
def drawn(study: Results, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    folder = tmp_path_factory.mktemp("drawn")
    plan, tables = presented.write(study, folder)
    _draw(plan, tables, folder / "figures")
    return plan, tables, folder / "figures"


def _draw(plan: Path, tables: Path, folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["figures", "--plan", str(plan), "--tables", str(tables), "--folder", str(folder)])
        main()


def test_every_name_is_written_in_every_format_and_nothing_else(study: Results, drawn: tuple[Path, Path, Path]) -> None:
    expected = {f"{name}.{extension}" for name in names(study.pairs) for extension in FORMATS}
    assert {path.name for path in drawn[2].iterdir()} == expected
    assert names(study.pairs) == list(FIGURES)
    assert all((drawn[2] / f"{name}.png").read_bytes().startswith(b"\x89PNG") for name in FIGURES)


def test_drawing_again_gives_the_same_bytes(drawn: tuple[Path, Path, Path], tmp_path: Path) -> None:
    plan, tables, folder = drawn
    _draw(plan, tables, tmp_path)
    for path in sorted(folder.glob("*.[sj]*")):
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_a_study_of_several_pairs_has_a_file_for_each() -> None:
    study = presented.study(models=("a", "b"), datasets=("x",), variants=presented.FEW)
    stems = names(study.pairs)
    assert "overview" in stems
    assert {"forest--a--x", "forest--b--x"} <= set(stems)
    assert sorted(specifications(study)) == sorted(stems)


def test_every_specification_is_valid_vega_lite(drawings: dict[str, Any]) -> None:
    for specification in drawings.values():
        alt.Chart.from_dict(specification).to_dict()


@pytest.mark.parametrize("figure", ["overview", "forest", "generalisation", "generalisation_gap", "tradeoff"])
def test_what_has_nothing_to_show_says_why(figure: str) -> None:
    study = presented.study(variants={"baseline": presented.FEW["baseline"]})
    reasons = [" ".join(row["reason"]) for row in values(specifications(study)[figure]) if "reason" in row]
    assert len(reasons) == 1
    assert any(word in reasons[0] for word in ("no level", "No level"))


@pytest.mark.parametrize("figure", list(PER_PAIR))
def test_empty_tables_give_an_empty_state(study: Results, figure: str) -> None:
    tables = {name: getattr(study, name).iloc[:0] for name in TABLES}
    specification = specifications(dataclasses.replace(study, **tables))[figure]
    assert any(row.get("reason") for row in values(specification))


def test_its_usage_is_how_it_is_called(capsys, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["__main__.py", "--help"])
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().out.startswith("usage: python -m rftlab.views.figures ")


def test_a_missing_table_ends_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"plan.json: no such file"):
        _draw(tmp_path / "plan.json", tmp_path, tmp_path)


# boxes of text that stands upright or lies: those of slanted text are larger than it
OVERPRINTED = """[...document.querySelectorAll('text')].filter(
    text => text.textContent.trim() && Math.abs(text.getCTM().a * text.getCTM().b) < 0.01).map(
    text => [text.textContent, text.getBoundingClientRect()]
  ).flatMap(([text, box], i, all) => all.slice(i + 1).filter(([, other]) =>
    Math.min(box.right, other.right) - Math.max(box.left, other.left) > 1 &&
    Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top) > 3).map(([over]) => [text, over]))"""


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (apt-get install chromium)")
@pytest.mark.parametrize("made", [presented.study, presented.paper])
def test_no_text_is_over_another(made, tmp_path: Path) -> None:
    drawings = specifications(made(seeds=(0, 1, 2)))
    with Page(tmp_path / "profile") as page:
        for stem, specification in drawings.items():
            write(specification, tmp_path / stem)
            page.open((tmp_path / f"{stem}.svg").as_uri(), 1366)
            assert page.evaluate("document.querySelectorAll('text').length") > 5, stem
            assert page.evaluate(OVERPRINTED) == [], stem
