"""A finished study with a tuned comparison, written by arithmetic: what each value reaches on validation is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import synthetic

OTHER = "@0.0003"
TUNED = ("baseline", "advantage/group_norm_extra7", "rollouts/n8")
VALIDATION = {  # at rounds 5 and 10: the baseline gains by another value, group_norm loses, of n8 both are alike
    "baseline": (0.60, 0.70),
    "advantage/group_norm_extra7": (0.40, 0.40),
    "rollouts/n8": synthetic.ACCURACY["rollouts/n8"]["validation"],
}
JUDGED, CHOOSING = (0, 1, 2, 3), (1000, 1001)


def write_tuned_study(folder: Path, patch: pytest.MonkeyPatch, **changes: Any) -> Path:
    """As :func:`synthetic.write_study`: a race of two looks, at three and four seeds, at each variant's two values."""
    for name in TUNED:
        accuracy = synthetic.ACCURACY[name]
        patch.setitem(synthetic.ACCURACY, f"{name}{OTHER}", accuracy | {"validation": VALIDATION[name]})
        patch.setitem(synthetic.OVERRIDES, f"{name}{OTHER}", synthetic.OVERRIDES[name] | {"optimizer.lr": 3.0e-4})
    variants = [f"{name}{at}" for name in TUNED for at in ("", OTHER)]
    path = synthetic.write_study(folder, variants=variants, seeds=(*JUDGED, *CHOOSING), **changes)
    document = json.loads(path.read_text())
    document["variants"] = [variant for variant in document["variants"] if OTHER not in variant["name"]]
    document |= {"seeds": list(JUDGED), "race": {"looks": [3, 4], "reference": 3}}
    document["report"]["equivalence_margin"] = 0.2
    runs = document.pop("runs")
    for run in runs:
        if run["seed"] in CHOOSING:
            run["suites"] = {"validation": [f"{run['dataset']}_validation"]}
            run["evaluations"] = {"validation": run["evaluations"]["id"]}
    document["runs"] = [run for run in runs if run["seed"] in JUDGED and OTHER not in run["variant"]]
    document["tune"] = {
        "key": "optimizer.lr",
        "seeds": list(CHOOSING),
        "candidates": [
            {"tuned": name, "value": value, "variant": f"{name}{at}"}
            for name in TUNED
            for value, at in ((1.0e-4, ""), (3.0e-4, OTHER))
        ],
        "runs": runs,
    }
    path.write_text(json.dumps(document))
    return path
