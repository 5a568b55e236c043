"""Models and prompts of a study: what of them is refused; and a section for every source of queries."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from rftlab.policies.templates import NAMED_TEMPLATES
from rftlab.study.query_sources import SOURCES
from rftlab.study.sources import Dataset, EvaluationSet, HubModel, Prompt, source_name
from studies import changed, refusal

TINY = {"source": "tiny", "architecture": "qwen2", "train_on": {"chains": 1}}


def members(union: object) -> dict[str, type]:
    """Sections of a union by their tags."""
    return {tagged.__metadata__[0].tag: tagged.__origin__ for tagged in get_args(get_args(union)[0])}


def test_there_is_a_dataset_and_an_evaluation_set_of_every_source() -> None:
    sources = {source_name(source): source for source in SOURCES}
    assert members(Dataset).keys() == sources.keys()
    assert members(EvaluationSet).keys() == sources.keys() | {"dataset"}
    for union in (Dataset, EvaluationSet):
        assert all(issubclass(members(union)[name], source) for name, source in sources.items())


def test_a_dataset_has_a_prompt_and_an_evaluation_set_a_split() -> None:
    assert all({"prompt", "verifier"} <= section.model_fields.keys() for section in members(Dataset).values())
    assert all({"split", "shift", "overlap"} <= s.model_fields.keys() for s in members(EvaluationSet).values())


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (TINY | {"hidden_size": 48}, "models.tiny.hidden_size: a multiple of 32 is needed, not 48"),
        (TINY | {"trained_range": [0.3, 0.2, 0.5]}, "models.tiny.trained_range: the least, the goal and the most are"),
        (TINY | {"trained_range": [0.3, 0.5]}, "models.tiny.trained_range: at least 3 entries are needed"),
        (TINY | {"train_on": {}}, "models.tiny.train_on: at least 1 entry is needed, not {}"),
        ({"source": "gguf"}, "models.tiny: give either package or path"),
        ({"source": "gguf", "package": "a", "path": "b"}, "models.tiny: give either package or path"),
        ({"source": "hub", "id": "a b"}, "models.tiny.id: id: 'a b' cannot be a repository"),
        ({"source": "checkpoint"}, "models.tiny: source: one of 'tiny', 'gguf', 'directory', 'hub' is needed, not"),
    ],
    ids=str,
)
def test_models_that_cannot_be(tmp_path: Path, model: dict[str, Any], message: str) -> None:
    assert refusal(tmp_path, changed(("models/tiny", model))).startswith(message)


def test_a_model_of_the_hub_without_a_lock_is_nothing_a_job_can_be_given() -> None:
    with pytest.raises(Exception, match="org/m: not locked; `rftlab fetch STUDY` writes the lock"):
        HubModel(source="hub", id="org/m").content()


def test_a_template_by_name_is_its_text() -> None:
    assert Prompt(template={"name": "gsm8k_paper"}).template == NAMED_TEMPLATES["gsm8k_paper"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ({"name": "gsm8k"}, "'gsm8k' is not one of plain, gsm8k_paper, math_paper"),
        ({"nam": "plain"}, "a text or {name: one of plain, gsm8k_paper, math_paper} is needed"),
        ("no question", "the template drops the question"),
        ("{{ query }", "not a template of {{ query }}"),
    ],
    ids=str,
)
def test_templates_that_cannot_be(tmp_path: Path, template: object, message: str) -> None:
    line = refusal(tmp_path, changed(("datasets/chains/prompt", {"template": template})))
    assert line.startswith(f"datasets.chains.prompt.template: {message}")
