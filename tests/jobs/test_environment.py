"""Names of environment variables: given once, and the same for whoever sets and whoever reads them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from rftlab.errors import BadInputError
from rftlab.jobs import environment

NAMES = {name: value for name, value in vars(environment).items() if name.isupper()}


def test_names_are_pinned() -> None:
    """Jobs of a Snakemake that runs while the code changes, and a warm process it started, go by these."""
    assert NAMES == {
        "STUDY": "RFTLAB_STUDY",
        "STATE_CONFIG": "RFTLAB_STATE",
        "SUPERVISOR": "RFTLAB_SUPERVISOR",
        "SERVER": "RFTLAB_WARMSTART",
        "DEVICES": "RFTLAB_DEVICES",
    }


def test_nobody_spells_them_a_second_time(repository: Path) -> None:
    files = [*repository.glob("src/**/*.py"), *repository.glob("workflow/**/*.smk"), repository / "Snakefile"]
    spelled = {file.name for file in files if re.search(r"[\"'](RFTLAB_\w+)[\"']", file.read_text(encoding="utf-8"))}
    assert spelled == {"environment.py"}


def test_a_study_is_named_as_long_as_it_is_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(environment.STUDY, raising=False)
    with environment.naming("first.yaml"):
        with environment.naming("'second one.yaml'"):
            assert os.environ[environment.STUDY] == "'second one.yaml'"
        with pytest.raises(BadInputError), environment.naming("refused.yaml"):
            raise BadInputError("")
        assert os.environ[environment.STUDY] == "first.yaml"
    assert environment.STUDY not in os.environ


def test_a_study_that_the_locale_cannot_pass_on_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    environment.refuse_unencodable("naïve")
    monkeypatch.setattr(os, "fsencode", lambda text: text.encode("ascii"))
    environment.refuse_unencodable("naive")
    with pytest.raises(BadInputError, match=r"U\+00EF, .* set LC_ALL=C.UTF-8, or PYTHONUTF8=1"):
        environment.refuse_unencodable("naïve")
