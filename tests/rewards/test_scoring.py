"""Scores: the study's verifier, its strict and flexible counterparts, and what is counted of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import rftlab.rewards.verifiers
from rftlab import levels
from rftlab.rewards import Judgement, scoring
from rftlab.rewards.scoring import Score, Scorer, VerifierError, isolated, rates, verifiers

COUNTERPARTS = {
    "gsm8k_strict": ("gsm8k_strict", "numeric"),
    "numeric": ("gsm8k_strict", "numeric"),
    "marked": ("marked", "numeric"),
    "choice": ("choice", "choice"),
    "exact": ("exact", "exact"),
    "math_boxed_strict": ("math_boxed_strict", "math_verify"),
    "math_hendrycks": ("math_hendrycks", "math_verify"),
    "math_verify": ("math_boxed_strict", "math_verify"),
}


@pytest.mark.parametrize("name", levels.names("rewards.verifiers"))
def test_every_verifier_names_its_counterparts(name: str) -> None:
    found = verifiers(name)
    assert (found.own, found.strict, found.flexible) == (name, *COUNTERPARTS[name])
    assert found.modules == [f"rftlab.rewards.verifiers.{part}" for part in dict.fromkeys((name, *COUNTERPARTS[name]))]
    assert isolated(name) == (name == "math_verify")


def test_a_verifier_that_names_none_is_its_own_counterpart(monkeypatch: pytest.MonkeyPatch) -> None:
    own = levels.LevelFile("rewards.verifiers", "mine", "", {}, {})
    monkeypatch.setattr(levels, "read", lambda kind, name: own)
    assert verifiers("mine").names == ("mine",)
    assert not isolated("mine")


def test_a_counterpart_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    real = levels.read
    broken = levels.LevelFile("rewards.verifiers", "mine", "", {}, {"FLEXIBLE": "numerc"})
    monkeypatch.setattr(levels, "read", lambda kind, name: broken if name == "mine" else real(kind, name))
    with pytest.raises(levels.UnknownLevelError, match="did you mean 'numeric'"):
        verifiers("mine")


@pytest.mark.parametrize(
    ("verifier", "completion", "score"),
    [
        ("gsm8k_strict", "#### 18", Score(True, "18", strict=True, flexible=True, formatted=True)),
        ("gsm8k_strict", "#### 18.0", Score(False, "18.0", strict=False, flexible=True, formatted=True)),
        ("gsm8k_strict", "it is 18", Score(False, None, strict=False, flexible=True, formatted=False)),
        ("numeric", "it is 18", Score(True, "18", strict=False, flexible=True, formatted=False)),
        ("numeric", "<think>#### 18</think> 19", Score(False, "19", strict=False, flexible=False, formatted=False)),
        ("gsm8k_strict", "<think>#### 18", Score(False, None, strict=False, flexible=False, formatted=False)),
        ("math_verify", r"\boxed{17}</think>\boxed{18}", Score(True, "18", strict=True, flexible=True, formatted=True)),
        ("numeric", "#### 18 of 19", Score(False, "19", strict=True, flexible=False, formatted=True)),
        ("math_verify", "it is $18$", Score(True, "18", strict=False, flexible=True, formatted=False)),
        ("math_verify", r"\boxed{36/2}", Score(True, "18", strict=False, flexible=True, formatted=True)),
        (
            "math_boxed_strict",
            r"\boxed{36/2}",
            Score(False, r"\frac{36}{2}", strict=False, flexible=True, formatted=True),
        ),
        (
            "math_boxed_strict",
            rf"\boxed{{{'1+' * 300}1}}",  # found by both, and too long for the flexible one alone
            Score(False, "1+" * 300 + "1", "too_long", strict=False, flexible=False, formatted=True),
        ),
    ],
)
def test_scores(verifier: str, completion: str, score: Score) -> None:
    assert Scorer(verifier).score([completion], ["18"]) == [score]


def test_no_process_is_started_before_a_verifier_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(verifiers: tuple[str, ...]) -> None:
        raise AssertionError(verifiers)

    monkeypatch.setattr(scoring, "shared_pool", refuse)
    assert Scorer("numeric").score(["18"], ["18"])[0].correct
    assert Scorer("math_verify").score([], []) == []
    with pytest.raises(AssertionError, match="math_verify"):
        Scorer("math_verify").score(["18"], ["18"])


def test_answers_that_cannot_be_used_are_errors() -> None:
    with pytest.raises(ValueError, match="compares numbers; the answer 'blue'"):
        Scorer("gsm8k_strict").score(["#### 1"], ["blue"])
    with pytest.raises(ValueError, match="is empty"):
        Scorer("math_verify").score(["1"], ["$$"])
    with pytest.raises(ValueError, match="shorter"):
        Scorer("marked").score(["1", "2"], ["1"])


def failing(name: str, code: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Scorer:
    (folder / "rewards" / "verifiers").mkdir(parents=True)
    (folder / "rewards" / "verifiers" / f"{name}.py").write_text(code)
    monkeypatch.setattr(levels, "PACKAGE", folder)
    monkeypatch.setattr(rftlab.rewards.verifiers, "__path__", [str(folder / "rewards" / "verifiers")])
    return Scorer(name)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise RuntimeError('no such thing')", "failing_0.py fails: RuntimeError('no such thing')"),
        ("return True", "failing_1.py: verify() has to return a Judgement, not True"),
        ("return None\nimport nosuchpackage", "failing_2.py cannot be imported: ModuleNotFoundError("),
    ],
)
def test_a_verifier_that_fails_is_told_in_a_line(
    body: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = message.partition(".py")[0]
    scorer = failing(name, f"def verify(completion, answer):\n    {body}\n", tmp_path, monkeypatch)
    with pytest.raises(VerifierError) as error:
        scorer.score(["1"], ["1"])
    assert str(error.value).startswith(f"rewards/verifiers/{message}")


def test_rates() -> None:
    right = Score(True, "1", strict=True, flexible=True, formatted=True)
    other = Score(False, "1.0", strict=False, flexible=True, formatted=True)
    failed = Score(False, None, "timeout", strict=False, flexible=False, formatted=False)
    assert rates([right, other, failed, failed], [right, other, failed, failed, failed]) == {
        "accuracy_strict": 0.25,
        "accuracy_flexible": 0.5,
        "format_rate": 0.5,
        "verifier_failures": 3,
        "verifier_failures_timeout": 3,
    }
    assert rates([right], [right]) == {
        "accuracy_strict": 1.0,
        "accuracy_flexible": 1.0,
        "format_rate": 1.0,
        "verifier_failures": 0,
    }


def test_a_score_is_a_verdict() -> None:
    assert issubclass(Score, Judgement)


def test_planning_imports_no_verifier() -> None:
    script = "import sys, rftlab.rewards.scoring as s; s.Scorer('math_verify')\n"
    script += (
        "assert not {'sympy', 'math_verify', 'rftlab.rewards.verifiers.math_verify', 'numpy', 'torch'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
