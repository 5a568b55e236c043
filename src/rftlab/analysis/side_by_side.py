"""Two studies side by side: differences of their effects, comparison by comparison, and whether their verdicts agree.

The studies are taken as independent. Where they share seeds or evaluation queries their estimates are alike beyond
what their effects are, and the interval of the difference is wider than it need be.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from rftlab.runfolder.study_plan import DECIDED

PAIR = ["model", "dataset"]
KEYS = [*PAIR, "factor", "level", "relative_to", "suite", "metric", "budget"]
VALUES = ["estimate", "low", "high", "df", "verdict"]
WHERE = {"both": "both", "left_only": "a", "right_only": "b"}


def side_by_side(a: pd.DataFrame, b: pd.DataFrame, confidence: tuple[float, float]) -> pd.DataFrame:
    """Rows of two tables ``verdicts`` by what they compare: a row for every comparison that either has.

    Column ``where`` is ``both``, ``a`` or ``b``; estimates and verdicts end in ``_a`` and ``_b``. For a comparison in
    both ``difference`` = a − b with ``low`` and ``high``, and ``agreement``: ``same`` verdict, ``open`` where one of
    the two has not decided what the other has, ``opposed`` where both have and differ.

    Two studies of one model and dataset each, not the same ones, are compared all the same; ``model`` and ``dataset``
    are left out then.

    SE = (high − low) / 2 / t_df by study, SE² = SE_a² + SE_b², df = SE⁴ / (SE_a⁴/df_a + SE_b⁴/df_b). The interval has
    the larger confidence of the two.

    Args:
        a: verdicts of one study.
        b: verdicts of the other.
        confidence: coverage of their intervals.

    Source: Welch 1947, Satterthwaite 1946.
    """
    keys = KEYS if _pairs(a) & _pairs(b) or max(len(_pairs(a)), len(_pairs(b))) > 1 else KEYS[len(PAIR) :]
    tables = [table[[*keys, *VALUES]] for table in (a, b)]
    rows = tables[0].merge(tables[1], on=keys, how="outer", suffixes=("_a", "_b"), indicator="where", sort=False)
    rows["where"] = rows["where"].astype(str).map(WHERE)
    variances, degrees = [], []
    for side, coverage in zip("ab", confidence, strict=True):
        df = rows[f"df_{side}"].to_numpy("float64")
        half = (rows[f"high_{side}"] - rows[f"low_{side}"]).to_numpy("float64") / 2
        variances.append(np.square(half / stats.t.isf((1 - coverage) / 2, df)))
        degrees.append(df)
    variance = variances[0] + variances[1]
    with np.errstate(divide="ignore"):  # two exact zeros have infinite degrees of freedom, as known variances have
        df = np.square(variance) / sum(np.square(v) / n for v, n in zip(variances, degrees, strict=True))
    rows["difference"] = rows["estimate_a"] - rows["estimate_b"]
    half = stats.t.isf((1 - max(confidence)) / 2, df) * np.sqrt(variance)
    rows["low"], rows["high"] = rows["difference"] - half, rows["difference"] + half
    both = rows[rows["where"] == "both"]
    told = [_agreement(*pair) for pair in zip(both["verdict_a"], both["verdict_b"], strict=True)]
    return rows.assign(agreement=pd.Series(told, index=both.index, dtype="string"))


def _pairs(table: pd.DataFrame) -> set[tuple[str, str]]:
    return set(table[PAIR].itertuples(index=False, name=None))


def _agreement(one: str, other: str) -> str:
    if one == other:
        return "same"
    return "opposed" if one in DECIDED and other in DECIDED else "open"
