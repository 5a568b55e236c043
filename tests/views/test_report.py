"""The report is one file that needs nothing else, shows the tables' numbers, and runs no script but its own."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import hashlib
import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import presented
from browser import CHROMIUM, Page
from rftlab.errors import BadInputError
from rftlab.runfolder.read import read_document
from rftlab.views import fates, summary
from rftlab.views.comparisons import comparisons
from rftlab.views.figures.__main__ import specifications, write
from rftlab.views.findings import findings
from rftlab.views.report import main, render
from rftlab.views.results import Results, read_results

ATTACK = "</script><script>document.title='run'</script><img src=x onerror=\"document.title='run'\">"
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (apt-get install chromium)")


def _report(results: Results, folder: Path, wrote: str = "thinking") -> Path:
    plan, tables = presented.write(results, folder, wrote)
    figures = folder / "figures"
    figures.mkdir()
    for stem, specification in specifications(results).items():
        write(specification, figures / stem)
    output = folder / "report.html"
    paths = {"plan": plan, "tables": tables, "figures": figures, "data": folder / "data.json", "output": output}
    main([part for option, path in paths.items() for part in (f"--{option}", str(path))])
    return output


@pytest.fixture(scope="module")
def study() -> Results:
    return presented.study(variants=presented.FEW)


@pytest.fixture(scope="module")
def report(study: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _report(study, tmp_path_factory.mktemp("report"))


def test_a_probe_has_its_section_and_a_study_without_one_has_none(report: Path, study: Results) -> None:
    assert 'id="prediction"' not in report.read_text(encoding="utf-8")
    probe = {"model": "m", "dataset": "d", "checkpoint": "base", "reward_mean": 0.5, "rows": []}
    folder = report.parent
    foretold = {"study": "demo", "probes": [probe], "points": [], "ranks": []}
    (folder / "prediction.json").write_text(json.dumps(foretold), encoding="utf-8")
    paths = {"plan": folder / "plan.json", "tables": folder / "tables", "figures": folder / "figures"}
    paths |= {"data": folder / "data.json", "prediction": folder / "prediction.json", "output": folder / "probed.html"}
    main([part for option, path in paths.items() for part in (f"--{option}", str(path))])
    text = (folder / "probed.html").read_text(encoding="utf-8")
    assert 'id="prediction"' in text
    assert "m × d, the base model, mean reward 0.50" in text


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    variants = presented.FEW | {f"f/{ATTACK.replace('/', '|')}": (0.1, {"prompt.template": ATTACK})}
    results = presented.study(variants=variants, name="attacked")
    sets = {name: replace(planned, shift=ATTACK) for name, planned in results.plan.evaluation_sets.items()}
    results.runs["config.prompt.template"] = ATTACK
    results = replace(results, plan=replace(results.plan, description=ATTACK, evaluation_sets=sets))
    return _report(results, tmp_path_factory.mktemp("attacked"), wrote=ATTACK)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with Page(tmp_path_factory.mktemp("profile")) as page:
        yield page


def test_it_needs_no_other_file_and_no_network(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    without_scripts = re.sub(r"<script[^>]*>.*?</script>", "", text, flags=re.DOTALL)
    assert re.findall(r"(?:src|href)=(\S{6})", without_scripts)
    assert all(re.match(r'"(#|data:)', link) for link in re.findall(r"(?:src|href)=(\S{6})", without_scripts))
    assert "<script src" not in text
    assert "@import" not in text
    assert len(text) < 4_000_000


def test_the_policy_admits_exactly_the_scripts_that_are_there(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    policy = html.unescape(re.findall(r'Content-Security-Policy" content="([^"]*)"', text)[0])
    scripts = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    hashes = {base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts}
    assert set(re.findall(r"sha256-([^']+)", policy)) == hashes
    assert "unsafe-eval" not in policy
    assert "default-src 'none'" in policy


def test_it_embeds_the_figures_specifications(study: Results, report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    packed = re.findall(r'<script type="application/gzip">([^<]*)</script>\n</figure>', text)
    embedded = [json.loads(gzip.decompress(base64.b64decode(text))) for text in packed]
    assert embedded == list(specifications(study).values())


def test_it_shows_gains_cost_and_provenance(study: Results, report: Path) -> None:
    text = html.unescape(report.read_text(encoding="utf-8"))
    gain = study.gains(study.pairs[0]).iloc[0]
    assert f">{summary.points(gain['estimate'])}<small>[{summary.points(gain['low'])}, " in text
    assert f"{int(study.runs['rollouts'].sum()):,}" in text
    assert "67% sampling, 0% scoring, 33% updating" in text
    assert presented.PROVENANCE["commit"] in text
    assert "2.13.0" in text


def test_the_same_inputs_give_the_same_bytes(report: Path) -> None:
    data = read_document(report.parent / "data.json")
    study = read_results(report.parent / "plan.json", report.parent / "tables")
    assert render(study, report.parent / "figures", data) == report.read_text(encoding="utf-8")


def test_runs_of_other_code_are_told_at_the_head(tmp_path: Path) -> None:
    study = presented.study(variants=presented.FEW)
    report = dataclasses.replace(study.plan.report, other_code="only <logging> changed")
    plan = dataclasses.replace(study.plan, report=report)
    text = _report(dataclasses.replace(study, plan=plan, runs=study.runs.assign(other_code=True)), tmp_path).read_text()
    head = text[: text.index('<section id="studied">')]
    assert "were made with other code than today&#39;s: only &lt;logging&gt; changed" in head


def test_it_opens_with_what_was_found_and_the_levels_by_effect(study: Results, report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    assert text.index('<section id="found">') < text.index('id="overview"') < text.index('id="forest"')
    assert text.index('id="forest"') < text.index('<section id="studied">') < text.index('id="learning_curves"')
    said = html.unescape(re.sub("<[^>]+>", "", text[text.index('class="findings"') : text.index('id="overview"')]))
    positions = [said.index(str(finding)) for finding in findings(study)]
    assert positions == sorted(positions)
    for folded in ("studied", "reading"):
        assert f'<section id="{folded}">\n<details><summary><h2>' in text


def test_below_three_seeds_it_says_that_there_are_no_verdicts(tmp_path: Path) -> None:
    text = _report(presented.study(variants=presented.FEW, seeds=(0, 1)), tmp_path).read_text(encoding="utf-8")
    assert "This study has 2 seeds" in text
    assert 'class="higher"' not in text


def test_a_study_of_the_baseline_alone_is_reported(tmp_path: Path) -> None:
    text = _report(presented.study(variants={"baseline": presented.FEW["baseline"]}), tmp_path).read_text(
        encoding="utf-8"
    )
    assert "no level besides its baseline" in text


def test_a_missing_figure_ends_the_stage_in_one_line(report: Path, tmp_path: Path) -> None:
    study = read_results(report.parent / "plan.json", report.parent / "tables")
    with pytest.raises(BadInputError, match=r"overview.json: no such file"):
        render(study, tmp_path, read_document(report.parent / "data.json"))


def test_what_is_shared_with_training_and_what_was_dropped_is_told(report: Path) -> None:
    text = html.unescape(report.read_text(encoding="utf-8"))
    assert "<td>2 with chains, of 256<small>a known duplicate</small></td><td>–</td>" in text
    assert "<td>–</td><td>3 (tiny-qwen2 × chains)</td>" in text
    assert (
        "Of the training split of chains: 4 duplicates, 1 of them with another answer, 1 with an empty box, "
        "5 overlong prompts (tiny-qwen2) dropped; 512 queries were left."
    ) in text


def test_what_comes_from_the_study_is_escaped(attacked: Path) -> None:
    text = attacked.read_text(encoding="utf-8")
    assert "<script>document" not in text
    assert "<img src=x" not in text
    assert html.escape("</script><script>document.title", quote=False) in text


@needs_chromium
@pytest.mark.parametrize("width", [1366, 390])
def test_nothing_is_wider_than_the_page_and_every_chart_is_drawn(report: Path, page: Page, width: int) -> None:
    page.logged.clear()
    page.open(report.as_uri(), width)
    count = page.evaluate("document.querySelectorAll('figure.chart').length")
    for i in range(count):
        page.evaluate(f"document.querySelectorAll('figure.chart')[{i}].scrollIntoView()")
        page.wait(f"document.querySelectorAll('figure.chart')[{i}].querySelector('svg')")
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    wide = page.evaluate("""[...document.querySelectorAll('figure.chart')].filter(figure =>
        figure.querySelector('svg').getBoundingClientRect().width > figure.querySelector('.drawing').clientWidth + 12
    ).map(figure => figure.id)""")
    assert wide == []
    assert page.logged == []


@needs_chromium
def test_on_a_phone_tables_alone_scroll_and_names_are_not_broken_in_mid_word(report: Path, page: Page) -> None:
    page.open(report.as_uri(), 390)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    for name in ("overview", "forest"):
        page.evaluate(f"document.getElementById('{name}').scrollIntoView()")
        page.wait(f"document.getElementById('{name}').querySelector('svg')")
    wide = page.evaluate("""[...document.querySelectorAll('#found .scroll, #section-forest .scroll')].filter(e =>
        e.scrollWidth > e.clientWidth).map(e => e.getAttribute('aria-label'))""")
    assert wide == []
    broken = page.evaluate("""[...document.querySelectorAll('td, th')].filter(e =>
        ['anywhere', 'break-word'].includes(getComputedStyle(e).overflowWrap)).map(e => e.textContent)""")
    assert broken == []
    assert page.evaluate("document.querySelectorAll('#runs td wbr').length") > 0


@needs_chromium
def test_a_link_to_a_folded_section_unfolds_it(report: Path, page: Page) -> None:
    page.open(report.as_uri(), 1366)
    assert not page.evaluate("document.querySelector('#reading details').open")
    page.evaluate("document.querySelector('a[href=\"#reading\"]').click()")
    page.wait("document.querySelector('#reading details').open")


@needs_chromium
def test_a_script_in_a_name_does_not_run(attacked: Path, page: Page) -> None:
    page.open(attacked.as_uri(), 1366)
    count = page.evaluate("document.querySelectorAll('figure.chart').length")
    for i in range(count):
        page.evaluate(f"document.querySelectorAll('figure.chart')[{i}].scrollIntoView()")
        page.wait(f"document.querySelectorAll('figure.chart')[{i}].querySelector('svg')")
    assert ATTACK in page.evaluate("document.querySelector('.samples .answers').textContent"), "of a completion"
    assert page.evaluate("document.title") == "attacked: which design choices matter?"
    assert page.evaluate("document.documentElement.scrollWidth") == 1366


@needs_chromium
def test_a_heading_sorts_its_table(report: Path, page: Page) -> None:
    page.open(report.as_uri(), 1366)
    first = "document.querySelector('#gains table.sortable')"
    page.evaluate(f"{first}.querySelectorAll('th button')[1].click()")
    values = page.evaluate(f"[...{first}.tBodies[0].rows].map(row => Number(row.cells[1].dataset.sort))")
    assert values == sorted(values)
    assert len(set(values)) > 1


@needs_chromium
def test_a_comparison_and_a_budget_are_chosen_once_for_all_curves(study: Results, report: Path, page: Page) -> None:
    page.open(report.as_uri(), 1366)
    for figure in ("learning_curves", "generalisation"):
        page.evaluate(f"document.querySelector('#{figure}').scrollIntoView()")
        page.wait(f"document.querySelector('#{figure} svg')")
    lists = "document.querySelectorAll('#learning_curves select')"
    offered = page.evaluate(f"[...{lists}[0].options].map(option => option.textContent)")
    assert offered == [c.label for c in comparisons(study, study.pairs[0])]
    for i, value in enumerate(("rollouts/n8", "tokens")):
        page.evaluate(f"[{lists}[{i}]].forEach(l => {{ l.value = '{value}'; l.dispatchEvent(new Event('change')); }})")
    for figure in ("learning_curves", "generalisation"):
        page.wait(f"document.querySelector('#{figure} svg').textContent.includes('tokens sampled')")
        shown = page.evaluate(f"[...document.querySelectorAll('#{figure} select')].map(list => list.value)")
        assert shown == ["rollouts/n8", "tokens"]
        key = page.evaluate(f"[...document.querySelectorAll('#{figure} .key span')].map(span => span.textContent)")
        assert key == ["rollouts/n8", "advantage/group_norm_extra7"]
        assert page.evaluate(f"document.querySelectorAll('#{figure} .mark-line path').length") == 2 * (
            1 if figure == "learning_curves" else len(study.evaluation_sets(study.pairs[0]))
        )


@needs_chromium
def test_no_heading_of_a_table_is_over_the_next(report: Path, page: Page) -> None:
    for width in (1366, 390):
        page.open(report.as_uri(), width)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        wide = page.evaluate("""[...document.querySelectorAll('th')].filter(
            heading => heading.scrollWidth > heading.clientWidth).map(heading => heading.textContent)""")
        assert wide == []


SAMPLES = "document.querySelector('.samples')"


@needs_chromium
def test_completions_of_base_reference_and_level_stand_side_by_side(study: Results, report: Path, page: Page) -> None:
    page.open(report.as_uri(), 1366)
    page.wait(f"{SAMPLES}.querySelector('select')")
    lists = f"{SAMPLES}.querySelectorAll('select')"
    assert page.evaluate(f"[...{lists}[0].options].map(option => option.textContent)") == [
        c.label for c in comparisons(study, study.pairs[0])
    ]
    level = "advantage/group_norm_extra7"
    page.evaluate(f"[{lists}[0]].forEach(l => {{ l.value = '{level}'; l.dispatchEvent(new Event('change')); }})")
    answers = f"[...{SAMPLES}.querySelectorAll('.answer')]"
    assert page.evaluate(f"{answers}.map(answer => answer.querySelector('h4').textContent)") == [
        "Base model",
        "baseline",
        level,
    ]
    left = page.evaluate(f"{answers}.map(answer => answer.getBoundingClientRect().left)")
    assert left == sorted(set(left))
    number = re.findall(r"\d+", page.evaluate(f"{SAMPLES}.querySelector('.question').textContent"))[0]
    texts = page.evaluate(f"{answers}.map(answer => answer.querySelector('pre').textContent)")
    assert texts == [f"thinking base 0 {number}", f"thinking baseline 60 {number}", f"thinking {level} 60 {number}"]
    page.evaluate(f"{SAMPLES}.querySelectorAll('button')[1].click()")
    assert page.evaluate(f"{SAMPLES}.querySelector('.question').textContent") != f"thinking {number}?"
    page.evaluate(f"{SAMPLES}.querySelectorAll('button')[0].click()")
    assert page.evaluate(f"{SAMPLES}.querySelector('.question').textContent") == f"thinking {number}?"


def test_without_scripts_some_of_what_was_written_is_there(report: Path) -> None:
    text = re.sub(r"<script[^>]*>.*?</script>", "", report.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert text.count('<div class="sample">') == 3
    assert "thinking base 0 " in text


def test_what_became_of_queries_is_told_by_variant_and_by_set(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    section = text[text.index('<section id="samples">') : text.index('<section id="gains">')]
    assert section.count("<caption>") == 3
    assert all(f"<em>{name.capitalize()}</em>: {meaning}" in section for name, meaning in fates.FATES.items())
