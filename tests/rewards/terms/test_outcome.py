from rftlab.rewards.terms.outcome import term
from scored import scored


def test_correctness_is_paid_and_nothing_else() -> None:
    rollouts = scored({"correct": True}, {"flexible": True, "formatted": True}, {"tokens": 10, "truncated": True})
    assert term(rollouts).tolist() == [1.0, 0.0, 0.0]
    assert term(rollouts, correct=1, incorrect=-1).tolist() == [1.0, -1.0, -1.0]


def test_equal_judgements_are_equal_rewards() -> None:
    assert len(set(term(scored({"tokens": 1}, {"tokens": 9}, per_query=2)))) == 1
