"""A small study of a pinned base model comes out on any processor as it did on the one that wrote golden.csv.

``python tests/system/test_golden_study.py FOLDER``, with a folder that the study was run in, writes the file anew.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest

from checkout import Checkout, copy_code
from rftlab.files import read_json

STUDY, GOLDEN = (Path(__file__).with_name(f"golden.{suffix}") for suffix in ("yaml", "csv"))
RESULTS = "results/golden"
OF_A_COUNT, OF_ALL = 6, 0.005
"""Answers by which one count may differ, and the share of all: rounding flips one in 20,000, training carries it on."""

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]


def outcomes(folder: Path) -> pd.DataFrame:
    """Right greedy answers by variant, seed, round and set, and every verdict, as texts."""
    tables = folder / RESULTS / "tables"
    rows = pd.read_parquet(tables / "evaluations.parquet").query("metric == 'greedy'")
    where = [rows[name].astype(str) for name in ("variant", "seed", "round", "evaluation_set")]
    counts = pd.DataFrame(
        {"what": where[0].str.cat(where[1:], " "), "value": (rows["value"] * rows["n_queries"]).round()}
    )
    said = pd.read_parquet(tables / "verdicts.parquet")
    judged = pd.DataFrame({"what": said["factor"] + "/" + said["level"] + " " + said["suite"] + " " + said["budget"]})
    return pd.concat([counts.astype({"value": int}), judged.assign(value=said["verdict"])]).astype(str)


def test_a_pinned_study_comes_out_as_it_did_elsewhere(tmp_path: Path) -> None:
    copy_code(tmp_path)
    shutil.copy(STUDY, tmp_path)
    Checkout(tmp_path, STUDY.name).snakemake("--cores", "2", "--", "tables")
    (manifest,) = tmp_path.glob("resources/models/*/*/model.json")
    assert read_json(manifest)["origin"].startswith("pinned")
    golden, found = (rows.set_index("what")["value"] for rows in (pd.read_csv(GOLDEN, dtype=str), outcomes(tmp_path)))
    assert sorted(golden.index) == sorted(found.index)
    found, counts = found[golden.index], golden.str.isdigit()
    assert found[~counts].to_dict() == golden[~counts].to_dict()
    off = (found[counts].astype(int) - golden[counts].astype(int)).abs()
    assert off.max() <= OF_A_COUNT, off.idxmax()
    assert off.sum() <= OF_ALL * 460 * counts.sum() / 5  # 460 queries in five sets


if __name__ == "__main__":
    outcomes(Path(sys.argv[1])).to_csv(GOLDEN, index=False, lineterminator="\n")
