"""Templates: the paper's texts, a sandbox, and a question that is never dropped, changed or executed."""

from __future__ import annotations

from pathlib import Path

import pytest

from rftlab.policies.templates import NAMED_TEMPLATES, refuse_unusable, render
from studies import changed, planned, refusal


def test_the_papers_prompts() -> None:
    """arXiv 2601.22532: the question and its instruction."""
    assert render(NAMED_TEMPLATES["gsm8k_paper"], "How many?") == (
        'How many? Let\'s think step by step and output the final answer after "####".'
    )
    assert render(NAMED_TEMPLATES["math_paper"], "How many?") == (
        r"How many? Let's think step by step and output the final answer within \boxed{}."
    )


@pytest.mark.parametrize(
    "template", [*NAMED_TEMPLATES.values(), "{% if query %}Q: {{ query }}{% endif %}\n", "{{ query|trim }}"]
)
def test_what_can_be_used(template: str) -> None:
    refuse_unusable(template)


def test_a_query_is_never_code_and_white_space_stays() -> None:
    query = "{{ 7 * 7 }}{% for %}\n <b>&amp;"
    assert render("{{ query }}\n", query) == f"{query}\n"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("Answer!", "the template drops the question"),
        ("{{ query[:20] }}", "the template drops the question"),
        ("{{ query | upper }}", "the template drops the question"),
        ("{{ query | e }}", "the template drops the question"),
        ("{{ query | replace('\n', ' ') }}", "the template drops the question"),
        ("{# {{ query }} #}", "the template drops the question"),
        ("{{ question }}", "not a template of {{ query }}: 'question' is undefined"),
        ("{{ query }", "not a template of {{ query }}: unexpected '}'"),
        ("{% include 'x' %}{{ query }}", "not a template of {{ query }}: "),
        ("{{ query.__class__.__mro__ }}{{ query }}", "not a template of {{ query }}: access to attribute '__class__'"),
        ("{{ query }}{{ 1 / 0 }}", "not a template of {{ query }}: division by zero"),
        ("{{ query + 1 }}", "not a template of {{ query }}: "),
    ],
)
def test_what_is_refused(tmp_path: Path, template: str, message: str) -> None:
    with pytest.raises(ValueError) as error:
        refuse_unusable(template)
    assert str(error.value).startswith(message)
    line = refusal(tmp_path, changed(("datasets/chains/prompt", {"template": template})))
    assert line.startswith(f"datasets.chains.prompt.template: {message}")


def test_a_name_stands_for_a_text() -> None:
    plan = planned(("datasets/chains/prompt", {"template": {"name": "plain"}}))
    run = plan.run_json(next(plan.runs()))
    alone = {"chat": False, "max_tokens": None, "system": None, "variables": {}}
    assert run["config"]["prompt"] == {"template": "{{ query }}", **alone}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ({"name": "gsm8k"}, ": 'gsm8k' is not one of plain, gsm8k_paper, math_paper (did you mean 'gsm8k_paper'?)"),
        ({"named": "plain"}, ": a text or {name: one of plain, gsm8k_paper, math_paper} is needed, not {'named': 'pla"),
        (3, ": a text is needed, not 3"),
    ],
)
def test_names_that_are_none(tmp_path: Path, template, expected: str) -> None:
    line = refusal(tmp_path, changed(("datasets/chains/prompt", {"template": template})))
    assert line.startswith(f"datasets.chains.prompt.template{expected}")
