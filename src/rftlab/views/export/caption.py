"""What stands above the table: what was measured, on what, how often, by which estimator and with which correction."""

from __future__ import annotations

import pandas as pd

from rftlab.runfolder.study_plan import LEAST_SEEDS, Pair
from rftlab.views.results import SUITES, Results

NO_EQUIVALENCE = "†"  # of a verdict that no test of equivalence was made for


def caption(results: Results, pair: Pair, table: pd.DataFrame) -> str:
    """Sentences, plain text, from the plan of a study, its tables, and one pair's rows of its headline table."""
    plan = results.plan
    report, primary = plan.report, plan.report.primary
    error = f"{100 * (1 - report.confidence):g}%"
    budgets = " and ".join(f"equal {budget}" for budget in primary.budgets)
    told = [
        f"{plan.study}: {pair.model} fine-tuned on {pair.dataset} for {_budget(results)} a run.",
        f"Differences at the primary endpoint, {results.primary}, level − reference at {budgets}, in percentage points "
        f"with {100 * report.confidence:g}% intervals.",
        *_queries(results, pair),
        f"Seeds: {_seeds(table)}.",
        f"Estimator: {'; '.join(results.of(pair, 'verdicts')['method'].unique())}.",
    ]
    if set(table["verdict"]) <= {"too few seeds"}:
        return " ".join([*told, f"Below {LEAST_SEEDS} seeds there are no verdicts."])
    margin = f"{100 * report.equivalence_margin:g}"
    told.append(
        "p is that of the single comparison; verdicts are corrected for all comparisons of the study (Holm; "
        f"differences, and equivalences within ±{margin} points; controls among themselves): a false one stands in at "
        f"most {error} of studies."
    )
    if len(looks := plan.race.looks) > 1:
        told.append(
            f"A race with looks at {', '.join(map(str, looks[:-1]))} and {looks[-1]} seeds of a level, whose errors "
            "are part of that (Lan and DeMets, spent by the square of the share of seeds); a row is of the look that "
            "decided it."
        )
    if table["detectable"].notna().any():
        told.append("Detectable: the smallest difference that an undecided comparison had a chance of 80% to find.")
    if any(variant.noise_floor and variant.label in set(table["level"]) for variant in results.levels):
        told.append("A/A: the baseline against itself, no hypothesis.")
    if table["unsettled"].any():
        told.append(
            f"{NO_EQUIVALENCE}: a run of the level or of its reference diverged or collapsed; never called equivalent."
        )
    return " ".join(told)


def _budget(results: Results) -> str:
    return ", ".join(f"{value:,} {name}" for name, value in results.plan.budget.items())


def _queries(results: Results, pair: Pair) -> list[str]:
    """The sets of each suite with their queries, a sentence each."""
    counts = results.greedy(pair).groupby("evaluation_set", observed=True)["n_queries"].max()
    sentences = []
    for suite, words in SUITES.items():
        sets = [f"{s.name} ({counts[s.name]:,})" for s in results.evaluation_sets(pair) if s.suite == suite]
        if sets:
            sentences.append(f"Queries {words}: {', '.join(sets)}.")
    return [*sentences, "Every set of a suite counts equally."]


def _seeds(table: pd.DataFrame) -> str:
    counts = sorted({*table["seeds"], *table["reference_seeds"]})
    if len(counts) == 1:
        return f"{counts[0]} of every arm"
    levels, references = (_range(table[name]) for name in ("seeds", "reference_seeds"))
    return f"{levels} of a level, {references} of its reference, as the table says (level/reference)"


def _range(counts: pd.Series[int]) -> str:
    return str(counts.min()) if counts.nunique() == 1 else f"{counts.min()} to {counts.max()}"
