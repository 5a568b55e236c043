from rftlab.rewards.terms.partial_credit import term
from scored import scored


def test_what_the_flexible_verifier_alone_accepts() -> None:
    rollouts = scored({"correct": True, "flexible": True}, {"flexible": True}, {}, {"correct": True, "flexible": False})
    assert term(rollouts).tolist() == [0.0, 1.0, 0.0, 0.0]


def test_where_all_are_wrong_it_tells_nearly_right_from_wrong() -> None:
    assert term(scored({"flexible": True}, {}, per_query=2)).tolist() == [1.0, 0.0]
