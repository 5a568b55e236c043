from rftlab.rewards.terms.overlong_hard import term
from scored import scored


def test_what_was_cut_off_is_penalised_whatever_it_says() -> None:
    rollouts = scored(
        {"tokens": 10, "truncated": True},
        {"tokens": 10},  # ended with its last token
        {"tokens": 10, "truncated": True, "correct": True},
        {"correct": True},
    )
    assert term(rollouts).tolist() == [-1.0, 0.0, -1.0, 0.0]


def test_where_judgements_are_equal_it_tells_truncated_ones_apart() -> None:
    assert term(scored({"truncated": True}, {}, per_query=2)).tolist() == [-1.0, 0.0]
