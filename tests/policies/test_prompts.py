import copy
import datetime

import pytest

from rftlab.data.queries import Query
from rftlab.errors import BadInputError
from rftlab.policies.prompts import PromptConfig, encode, encode_all, end_tokens, pad_token
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


DATES = {
    "Llama 3.x": (
        "{%- if not date_string is defined %}{%- if strftime_now is defined %}"
        "{%- set date_string = strftime_now('%d %b %Y') %}{%- else %}{%- set date_string = '01 Jan 1970' %}"
        "{%- endif %}{%- endif %}{{ date_string[:2] }}"
    ),
    "the clock itself": "{{ strftime_now('%d') }}",
    "in a macro": "{% macro day() %}{{ strftime_now('%d') }}{% endmacro %}{{ day() }}",
}


@pytest.mark.parametrize("name", DATES)
def test_a_template_that_prints_the_date_prints_the_same_one_every_day(name: str, monkeypatch) -> None:
    """The character tokenizer knows digits: the day of the month is enough to tell two days apart."""
    import transformers.utils.chat_template_utils as utils

    class Tomorrow(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.datetime(2099, 12, 31, tzinfo=tz)

    tokenizer = copy.deepcopy(TOKENIZER)
    tokenizer.chat_template = DATES[name] + TEMPLATE
    monkeypatch.setattr(utils, "datetime", Tomorrow)
    assert tokenizer.decode(encode(tokenizer, PromptConfig(chat=True), "1")) == "261;#"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ raise_exception('no users here') }}", "fails: no users here"),
        ("{{ 'hello' }}", "drops the question"),
        ("{% if messages[0].role != 'user' %}{{ messages[0].content }}{% endif %}", "drops the question"),
    ],
)
def test_a_chat_template_that_cannot_be_used(template: str, message: str) -> None:
    tokenizer = copy.deepcopy(TOKENIZER)
    tokenizer.chat_template = template
    with pytest.raises(BadInputError, match=rf"prompt\.chat: the chat template of .*{message}"):
        encode(tokenizer, PromptConfig(chat=True), "1")


def test_a_template_that_drops_one_question() -> None:
    """Planning tries a template on two queries; that it holds every query is only known when it has been given them."""
    prompt = PromptConfig("{% if '9' not in query %}{{ query }}{% endif %}=")
    assert TOKENIZER.decode(encode(TOKENIZER, prompt, "1")) == "1="
    with pytest.raises(BadInputError, match=r"prompt\.template: query '9': the template drops the question"):
        encode(TOKENIZER, prompt, "9")


QUERIES = [Query(text, text, "0") for text in ("1+1=", "10+10=", "100+100=")]  # as many tokens as characters


@pytest.mark.parametrize(("limit", "lengths"), [(None, [4, 6, 8]), (8, [4, 6, 8]), (7, [4, 6]), (4, [4])])
def test_overlong_prompts_are_dropped_and_counted(limit: int | None, lengths: list[int]) -> None:
    prompts = encode_all(TOKENIZER, PromptConfig(max_tokens=limit), QUERIES, context=None, response=9)
    assert [query.query for query in prompts.queries] == [TOKENIZER.decode(ids) for ids in prompts.ids]
    assert [len(ids) for ids in prompts.ids] == lengths
    assert prompts.overlong == 3 - len(lengths)


def test_all_prompts_are_overlong() -> None:
    with pytest.raises(BadInputError, match=r"all 3 prompts are longer than 3 tokens; the shortest has 4"):
        encode_all(TOKENIZER, PromptConfig(max_tokens=3), QUERIES, context=None, response=9)


def test_the_context_holds_prompt_and_response() -> None:
    encode_all(TOKENIZER, PromptConfig(), QUERIES, context=17, response=9)
    encode_all(TOKENIZER, PromptConfig(max_tokens=6), QUERIES, context=15, response=9)  # what is dropped needs no room
    with pytest.raises(BadInputError, match="context of 16 tokens is shorter than the longest prompt, 8 tokens, and a"):
        encode_all(TOKENIZER, PromptConfig(), QUERIES, context=16, response=9)


def with_template(template) -> object:
    tokenizer = copy.deepcopy(TOKENIZER)
    tokenizer.chat_template = template
    return tokenizer


def test_a_system_message_comes_first_and_variables_reach_the_template() -> None:
    tokenizer = with_template(TEMPLATE + "{% if not thinking %}-{% endif %}")
    chat = PromptConfig("{{ query }}=", chat=True, system="0", variables={"thinking": False})
    assert tokenizer.decode(encode(tokenizer, chat, "1")) == "0;1=;#-"
    chat = PromptConfig("{{ query }}=", chat=True, variables={"thinking": True})
    assert tokenizer.decode(encode(tokenizer, chat, "1")) == "1=;#"


def test_a_system_message_that_the_template_drops_is_refused() -> None:
    tokenizer = with_template("{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}")
    with pytest.raises(BadInputError, match=r"prompt\.system: the chat template of .*drops it; put it into prompt\.t"):
        encode(tokenizer, PromptConfig(chat=True, system="0"), "1")


def test_a_variable_that_the_template_does_not_have_is_refused() -> None:
    with pytest.raises(BadInputError, match=r"prompt\.variables: the chat template of .*has no variable thinkin$"):
        encode(
            with_template(TEMPLATE + "{% if thinking %}{% endif %}"),
            PromptConfig(chat=True, variables={"thinkin": True}),
            "1",
        )


@pytest.mark.parametrize(
    "template",
    [
        {"tools": TEMPLATE, "rag": TEMPLATE},  # named ones, none of them the default
        "{{ messages + 1 }}",  # TypeError
        "{{ 1 // 0 }}",
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",  # without end
        "{% newer syntax %}",
        "{{ messages[0].content.no_such_method() }}",
        "{{ raise_exception('only tools') }}",
        "{{ messages.__class__.__mro__ }}{{ ().__class__.__base__.__subclasses__() }}",
        "{{ (messages | length).bit_length() ~ messages[7].content }}",
    ],
)
def test_a_chat_template_that_fails_in_whichever_way_is_one_line(template) -> None:
    with pytest.raises(BadInputError) as error:
        encode(with_template(template), PromptConfig(chat=True), "1")
    assert str(error.value).startswith("prompt.chat: the chat template of ")
    assert len(str(error.value)) < 600
