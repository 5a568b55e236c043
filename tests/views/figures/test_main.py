"""Every figure a plan promises is written, the same each time, and shows the numbers of the tables."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import pytest

import presented
from rftlab.views.figures import FIGURES, FORMATS, names
from rftlab.views.figures.__main__ import PER_PAIR, main, specifications
from rftlab.views.figures.curves import POINTS, bin_rounds, over_seeds
from rftlab.views.figures.style import palette
from rftlab.views.results import Pair, Results

FEW = {name: presented.VARIANTS[name] for name in ("baseline", "again", "advantage/group_norm_extra7", "rollouts/n8")}
PAIR = Pair("tiny-qwen2", "chains")


@pytest.fixture(scope="module")
def study() -> Results:
    return presented.study(variants=FEW)


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
    study = presented.study(models=("a", "b"), datasets=("x",), variants=FEW)
    stems = names(study.pairs)
    assert "overview" in stems
    assert {"forest--a--x", "forest--b--x"} <= set(stems)
    assert sorted(specifications(study)) == sorted(stems)


def test_the_forest_holds_the_numbers_of_the_table_in_points(study: Results, drawings: dict[str, Any]) -> None:
    rows = _data(drawings["forest"], "low")
    gains = study.gains(PAIR)
    assert len(rows) == len(gains) == 3 * 5
    for row, gain in zip(rows, gains.itertuples(), strict=True):
        assert row["gain"] == pytest.approx(100 * gain.estimate, abs=5e-4)
        assert (row["low"], row["high"]) == pytest.approx((100 * gain.low, 100 * gain.high), abs=5e-4)
        assert row["verdict"] == gain.verdict
    assert {row["row"] for row in rows} == {
        "A/A: baseline again\nvs baseline",
        "advantage/group_norm_extra7\nvs baseline",
        "rollouts/n8\nvs advantage/group_norm_extra7",
    }


def test_panels_are_in_distribution_first_and_no_validation_set_is_among_them(drawings: dict[str, Any]) -> None:
    panels = drawings["forest"]["concat"]
    assert [panel["title"]["text"] for panel in panels] == ["chains_test", "longer", "larger", "products", "words_test"]
    assert panels[0]["title"]["subtitle"][0] == "in-distribution"


def test_every_specification_is_valid_vega_lite(drawings: dict[str, Any]) -> None:
    for specification in drawings.values():
        alt.Chart.from_dict(specification).to_dict()


def test_controls_come_last_and_say_so() -> None:
    variants = {name: presented.VARIANTS[name] for name in ("baseline", "control/lr_0", "again", "kl/k3_0.001")}
    panel = specifications(presented.study(variants=variants))["forest"]["concat"][0]
    order = next(y["scale"]["domain"] for y in _walk(panel, "y") if isinstance(y, dict) and "scale" in y)
    inert = "kl/k3_0.001\nvs baseline · inert"
    assert order == ["A/A: baseline again\nvs baseline", inert, "control/lr_0\nvs baseline · control"]


def test_a_share_that_is_zero_throughout_has_no_negative_axis() -> None:
    study = presented.study()
    study = dataclasses.replace(study, curves=study.curves.assign(truncation_rate=0.0))
    panels = specifications(study)["diagnostics"]["vconcat"][0]["concat"]
    panel = next(panel for panel in panels if panel["title"] == "truncation")
    assert next(y["scale"]["domain"] for y in _walk(panel, "y") if isinstance(y, dict)) == [0.0, 0.02]


def test_generalisation_shows_the_mean_and_the_extremes_over_seeds(study: Results, drawings: dict[str, Any]) -> None:
    rows = _data(drawings["generalisation"], "value")
    greedy = study.greedy(PAIR)
    for row in rows[::7]:
        name = "again" if row["variant"].startswith("A/A") else row["variant"]
        part = greedy[
            (greedy["variant"] == name)
            & (greedy["round"] == row["round"])
            & (greedy["evaluation_set"] == row["evaluation_set"])
        ]
        assert row["value"] == pytest.approx(part["value"].mean(), rel=1e-3)
        assert (row["low"], row["high"]) == pytest.approx((part["value"].min(), part["value"].max()), rel=1e-3)


def test_the_gap_is_in_distribution_minus_out_of_it(drawings: dict[str, Any]) -> None:
    rows = _data(drawings["generalisation_gap"], "gap")
    first = next(row for row in rows if row["variant"] == "baseline" and row["round"] == 0)
    assert first["gap"] == pytest.approx(100 * (0.28 - (0.24 + 0.20 + 0.16 + 0.12) / 4), abs=0.01)


def test_rounds_are_averaged_in_bins_and_placed_at_their_end() -> None:
    rounds = range(1, 2 * POINTS + 1)
    curves = pd.DataFrame({"variant": "baseline", "seed": 0, "round": rounds, "rollouts": rounds, "tokens": rounds})
    binned = bin_rounds(curves.assign(accuracy=curves["round"] / 100), ["accuracy"])
    assert len(binned) == POINTS
    assert binned["accuracy"].iloc[0] == pytest.approx(0.015)
    assert binned["round"].iloc[0] == 2


def test_a_line_ends_where_its_first_seed_diverged() -> None:
    rows = [("kl/k", seed, r, 0.1 * seed) for seed, last in ((0, 4), (1, 2)) for r in range(1, last + 1)]
    means = over_seeds(pd.DataFrame(rows, columns=["variant", "seed", "round", "value"]), ["round"], ["value"])
    assert list(means["round"]) == [1, 2]
    assert means["value"].tolist() == pytest.approx([0.05, 0.05])


@pytest.mark.parametrize("figure", ["overview", "forest", "generalisation", "generalisation_gap", "tradeoff"])
def test_what_has_nothing_to_show_says_why(figure: str) -> None:
    study = presented.study(variants={"baseline": FEW["baseline"]})
    reasons = [" ".join(row["reason"]) for row in _values(specifications(study)[figure]) if "reason" in row]
    assert len(reasons) == 1
    assert any(word in reasons[0] for word in ("no level", "No level"))


@pytest.mark.parametrize("figure", list(PER_PAIR))
def test_empty_tables_give_an_empty_state(study: Results, figure: str) -> None:
    tables = {name: getattr(study, name).iloc[:0] for name in ("runs", "curves", "evaluations", "marginal_gains")}
    specification = specifications(dataclasses.replace(study, **tables))[figure]
    assert any(row.get("reason") for row in _values(specification))


def test_thirty_levels_of_one_factor_are_told_apart(study: Results) -> None:
    base, level = study.variants[0], study.variants[2]
    levels = [dataclasses.replace(level, name=f"f/{i}") for i in range(24)]
    shown = palette([base, *levels]).colour.to_dict()["scale"]["range"]
    dashes = palette([base, *levels]).dash.to_dict()["scale"]["range"]
    assert len({(colour, tuple(dash)) for colour, dash in zip(shown, dashes, strict=True)}) == 25


def test_the_names_can_be_had_without_altair() -> None:
    code = "import sys, rftlab.views.figures; sys.exit('altair' in sys.modules or 'pandas' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_missing_table_ends_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"plan.json: no such file"):
        _draw(tmp_path / "plan.json", tmp_path, tmp_path)


def _data(specification: dict[str, Any], field: str) -> list[dict[str, Any]]:
    return next(rows for rows in specification["datasets"].values() if rows and field in rows[0])


def _values(specification: dict[str, Any]) -> list[dict[str, Any]]:
    inline = [row for values in _walk(specification, "values") if isinstance(values, list) for row in values]
    stored = [row for rows in specification.get("datasets", {}).values() for row in rows]
    return [row for row in inline + stored if isinstance(row, dict)]


def _walk(node: Any, key: str) -> list[Any]:
    if isinstance(node, dict):
        return [v for k, v in node.items() if k == key] + [hit for v in node.values() for hit in _walk(v, key)]
    return [hit for v in node for hit in _walk(v, key)] if isinstance(node, list) else []
