"""Studies and dataset files that nobody means: each is refused in one line, or it is a study whose whole plan holds."""

from __future__ import annotations

import copy
import datetime
import json
import math
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rftlab.errors import BadInputError
from rftlab.files import canonical_json
from rftlab.planning.forecast import forecast
from rftlab.planning.plan import Plan
from rftlab.planning.planfile import describe
from rftlab.study.read import load_study
from studies import STUDY, pretrained

VALUES: list[Any] = [
    None, True, "", "x", " ", "../../etc", "/etc/passwd", "a\x00b", "\x1b[2J", "\u202e", "\ud800", "é" * 300, "null",
    "1e400", "{{ query }}", "{wildcards.seed}", "$(id)", "`id`", "!!python/object:os.system", -1, 0, 1, 2.5, -0.0,
    1e-320, 1e308, math.nan, math.inf, -math.inf, 2**31, 2**63, 10**30, [], [None], [[]], [1, 1], ["a"], {}, {"": 1},
    {1: 2}, {None: None}, {"a": {"b": {}}}, {"name": ["raw"]}, {"name": "../update"}, {"source": "jsonl"},
    {"source": ["tiny"]}, datetime.date(2026, 1, 1), b"\xff", {"a", "b"}, (1, 2),
]  # fmt: skip
LINES = [json.dumps({"question": f"What is {i} and {i}?", "answer": f"#### {2 * i}"}) for i in range(6)]
JSONL = {
    **{
        k: copy.deepcopy(v)
        for k, v in STUDY.items()
        if k not in ("models", "datasets", "evaluation_sets", "evaluation")
    },
    "models": {"given": {"source": "directory", "path": "pretrained"}},
    "datasets": {
        "file": {"source": "jsonl", "files": {"train": "train.jsonl", "test": "test.jsonl"}, "verifier": "exact"}
    },
    "evaluation_sets": {"file_test": {"dataset": "file"}},
    "evaluation": {"every": {"rounds": 2}, "id": ["file_test"], "samples": 2, "pass_at": [1, 2]},
}
pytestmark = pytest.mark.usefixtures("untraced")  # thousands of studies
PIECES = [
    b"", b"\n", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"{", b"}", b'"', b"\\", b"[", b"null", b"NaN", b"1e999",
    b"-Infinity", b"\\ud800", b"9" * 5000, b"[" * 100_000, b'{"a":' * 50_000, b'{"question": "q"}\n',
    b'{"question": 1, "answer": true}\n', b"\x1f\x8b\x08", b'{"question": "", "answer": "1"}\n',
    b'{"question": "q", "answer": "#### "}\n', "\u202e".encode(), b"\r", b"\xe2\x80\xa8",
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of everything in a study, itself not among them."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in entries:
        yield (*path, key)
        yield from places(below, (*path, key))


def put(path: tuple[Any, ...], value: Any, study: dict[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(study)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


def without(path: tuple[Any, ...], study: dict[str, Any], *, called: Any = None) -> dict[str, Any]:
    """The study without a key, or with another name for it."""
    changed = copy.deepcopy(study)
    place = changed
    for key in path[:-1]:
        place = place[key]
    value = place.pop(path[-1])
    if called is not None and isinstance(place, dict):
        place[called] = value
    return changed


def outcome(file: Path) -> str | None:
    """The line that refuses a study, or None: then its plan can be made, written, and given to jobs."""
    try:
        plan = Plan(load_study(file))
    except BadInputError as error:
        line = str(error)
        assert line.isprintable(), line
        assert line.startswith(str(file)), line
        assert 10 < len(line) - len(str(file)) < 2000, line
        return line
    folder = Path("results", plan.study.study)
    for run in plan.runs():
        place = Path(plan.run_folder(run))
        assert ".." not in place.parts
        assert place.is_relative_to(folder)
        json.loads(plan.run_params(run)["config"])
    canonical_json(describe(plan))
    assert forecast(plan)["variants"]
    return None


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with files a study may name."""
    monkeypatch.chdir(tmp_path)
    pretrained(tmp_path / "pretrained")
    Path("train.jsonl").write_text("\n".join(LINES[:4]) + "\n")
    Path("test.jsonl").write_text("\n".join(LINES[4:]) + "\n")
    return tmp_path


def dumped(study: Any) -> str:
    return yaml.dump(study, sort_keys=False, allow_unicode=False)


@pytest.mark.parametrize("study", [STUDY, JSONL], ids=["procedural", "jsonl"])
def test_every_hostile_value_at_every_key(study: dict[str, Any], here: Path) -> None:
    file, tried, refused = here / "study.yaml", 0, 0
    file.write_text(dumped(study))
    assert outcome(file) is None
    rng = random.Random(0)
    for path in places(study):
        for value in rng.sample(VALUES, 8):
            file.write_text(dumped(put(path, value, study)))
            tried, refused = tried + 1, refused + (outcome(file) is not None)
        for called in (None, "unknown_key", "", 7):
            file.write_text(dumped(without(path, study, called=called)))
            tried, refused = tried + 1, refused + (outcome(file) is not None)
    assert tried > 300
    assert refused > 0.7 * tried, f"{refused} of {tried}"


def test_a_study_file_with_bytes_of_another_kind_in_it(here: Path) -> None:
    file, rng, text, refused = here / "study.yaml", random.Random(1), dumped(STUDY).encode(), 0
    for _ in range(150):
        at, piece = (
            rng.randrange(len(text)),
            rng.choice([*PIECES[:16], b"&a *a", b"!!python/name:os.system ''", b"? :", b"\t", b"- "]),
        )
        file.write_bytes(text[:at] + piece + text[at + rng.choice([0, 0, len(piece)]) :])
        refused += outcome(file) is not None
    assert refused > 50


def test_a_dataset_file_with_bytes_of_another_kind_in_it(here: Path) -> None:
    file, rng, refused = here / "study.yaml", random.Random(2), 0
    file.write_text(dumped(JSONL))
    text = Path("train.jsonl").read_bytes()
    for number in range(200):
        at, piece = rng.randrange(len(text)), PIECES[number % len(PIECES)]
        Path("train.jsonl").write_bytes(text[:at] + piece + text[at + rng.choice([0, 1, 20]) :])
        refused += outcome(file) is not None
    assert refused > 100
    for content in (
        b"",
        b"\n\n",
        b"null\n",
        b"[]\n",
        b'"text"\n',
        b"\xff" * 100,
        text * 2 + b"{",
        b"PK\x03\x04" + text,
    ):
        Path("train.jsonl").write_bytes(content)
        assert outcome(file) is not None, content[:40]


NAMES = [
    "..",
    "../up",
    "/abs",
    "a/b",
    "a\\b",
    "a b",
    "a\nb",
    "a\x00b",
    "\x1b[31m",
    ".hidden",
    "-rf",
    "",
    " ",
    "é",
    "a" * 65,
    "a:b",
    "{a}",
    "a'b",
    "$HOME",
]


@pytest.mark.parametrize("section", ["study", "models", "datasets", "evaluation_sets", "factors", "level"])
def test_no_name_leads_out_of_the_results_folder(section: str, here: Path) -> None:
    file = here / "study.yaml"
    for name in NAMES:
        if section == "study":
            changed = put(("study",), name, STUDY)
        else:
            path = {
                "factors": ("factors", "lr"),
                "level": ("factors", "lr", "zero"),
                "models": ("models", "tiny"),
                "datasets": ("datasets", "chains"),
                "evaluation_sets": ("evaluation_sets", "longer"),
            }[section]
            text = dumped(without(path, STUDY, called=name))
            old = {"datasets": "chains", "evaluation_sets": "longer"}.get(section)
            changed = yaml.safe_load(text)
            if old == "chains":  # whatever names it must name it so, or the refusal would be about that
                changed["models"]["tiny"]["train_on"] = {name: 1}
                for one in ("chains_validation", "chains_test"):
                    changed["evaluation_sets"][one]["dataset"] = name
            if old == "longer":
                changed["evaluation"]["ood"] = [name]
        file.write_text(dumped(changed))
        line = outcome(file) or "accepted"
        assert "cannot be a name" in line or ("\0" in name and "null character" in line), name
    assert not (here.parent / "up").exists()


@pytest.mark.workflow
@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("study: [1", "not valid JSON or YAML"),
        ("- 1\n- 2\n", "keys at top level"),
        (dumped(put(("study",), "../out", STUDY)), "cannot be a name"),
        (dumped(put(("budget", "rounds"), 0, STUDY)), "budget.rounds: at least 1 is needed, not 0"),
        (dumped(put(("unknown",), {}, STUDY)), "unknown key 'unknown'"),
    ],
)
def test_snakemake_refuses_it_in_one_line_and_starts_nothing(
    content: str, line: str, here: Path, repository: Path
) -> None:
    (here / "study.yaml").write_text(content)
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--snakefile",
        str(repository / "Snakefile"),
        "--cores",
        "1",
        "--configfile",
        "study.yaml",
    ]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    said = [one for one in done.stderr.splitlines() if not one.startswith(("Using workflow", "WorkflowError:"))]
    assert line in done.stderr
    assert len(said) == 1, said
    assert not (here / "results").exists()
    assert not (here / "resources").exists()
