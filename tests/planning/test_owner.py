from __future__ import annotations

from pathlib import Path

import pytest

from rftlab.errors import BadInputError
from rftlab.planning.owner import claim, refuse_other_file


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


RESULTS = Path("results/a")


def test_results_that_nobody_has_claimed_are_anybodys() -> None:
    refuse_other_file(RESULTS, ["a.yaml"])


def test_their_own_file_passes_however_it_is_named() -> None:
    claim(RESULTS, ["config/a.yaml"])
    for name in ("config/a.yaml", "config/../config/a.yaml", str(Path("config/a.yaml").absolute())):
        refuse_other_file(RESULTS, [name])


def test_the_working_folder_may_move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claim(RESULTS, [str(Path("a.yaml").absolute())])
    Path.cwd().rename(tmp_path / "there")
    monkeypatch.chdir(tmp_path / "there")
    refuse_other_file(RESULTS, ["a.yaml"])


@pytest.mark.parametrize("others", [["b.yaml"], ["a.yaml", "b.yaml"], ["config/a.yaml"], ["/elsewhere/a.yaml"]])
def test_another_file_is_refused_with_two_ways_out(others: list[str]) -> None:
    claim(RESULTS, ["a.yaml"])
    with pytest.raises(BadInputError) as refused:
        refuse_other_file(RESULTS, others)
    assert str(refused.value) == (
        f"{' and '.join(others)}: study: results/a holds the results of a.yaml, which has the same name; give this one "
        "another, or, if it has taken the place of a.yaml, remove results/a/study_file.json"
    )
    (RESULTS / "study_file.json").unlink()
    refuse_other_file(RESULTS, others)


def test_a_study_without_a_file_has_a_name_too() -> None:
    claim(RESULTS, [])
    refuse_other_file(RESULTS, [])
    with pytest.raises(BadInputError, match=r"^a.yaml: study: results/a holds the results of --config, which has"):
        refuse_other_file(RESULTS, ["a.yaml"])


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"study_files": "a.yaml"}', '{"study_files": null}'])
def test_what_does_not_say_whose_results_they_are_is_told_in_a_line(content: str) -> None:
    RESULTS.mkdir(parents=True)
    (RESULTS / "study_file.json").write_text(content)
    with pytest.raises(BadInputError, match=r"^results/a/study_file.json: "):
        refuse_other_file(RESULTS, ["a.yaml"])
