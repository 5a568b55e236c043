import time

import pytest

from rftlab import levels
from rftlab.rewards import Judgement

ABSURD = ["1" * 10**6, "1,111" * 10**5, ",111" * 10**5, "1/" * 10**5, "1." * 10**5, "-." * 10**5, "$" * 10**6]
ABSURD += ["#" * 10**6, "#### " * 10**5, "#" + " " * 10**6 + "1", "#" + "1" * 10**6, "#### " + "1," * 10**5]


@pytest.mark.parametrize("name", levels.names("rewards.verifiers"))
def test_a_verifier_is_found_by_its_name_and_described(name: str) -> None:
    level = levels.read("rewards.verifiers", name)
    assert level.summary
    assert level.parameters == {}
    answer, completion = {"choice": ("B", "no letter here"), "exact": ("5", " ")}.get(name, ("5", "no number here"))
    assert levels.load("rewards.verifiers", name)(completion, answer) == Judgement(False, None)


def test_the_verifiers() -> None:
    assert {"marked", "gsm8k_strict", "numeric"} <= set(levels.names("rewards.verifiers"))
    assert "_values" not in levels.names("rewards.verifiers")


@pytest.mark.parametrize("name", ["marked", "gsm8k_strict", "numeric"])
def test_absurd_completions_take_bounded_time(name: str) -> None:
    verify = levels.load("rewards.verifiers", name)
    for completion in ABSURD:
        start = time.process_time()
        assert not verify(completion, "5").correct
        assert time.process_time() - start < 5  # quadratic time would be hours
