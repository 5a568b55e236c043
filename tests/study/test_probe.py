"""A study's probe: which variants it can tell about, and how one is refused."""

from pathlib import Path

import pytest

from rftlab.study.probe import probed, without_seen
from rftlab.study.read import read_study
from rftlab.study.variants import variants_of
from studies import changed, refusal


def test_variants_that_need_other_rollouts_or_another_update_are_left_out() -> None:
    factors = {
        "lr": {"high": {"optimizer.lr": 1.0}},
        "temperature": {"cold": {"rollout.temperature": 0.5}},
        "reward": {"signed": {"reward.incorrect": -1.0}},
        "aggregation": {"sequence": {"objective.aggregation": "sequence_mean"}},
        "mask": {"on": {"objective.mask": "truncated"}},
        "batch": {"b8": {"rollout.queries": 8}},
        "advantage": {"half": {"advantage": {"name": "constant", "baseline": 0.5}}},
    }
    variants = variants_of(read_study(changed(("factors", factors), ("probe", {"queries": 4})), []))
    assert "again" in variants
    assert [*probed(variants)] == ["baseline", "aggregation/sequence", "mask/on", "batch/b8", "advantage/half"]


def test_what_is_taken_out_stays_in_the_variant() -> None:
    config = variants_of(read_study(changed(), []))["baseline"].config
    rest = without_seen(config)
    assert "advantage" in config
    assert "advantage" not in rest
    assert {*rest["objective"]} == {"ratio", "kl", "tokens", "entropy"}
    assert rest["rollout"]["max_new_tokens"] == 8


def test_a_study_without_one_has_none() -> None:
    study = read_study(changed(), [])
    assert study.probe is None
    assert "probe" not in study.model_dump(exclude_unset=True)


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        (
            [("probe", {"rollouts": 3})],
            "probe.rollouts: at least the 4 rollouts of a query in advantage/group_norm are",
        ),
        ([("probe", {"rollouts": 1})], "probe.rollouts: at least 2 is needed, not 1"),
        ([("probe", {"checkpoint": "last"})], "probe.checkpoint: one of 'base' or 'final' is needed, not 'last'"),
        ([("probe", {"querys": 3})], "probe: unknown key 'querys'"),
        (
            [("probe", {"checkpoint": "final"}), ("checkpoints", "none")],
            "probe.checkpoint: final needs `checkpoints: final`",
        ),
        (
            [("probe", {}), ("baseline/rollout", {"rollouts": 4, "down_sample": 2}), ("factors", {})],
            "probe: rollout.down_sample: rounds of some of their rollouts",
        ),
        (
            [("probe", {}), ("baseline/rollout", {"difficulty": {"rollouts": 2, "low": 0.5}})],
            "probe: rollout.difficulty: queries that only a run chooses",
        ),
        (
            [("probe", {}), ("baseline/objective", {"tokens": "high_entropy"})],
            "probe: objective.tokens: gradients of some of a response's tokens",
        ),
        (
            [("probe", {"queries": 6}), ("baseline/rollout", {"only": 4})],
            "probe.queries: at most the 4 queries of rollout.only are possible, not 6",
        ),
    ],
)
def test_a_probe_that_cannot_be_is_refused(tmp_path: Path, edits: list, words: str) -> None:
    assert words in refusal(tmp_path, changed(*edits))
