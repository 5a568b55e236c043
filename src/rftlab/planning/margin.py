"""What a design resolves, reckoned before anything runs: the margin within which its levels can be called equivalent.

With variances such as the studies in docs/evidence.md have shown, the difference of a level of S seeds from a reference
of R on a suite of K sets of Q_k queries has the variance V = σ_s²·(1/S + 1/R) + σ_q²·Σ(1/Q_k)/K². A level without any
effect is called equivalent with a chance of 80% if the margin is (t_{1−α/2} + z_{0.9})·√V, at the level α of the last
look, had nothing been decided before. scipy is imported when a margin is asked for: Snakemake, which reads every plan,
mostly does not ask.
"""

from __future__ import annotations

import math

from rftlab.errors import BadInputError
from rftlab.planning.forecast import query_counts
from rftlab.planning.plan import Plan
from rftlab.runfolder.study_plan import BASELINE, PlannedPrimary

SEED_SD = 0.0115  # of a run's area under the curve, between seeds
QUERY_SD = 0.12  # of what a level changes, between queries
POWER = 0.8
STEP = 0.005  # margins are whole half points
RACE_QUERIES = 100  # a race on fewer waits for what seeds cannot bring


def resolved_margin(plan: Plan) -> float:
    """The study's margin, or what its design resolves: rounded up to half a point."""
    own = plan.study.report.equivalence_margin
    return own if own is not None else rounded_up(resolvable(plan))


def resolvable(plan: Plan, *, seeds: bool = True) -> float:
    """The margin that a design resolves on the suite that says least; with ``seeds`` False, with any number of them."""
    from scipy import stats

    from rftlab.analysis.boundaries import nominal_levels
    from rftlab.analysis.estimator import PRIOR_DF, satterthwaite

    race = plan.study.looks
    S, R = race.looks[-1], race.seeds(BASELINE, len(race.looks) - 1)
    a = [SEED_SD**2 / S, SEED_SD**2 / R] if seeds else [0.0, 0.0]
    df = satterthwaite(a, [PRIOR_DF + count - 1 for count in (S, R)])
    alpha = (1 - plan.study.report.confidence) / max(1, hypotheses(plan))
    level = nominal_levels(race.looks, alpha)[-1]
    queries = max(map(_inverse, suite_queries(plan).values()), default=0.0)  # nobody knows: the hub was not asked yet
    quantiles = stats.t.isf(level / 2, df) + stats.norm.isf((1 - POWER) / 2)
    return float(quantiles * math.sqrt(sum(a) + QUERY_SD**2 * queries))


def hypotheses(plan: Plan) -> int:
    """Levels that are no controls, by pair, suite and budget."""
    primary, found = PlannedPrimary(**plan.study.report.primary.model_dump()), 0
    for pair in plan.pairs():
        for variant in plan.variants.values():
            if variant.relative_to is None or variant.noise_floor or variant.control:
                continue
            same = variant.as_many(plan.variants[variant.relative_to])
            found += len(primary.hypotheses(same)) * len(plan.suites(pair.dataset))
    return found


def suite_queries(plan: Plan) -> dict[tuple[str, str], list[int]]:
    """Queries of each set that verdicts are about, by dataset and suite; sets whose size nobody knows are left out."""
    counts, sets = query_counts(plan), plan.study.evaluation_sets
    found = {}
    for dataset in plan.study.datasets:
        for suite, names in plan.suites(dataset).items():
            of_suite = [count for name in names if sets[name].split != "validation" and (count := counts[name])]
            if of_suite:
                found[dataset, suite] = of_suite
    return found


def refuse_unresolvable(plan: Plan) -> None:
    """Refuse a margin that no number of seeds resolves, and a race on a suite of few queries.

    Raises:
        BadInputError: with what would be possible.
    """
    margin = plan.study.report.equivalence_margin
    if len(plan.study.looks.looks) > 1:
        for (dataset, suite), counts in suite_queries(plan).items():
            if 1 / _inverse(counts) < RACE_QUERIES:
                raise BadInputError(
                    f"seeds.race: the sets of {suite} for {dataset} have {sum(counts)} queries: with fewer than "
                    f"{RACE_QUERIES} a race waits for what further seeds cannot bring; give it more, or fixed seeds"
                )
    if margin is not None and margin < (least := resolvable(plan, seeds=False)):
        raise BadInputError(
            f"report.equivalence_margin: {margin:g} is not resolved with these queries, whatever the seeds; "
            f"{rounded_up(least):g} would be with enough seeds, "
            f"{rounded_up(resolvable(plan)):g} with those of the study"
        )


def rounded_up(margin: float) -> float:
    """To the next half point."""
    return round(math.ceil(margin / STEP - 1e-9) * STEP, 6)


def _inverse(counts: list[int]) -> float:
    """Σ(1/Q_k)/K²: one over the queries of one set that would say as much."""
    return sum(1 / count for count in counts) / len(counts) ** 2
