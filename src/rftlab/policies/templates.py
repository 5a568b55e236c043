"""Prompt templates: Jinja with one variable, ``query``, in a sandbox; those of the paper have names.

Planning checks a template and writes its text into ``run.json``: stages render texts and know no names.
"""

from __future__ import annotations

import datetime
import functools

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from rftlab.errors import did_you_mean

DAY = datetime.date(2024, 7, 26)
"""What chat templates are told is today, such as those of Llama 3.x that print it: prompts do not depend on the day."""

TAKEN = frozenset(
    {
        *("messages", "tools", "documents", "conversation", "chat_template", "add_generation_prompt"),
        *("continue_final_message", "tokenize", "padding", "truncation", "max_length", "return_tensors", "return_dict"),
        *("return_assistant_tokens_mask", "tokenizer_kwargs", "date_string", "strftime_now", "raise_exception"),
    }
)
"""Variables of a chat template that are ours, or mean something else to the function that renders it."""

NAMED_TEMPLATES = {  # arXiv 2601.22532: the question, a space, and the instruction of its scripts
    "plain": "{{ query }}",
    "gsm8k_paper": '{{ query }} Let\'s think step by step and output the final answer after "####".',
    "math_paper": r"{{ query }} Let's think step by step and output the final answer within \boxed{}.",
}
PROBES = (
    "What is 2 + 3?",
    "{{ query }} {% raw %} Name\n\tthe largest of the <b>primes</b> below 20 & why" + ", 7" * 99,
)
"""Queries that a template must hold as they are: a short one, and a long one with all that may be mangled."""


def named_template(name: str) -> str:
    """Text of a template that has a name.

    Raises:
        ValueError: there is no such template.
    """
    if name not in NAMED_TEMPLATES:
        raise ValueError(f"{name!r} is not one of {', '.join(NAMED_TEMPLATES)}{did_you_mean(name, [*NAMED_TEMPLATES])}")
    return NAMED_TEMPLATES[name]


def render(template: str, query: str) -> str:
    """Text of the prompt, before any chat template; the query is a value, never code.

    Raises:
        ValueError: the template is not Jinja, needs something other than ``query``, or does not hold the query.
    """
    try:
        text = _compiled(template).render(query=query)
    except (TemplateError, SecurityError, TypeError, ArithmeticError, OverflowError) as error:
        raise ValueError(f"not a template of {{{{ query }}}}: {' '.join(str(error).split())}") from None
    if query not in text:
        raise ValueError("the template drops the question: it must contain {{ query }}, unchanged")
    return text


def refuse_unusable(template: str) -> None:
    """Refuse a template that cannot be rendered or does not hold the question.

    Raises:
        ValueError: as ``render``.
    """
    for probe in PROBES:
        render(template, probe)


@functools.cache
def _compiled(template: str) -> Template:
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    return environment.from_string(template)
