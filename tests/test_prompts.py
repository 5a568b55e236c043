import copy

import pytest

from rftlab.errors import BadInputError
from rftlab.prompts import PromptConfig, encode, end_tokens, pad_token, responses
from rftlab.rollouts import Rollout
from training import END, PAD, TOKENIZER

TEMPLATE = "{% for m in messages %}{{ m.content }};{% endfor %}{% if add_generation_prompt %}#{% endif %}"


def test_the_template_is_filled() -> None:
    assert PromptConfig("0+{{ query }}={{ query }}").render("1") == "0+1=1"
    assert TOKENIZER.decode(encode(TOKENIZER, PromptConfig("0+{{ query }}="), "1")) == "0+1="


def test_a_query_is_never_code() -> None:
    assert PromptConfig("{{ query }}").render("{{ query }}{% set x %}{0}%s") == "{{ query }}{% set x %}{0}%s"


def test_a_chat_template_makes_one_user_message() -> None:
    tokenizer = copy.deepcopy(TOKENIZER)
    tokenizer.chat_template = TEMPLATE
    assert tokenizer.decode(encode(tokenizer, PromptConfig("{{ query }}=", chat=True), "1")) == "1=;#"


def test_no_chat_template_to_use() -> None:
    with pytest.raises(BadInputError, match=r"has no chat template; set prompt\.chat to false"):
        encode(TOKENIZER, PromptConfig(chat=True), "1")


def test_unknown_characters_are_refused_in_the_template_too() -> None:
    for prompt, query in ((PromptConfig(), "1 + 1"), (PromptConfig("Q: {{ query }}"), "1+1")):
        with pytest.raises(BadInputError, match="does not know every character"):
            encode(TOKENIZER, prompt, query)


def test_a_token_that_opens_every_prompt_is_not_unknown() -> None:
    """Some tokenizers have one token for both: to find it says nothing about the query."""
    tokenizer = copy.deepcopy(TOKENIZER)
    tokenizer.chat_template = "<unknown>" + TEMPLATE
    tokenizer.bos_token = tokenizer.unk_token
    assert encode(tokenizer, PromptConfig(chat=True), "1")[0] == tokenizer.unk_token_id


def test_responses_leave_out_special_tokens() -> None:
    tokens = [(*TOKENIZER("7;#1").input_ids, END), (PAD, *TOKENIZER("3").input_ids), (END,)]
    rollouts = [Rollout((), ids, (), truncated=False) for ids in tokens]
    assert responses(TOKENIZER, rollouts) == ["7;#1", "3", ""]
    assert responses(TOKENIZER, []) == []


@pytest.mark.parametrize(("also", "expected"), [(None, [END]), (END, [END]), (9, [END, 9]), ([9, 5], [END, 5, 9])])
def test_end_tokens(also, expected) -> None:
    assert end_tokens(TOKENIZER, also) == expected


def test_the_pad_token() -> None:
    assert pad_token(TOKENIZER) == PAD == 0
    other = copy.deepcopy(TOKENIZER)
    other.pad_token = "7"
    assert pad_token(other) == TOKENIZER.convert_tokens_to_ids("7")
    other.pad_token = None
    assert pad_token(other) == 0
