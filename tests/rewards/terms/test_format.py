from rftlab.rewards.terms.format import term
from scored import scored


def test_form_is_paid_whatever_is_right() -> None:
    rollouts = scored({"correct": True}, {"formatted": True}, {"correct": True, "formatted": True}, {})
    assert term(rollouts).tolist() == [0.0, 1.0, 1.0, 0.0]
    assert term(rollouts, correct=0.5, incorrect=-0.5).tolist() == [-0.5, 0.5, 0.5, -0.5]


def test_where_judgements_are_equal_it_tells_forms_apart() -> None:
    assert term(scored({"formatted": True}, {}, per_query=2)).tolist() == [1.0, 0.0]
