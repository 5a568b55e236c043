"""Files that a study names: what they may declare, and what their parameters may be."""

from __future__ import annotations

import pytest

from rftlab import levels
from rftlab.errors import BadInputError
from rftlab.study.parameters import COMMON, OWNED, check_level, with_defaults


def test_only_an_advantage_needs_rollouts_and_rewards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "rftlab.levels.read", lambda kind, name: levels.LevelFile(kind, name, "", {}, {"MINIMUM_ROLLOUTS": 2})
    )
    check_level("advantages", "raw", "key")
    with pytest.raises(BadInputError, match=r"^key: objectives/ratio/none.py: MINIMUM_ROLLOUTS is something that only"):
        check_level("objectives.ratio", "none", "key")


@pytest.mark.parametrize("kind", levels.FUNCTIONS)
def test_every_level_that_comes_with_it_can_be_used(kind: str) -> None:
    for name in levels.names(kind):
        file, common = check_level(kind, name, "key"), dict.fromkeys(COMMON.get(kind, ()), 0.5)
        own = {key: [*value] if isinstance(value, tuple) else value for key, value in file.parameters.items()}
        assert with_defaults(kind, {"name": name, **common}, "key") == {"name": name, **common, **own}


@pytest.mark.parametrize(
    ("kind", "constant", "value", "told"),
    [
        ("objectives.kl", "GREEDY", True, "GREEDY is true or false in a file of advantages, or is not declared"),
        ("advantages", "LEASH", True, "LEASH is true or false in a file of objectives.ratio, or is not declared"),
        ("advantages", "GREEDY", "yes", "GREEDY is true or false in a file of advantages, or is not declared"),
        (
            "advantages",
            "ENTROPIES",
            True,
            "ENTROPIES is true or false in a file of objectives.tokens, or is not declared",
        ),
        ("optimizers", "NEEDS", True, "NEEDS is a text in a file of optimizers, or is not declared"),
        (
            "optimizers",
            "WHOLE_RUN",
            True,
            "WHOLE_RUN is true or false in a file of optimizers.schedule, or is not decla",
        ),
    ],
)
def test_what_files_of_one_kind_alone_declare(monkeypatch, kind, constant, value, told) -> None:
    monkeypatch.setattr(
        "rftlab.levels.read", lambda kind, name: levels.LevelFile(kind, name, "", {}, {constant: value})
    )
    with pytest.raises(BadInputError) as error:
        check_level(kind, "mine", "key")
    assert str(error.value).startswith(f"key: {kind.replace('.', '/')}/mine.py: {told}")
    assert {*levels.OF_ONE_KIND} == {*OWNED, "OLD_POLICY"}


def test_a_parameter_of_several_numbers(monkeypatch) -> None:
    of = {"p": (0.5, 1.0)}
    monkeypatch.setattr(
        "rftlab.levels.read", lambda kind, name: levels.LevelFile(kind, name, "", of, {"RANGES": {"p": "[0, 1]"}})
    )
    assert with_defaults("objectives.kl", {"name": "mine"}, "key") == {"name": "mine", "p": [0.5, 1.0]}
    assert with_defaults("objectives.kl", {"name": "mine", "p": [0, "1e-3"]}, "key")["p"] == [0.0, 1e-3]
    of["p"] = (0.5, 2.0)
    with pytest.raises(BadInputError, match=r"RANGES: p: '\[0, 1\]' does not hold the default, 2\.0"):
        with_defaults("objectives.kl", {"name": "mine"}, "key")
    of["p"] = (0.5, "x", None)
    with pytest.raises(BadInputError, match="p needs a default that is a finite number"):
        with_defaults("objectives.kl", {"name": "mine"}, "key")


def test_a_level_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(BadInputError, match=r"^key: 'k9' is not one of k1, k2, k3"):
        check_level("objectives.kl", "k9", "key")


@pytest.mark.parametrize(
    ("default", "given", "kept"),
    [(0.5, 1, 1.0), (0.5, "1e-4", 1e-4), (2, 3, 3), (True, False, False), ("a", "b", "b")],
    ids=str,
)
def test_a_parameter_has_the_type_of_its_default(monkeypatch, default, given, kept) -> None:
    monkeypatch.setattr(
        "rftlab.levels.read", lambda kind, name: levels.LevelFile(kind, name, "", {"p": default, "q": 1}, {})
    )
    complete = with_defaults("advantages", {"name": "x", "p": given}, "key")
    assert complete == {"name": "x", "p": kept, "q": 1}
    assert type(complete["p"]) is type(default)


@pytest.mark.parametrize(
    ("default", "given", "line"),
    [
        (0.5, "half", "a number is needed, not 'half'"),
        (0.5, True, "a number is needed, not True"),
        (0.5, float("inf"), "a finite number is needed, not inf"),
        (2, 3.0, "a whole number is needed, not 3.0"),
        (2, True, "a whole number is needed, not True"),
        (2, -1, "at least 0 is needed, not -1"),
        (True, 1, "true or false is needed, not 1"),
        ("a", 1, "a text is needed, not 1"),
    ],
    ids=str,
)
def test_a_parameter_of_another_type_is_refused(monkeypatch, default, given, line: str) -> None:
    monkeypatch.setattr("rftlab.levels.read", lambda kind, name: levels.LevelFile(kind, name, "", {"p": default}, {}))
    with pytest.raises(BadInputError) as error:
        with_defaults("advantages", {"name": "x", "p": given}, "key")
    assert str(error.value) == f"key.p: {line}"


@pytest.mark.parametrize("values", [(0.0,), "[0, 1]", (1.0, 0.0), ("a", "b")])
def test_what_a_term_may_be_is_two_numbers(monkeypatch: pytest.MonkeyPatch, values) -> None:
    monkeypatch.setattr(
        "rftlab.levels.read", lambda kind, name: levels.LevelFile(kind, name, "", {}, {"VALUES": values})
    )
    with pytest.raises(BadInputError, match=r"^key: rewards/terms/x\.py: VALUES must be the least and the greatest"):
        check_level("rewards.terms", "x", "key")
