"""The race: what gets further seeds, that results alone decide it, and the error of whole studies."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from rftlab.analysis.primary import Comparison
from rftlab.analysis.race import LEAST_CHANCE, Design, Standing, first, rows, standings
from rftlab.runfolder.study_plan import BASELINE, Pair, PlannedRace, PlannedVariant
from simulated import PAIR, Population, Study, is_false, known, race

RACE = Design(PlannedRace((3, 4, 6, 8, 12), 9), 0.05, 0.03)
FIXED = Design(PlannedRace((3,), 9), 0.05, 0.03)
A, B, CONTROL = (PlannedVariant(f"f/{level}", "f", level, BASELINE, {}) for level in "abc")
AGAIN = PlannedVariant("again", "noise_floor", "again", BASELINE, {})
BASE = PlannedVariant(BASELINE, None, None, None, {})
CONTROL = dataclasses.replace(CONTROL, name="control/c", factor="control")
OF_B = PlannedVariant("f/of_b", "f", "of_b", "f/b", {})
CLEAR, NONE, OPEN = (0.2, 0.01), (0.0, 0.003), (0.03, 0.012)  # estimate and standard error with three seeds


class Found:
    """Comparisons that are what a test says, their standard errors shrinking with the seeds; keeps what was asked."""

    def __init__(self, effects: Mapping[str, tuple[float, float]], **about: object) -> None:
        self.effects, self.about, self.asked = effects, about, []  # type: ignore[var-annotated]

    def __call__(self, pair: Pair, seeds: Mapping[str, int]) -> list[Comparison]:
        self.asked.append((pair, dict(seeds)))
        found = []
        for variant in (A, B, OF_B, CONTROL, AGAIN):
            if variant.name in self.effects and variant.name in seeds:
                estimate, se = self.effects[variant.name]
                S = seeds[variant.name], seeds[str(variant.relative_to)]
                difference = known(estimate, se * np.sqrt(3 / S[0]), 20.0, S)
                one = Comparison(pair, variant, "id", "greedy_auc", ("rounds", "rollouts"), difference, False, False)
                found.append(dataclasses.replace(one, **self.about.get(variant.name, {})))  # type: ignore[call-overload]
        return found


def looked(found: Found, *variants: PlannedVariant, pairs: Sequence[Pair] = (PAIR,)) -> list[Standing]:
    return list(standings(pairs, [BASE, *variants], RACE, found))


def verdict_of(standing: Standing, variant: PlannedVariant) -> str:
    (row,) = (
        r
        for r in rows(standing)
        if (r["factor"], r["level"]) == (variant.factor, variant.level) and r["budget"] == "rounds"
    )
    return str(row["verdict"])


def test_first_look() -> None:
    assert first([PAIR], [BASE, A, AGAIN], RACE) == {(PAIR, BASELINE): 9, (PAIR, A.name): 3, (PAIR, "again"): 3}


def test_a_race_ends_when_all_is_decided() -> None:
    (only,) = looked(Found({A.name: CLEAR, B.name: NONE}), A, B)
    assert [verdict_of(only, level) for level in (A, B)] == ["higher", "equivalent"]
    assert only.next == {}


def test_only_what_is_open_goes_on_and_the_baseline_with_it() -> None:
    found = Found({A.name: CLEAR, B.name: OPEN, AGAIN.name: OPEN})
    all_looks = looked(found, A, B, AGAIN)
    assert [seeds for _, seeds in found.asked] == [
        {BASELINE: reference, A.name: 3, B.name: S, AGAIN.name: 3}
        for reference, S in [(9, 3), (9, 4), (9, 6), (9, 8), (12, 12)][: len(all_looks)]
    ]
    assert len(all_looks) > 1
    assert verdict_of(all_looks[0], B) == "running"
    assert {verdict_of(standing, A) for standing in all_looks} == {"higher"}
    assert {verdict_of(standing, AGAIN) for standing in all_looks} == {"no hypothesis"}


def test_what_an_open_level_is_compared_with_goes_on() -> None:
    found = Found({B.name: CLEAR, OF_B.name: OPEN})
    looked(found, B, OF_B)
    assert found.asked[1][1] == {BASELINE: 9, B.name: 4, OF_B.name: 4}


def test_pairs_go_on_apart() -> None:
    other = Pair("tiny", "products")

    def compare(pair: Pair, seeds: Mapping[str, int]) -> list[Comparison]:
        return (there if pair == other else here)(pair, seeds)

    here, there = Found({A.name: CLEAR}), Found({A.name: OPEN})
    all_looks = list(standings([PAIR, other], [BASE, A], RACE, compare))
    assert len(here.asked) == 1
    assert len(there.asked) == len(all_looks) > 1
    assert all_looks[0].next == {(other, A.name): 4}


def test_controls_race_as_a_family_of_their_own() -> None:
    alone = looked(Found({A.name: OPEN}), A)
    beside = looked(Found({A.name: OPEN, CONTROL.name: OPEN}), A, CONTROL)
    assert alone[0].verdicts.items() <= beside[0].verdicts.items()
    assert beside[0].next[PAIR, CONTROL.name] == 4


def test_what_has_no_chance_stops_and_says_so() -> None:
    """A run was lost, so that nothing is called equivalent, and there is no difference either."""
    (only,) = looked(Found({A.name: (0.002, 0.012)}, **{A.name: {"unsettled": True}}), A)
    (row, _) = rows(only)
    assert (row["verdict"], row["n_seeds"]) == ("undecided", 3)
    assert row["chance"] < LEAST_CHANCE
    assert len(looked(Found({A.name: (0.002, 0.012)}), A)) > 1, "without the loss it may be found equivalent"


def test_close_calls_go_on_together() -> None:
    """None of ten would be equivalent at a tenth of the error after twelve seeds, the last would be at all of it."""
    found = Found({A.name: (0.0, 0.0135)})

    def ten(pair: Pair, seeds: Mapping[str, int]) -> list[Comparison]:
        (one,) = found(pair, {A.name: seeds["f/0"], BASELINE: seeds[BASELINE]})
        return [dataclasses.replace(one, variant=level) for level in levels]

    levels = [PlannedVariant(f"f/{i}", "f", str(i), BASELINE, {}) for i in range(10)]
    at_first = next(standings([PAIR], [BASE, *levels], RACE, ten))
    assert len(at_first.going) == 10
    assert min(at_first.chances.values()) > 0.5


def test_what_is_the_same_by_its_weights_needs_no_race() -> None:
    (only,) = looked(Found({A.name: (0.0, 0.03)}, **{A.name: {"inert": True}}), A)
    assert verdict_of(only, A) == "equivalent"


def test_a_run_lost_at_a_later_look_withdraws_what_was_called_equivalent() -> None:
    """The level goes on for its other suite, and one of its further seeds collapses."""

    class Suites(Found):
        def __call__(self, pair: Pair, seeds: Mapping[str, int]) -> list[Comparison]:
            (one,) = super().__call__(pair, seeds)
            open_ = dataclasses.replace(one, suite="ood", found=known(*OPEN, 20.0, one.found.seeds))
            return [dataclasses.replace(c, unsettled=seeds[A.name] > 3) for c in (one, open_)]

    all_looks = looked(Suites({A.name: NONE}), A)
    key = next(key for key, one in all_looks[0].found.items() if one.suite == "id")
    assert all_looks[0].verdicts[key].verdict == "equivalent"
    assert all_looks[1].verdicts[key].verdict == "undecided"


def test_the_last_look_leaves_nothing_running() -> None:
    last = looked(Found({A.name: (0.022, 0.012)}), A)[-1]
    assert not last.going
    assert verdict_of(last, A) != "running"


def test_a_repeated_race_decides_the_same() -> None:
    effects = {"f/a": 0.05, "f/b": 0.02, "f/c": 0.0}
    once, again = (race(Study(np.random.default_rng(5), effects), RACE) for _ in range(2))
    assert str(rows(once)) == str(rows(again))  # NaN is NaN
    assert once.asked == again.asked


# error of whole studies: short versions of docs/evidence.md ----------------------------------------------------------

STUDIES = 80
WORST = 0.05 + 2 * np.sqrt(0.05 * 0.95 / STUDIES)
TEN = [f"f/{i}" for i in range(10)]


def false(study: Study, standing: Standing) -> list[str]:
    """Verdicts that say what is not so."""
    found, said = standing.found, standing.verdicts
    return [v.verdict for key, v in said.items() if is_false(v.verdict, study.truth(found[key]), RACE.margin)]


@pytest.mark.parametrize(
    "unusual",
    [
        {},
        {"noisy": {TEN[0]: 2.0}},
        {"noisy": dict.fromkeys(TEN[:3], 2.0)},
        {"population": Population(shared=0.2)},
        {"collapsing": {TEN[0]: 0.1}},
    ],
    ids=["alike", "one noisy", "three noisy", "shared noise", "collapses"],
)
def test_a_study_without_effects_errs_in_one_of_twenty_at_most(unusual: dict[str, Any]) -> None:
    rng, effects = np.random.default_rng(17), dict.fromkeys(TEN, 0.0)
    studies = [Study(rng, effects, **unusual) for _ in range(STUDIES)]
    for design in (RACE, FIXED):
        assert np.mean([bool(false(study, race(study, design))) for study in studies]) <= WORST


def test_levels_at_the_margin_are_not_called_equivalent() -> None:
    rng, effects = np.random.default_rng(19), dict.fromkeys(TEN, 0.03)
    studies = [Study(rng, effects) for _ in range(STUDIES)]
    assert np.mean(["equivalent" in false(study, race(study, RACE)) for study in studies]) <= WORST


def test_five_points_are_found_and_nearly_all_levels_decided_in_few_runs() -> None:
    rng = np.random.default_rng(23)
    effects = dict.fromkeys(TEN, 0.0) | dict(zip(TEN, (0.05, -0.05, 0.1, -0.1), strict=False))
    ends = [race(Study(rng, effects), RACE) for _ in range(40)]
    told = [(effects[end.found[key].variant.name], v) for end in ends for key, v in end.verdicts.items()]
    assert np.mean([v.verdict in ("higher", "lower") for effect, v in told if effect]) >= 0.95
    assert np.mean([v.decided for _, v in told]) >= 0.95
    assert np.mean([sum(end.asked.values()) for end in ends]) <= 75, "of 132"
