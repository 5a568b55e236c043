"""A tokenizer and the embedding it is used with: every id that a text can have must have a row there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rftlab.errors import BadInputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def fitted(tokenizer: PreTrainedTokenizerBase, rows: int) -> PreTrainedTokenizerBase:
    """The tokenizer without a padding token for which an embedding of ``rows`` rows has none.

    Such a token is often added to a tokenizer whose model is then not resized. What it fills up is masked, so that any
    id does; and as no text has that id any more, none reaches the model.

    Raises:
        BadInputError: another token has no row: a prompt with it would end in the midst of a training.
    """
    beyond = {token: id_ for token, id_ in tokenizer.get_vocab().items() if id_ >= rows}
    if not beyond:
        return tokenizer
    used = {tokenizer.bos_token, tokenizer.eos_token, tokenizer.unk_token}
    padding = {tokenizer.pad_token} - used
    if others := sorted(beyond.keys() - padding):
        first = ", ".join(map(repr, others[:3])) + (" and others" if len(others) > 3 else "")
        raise BadInputError(
            f"{tokenizer.name_or_path}: {len(others)} tokens of the tokenizer have no row in the model's embedding of "
            f"{rows}: {first}; resize the embedding, or take the model's own tokenizer"
        )
    return _without(tokenizer, beyond)


def _without(tokenizer: PreTrainedTokenizerBase, tokens: dict[str, int]) -> PreTrainedTokenizerBase:
    """The tokenizer without some added tokens, its padding token among them."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    document = json.loads(tokenizer.backend_tokenizer.to_str())
    document["added_tokens"] = [entry for entry in document["added_tokens"] if entry["content"] not in tokens]
    names = {key: value for key, value in tokenizer.special_tokens_map.items() if key != "pad_token"}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(document)),
        chat_template=tokenizer.chat_template,
        clean_up_tokenization_spaces=tokenizer.clean_up_tokenization_spaces,
        model_max_length=tokenizer.model_max_length,
        **names,
    )
