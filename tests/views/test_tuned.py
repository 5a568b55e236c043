"""The tuned comparison is shown beside the fixed one, where there is one."""

from __future__ import annotations

import dataclasses
import io
import re
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

import presented
from rftlab.analysis.pooled import POOLED
from rftlab.analysis.tuning import TUNED, TUNING
from rftlab.runfolder.read import read_document
from rftlab.runfolder.study_plan import Pair, PlannedCandidate, PlannedTune
from rftlab.views.figures.__main__ import specifications, write
from rftlab.views.findings import findings
from rftlab.views.pooled import over_pairs as fixed_over_pairs
from rftlab.views.report import render
from rftlab.views.results import Results, read_results
from rftlab.views.show import show
from rftlab.views.tuned import over_pairs, reading, scores, sentences, tuned_gains

RATES = (1.0e-4, 3.0e-4)
PAIR = Pair("tiny-qwen2", "chains")


def with_tuned(study: Results, changed: float = 0.0) -> Results:
    """The study with a tuned comparison: verdicts as at fixed values but for n8 in distribution at equal rounds."""
    names = [v.name for v in study.plan.variants if not v.noise_floor]
    at = {(name, value): name if value == RATES[0] else f"{name}@{value!r}" for name in names for value in RATES}
    candidates = tuple(PlannedCandidate(name, value, variant) for (name, value), variant in at.items())
    plan = dataclasses.replace(study.plan, tune=PlannedTune("optimizer.lr", (1000, 1001), candidates, ()))
    tuning = [
        {**pair._asdict(), "tuned": name, "key": "optimizer.lr", "value": value, "variant": at[name, value]}
        | {"score": 0.5 + 100 * value, "n_seeds": 2, "n_lost": int(value == RATES[0] and name == "rollouts/n8")}
        | {"own": value == RATES[0], "chosen": value == RATES[1]}
        for pair in study.pairs
        for name in names
        for value in RATES
    ]
    rows = study.verdicts[study.verdicts["level"] != "again"].assign(value=3.0e-4, value_reference=3.0e-4)
    here = (rows["level"] == "n8") & (rows["suite"] == "id") & (rows["budget"] == "rounds")
    if changed:
        rows.loc[here, "verdict"], rows.loc[here, "estimate"] = "lower", changed
    return dataclasses.replace(
        study,
        plan=plan,
        tuning=pd.DataFrame(tuning, columns=list(TUNING)).astype(TUNING),
        tuned=rows[list(TUNED)].astype(TUNED),
    )


@pytest.fixture(scope="module")
def study() -> Results:
    return presented.study(variants=presented.FEW)


def test_a_row_for_every_tuned_level_with_the_fixed_comparison_below(study: Results) -> None:
    table = tuned_gains(with_tuned(study, changed=-0.123), PAIR)
    assert table.columns[:3] == ["level", "optimizer.lr", "in distribution, equal rounds"]
    assert [row[0].text for row in table.rows] == ["advantage/group_norm_extra7", "rollouts/n8"], "no A/A"
    n8 = table.rows[1]
    assert (n8[1].text, n8[1].note) == ("0.0003", "against 0.0003")
    fixed = study.judged(PAIR).query("variant == 'rollouts/n8' and panel == 'in distribution, equal rounds'").iloc[0]
    assert (n8[2].text, n8[2].kind) == ("−12.3", "lower")
    assert n8[2].note.endswith(f"\nfixed: +{100 * fixed['estimate']:.1f} {fixed['verdict']}")


def test_what_the_choice_was_made_by(study: Results) -> None:
    table = scores(with_tuned(study), PAIR)
    assert table.columns == ["validation accuracy by optimizer.lr", "0.0001", "0.0003"]
    assert [row[0].text for row in table.rows] == ["baseline", "advantage/group_norm_extra7", "rollouts/n8"]
    assert [(cell.text, cell.note) for cell in table.rows[0][1:]] == [("51.0%", "its own"), ("53.0%", "chosen")]
    assert table.rows[2][1].note == "its own, 1 of 2 runs lost"


def test_a_choice_at_the_end_of_what_was_tried_is_told(study: Results) -> None:
    tuned = with_tuned(study)
    assert reading(tuned).endswith(" 3 of 3 choices are the least or the greatest value: a better one may lie beyond.")
    beyond = tuned.tuning[tuned.tuning["own"]].assign(value=1.0e-3, chosen=False)
    more = dataclasses.replace(tuned, tuning=pd.concat([tuned.tuning, beyond]))
    assert "may lie beyond" not in reading(more)


def test_a_sentence_says_what_tuning_changed(study: Results) -> None:
    assert list(sentences(study)) == []
    ((about, rest),) = sentences(with_tuned(study))
    assert about == "With optimizer.lr tuned for each level"
    assert rest == ", all 4 comparisons come to the verdict that they have at fixed values."
    told = [str(finding) for finding in findings(with_tuned(study, changed=-0.123))]
    (sentence,) = [text for text in told if text.startswith("With optimizer.lr tuned")]
    was = study.judged(PAIR).query("variant == 'rollouts/n8' and panel == 'in distribution, equal rounds'").iloc[0]
    changed = "rollouts/n8 in distribution at equal rounds: lower (−12.3)"
    assert f"4 of 5 comparisons come to the verdict that they have at fixed values; not so {changed}" in sentence
    assert sentence.endswith(f"instead of {was['verdict']} (+{100 * was['estimate']:.1f}).")


def test_there_are_no_more_sentences_than_without_it() -> None:
    study = presented.study(models=("a", "b"))
    assert len(findings(with_tuned(study))) <= max(7, len(findings(study)))


def test_what_is_not_judged_yet_is_no_change(study: Results) -> None:
    tuned = with_tuned(study)
    racing = dataclasses.replace(tuned, tuned=tuned.tuned.assign(verdict="running"))
    assert [rest for _, rest in sentences(racing)] == [", every comparison still races."]
    assert racing.partial
    some = tuned.tuned.assign(verdict=["running", *tuned.tuned["verdict"][1:]])
    assert [rest[-20:] for _, rest in sentences(dataclasses.replace(tuned, tuned=some))] == ["; others still race."]
    unchosen = dataclasses.replace(tuned, tuned=tuned.tuned.iloc[:0], tuning=tuned.tuning.iloc[:0])
    assert [rest for _, rest in sentences(unchosen)] == [", nothing is compared yet."]
    assert unchosen.partial
    assert reading(unchosen).startswith("No value of optimizer.lr is chosen yet")
    assert not tuned.partial


def test_it_is_in_the_terminal_where_something_is_tuned(study: Results) -> None:
    def shown(results: Results) -> str:
        output = io.StringIO()
        show(results, Console(file=output, width=100))
        return output.getvalue()

    text = shown(with_tuned(study))
    assert "demo: tiny-qwen2 x chains, tuned" in text
    assert "2 seeds that nothing is judged on" in " ".join(text.split())
    assert text[text.index("chains, tuned") :].replace("─", "-").isascii()
    assert max(map(len, text.splitlines())) <= 100
    assert "tuned" not in shown(study)


def test_it_is_in_the_report_where_something_is_tuned(study: Results, tmp_path: Path) -> None:
    def reported(results: Results, folder: Path) -> str:
        folder.mkdir()
        plan, tables = presented.write(results, folder)
        for stem, specification in specifications(results).items():
            write(specification, folder / stem)
        return render(read_results(plan, tables), folder, read_document(folder / "data.json"))

    text = reported(with_tuned(study, changed=-0.123), tmp_path / "tuned")
    section = re.sub(r"<wbr>", "", text[text.index('<section id="tuned">') :])
    section = section[: section.index("</section>")]
    assert "Tuned: each level at its own optimizer.lr" in section
    assert "−12.3" in section
    assert "fixed: +" in section
    assert "53.0%" in section
    assert '<section id="tuned">' not in reported(study, tmp_path / "fixed")


def test_over_several_pairs() -> None:
    study = presented.study(models=("a", "b"), variants=presented.FEW)
    rows = study.pooled[study.pooled["level"] == "n8"]
    tuned = dataclasses.replace(with_tuned(study, changed=-0.123), tuned_pooled=rows[list(POOLED)])
    table = over_pairs(tuned)
    assert {row[0].text for row in table.rows} == {"rollouts/n8"}
    assert table.columns == fixed_over_pairs(study).columns
    ((_, rest),) = sentences(tuned)
    assert "rollouts/n8 in distribution at equal rounds (a × chains): lower" in rest
