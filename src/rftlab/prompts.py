"""From a query to the tokens a model sees: a template, and the model's chat template where the study asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from rftlab.errors import BadInputError
from rftlab.rollouts import Rollout


@dataclass(frozen=True)
class PromptConfig:
    """``template`` holds ``{{ query }}``; ``chat`` makes it one user message in the model's chat template."""

    template: str = "{{ query }}"
    chat: bool = False

    def render(self, query: str) -> str:
        """Text of the prompt, before any chat template. Only ``{{ query }}`` is replaced: a query is never code."""
        return self.template.replace("{{ query }}", query)


def encode(tokenizer: PreTrainedTokenizerBase, prompt: PromptConfig, query: str) -> list[int]:
    """Token ids of a query's prompt.

    Raises:
        BadInputError: a chat template is asked for and the model has none, or a character is unknown to the tokenizer.
    """
    if prompt.chat:
        if not tokenizer.chat_template:
            raise BadInputError(f"prompt.chat: {tokenizer.name_or_path} has no chat template; set prompt.chat to false")
        messages = [{"role": "user", "content": prompt.render(query)}]
        ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
    else:
        ids = tokenizer(prompt.render(query)).input_ids
    unknown = {tokenizer.unk_token_id} - {tokenizer.bos_token_id, tokenizer.eos_token_id}  # some share one id
    if unknown.intersection(ids):
        raise BadInputError(f"{tokenizer.name_or_path}: the tokenizer does not know every character of {query!r}")
    return list(ids)


def responses(tokenizer: PreTrainedTokenizerBase, rollouts: Sequence[Rollout]) -> list[str]:
    """Text of each rollout's response, without special tokens."""
    return [tokenizer.decode(rollout.tokens, skip_special_tokens=True) for rollout in rollouts]


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
