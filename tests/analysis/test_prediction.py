"""Predicted ratios beside measured gains, and their rank correlation."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from rftlab.analysis.prediction import main, prediction, rank_correlation, spearman
from rftlab.errors import BadInputError
from rftlab.runfolder.study_plan import read_plan
from synthetic import tables_of, write_study

SIGNALS = {"baseline": 0.01, "advantage/group_norm_extra7": 0.02, "rollouts/n8": 0.05}


def probe(signals: dict[str, float], model: str = "tiny-a", dataset: str = "chains") -> dict:
    rows = [
        {"model": model, "dataset": dataset, "variant": name, "signal": signal, "signal_round": 32 * signal}
        for name, signal in signals.items()
    ]
    return {"model": model, "dataset": dataset, "checkpoint": "base", "reward_mean": 0.5, "rows": rows}


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_study(tmp_path)


def test_a_level_has_a_point_where_it_and_its_reference_were_probed(written: Path) -> None:
    plan, verdicts = read_plan(written), tables_of(written)["verdicts"]
    model, dataset = plan.pairs[0]
    made = prediction(plan, verdicts, [probe(SIGNALS, model, dataset)])
    assert {point["variant"] for point in made["points"]} == {"advantage/group_norm_extra7", "rollouts/n8"}
    ratios = {(point["variant"], point["budget"]): point["predicted"] for point in made["points"]}
    assert ratios["advantage/group_norm_extra7", "rounds"] == pytest.approx(2.0)
    assert ratios["rollouts/n8", "rollouts"] == pytest.approx(2.5)  # of what it is relative to
    own = verdicts[(verdicts["level"] == "n8") & (verdicts["model"] == model) & (verdicts["dataset"] == dataset)]
    gains = [point["estimate"] for point in made["points"] if point["variant"] == "rollouts/n8"]
    assert sorted(gains) == pytest.approx(sorted(own["estimate"]))
    assert [row["variant"] for row in made["probes"][0]["rows"]] == [*SIGNALS]
    assert all(rank["points"] == 2 and rank["rho"] is None for rank in made["ranks"])


def test_signals_count_per_round_at_equal_rounds(written: Path) -> None:
    plan, verdicts = read_plan(written), tables_of(written)["verdicts"]
    one = probe(SIGNALS, *plan.pairs[0])
    one["rows"][1]["signal_round"] *= 8  # eight times the rollouts of a round
    made = prediction(plan, verdicts, [one])
    ratios = {(point["variant"], point["budget"]): point["predicted"] for point in made["points"]}
    assert ratios["advantage/group_norm_extra7", "rounds"] == pytest.approx(16.0)
    assert ratios["advantage/group_norm_extra7", "rollouts"] == pytest.approx(2.0)


def test_a_reference_without_signal_foretells_nothing(written: Path) -> None:
    plan, verdicts = read_plan(written), tables_of(written)["verdicts"]
    made = prediction(plan, verdicts, [probe(SIGNALS | {"baseline": 0.0}, *plan.pairs[0])])
    predicted = {point["variant"]: point["predicted"] for point in made["points"]}
    assert predicted["advantage/group_norm_extra7"] is None
    assert predicted["rollouts/n8"] is not None


def test_a_probe_of_other_variants_is_refused(written: Path) -> None:
    with pytest.raises(BadInputError, match="has no variant advantage/gone, which was probed"):
        prediction(read_plan(written), tables_of(written)["verdicts"], [probe({"advantage/gone": 1.0})])


def points(predicted: list[float], measured: list[float]) -> list[dict]:
    return [
        {"suite": "id", "budget": "rounds", "predicted": a, "estimate": b}
        for a, b in zip(predicted, measured, strict=True)
    ]


def test_a_rank_correlation_has_an_interval_that_holds_it() -> None:
    generator = np.random.default_rng(3)
    x = generator.standard_normal(30)
    y = x + generator.standard_normal(30)
    found = rank_correlation(points(x.tolist(), y.tolist()), "id", "rounds", 0.95)
    assert found["points"] == 30
    assert found["rho"] == pytest.approx(spearmanr(x, y).statistic)
    assert -1 <= found["low"] < found["rho"] < found["high"] <= 1
    assert found["low"] > 0.2
    assert rank_correlation(points(x.tolist(), y.tolist()), "ood", "rounds", 0.95)["points"] == 0


def test_an_interval_covers_no_correlation_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(4)
    covered = []
    for _ in range(40):
        x, y = generator.standard_normal((2, 20)).tolist()
        found = rank_correlation(points(x, y), "id", "rounds", 0.9)
        covered.append(found["low"] <= 0 <= found["high"])
    assert 0.75 <= np.mean(covered) <= 1


def test_few_points_or_equal_ones_have_no_rank_correlation() -> None:
    assert rank_correlation(points([1, 2, 3], [1, 2, 3]), "id", "rounds", 0.95)["rho"] is None
    assert rank_correlation(points([1, 1, 1, 1], [1, 2, 3, 4]), "id", "rounds", 0.95)["rho"] is None
    assert spearman(np.array([[[1.0, 3.0], [2.0, 2.0], [2.0, 1.0]]])) == pytest.approx([-np.sqrt(3) / 2])


def test_the_stage_writes_what_it_found(written: Path, tmp_path: Path) -> None:
    tables_of(written)["verdicts"].to_parquet(tmp_path / "verdicts.parquet")
    (tmp_path / "probe.json").write_text(json.dumps(probe(SIGNALS, *read_plan(written).pairs[0])))
    files = {"--plan": written, "--verdicts": tmp_path / "verdicts.parquet", "--probes": tmp_path / "probe.json"}
    main([str(part) for pair in (files | {"--output": tmp_path / "prediction.json"}).items() for part in pair])
    assert len(json.loads((tmp_path / "prediction.json").read_text())["points"]) > 0


def test_a_file_that_is_no_table_is_one_line(written: Path, tmp_path: Path) -> None:
    (tmp_path / "probe.json").write_text("{}")
    (tmp_path / "verdicts.parquet").write_text("no table")
    files = {"--plan": written, "--verdicts": tmp_path / "verdicts.parquet", "--probes": tmp_path / "probe.json"}
    with pytest.raises(SystemExit) as ended:
        main([str(part) for pair in (files | {"--output": tmp_path / "prediction.json"}).items() for part in pair])
    assert "verdicts.parquet: not a table of verdicts" in str(ended.value)
