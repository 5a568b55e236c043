"""The commands for people: what they print, and how they refuse."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

import presented
from rftlab import levels
from rftlab.cli import app
from rftlab.planning.forecast import forecast
from rftlab.planning.plan import Plan
from rftlab.study.read import read_study
from studies import STUDY, TEXT, changed
from synthetic import stage_arguments, write_study


def rftlab(*arguments: str, input: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=input, env={"COLUMNS": "200"})


def assert_refused(result: Result, *words: str) -> None:
    """One line, and exit code 1."""
    message = result.stderr.strip() or str(result.exception)
    assert result.exit_code == 1
    assert len(message.splitlines()) == 1
    assert "Traceback" not in message
    for word in words:
        assert word in message


@pytest.fixture
def study_file(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("study.yaml")
    path.write_text(TEXT)
    return path


def test_help_names_every_command_and_imports_nothing_heavy() -> None:
    result = rftlab("--help")
    assert result.exit_code == 0
    for command in ("plan", "show", "export", "compare", "track", "score", "catalogue", "bandit"):
        assert command in result.stdout
    script = (
        "import sys, rftlab.cli\nassert not {'torch', 'pandas', 'numpy', 'mlflow', 'pydantic', 'yaml'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_planning_imports_no_torch(repository: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from rftlab.study.read import load_study\n"
        "from rftlab.planning.plan import Plan\n"
        "from rftlab.planning.planfile import describe\n"
        "plan = Plan(load_study(Path('config/demo.yaml'))); describe(plan)\n"
        "for run in plan.runs(): plan.run_params(run)\n"
        "assert not {'torch', 'transformers', 'mlflow'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60, cwd=repository)


def test_plan_prints_a_row_for_every_variant(study_file: Path) -> None:
    result = rftlab("plan", str(study_file))
    assert result.exit_code == 0
    rows = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines() if line.strip()}
    assert "small: 1 base model × 1 dataset × 5 variants × 3 seeds" in result.stdout
    # 3 runs of 6 rounds; 4 queries, of which 4 × (1 + 3) rollouts; at most 8 tokens; 3 checkpoints a run;
    # 12 queries greedy at 3 checkpoints and sampled twice at the last
    assert rows["advantage/group_norm"][:5] == ["3", "18", "288", "2,304", "9"]
    assert rows["advantage/group_norm"][-1] == "180"
    assert rows["all"][:3] == ["15", "90", "792"]


def test_several_files_are_one_study(study_file: Path) -> None:
    more = Path("more.yaml")
    more.write_text("study: merged\nseeds: [5]\nbudget: {rounds: 2}\n")
    files = [str(study_file), str(more)]
    forecast = json.loads(rftlab("plan", *files, "--json").stdout)
    assert (forecast["study"], forecast["totals"]["runs"], forecast["totals"]["rounds"]) == ("merged", 5, 10)
    for command in ("show", "track"):
        assert_refused(
            rftlab(command, *files), "results/merged/plan.json: no such", "--configfile study.yaml more.yaml`"
        )
    assert rftlab("fetch", *files).stdout.startswith("study.yaml, more.yaml takes nothing from the model hub")
    more.write_text("budgets: 2\n")
    assert_refused(rftlab("plan", *files), "study.yaml, more.yaml: unknown key 'budgets'")
    more.write_text(f"study: {write_study(Path(), variants=('baseline',), seeds=(0,)).parent.name}")
    assert rftlab("track", *files).exit_code == 0


def test_plan_as_json_is_the_forecast(study_file: Path) -> None:
    result = rftlab("plan", str(study_file), "--json")
    expected = json.loads(result.stdout)
    assert expected == forecast(Plan(read_study(STUDY, [])))
    assert expected["totals"]["runs"] == sum(row["runs"] for row in expected["variants"]) == 15
    assert expected["base_evaluation_rows"] == 12 * 3


def test_a_budget_in_tokens_leaves_rounds_open() -> None:
    totals = forecast(Plan(read_study(changed(("budget", {"tokens": 1000})), [])))["totals"]
    assert (totals["rounds"], totals["rollouts"], totals["checkpoints"]) == (None, None, None)
    assert totals["max_tokens"] == 15 * 1000


def test_limited_sets_have_fewer_queries() -> None:
    edits = [("evaluation_sets/longer/limit_queries", 1), ("evaluation_sets/chains_test/limit_queries", 99)]
    expected = forecast(Plan(read_study(changed(*edits), [])))
    assert expected["base_evaluation_rows"] == (4 + 4 + 1) * 3


def test_disk_is_the_size_of_weights_that_exist(study_file: Path) -> None:
    plan = Plan(read_study(STUDY, []))
    estimated = forecast(plan)["totals"]["disk_bytes"]
    assert 45 * 4 * 400_000 < estimated < 45 * 4 * 600_000  # 45 checkpoints of well under a million parameters
    weights = Path(plan.resources.model_folder("tiny")) / "model" / "model.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(bytes(1000))
    assert forecast(plan)["totals"]["disk_bytes"] == 45 * 1000


@pytest.mark.parametrize("command", ["plan", "show", "export", "track"])
def test_a_study_that_is_not_there_or_no_study(command: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert_refused(rftlab(command, "gone.yaml"), "gone.yaml: cannot be read: No such file")
    Path("list.yaml").write_text("- 1\n")
    assert_refused(rftlab(command, "list.yaml"), "list.yaml: the file holds a list")
    Path("name.yaml").write_text(yaml.safe_dump(changed(("study", "../up"))))
    assert_refused(rftlab(command, "name.yaml"), "name.yaml: study: ")


def test_a_bad_study_is_refused_in_one_line(study_file: Path) -> None:
    study_file.write_text(TEXT.replace("rounds: 6", "round: 6"))
    assert_refused(rftlab("plan", str(study_file)), "study.yaml: budget: unknown key 'round'", "did you mean 'rounds'?")


@pytest.mark.parametrize("command", ["show", "report", "export", "track"])
def test_a_study_without_results(study_file: Path, command: str) -> None:
    assert_refused(
        rftlab(command, str(study_file)), "results/small/plan.json: no such file yet; `snakemake --configfile"
    )


def test_show_takes_a_study_or_its_folder(study_file: Path) -> None:
    from rftlab.analysis.tables import main as write_tables

    plan = write_study(study_file.parent.absolute(), study="small")
    write_tables(stage_arguments(plan, str(plan.parent / "tables")))
    by_file, by_folder = rftlab("show", str(study_file)), rftlab("show", "results/small")
    assert by_file.exit_code == by_folder.exit_code == 0
    assert by_file.stdout == by_folder.stdout == rftlab("show", "small").stdout
    assert "rollouts/n8" in by_file.stdout
    assert "Report:" not in by_file.stdout  # there is none yet


def test_export_writes_the_forms_that_are_named_into_the_studys_folder_or_another(study_file: Path) -> None:
    plan, tables = presented.write(presented.study(name="small", variants=presented.FEW), Path("results/small"))
    result = rftlab("export", "small", "--latex", "--csv")
    assert result.exit_code == 0
    assert result.stdout.split() == ["results/small/export/verdicts.tex", "results/small/export/verdicts.csv"]
    assert rftlab("export", str(study_file), "--csv", "--to", "paper/tables").stdout == "paper/tables/verdicts.csv\n"
    assert_refused(rftlab("export", "small", "--csv", "--to", str(study_file)), "study.yaml: cannot be written: ")
    assert "\\toprule" in Path("results/small/export/verdicts.tex").read_text()
    (tables / "verdicts.parquet").rename(tables / "gone")
    assert_refused(rftlab("export", "small"), "verdicts.parquet: no such file; `snakemake tables`")
    (tables / "gone").rename(tables / "verdicts.parquet")
    document = json.loads(plan.read_text())
    plan.write_text(json.dumps(document | {"runs": document["runs"][1:]}))
    assert_refused(rftlab("export", "small"), "tables: of other runs than results/small/plan.json has")


def test_export_without_a_form_is_all_of_them(study_file: Path, monkeypatch) -> None:
    presented.write(presented.study(name="small", variants=presented.FEW), Path("results/small"))
    asked: list[object] = []
    monkeypatch.setattr("rftlab.views.export.files.export", lambda results, folder, forms: asked.append(forms) or [])
    for flags in ([], ["--pdf"], ["--csv", "--pdf"]):
        assert rftlab("export", "small", *flags).exit_code == 0
    assert [list(forms) for forms in asked] == [["latex", "pdf", "csv"], ["pdf"], ["pdf", "csv"]]


def test_compare_takes_names_and_folders(study_file: Path) -> None:
    results = presented.study(name="small", variants=presented.FEW)
    for folder in ("results/small", "elsewhere/copy"):
        presented.write(results, Path(folder))
    result = rftlab("compare", "small", "elsewhere/copy")
    assert result.exit_code == 0
    assert "A: results/small: tiny-qwen2 x chains" in result.stdout
    assert "B: elsewhere/copy: " in result.stdout
    assert "Verdicts: 6 the same, 0 opposed" in " ".join(result.stdout.split())
    assert rftlab("compare", "results/small", str(study_file)).exit_code == 0
    assert_refused(rftlab("compare", "small", "gone"), "gone: cannot be read: No such file")
    Path("results/begun").mkdir()
    assert_refused(rftlab("compare", "begun", "small"), "results/begun/plan.json: no such file yet")


def test_compare_refuses_studies_that_share_nothing(study_file: Path) -> None:
    presented.write(presented.study(name="small", variants=presented.FEW), Path("results/small"))
    variants = {name: presented.VARIANTS[name] for name in ("baseline", "history/window8")}
    presented.write(presented.study(name="other", variants=variants), Path("results/other"))
    assert_refused(rftlab("compare", "small", "other"), "results/small, results/other: no comparison", "is in both")


def test_track_imports_into_the_store_beside_the_study(study_file: Path, monkeypatch) -> None:
    calls: list[list[str]] = []
    monkeypatch.setattr("rftlab.views.track.__main__.main", calls.append)
    write_study(study_file.parent.absolute(), study="small", seeds=(0,), variants=("baseline",))
    for arguments in ([str(study_file)], ["results/small", "--follow"], ["results/small", "--store", "sqlite:///x.db"]):
        assert rftlab("track", *arguments).exit_code == 0
    plan, store = ["--plan", "results/small/plan.json"], ["--store", "sqlite:///results/mlflow.db"]
    assert calls == [[*plan, *store], [*plan, *store, "--follow"], [*plan, "--store", "sqlite:///x.db"]]


RECORDS = [
    {"id": 1, "answer": "18", "completion": "9 + 9 = 18\n#### 18"},
    {"id": 2, "answer": "18", "completion": "#### 17"},
    {"id": 3, "answer": "18", "completion": "no idea"},
]
LINES = "".join(json.dumps(record) + "\n" for record in RECORDS)


def test_score_gives_a_verdict_for_every_line_and_a_summary(tmp_path: Path) -> None:
    (tmp_path / "completions.jsonl").write_text(LINES)
    result = rftlab("score", "--reward", "gsm8k_strict", str(tmp_path / "completions.jsonl"))
    verdicts = [json.loads(line) for line in result.stdout.splitlines()]
    assert verdicts == [
        RECORDS[0] | score(correct=True, strict=True, flexible=True, extracted="18"),
        RECORDS[1] | score(extracted="17"),
        RECORDS[2] | score(formatted=False),
    ]
    assert result.stderr == (
        "1 of 3 correct (33.3%), an answer found in 2; strict 1, flexible 1, formatted 2; failures: none\n"
    )


def score(**given: object) -> dict[str, object]:
    """What is added to a record, wrong and found unless given otherwise."""
    wrong = {"correct": False, "extracted": None, "failure": None, "strict": False, "flexible": False}
    return wrong | {"formatted": True} | given


def test_score_reads_standard_input() -> None:
    command = [sys.executable, "-m", "rftlab.cli", "score", "--reward", "numeric", "-"]
    result = subprocess.run(command, input=LINES, capture_output=True, text=True, check=True, timeout=60)
    assert [json.loads(line)["correct"] for line in result.stdout.splitlines()] == [True, False, False]


@pytest.mark.parametrize(
    ("reward", "text", "words"),
    [
        (
            "gsm8k_strct",
            LINES,
            ["--reward: 'gsm8k_strct' is not one of choice, exact, gsm8k_strict, marked", "did you mean"],
        ),
        ("marked", "", [".jsonl: the file is empty"]),
        ("marked", LINES + "{\n", [".jsonl:4: not JSON"]),
    ],
)
def test_score_refuses(tmp_path: Path, reward: str, text: str, words: list[str]) -> None:
    (tmp_path / "completions.jsonl").write_text(text)
    assert_refused(rftlab("score", "--reward", reward, str(tmp_path / "completions.jsonl")), *words)


def test_catalogue_lists_every_level() -> None:
    result = rftlab("catalogue")
    assert result.exit_code == 0
    for kind in levels.FUNCTIONS:
        assert kind.replace(".", "/") in result.stdout
        assert all(name in result.stdout for name in levels.names(kind))
    assert "epsilon: 1e-06" in result.stdout


def test_bandit_shows_a_measure_of_every_advantage(monkeypatch) -> None:
    monkeypatch.setattr("rftlab.bandit.grid.RATES", {"0.5": (0.5,) * 2})
    result = rftlab("bandit", "--queries", "2", "--rollouts", "2", "--measure", "scale")
    assert result.exit_code == 0
    rows = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines() if line.strip()}
    assert {*levels.names("advantages")} <= {*rows}
    assert (rows["group_mean"], rows["raw"]) == (["0.5"], ["1"])
    assert rows["ema"][1] == "±"


def test_bandit_refuses_a_measure_that_it_has_not() -> None:
    assert_refused(
        rftlab("bandit", "--measure", "signals"), "--measure: 'signals' is not one of", "did you mean 'signal'?"
    )


def test_bandit_refuses_a_folder_without_its_page_before_it_computes(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("rftlab.bandit.grid.cells", None)
    for folder in (tmp_path, tmp_path / "none"):
        assert_refused(rftlab("bandit", "--docs", str(folder)), f"--docs: {folder} holds no bandit.md")
    assert not [*tmp_path.iterdir()]


def test_bandit_writes_its_page(tmp_path: Path, monkeypatch, repository: Path) -> None:
    kept = (repository / "docs" / "bandit.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    found = [dict(zip(kept[0].strip().split(","), line.strip().split(","), strict=True)) for line in kept[1:]]
    monkeypatch.setattr("rftlab.bandit.grid.cells", lambda: found)
    monkeypatch.setattr("rftlab.bandit.grid.row", lambda cell: cell)
    shutil.copy(repository / "docs" / "bandit.md", tmp_path)
    result = rftlab("bandit", "--docs", str(tmp_path))
    assert (result.exit_code, result.stdout.strip()) == (0, str(tmp_path / "bandit.md"))
    for name in ("bandit.md", "bandit.csv"):
        assert (tmp_path / name).read_bytes() == (repository / "docs" / name).read_bytes()
    assert {path.name for path in tmp_path.glob("*.svg")} == {"bandit-signal.svg", "bandit-silent.svg"}


def test_catalogue_says_what_a_word_means_in_which_framework() -> None:
    result = rftlab("catalogue", "Reinforce-plus-plus")
    assert result.exit_code == 0
    assert "objective.shaping: whiten_tokens\n" in result.stdout
    assert "Equivalents: verl `reinforce_plus_plus` (of `raw`)" in result.stdout
    assert "whiten_rollouts\n" not in result.stdout
    assert_refused(
        rftlab("catalogue", "gruop_norm"), "catalogue: no level has 'gruop_norm'", "did you mean 'group_norm'?"
    )


def test_catalogue_says_what_a_name_of_the_field_means_in_which_framework() -> None:
    result = rftlab("catalogue", "grpo")
    assert result.exit_code == 0
    assert result.stdout.startswith("like: grpo\n  advantage: group_norm\n")
    assert "  In verl: `adv_estimator: grpo` is the advantage alone" in result.stdout
    assert "\nadvantage: group_norm\n" in result.stdout


def test_catalogue_as_json() -> None:
    told = json.loads(rftlab("catalogue", "--json").stdout)
    assert "dapo" in [one["name"] for one in told["names"]]
    assert len(told["levels"]) == sum(len(levels.names(kind)) for kind in levels.FUNCTIONS)
    assert {"key": "optimizer.lr", "default": 1e-6, "meaning": "learning rate; 0 is a control"} in told["settings"]


def test_a_refusal_in_a_real_process_is_one_line_and_exit_code_1(study_file: Path) -> None:
    study_file.write_text(TEXT.replace("seeds: [0, 1, 2]", "seeds: [0, 0]"))
    command = [sys.executable, "-m", "rftlab.cli", "plan", str(study_file)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "study.yaml: seeds: 0 is given twice; seeds must differ\n"


def test_report_of_a_study_of_which_nothing_is_finished(study_file: Path) -> None:
    plan = write_study(study_file.parent.absolute(), study="small", variants=("baseline", "ratio/clip"))
    for path in plan.parent.glob("runs/**/checkpoints.json"):
        path.unlink()
    result = rftlab("report", str(study_file))
    assert_refused(result, "small: no level and its reference have a finished run yet")


def test_a_trainers_configuration_becomes_a_baseline_and_a_variant_a_trainers(study_file: Path) -> None:
    Path("c.json").write_text('{"num_generations": 4, "seed": 1, "generation_batch_size": 8}')
    result = rftlab("from-trl", "c.json")
    assert result.exit_code == 0
    assert result.stderr == "seed: no equivalent in a baseline\n"
    assert "# seed: no equivalent in a baseline\n" in result.stdout
    assert yaml.safe_load(result.stdout)["baseline"]["rollout"]["queries"] == 2
    assert rftlab("from-trl", "c.json", "--output", "b.yaml").stdout == "b.yaml\n"
    assert Path("b.yaml").read_text() == result.stdout
    exported = rftlab("export", "study.yaml", "--trl", "rollouts/n4")
    assert (exported.exit_code, yaml.safe_load(exported.stdout)["num_generations"]) == (0, 4)
    assert_refused(rftlab("export", "study.yaml", "--trl", "baseline"), "study.yaml: baseline: TRL cannot express")
    assert_refused(rftlab("from-trl", "none.yaml"), "none.yaml: cannot be read")
    assert_refused(rftlab("export", "study.yaml", "--trl", "baseline", "--pdf"), "--trl: it prints a variant, and goes")
    verl = rftlab("export", "study.yaml", "--verl", "baseline")
    Path("v.yaml").write_text(verl.stdout)
    back = rftlab("from-verl", "v.yaml")
    assert (verl.exit_code, back.exit_code) == (0, 0)
    assert yaml.safe_load(back.stdout)["baseline"]["advantage"] == {"name": "raw"}
    assert_refused(rftlab("from-verl", "c.json"), "c.json: algorithm.adv_estimator: one of grpo")
