"""The table in LaTeX: well formed whatever the names, and the same numbers as the table it is made from."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import presented
from rftlab.views.export import latex as module
from rftlab.views.export.headline import headline
from rftlab.views.export.latex import HEADINGS, escaped, latex
from rftlab.views.results import Results

HOSTILE = r"f/50%_a&b#c$d{e}~g^h\i<j>[k]--l|m`n"


def written(results: Results) -> str:
    return latex(results, headline(results))


def lines(text: str) -> list[list[str]]:
    """Cells of the table's lines, without those of headings."""
    rows = [line.removesuffix(r" \\").split(" & ") for line in text.splitlines() if line.endswith(r" \\")]
    return [row for row in rows if row != list(HEADINGS)]


def assert_well_formed(text: str) -> None:
    """Environments and braces match, every line has all its cells, and no special character is bare."""
    text = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    opened: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{([a-z*]+)\}", text):
        if kind == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert opened == []
    plain = re.sub(r"\\[\\{}$&#_%]", "", text)
    assert plain.count("{") == plain.count("}")
    assert plain.count("$") % 2 == 0
    assert not re.search(r"[#_%~^<>|`]", re.sub(r"\$<0.001\$", "", plain))
    assert {len(row) for row in lines(text)} == {len(HEADINGS)}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a_b & 5%", r"a\_b \& 5\%"),
        (r"\x{y}", r"\textbackslash{}x\{y\}"),
        ("±2 − 3×", r"$\pm$2 $-$ 3$\times$"),
        ("lr--x", "lr-{}-x"),
        ("[a]", "{[}a{]}"),
        ("two\nlines", "two lines"),
        ("Größe", "Größe"),
    ],
)
def test_no_character_of_a_text_is_a_command(text: str, written: str) -> None:
    assert escaped(text) == written


def test_it_has_the_tables_numbers() -> None:
    study = presented.study(variants=presented.FEW)
    table, text = headline(study), written(study)
    assert_well_formed(text)
    cells = lines(text)
    assert len(cells) == len(table)
    for line, row in zip(cells, table.itertuples(), strict=True):
        assert line[2] == row.budget
        assert line[3] == f"${row.estimate:+.1f}$"
        assert line[4] == f"$[{row.low:+.1f}, {row.high:+.1f}]$".replace("-0.0", "+0.0")
        assert line[6] == row.verdict
        assert line[7] == (f"${row.detectable:.1f}$" if row.verdict == "undecided" else "")
        assert line[8] == "3/3"
    assert [row[0] for row in cells if row[0]][2:4] == [r"advantage/group\_norm\_extra7", r"\quad vs baseline"]
    assert "\\toprule" in text
    assert "\\bottomrule" in text


def test_names_of_any_kind_are_set_as_they_are() -> None:
    study = presented.study(variants={"baseline": presented.VARIANTS["baseline"], HOSTILE: (0.1, {})})
    text = written(study)
    assert_well_formed(text)
    assert escaped(HOSTILE) in text


def test_no_zero_has_a_minus_and_no_p_is_zero() -> None:
    study = presented.study(variants=presented.FEW)
    text = written(dataclasses.replace(study, verdicts=study.verdicts.assign(estimate=-0.0002, p=1e-9)))
    assert "$+0.0$" in text
    assert "-0.0$" not in text
    assert "$<0.001$" in text


def test_what_cannot_be_is_a_dash() -> None:
    text = written(presented.study(variants=presented.FEW, seeds=(0,)))
    assert_well_formed(text)
    assert {row[4] for row in lines(text)} == {"--"}


def test_a_level_of_one_row_has_its_reference_below_its_name() -> None:
    study = presented.study(variants=presented.FEW)
    table = headline(study).drop_duplicates("level")
    text = latex(study, table)
    assert_well_formed(text)
    assert [row[0].startswith(r"\quad vs ") for row in lines(text)] == [False, True] * 3


def test_every_pair_has_a_float_with_a_label_of_its_own() -> None:
    text = written(presented.study(models=("a", "b"), variants=presented.FEW))
    assert_well_formed(text)
    assert re.findall(r"\\label\{(.*)\}", text) == ["tab:verdicts-demo-a-chains", "tab:verdicts-demo-b-chains"]


def test_a_table_longer_than_a_page_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "longtable}{" not in written(presented.study(variants=presented.FEW))
    monkeypatch.setattr(module, "PAGE", 5)
    text = written(presented.study(variants=presented.FEW))
    assert_well_formed(text)
    assert "\\begin{longtable}{" in text


@pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="pdflatex is not installed; the structure is checked above"
)
@pytest.mark.parametrize("page", [5, 50])
def test_latex_takes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    monkeypatch.setattr(module, "PAGE", page)
    variants = presented.FEW | {HOSTILE: (0.1, {})}
    (tmp_path / "verdicts.tex").write_text(written(presented.study(variants=variants)), encoding="utf-8")
    document = (
        "\\documentclass{article}\\usepackage{booktabs,longtable}\\begin{document}\\input{verdicts}\\end{document}"
    )
    (tmp_path / "paper.tex").write_text(document)
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
