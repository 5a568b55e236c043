import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rftlab.data.families import FAMILIES, Chains, Family, Products
from rftlab.data.queries import DataError, query_id
from rftlab.data.spelling import spell
from rftlab.rewards.verifiers import marked

NUMBERS = {spell(number): number for number in range(1000)}
SIGNS = {"plus": "+", "minus": "-", "times": "*"}

SHARED = {
    "terms": st.lists(st.integers(2, 5), min_size=1, max_size=3, unique=True).map(tuple),
    "low": st.integers(0, 20),
    "high": st.integers(20, 999),
    "form": st.sampled_from(["symbols", "words"]),
}
SOME_FAMILY = st.one_of(
    st.builds(Chains, **SHARED, operators=st.sampled_from(["+", "+-", "-+"]), negatives=st.booleans()),
    st.builds(Products, **SHARED),
)


def tokens(text: str) -> list[str]:
    """Numbers and signs of a query, read by other means than the ones that wrote it."""
    body = text.removesuffix("=").removesuffix("|10").removesuffix(", last digit")
    if not body[0].isalpha():
        return re.findall(r"\d+|[-+*]", body)
    parts = re.split(r" (plus|minus|times) ", body)
    return [SIGNS.get(part) or str(NUMBERS[part]) for part in parts]


def partial_results(text: str) -> list[int]:
    found = tokens(text)
    return [value_of(found[:end]) for end in range(3, len(found) + 1, 2)]


def value_of(found: list[str]) -> int:
    value = int(eval("".join(found)))  # Python's own arithmetic
    return value % 10 if "*" in found else value


@given(SOME_FAMILY, st.integers())
def test_answer_and_solution_follow_from_the_text(family: Family, seed: int) -> None:
    query = family.draw(random.Random(seed))
    expected = partial_results(query.query)
    *steps, last = query.metadata["solution"].split(";")
    assert [int(step) for step in steps] + [int(last.removeprefix("#"))] == expected
    assert last == f"#{query.answer}"
    assert marked.verify(query.metadata["solution"], query.answer).correct
    assert query.id == query_id(query.query)


@given(SOME_FAMILY, st.integers())
def test_parameters_are_kept(family: Family, seed: int) -> None:
    query = family.draw(random.Random(seed))
    found = tokens(query.query)
    assert len(found[::2]) == query.metadata["terms"]
    assert query.metadata["terms"] in family.terms
    assert all(family.low <= int(number) <= family.high for number in found[::2])
    assert set(found[1::2]) <= set(family.signs)
    assert query.query[0].isalpha() == (family.form == "words")
    assert set(query.query + query.metadata["solution"]) <= set(family.charset())
    if not getattr(family, "negatives", False):
        assert min(partial_results(query.query)) >= 0


@given(SOME_FAMILY, st.integers())
def test_a_draw_is_a_function_of_the_generator(family: Family, seed: int) -> None:
    assert family.draw(random.Random(seed)) == family.draw(random.Random(seed))


@pytest.mark.parametrize(
    ("family", "seed", "query", "solution"),
    [
        (Chains(), 0, "6-0-4=", "6;#2"),
        (Chains(form="words"), 0, "six minus zero minus four=", "6;#2"),
        (Products(), 0, "7*1*5*9|10=", "7;5;#5"),
    ],
)
def test_golden_draws(family: Family, seed: int, query: str, solution: str) -> None:
    drawn = family.draw(random.Random(seed))
    assert (drawn.query, drawn.metadata["solution"]) == (query, solution)


def test_negative_results_occur_only_where_allowed() -> None:
    rng = random.Random(0)
    answers = [int(Chains(negatives=True).draw(rng).answer) for _ in range(200)]
    assert min(answers) < 0 < max(answers)
    assert "-" in Chains(operators="+", negatives=True).charset()
    assert "-" not in Chains(operators="+").charset()


def test_numbers_of_terms_are_equally_frequent() -> None:
    rng = random.Random(0)
    counts = [Chains(terms=(2, 5)).draw(rng).metadata["terms"] for _ in range(2000)]
    assert counts.count(2) == pytest.approx(1000, abs=80)


def test_a_charset_holds_nothing_that_never_occurs() -> None:
    rng = random.Random(0)
    for family in (Chains(), Chains(form="words"), Products(), Products(form="words")):
        drawn = [family.draw(rng) for _ in range(2000)]
        assert {c for q in drawn for c in q.query + q.metadata["solution"]} == set(family.charset())


@pytest.mark.parametrize(
    ("family", "parameters", "message"),
    [
        ("chains", {"terms": ()}, "terms: a list of whole numbers is needed, for instance [3], not []"),
        ("chains", {"terms": 3}, "terms: a list"),
        ("chains", {"terms": (True, 3)}, "terms: a list"),
        ("chains", {"terms": (1,)}, "terms: different numbers from 2 to 12 are needed, not [1]"),
        ("chains", {"terms": (3, 3)}, "terms: different numbers"),
        ("chains", {"low": 1.0}, "low: a whole number is needed, not 1.0"),
        ("chains", {"high": True}, "high: a whole number"),
        ("chains", {"low": -1}, "low, high: 0 ≤ low ≤ high ≤ 999 is needed, not -1 and 9"),
        ("products", {"low": 5, "high": 4}, "low, high:"),
        ("products", {"high": 1000}, "low, high:"),
        ("products", {"form": "roman"}, "form: one of symbols, words is needed, not 'roman'"),
        ("chains", {"operators": "*"}, "operators: '+', '-' or '+-' is needed, not '*'"),
        ("chains", {"operators": ""}, "operators:"),
        ("chains", {"negatives": 1}, "negatives: true or false is needed, not 1"),
    ],
)
def test_impossible_parameters_are_refused(family: str, parameters: dict[str, object], message: str) -> None:
    with pytest.raises(DataError) as error:
        FAMILIES[family](**parameters)  # type: ignore[arg-type]
    assert str(error.value).startswith(message)


def test_a_family_that_allows_almost_nothing_says_so() -> None:
    with pytest.raises(DataError, match="terms: chains allow hardly any query of 12 terms"):
        Chains(terms=(12,), operators="-", low=5).draw(random.Random(0))
