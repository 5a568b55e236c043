"""verl's configuration from a variant, and the way there and back."""

from __future__ import annotations

from typing import Any

import pytest

from rftlab.bridge.from_verl import from_verl
from rftlab.bridge.to_verl import to_verl
from rftlab.bridge.verl import flat
from rftlab.errors import BadInputError
from rftlab.study.configuration import resolve
from rftlab.study.yaml_file import merged
from trainers import VERL_KEYS

BASE: dict[str, Any] = {
    "rollout": {"queries": 8, "rollouts": 4, "max_new_tokens": 64},
    "engine": {"name": "vllm"},
    "advantage": {"name": "group_norm"},
    "objective": {"ratio": "clip"},
}


def resolved(**changes: Any) -> dict[str, Any]:
    return resolve(merged(BASE, changes), "baseline")


BOTH_CAN: dict[str, dict[str, Any]] = {
    "grpo": {},
    "dual_clip": {"objective": {"ratio": {"name": "dual_clip", "c": 4.0}, "aggregation": "constant"}},
    "dr_grpo": {"advantage": "group_mean"},
    "rloo": {"advantage": "leave_one_out", "objective": {"aggregation": "sequence_sum"}},
    "remax": {"advantage": "greedy_baseline"},
    "opo": {"advantage": "optimal_baseline"},
    "passk": {"advantage": "max_minus_second"},
    "reinforce++": {"advantage": "raw", "objective": {"shaping": "whiten_tokens"}},
    "reinforce++_baseline": {"advantage": "group_mean", "objective": {"shaping": "whiten_tokens"}},
    "raw": {"advantage": "raw", "rollout": {"rollouts": 1}},
    "gspo": {"objective": {"ratio": "gspo", "aggregation": "sequence_mean"}},
    "gmpo": {"objective": {"ratio": "gmpo", "aggregation": "sequence_mean"}},
    "sapo": {"objective": {"ratio": {"name": "sapo", "tau_positive": 1.5}, "aggregation": "sequence_mean"}},
    "cispo": {"objective": {"ratio": {"name": "cispo", "cap": 5.0, "floor": 0.5}}},
    "kl": {"objective": {"kl": {"coefficient": 0.1, "estimator": "k3_k2"}}},
    "kl_reward": {
        "objective": {"kl": {"coefficient": 0.1, "estimator": "k1", "in_reward": True, "target": 0.2, "horizon": 500}}
    },
    "entropy": {"objective": {"entropy": {"coefficient": 0.01}}},
    "optimizer": {"optimizer": {"lr": 2e-6, "warmup": 4, "schedule": {"name": "cosine", "final": 0.1}}},
    "decay": {"optimizer": {"weight_decay": 0.1, "betas": [0.9, 0.95], "max_gradient_norm": 0.5}},
    "epochs": {"update": {"epochs": 2, "gradient_checkpointing": True}, "precision": {"autocast": "bfloat16"}},
    "lora": {"lora": {"rank": 8, "alpha": 64, "targets": ["q_proj"]}},
}


@pytest.mark.parametrize("changes", BOTH_CAN.values(), ids=BOTH_CAN.keys())
def test_there_and_back_is_the_same_configuration(changes: dict[str, Any]) -> None:
    config = resolved(**changes)
    exported, remarks = to_verl(config, None, "baseline")
    assert [*remarks] == ["reward"]
    assert {*flat(exported)} <= VERL_KEYS
    back = from_verl(exported, "exported")
    assert back.remarks == {}
    assert resolve(back.baseline, "back") == config


def test_minibatches_come_back_and_their_shuffle_is_stated() -> None:
    config = resolved(update={"minibatches": 4})
    exported, remarks = to_verl(config, 7, "x")
    assert exported["trainer"]["total_training_steps"] == 7
    assert [*remarks] == ["reward", "update.minibatches"]
    assert resolve(from_verl(exported, "exported").baseline, "back") == config


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"engine": {"name": "transformers"}}, "engine.name"),
        ({"objective": {"ratio": "none"}}, "objective.ratio"),
        ({"objective": {"kl": {"coefficient": 0.1, "estimator": "k3"}}}, "objective.kl.estimator"),
        ({"precision": {"sampler_dtype": "bfloat16"}}, "precision.sampler_dtype: bfloat16"),
    ],
    ids=str,
)
def test_what_verl_does_otherwise_is_stated(changes: dict[str, Any], key: str) -> None:
    assert key in to_verl(resolved(**changes), None, "x")[1]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"advantage": "raw"}, "advantage.name: raw of 4 rollouts with objective.shaping: none"),
        ({"advantage": {"name": "group_norm", "epsilon": 1e-4}}, "advantage.epsilon: 0.0001"),
        ({"rollout": {"redraws": 2}}, "rollout.redraws: 2"),
        ({"objective": {"ratio": "importance"}}, "objective.ratio: importance: one of dual_clip"),
        ({"objective": {"aggregation": "query_mean"}}, "objective.aggregation: query_mean"),
        ({"objective": {"ratio": "gspo"}}, "objective.ratio: gspo with objective.aggregation: token_mean"),
        ({"objective": {"ratio": "none"}, "update": {"epochs": 2}}, "in a round of 2 optimizer steps"),
        ({"objective": {"mask": "truncated"}}, "objective.mask: {'name': 'truncated'"),
        ({"objective": {"tokens": "high_entropy"}}, "objective.tokens: {'name': 'high_entropy'"),
        ({"objective": {"kl": {"coefficient": 0.1, "refresh_every": 2}}}, "objective.kl.refresh_every: 2"),
        ({"optimizer": {"name": "muon"}}, "optimizer.name: muon"),
        ({"optimizer": {"epsilon": 1e-6}}, "optimizer.epsilon: 1e-06"),
        ({"optimizer": {"schedule": "linear"}}, "optimizer.schedule: linear"),
        ({"update": {"compile": True}}, "update.compile: True"),
    ],
    ids=str,
)
def test_what_verl_cannot_express_is_refused(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(BadInputError) as error:
        to_verl(resolved(**changes), None, "demo: baseline")
    assert str(error.value).startswith("demo: baseline: verl cannot express ")
    assert expected in str(error.value)
