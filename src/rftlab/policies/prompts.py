"""From a query to the tokens a model sees: a template, and the model's chat template where the study asks for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rftlab.data.queries import Query
from rftlab.errors import BadInputError
from rftlab.policies.templates import DAY, render

if TYPE_CHECKING:  # planning renders chats, and has no torch
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class PromptConfig:
    """``template`` is Jinja with ``query``; ``chat`` makes it one user message in the model's chat template.

    ``system`` is a message before that one, ``variables`` are given to the chat template. Prompts of more than
    ``max_tokens`` tokens are dropped and counted.
    """

    template: str = "{{ query }}"
    chat: bool = False
    max_tokens: int | None = None
    system: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)

    def render(self, query: str) -> str:
        """Text of the prompt, before any chat template; a query is a value, never code.

        Raises:
            BadInputError: the template does not hold this query as it is.
        """
        try:
            return render(self.template, query)
        except ValueError as error:
            raise BadInputError(f"prompt.template: query {query[:60]!r}: {error}") from None


@dataclass(frozen=True)
class Prompts:
    """The queries whose prompts are short enough, with the token ids of their prompts; ``overlong`` are the others."""

    queries: list[Query]
    ids: list[list[int]]
    overlong: int


def encode_all(
    tokenizer: PreTrainedTokenizerBase,
    prompt: PromptConfig,
    queries: Sequence[Query],
    *,
    context: int | None,
    response: int,
) -> Prompts:
    """Prompts of queries, without those over the limit.

    Args:
        context: most tokens of prompt and response together; None where the model has no such limit.
        response: longest response, in tokens.

    Raises:
        BadInputError: as :func:`encode`; no prompt is short enough, or one leaves too little room for a response.
    """
    prompts = [(query, encode(tokenizer, prompt, query.query)) for query in queries]
    short_prompts = [
        (query, ids) for query, ids in prompts if prompt.max_tokens is None or len(ids) <= prompt.max_tokens
    ]
    if not short_prompts:
        shortest = min((len(ids) for _, ids in prompts), default=0)
        raise BadInputError(
            f"prompt.max_tokens: all {len(prompts)} prompts are longer than {prompt.max_tokens} tokens; "
            f"the shortest has {shortest}"
        )
    longest = max(len(ids) for _, ids in short_prompts)
    if context is not None and longest + response > context:
        raise BadInputError(
            f"the model's context of {context} tokens is shorter than the longest prompt, {longest} tokens, and a "
            f"response of {response}; lower prompt.max_tokens or max_new_tokens"
        )
    overlong = len(prompts) - len(short_prompts)
    return Prompts([query for query, _ in short_prompts], [ids for _, ids in short_prompts], overlong)


def encode(tokenizer: PreTrainedTokenizerBase, prompt: PromptConfig, query: str) -> list[int]:
    """Token ids of a query's prompt.

    Raises:
        BadInputError: a chat template is asked for and the model has none, or it refuses a user message or drops the
            question; or a character is unknown to the tokenizer.
    """
    text = prompt.render(query)
    if prompt.chat:
        ids = tokenizer(chat_text(tokenizer, prompt, text), add_special_tokens=False).input_ids
    else:
        ids = tokenizer(text).input_ids
    unknown = {tokenizer.unk_token_id} - {tokenizer.bos_token_id, tokenizer.eos_token_id}  # some share one id
    if unknown.intersection(ids):
        raise BadInputError(f"{tokenizer.name_or_path}: the tokenizer does not know every character of {query!r}")
    return list(ids)


def chat_text(tokenizer: PreTrainedTokenizerBase, prompt: PromptConfig, text: str) -> str:
    """Text of a chat in which the user has said ``text`` and the model is to answer.

    Raises:
        BadInputError: the model has no chat template, or it fails, leaves out what was said, or knows no such variable.
    """
    whose = f"the chat template of {tokenizer.name_or_path}"
    if not tokenizer.chat_template:
        raise BadInputError(f"prompt.chat: {tokenizer.name_or_path} has no chat template; set prompt.chat to false")
    system = [{"role": "system", "content": prompt.system}] if prompt.system else []
    try:
        template = tokenizer.get_chat_template()  # of several, the default one
        whole = tokenizer.apply_chat_template(
            [*system, {"role": "user", "content": text}],
            add_generation_prompt=True,
            tokenize=False,
            date_string=DAY.strftime("%d %b %Y"),
            strftime_now=DAY.strftime,  # templates see this one instead of the clock's
            **prompt.variables,
        )
    except Exception as error:  # a template is a program: it may fail in any way
        reason = " ".join(str(error).split()) or repr(error)
        raise BadInputError(f"prompt.chat: {whose} fails: {reason[:300]}") from None
    if text.strip() not in whole:
        raise BadInputError(f"prompt.chat: {whose} drops the question")
    if prompt.system and prompt.system.strip() not in whole:
        raise BadInputError(f"prompt.system: {whose} drops it; put it into prompt.template")
    for name in prompt.variables:
        if not re.search(rf"\b{re.escape(name)}\b", template):
            raise BadInputError(f"prompt.variables: {whose} has no variable {name}")
    return str(whole)


def context(config: PretrainedConfig) -> int | None:
    """Most tokens of prompt and response together that a model was made for; None where its config has no limit."""
    return getattr(config, "max_position_embeddings", None)


def pad_token(tokenizer: PreTrainedTokenizerBase) -> int:
    """Id that fills up shorter rows: the tokenizer's own, or else 0. It is masked out, so that any id does."""
    return tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0


def end_tokens(tokenizer: PreTrainedTokenizerBase, *also: int | list[int] | None) -> list[int]:
    """Ids that end a response: the tokenizer's end token and those that the model's files declare (``also``)."""
    ids = {tokenizer.eos_token_id}
    for declared in also:
        ids |= set(declared) if isinstance(declared, list) else {declared}
    return sorted(i for i in ids if i is not None)


def declared_ends(model: PreTrainedModel) -> list[int | list[int] | None]:
    """End tokens in a model's files. Some name a second one in ``generation_config.json`` alone; nothing else of that
    file is ever used.
    """
    generation = model.generation_config
    return [model.config.eos_token_id, generation.eos_token_id if generation is not None else None]
