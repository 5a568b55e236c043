"""What `snakemake -n` lists after each kind of change; docs/reruns.md shows the same table.

A study's outputs are written by hand and recorded as its own (`snakemake --touch`): which jobs run again depends on
what Snakemake remembers of each job, not on what is in the files. `PYTHONPATH=tests/helpers
python tests/system/test_reruns.py` writes the document.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from checkout import AFTER_TRAINING, ROOT, Checkout, copy_code, listed, made_once
from dry_runs import DryRuns
from studies import pretrained

DOCUMENT = ROOT / "docs" / "reruns.md"
STUDY = Path(__file__).with_name("reruns.yaml")
DATASETS, VARIANTS, SEEDS = ("sums", "notes"), ("baseline", "advantage/group_norm", "advantage/batch_mean"), (0, 1)
SUITES = ("id", "ood")
BASE_MODEL, BASE_EVALUATION, PLAN = {"base model random"}, {"evaluate the base model random"}, {"plan of reruns"}
DATA = {"dataset sums", "dataset notes", "dataset exam"}
CHECK = {"check the data of reruns"}
AFTER_TABLES = AFTER_TRAINING - {"tables"}
pytestmark = pytest.mark.workflow


def trainings(
    datasets: Iterable[str] = DATASETS, variants: Iterable[str] = VARIANTS, seeds: Iterable[int] = SEEDS
) -> set[str]:
    return {f"train random on {d}: {v}, seed {s}" for d in datasets for v in variants for s in seeds}


def evaluations(
    datasets: Iterable[str] = DATASETS,
    variants: Iterable[str] = VARIANTS,
    seeds: Iterable[int] = SEEDS,
    suites: Iterable[str] = SUITES,
) -> set[str]:
    jobs = {name.replace("train ", "evaluate ", 1) for name in trainings(datasets, variants, seeds)}
    return {f"{job}, {suite}" for job in jobs for suite in suites}


def runs(
    datasets: Iterable[str] = DATASETS, variants: Iterable[str] = VARIANTS, seeds: Iterable[int] = SEEDS
) -> set[str]:
    return trainings(datasets, variants, seeds) | evaluations(datasets, variants, seeds) | AFTER_TRAINING


EVERYTHING = DATA | CHECK | BASE_MODEL | BASE_EVALUATION | PLAN | runs()


# changes -------------------------------------------------------------------------------------------------------------


def code(module: str) -> Callable[[Checkout], None]:
    """A statement more in a module."""
    return lambda checkout: checkout.edit(f"src/rftlab/{module}", lambda text: f"{text}\nEDITED = True\n")


def study(old: str, new: str) -> Callable[[Checkout], None]:
    """Another text in the study file."""
    return lambda checkout: checkout.edit("reruns.yaml", lambda text: text.replace(old, new))


def add_a_level(level: str) -> Callable[[Checkout], None]:
    """A line of the study."""
    return study("\nseeds:", f"    {level}: {{advantage.name: {level}}}\n\nseeds:")


def remove_a_level(checkout: Checkout) -> None:
    checkout.edit("reruns.yaml", lambda text: re.sub(r"    group_norm: .*\n", "", text))


def one_byte(name: str) -> Callable[[Checkout], None]:
    return lambda checkout: checkout.edit(name, lambda text: text.replace("What is 3", "What is 9", 1))


def add_a_level_file(checkout: Checkout) -> None:
    level = '"""Half of the reward."""\n\nfrom rftlab.advantages import Floats, Round\n\n\n'
    level += "def advantage(scores: Round, *, factor: float = 0.5) -> Floats:\n    return factor * scores.rewards_Bn\n"
    (checkout.folder / "src/rftlab/advantages/half.py").write_text(level)
    add_a_level("half")(checkout)


def add_an_evaluation_set(checkout: Checkout) -> None:
    line = "  longer: {source: procedural, family: chains, terms: [3], high: 6, operators: +, sizes: {test: 4}}\n"
    study("\nevaluation:", f"{line}\nevaluation:")(checkout)
    study("ood: [exam]", "ood: [exam, longer]")(checkout)


def comments_everywhere(checkout: Checkout) -> None:
    for path in [*(checkout.folder / "src").rglob("*.py"), checkout.study]:
        path.write_text(f"{path.read_text()}\n# a comment\n")


def another_order_of_keys(checkout: Checkout) -> None:
    study("{queries: 4, rollouts: 1,", "{rollouts: 1, queries: 4,")(checkout)
    checkout.edit("reruns.yaml", lambda text: re.sub(r"(seeds: .*\n)(noise_floor: .*\n)", r"\2\1", text))


def touch_every_file(checkout: Checkout) -> None:
    for path in checkout.folder.rglob("*"):
        if path.is_file() and ".snakemake" not in path.parts:
            path.touch()


def another_branch_and_back(checkout: Checkout) -> None:
    def git(*arguments: str) -> None:
        author = {
            f"GIT_{who}_{what}": "test@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        subprocess.run(
            ["git", *arguments], cwd=checkout.folder, env=os.environ | author, check=True, capture_output=True
        )

    git("init", "--initial-branch", "one")
    git("add", "src", "workflow", "Snakefile", "profiles", "envs", "reruns.yaml", "notes.jsonl", "pretrained")
    git("commit", "--message", "one")
    git("checkout", "-b", "two")
    for change in (
        code("policies/prompts.py"),
        code("views/report.py"),
        study("lr: 1.0e-3", "lr: 2.0e-3"),
        one_byte("notes.jsonl"),
    ):
        change(checkout)
    git("commit", "--all", "--message", "two")
    assert checkout.planned() >= trainings()
    git("checkout", "one")


def move_everything(checkout: Checkout) -> None:
    new = checkout.folder.with_name("moved")
    checkout.folder.rename(new)
    checkout.folder, checkout.study = new, new / checkout.study.name


def move_results(checkout: Checkout) -> None:
    for name in ("results", "resources"):
        elsewhere = checkout.folder.with_name(f"disk-{name}")
        (checkout.folder / name).rename(elsewhere)
        (checkout.folder / name).symlink_to(elsewhere)


def another_numpy(checkout: Checkout) -> None:
    """A newer distribution, found before the installed one."""
    facts = checkout.folder / "src" / "numpy-99.0.dist-info" / "METADATA"
    facts.parent.mkdir()
    facts.write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 99.0\n")


def another_numpy_by_default(checkout: Checkout) -> None:
    study("package_versions: true", "package_versions: false")(checkout)
    assert checkout.planned() == EVERYTHING
    checkout.snakemake("--touch", "--forceall", "--cores", "1")
    another_numpy(checkout)


@dataclass(frozen=True)
class Change:
    """A change, the jobs it lists, and how docs/reruns.md says both."""

    what: str
    lists: str
    make: Callable[[Checkout], None]
    jobs: set[str]
    gone: str = "never"  # what the jobs are called that the study has no more

    @property
    def name(self) -> str:
        return self.make.__name__.strip("<>") if "lambda" not in self.make.__name__ else re.sub(r"\W+", "-", self.what)


AFTER = "tables, figures, report, track"
GROUP_NORM, BATCH_MEAN = ("advantage/group_norm",), ("advantage/batch_mean",)
CHANGES = [
    Change(
        "a module that training and evaluation share, `policies/prompts.py`",
        f"base models, every training and evaluation, plan, {AFTER}; no dataset",
        code("policies/prompts.py"),
        EVERYTHING - DATA - CHECK,
    ),
    Change(
        "a module of one stage, `training/train.py`",
        f"every training and evaluation, plan, {AFTER}; no base model",
        code("training/train.py"),
        runs() | PLAN,
    ),
    Change(
        "`evaluation/evaluate.py`",
        f"every evaluation, those of base models too, plan, {AFTER}; no training",
        code("evaluation/evaluate.py"),
        evaluations() | BASE_EVALUATION | PLAN | AFTER_TRAINING,
    ),
    Change(
        "`evaluation/measure.py`",
        "base models, since theirs is measured with it, and all that follows",
        code("evaluation/measure.py"),
        EVERYTHING - DATA - CHECK,
    ),
    Change("`analysis/statistics.py`", AFTER, code("analysis/statistics.py"), AFTER_TRAINING),
    Change("`views/report.py`", "report, track", code("views/report.py"), {"report", "track in results/mlflow.db"}),
    Change(
        "the study's schema, `study/schema.py`",
        f"plan, {AFTER}; no training, no evaluation",
        code("study/schema.py"),
        PLAN | AFTER_TRAINING,
    ),
    Change(
        "the file of a level, `advantages/group_norm.py`",
        f"trainings and evaluations of the variants that select it, plan, {AFTER}",
        code("advantages/group_norm.py"),
        runs(variants=GROUP_NORM) | PLAN,
    ),
    Change("the file of a level that nobody selects", "nothing", code("advantages/leave_one_out.py"), set()),
    Change(
        "a level's value in the study",
        f"its trainings and evaluations, plan, {AFTER}",
        study("statistics_rollouts: 1", "statistics_rollouts: 2"),
        runs(variants=GROUP_NORM) | PLAN,
    ),
    Change(
        "a key of the baseline",
        f"every training and evaluation, plan, {AFTER}; base models are not evaluated again",
        study("lr: 1.0e-3", "lr: 2.0e-3"),
        runs() | PLAN,
    ),
    Change(
        "a seed added",
        f"its trainings and evaluations, plan, {AFTER}",
        study("1]\nnoise", "1, 2]\nnoise"),
        runs(seeds=(2,)) | PLAN,
    ),
    Change(
        "a seed removed",
        f"plan, {AFTER}",
        study("seeds: [0, ", "seeds: ["),
        PLAN | AFTER_TRAINING,
        gone="seed 0",
    ),
    Change(
        "a level added, as a file and a line",
        f"its trainings and evaluations, plan, {AFTER}",
        add_a_level_file,
        runs(variants=("advantage/half",)) | PLAN,
    ),
    Change(
        "a level added, of a file that is there",
        "the same",
        add_a_level("ema"),
        runs(variants=("advantage/ema",)) | PLAN,
    ),
    Change(
        "a level removed",
        f"plan, {AFTER}",
        remove_a_level,
        PLAN | AFTER_TRAINING,
        gone="advantage/group_norm",
    ),
    Change(
        "an evaluation set added",
        "its queries, the check of the data, the evaluations of its suite, base models' evaluations, plan, "
        f"{AFTER}; no training",
        add_an_evaluation_set,
        {"dataset longer"} | CHECK | BASE_EVALUATION | evaluations(suites=("ood",)) | PLAN | AFTER_TRAINING,
    ),
    Change(
        "how evaluations sample, `evaluation.samples`",
        f"every evaluation, plan, {AFTER}; no training",
        study("samples: 0", "samples: 1"),
        BASE_EVALUATION | evaluations() | PLAN | AFTER_TRAINING,
    ),
    Change(
        "one byte of a dataset's file",
        f"the dataset, the check of the data, its trainings, every evaluation with one of its splits, plan, {AFTER}",
        one_byte("notes.jsonl"),
        {"dataset notes"}
        | CHECK
        | BASE_EVALUATION
        | runs(datasets=("notes",))
        | evaluations(datasets=("sums",), suites=("ood",))
        | PLAN,
    ),
    Change(
        "one byte of an evaluation set's own file",
        f"its queries, the check of the data, the evaluations of its suite, base models' evaluations, plan, {AFTER}",
        one_byte("exam.jsonl"),
        {"dataset exam"} | CHECK | BASE_EVALUATION | evaluations(suites=("ood",)) | PLAN | AFTER_TRAINING,
    ),
    Change(
        "a dataset's prompt template",
        f"its trainings and evaluations, the base model's evaluation with that prompt, plan, {AFTER}",
        study("verifier: numeric}\n\nbaseline", 'verifier: numeric, prompt: {template: "Q: {{ query }}"}}\n\nbaseline'),
        BASE_EVALUATION | runs(datasets=("notes",)) | PLAN,
    ),
    Change("a package's version, with `package_versions: true`", "everything", another_numpy, EVERYTHING),
    Change("a package's version, by default", "nothing", another_numpy_by_default, set()),
    Change("a comment in every file", "nothing", comments_everywhere, set()),
    Change("the order of keys", "nothing", another_order_of_keys, set()),
    Change("every file touched", "nothing", touch_every_file, set()),
    Change("git checkout of another branch and back", "nothing", another_branch_and_back, set()),
    Change("the working folder moved", "nothing", move_everything, set()),
    Change(
        "`results/` and `resources/` moved to another disk, with a link in their place", "nothing", move_results, set()
    ),
]


# the matrix ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The study as if it had run."""
    return Checkout(made_once(tmp_path_factory, "reruns-study", record), "reruns.yaml")


def record(folder: Path) -> None:
    """Write every output by hand and let Snakemake take it for the job's own."""
    copy_code(folder)
    checkout = Checkout(folder, "reruns.yaml")
    shutil.copy(STUDY, checkout.study)
    pretrained(folder / "pretrained")
    for name, of in {"notes": "and 1", "notes_test": "and 2", "exam": "and 3"}.items():
        lines = [json.dumps({"question": f"What is {i} {of}?", "answer": str(i)}) + "\n" for i in range(6)]
        (folder / f"{name}.jsonl").write_text("".join(lines))
    for line in checkout.snakemake("--summary").splitlines():
        path = folder / line.split("\t")[0]
        if path.parts[len(folder.parts)] in ("results", "resources"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(path.name)
    checkout.snakemake("--touch", "--forceall", "--cores", "1")


def copied(recorded: Checkout, folder: Path) -> Checkout:
    shutil.copytree(recorded.folder, folder / "checkout", copy_function=shutil.copy2)
    return Checkout(folder / "checkout", "reruns.yaml")


@pytest.fixture(scope="session")
def dry_runs() -> Iterator[DryRuns]:
    with DryRuns() as process:
        yield process


def planned(checkout: Checkout, dry_runs: DryRuns) -> set[str]:
    return listed(dry_runs.output(checkout.folder, "--configfile", str(checkout.study), "-n", "--nolock"))


# in one edit; what makes more than an edit, so that it cannot be part of one, goes first or is left out
FIRST_OF_TWO, ALONE = (another_branch_and_back,), (another_numpy_by_default,)
PAIRS = list(itertools.combinations([change for change in CHANGES if change.make not in ALONE], 2))


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: " and ".join(change.name for change in pair))
def test_two_changes_in_one_edit_list_all_that_each_lists(
    pair: tuple[Change, Change], recorded: Checkout, dry_runs: DryRuns, tmp_path: Path
) -> None:
    checkout = copied(recorded, tmp_path)
    for change in sorted(pair, key=lambda change: change.make not in FIRST_OF_TWO):
        change.make(checkout)
    one, other = pair
    assert planned(checkout, dry_runs) >= {
        job for job in one.jobs | other.jobs if one.gone not in job and other.gone not in job
    }


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_a_change_lists_exactly_the_jobs_that_depend_on_it(
    change: Change, recorded: Checkout, dry_runs: DryRuns, tmp_path: Path
) -> None:
    checkout = copied(recorded, tmp_path)
    change.make(checkout)
    assert planned(checkout, dry_runs) == change.jobs


def test_without_a_change_nothing_is_listed_and_forced_everything(recorded: Checkout) -> None:
    assert recorded.planned() == set()
    forced = re.findall(r"^Job \d+: (.*)$", recorded.snakemake("-n", "--nolock", "--forceall"), re.MULTILINE)
    assert set(forced) == EVERYTHING


def table() -> str:
    """The matrix in Markdown."""
    rows = [f"| {change.what} | {change.lists} |\n" for change in CHANGES]
    return "| change | jobs that run again |\n|---|---|\n" + "".join(rows)


def test_the_document_shows_this_table() -> None:
    assert table() in DOCUMENT.read_text(encoding="utf-8"), (
        "stale: PYTHONPATH=tests/helpers python tests/system/test_reruns.py"
    )


if __name__ == "__main__":
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(re.sub(r"\| change \|.*\n(?:\|.*\n)*", lambda _: table(), text), encoding="utf-8")
