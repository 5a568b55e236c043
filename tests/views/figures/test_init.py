"""Which figures there are, and what their files are called."""

from __future__ import annotations

import subprocess
import sys

from rftlab.runfolder.study_plan import Pair
from rftlab.views.figures import FIGURES, names, stems

ONE, OTHER = Pair("tiny", "chains"), Pair("tiny", "words")


def test_the_names_can_be_had_without_altair() -> None:
    code = "import sys, rftlab.views.figures; sys.exit('altair' in sys.modules or 'pandas' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_figure_of_one_pair_has_the_figures_name() -> None:
    assert stems([ONE]) == {name: {ONE if figure.per_pair else None: name} for name, figure in FIGURES.items()}
    assert names([ONE]) == list(FIGURES)


def test_a_figure_of_several_pairs_has_a_file_for_each_in_the_order_of_the_pairs() -> None:
    found = stems([OTHER, ONE])
    assert found["overview"] == {None: "overview"}
    assert found["forest"] == {OTHER: "forest--tiny--words", ONE: "forest--tiny--chains"}
    assert list(found["forest"]) == [OTHER, ONE]
    assert len(set(names([OTHER, ONE]))) == 1 + 2 * (len(FIGURES) - 1)


def test_without_pairs_there_is_the_overview_alone() -> None:
    assert names([]) == ["overview"]


def test_every_figure_says_what_it_shows() -> None:
    assert [name for name, figure in FIGURES.items() if not figure.per_pair] == ["overview"]
    assert all(figure.title and figure.caption.endswith(".") for figure in FIGURES.values())
