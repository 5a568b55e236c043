import importlib
import inspect
import subprocess
import sys

import pytest

from rftlab import levels

KINDS = [kind for kind in levels.FUNCTIONS if kind != "rewards.verifiers"]
EVERY_LEVEL = [(kind, name) for kind in KINDS for name in levels.names(kind)]


def test_names_are_the_files_without_the_packages_own():
    assert levels.names("objectives.kl") == ["k1", "k2", "k3", "k3_clamped", "k3_k2"]
    assert levels.names("objectives.shaping") == ["clip", "none", "whiten_rollouts", "whiten_tokens"]
    assert "__init__" not in levels.names("advantages")
    assert levels.names("advantages") == sorted(levels.names("advantages"))


@pytest.mark.parametrize(("kind", "name"), EVERY_LEVEL)
def test_reading_a_file_says_what_importing_it_would(kind, name):
    level = levels.read(kind, name)
    function = levels.load(kind, name)
    parameters = inspect.signature(function).parameters.values()
    keywords = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    module = importlib.import_module(level.module)
    assert function.__module__ == level.module == f"rftlab.{kind}.{name}"
    assert level.parameters == keywords
    assert inspect.Parameter.empty not in keywords.values()
    assert level.constants == {key: getattr(module, key) for key in level.constants}


@pytest.mark.parametrize(("kind", "name"), EVERY_LEVEL)
def test_every_level_explains_itself(kind, name):
    module = importlib.import_module(f"rftlab.{kind}.{name}")
    assert levels.read(kind, name).summary.endswith(".")
    assert "Source: " in module.__doc__
    assert levels.load(kind, name).__doc__.startswith("Return ")


@pytest.mark.parametrize("name", levels.names("advantages"))
def test_every_advantage_says_what_it_does_with_one_rollout_and_with_equal_rewards(name):
    text = " ".join(importlib.import_module(f"rftlab.advantages.{name}").__doc__.split()).lower()
    assert "n = 1" in text
    assert "equal rewards" in text or "rewards of the whole round are equal" in text


def test_parameters_and_constants():
    assert levels.read("advantages", "group_norm").parameters == {"epsilon": 1e-6, "ddof": 1}
    assert levels.read("advantages", "raw").parameters == {}
    assert levels.read("advantages", "leave_one_out").constants == {"MINIMUM_ROLLOUTS": 2}
    assert levels.read("objectives.ratio", "clip").parameters == {"epsilon_low": 0.2, "epsilon_high": 0.2}


@pytest.mark.parametrize(
    ("kind", "name", "hint"),
    [
        ("advantages", "grup_norm", "(did you mean 'group_norm'?)"),
        ("objectives.aggregation", "tokenmean", "(did you mean 'token_mean'?)"),
        ("objectives.ratio", "clipp", "(did you mean 'clip'?)"),
    ],
)
def test_a_misspelt_name_gets_a_hint(kind, name, hint):
    with pytest.raises(levels.UnknownLevelError) as refusal:
        levels.read(kind, name)
    assert str(refusal.value) == f"{name!r} is not one of {', '.join(levels.names(kind))} {hint}"


@pytest.mark.parametrize("name", ["zzzzzz", "__init__", "../levels", ""])
def test_what_is_no_level_is_refused_without_a_hint(name):
    with pytest.raises(levels.UnknownLevelError, match=r"is not one of k1, k2, k3, k3_clamped, k3_k2$"):
        levels.load("objectives.kl", name)


def test_a_new_file_is_a_level_and_reading_it_runs_none_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(levels, "PACKAGE", tmp_path)
    (tmp_path / "advantages").mkdir()
    (tmp_path / "advantages" / "bold.py").write_text(
        '"""Twice the reward.\n\nMore."""\nraise RuntimeError\nLIMIT = -1\n'
        "def advantage(scores, *, factor=2.0, names=('a', 'b')): ...\n"
    )
    assert levels.names("advantages") == ["bold"]
    level = levels.read("advantages", "bold")
    assert level.summary == "Twice the reward."
    assert level.parameters == {"factor": 2.0, "names": ("a", "b")}
    assert level.constants == {"LIMIT": -1}


def test_a_file_without_its_function_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(levels, "PACKAGE", tmp_path)
    (tmp_path / "objectives" / "kl").mkdir(parents=True)
    (tmp_path / "objectives" / "kl" / "k4.py").write_text("def penality(): ...\n")
    with pytest.raises(levels.UnknownLevelError, match=r"^objectives/kl/k4\.py defines no function penalty\(\)$"):
        levels.read("objectives.kl", "k4")


def test_a_file_that_is_not_python_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(levels, "PACKAGE", tmp_path)
    (tmp_path / "advantages").mkdir()
    (tmp_path / "advantages" / "torn.py").write_text("X = 1\ndef advantage(scores:\n")
    with pytest.raises(levels.UnknownLevelError, match=r"^advantages/torn\.py is not Python: .*line 2"):
        levels.read("advantages", "torn")


@pytest.mark.parametrize(
    "declared",
    [
        "RANGES = dict(factor='[0, 1]')",
        "MINIMUM_ROLLOUTS = 10**3",
        "ISOLATED, GOLD = True, '{}'",
        "if True:\n    ISOLATED = True",
        "RANGES = {}\nRANGES |= {'factor': '[0, 1]'}",
        "RANGES = {[]: 1}",
        "def set():\n    global ISOLATED\n    ISOLATED = True",
        "GOLD: str",
    ],
)
def test_what_a_file_declares_and_nobody_reads_is_refused(declared, tmp_path, monkeypatch):
    monkeypatch.setattr(levels, "PACKAGE", tmp_path)
    (tmp_path / "advantages").mkdir()
    (tmp_path / "advantages" / "bold.py").write_text(f"{declared}\ndef advantage(scores, *, factor=2.0): ...\n")
    with pytest.raises(levels.UnknownLevelError, match=r"^advantages/bold\.py: [A-Z_]+ needs one literal value"):
        levels.read("advantages", "bold")


def test_a_constant_with_a_type_is_a_constant(tmp_path, monkeypatch):
    monkeypatch.setattr(levels, "PACKAGE", tmp_path)
    (tmp_path / "advantages").mkdir()
    code = "ISOLATED: bool = True\nRANGES: dict[str, str] = {'a': '[0, 1]'}\ndef advantage(scores, *, a=1.0): ...\n"
    (tmp_path / "advantages" / "bold.py").write_text(code)
    assert levels.read("advantages", "bold").constants == {"ISOLATED": True, "RANGES": {"a": "[0, 1]"}}


READ_EVERYTHING = f"""
import importlib
from rftlab import levels
for kind in {KINDS}:
    for name in levels.names(kind):
        levels.read(kind, name)
"""
LOAD_NUMPY_LEVELS = """
import importlib
from rftlab import levels
for package in ("objectives", "objectives.ratio", "objectives.kl", "objectives.shaping"):
    importlib.import_module("rftlab." + package)
for kind in ("advantages", "objectives.aggregation", "objectives.shaping"):
    for name in levels.names(kind):
        levels.load(kind, name)
"""


@pytest.mark.parametrize("script", [READ_EVERYTHING, LOAD_NUMPY_LEVELS], ids=["reading", "advantages and aggregations"])
def test_torch_is_not_imported(script):
    check = "import sys\nassert 'torch' not in sys.modules\n"
    subprocess.run([sys.executable, "-c", script + check], check=True, timeout=60)
