import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import rftlab.training.train
from rftlab.data.queries import Query, read_queries, write_queries
from rftlab.files import file_sha256
from rftlab.policies.directory import PolicyDirectory
from rftlab.runfolder.log import RUN_FILES as PUBLISHED
from rftlab.training.train import main, train
from saved_runs import same
from training import END, json_lines, read, run_json, write_sums

METRICS = [
    "round",
    "reward_mean",
    "accuracy",
    "accuracy_strict",
    "accuracy_flexible",
    "format_rate",
    "verifier_failures",
    "signal_share",
    "response_length",
    "truncation_rate",
    "entropy",
    "kl_base",
    "mismatch_all_mean",
    "mismatch_all_max",
    "mismatch_all_effective_share",
    "loss",
    "gradient_norm",
    "trained_rollouts",
    "mismatch_trained_mean",
    "mismatch_trained_max",
    "mismatch_trained_effective_share",
    "learning_rate",
    "rollouts",
    "tokens",
]
TIMINGS = ["round", "time_ms", "sample_s", "score_s", "update_s", "tokens_per_s", "peak_memory_mb"]
DENSE = {"reward__name": "random"}  # a reward in every round, whatever the policy can do


@pytest.fixture
def updates(monkeypatch) -> list[list[tuple[int, ...]]]:
    """Tokens of the rollouts that each update is given, with its advantages."""
    seen = []

    def spy(policy, optimizer, rollouts, advantages_N, *args, **kwargs):
        seen.append(([rollout.tokens for rollout in rollouts], advantages_N.copy()))
        return original(policy, optimizer, rollouts, advantages_N, *args, **kwargs)

    original = rftlab.training.train.update
    monkeypatch.setattr(rftlab.training.train, "update", spy)
    return seen


def weights(folder: Path) -> list[str]:
    return [file_sha256(path) for path in sorted(folder.glob("checkpoints/*/model.safetensors"))]


def test_overlong_prompts_are_not_trained_on_and_counted(base, trained, tmp_path, capsys) -> None:
    sums = read_queries(write_sums(tmp_path / "sums.jsonl"))
    write_queries(tmp_path / "train.jsonl", [*sums, Query("long", "1+1+1=", "3")])
    limited = run_json(prompt={"template": "{{ query }}", "chat": False, "max_tokens": 4})
    train(limited, base, tmp_path / "train.jsonl", tmp_path / "run", code="c" * 16)
    data = json.loads((tmp_path / "run/provenance.json").read_text())["data"]
    assert (data["queries"], data["overlong"]) == (17, 1)
    assert "1 of 17 queries dropped: prompts over 4 tokens" in capsys.readouterr().out
    assert (tmp_path / "run/metrics.jsonl").read_bytes() == (trained / "metrics.jsonl").read_bytes()


def test_the_files_of_a_run(trained, base, data) -> None:
    assert {path.name for path in trained.iterdir()} == {*PUBLISHED, "checkpoints"}  # no .state any more
    assert read(trained, "run.json") == run_json()
    manifest = read(trained, "checkpoints.json")
    assert [*manifest] == ["files", "status", "reason", "base", "checkpoints"]
    assert manifest["files"] == {name: file_sha256(trained / name) for name in ("run.json", "metrics.jsonl")}
    assert manifest["status"] == "finished"
    assert manifest["reason"] is None
    assert manifest["base"] == {"path": str(base), "sha256": file_sha256(base / "model.safetensors")}
    assert [entry["round"] for entry in manifest["checkpoints"]] == [4, 6]  # every fourth, and the last
    rows = json_lines(trained / "metrics.jsonl")
    for entry in manifest["checkpoints"]:
        assert entry["path"] == f"checkpoints/round-{entry['round']:05d}"
        assert entry["sha256"] == file_sha256(trained / entry["path"] / "model.safetensors")
        assert {key: entry[key] for key in ("rollouts", "tokens")} == {
            key: rows[entry["round"] - 1][key] for key in ("rollouts", "tokens")
        }
        assert PolicyDirectory(trained / entry["path"]).tokenizer().eos_token_id == END
        PolicyDirectory(trained / entry["path"]).model()
    provenance = read(trained, "provenance.json")
    assert provenance["code"] == "c" * 16
    assert provenance["data"] == {"path": str(data), "sha256": file_sha256(data), "queries": 16, "overlong": 0}
    assert provenance["model"] == manifest["base"]


def test_metrics(trained) -> None:
    rows = json_lines(trained / "metrics.jsonl")
    assert [row["round"] for row in rows] == [1, 2, 3, 4, 5, 6]
    for row in rows:
        missing = [] if row["trained_rollouts"] else ["mismatch_trained"]
        missing += [] if row["round"] % 2 == 0 else ["kl_base", "mismatch_all"]
        assert [*row] == [key for key in METRICS if not key.startswith(tuple(missing))]
        assert row["rollouts"] == 8 * row["round"]
        assert row["reward_mean"] == row["accuracy"] == row["signal_share"] == row["trained_rollouts"] / 8
        assert row["accuracy_strict"] == row["accuracy"] <= row["accuracy_flexible"] <= 1  # scored by `marked`
        assert row["accuracy"] <= row["format_rate"] <= 1
        assert row["verifier_failures"] == 0
        assert row["learning_rate"] == 1e-3
        assert row["entropy"] > 0
        assert (row["gradient_norm"] > 0) == (row["trained_rollouts"] > 0)
    steps = np.diff([row["tokens"] for row in rows], prepend=0)
    assert steps.tolist() == pytest.approx([8 * row["response_length"] for row in rows])
    assert 0 < sum(row["trained_rollouts"] for row in rows) < 48  # the base model solves some, not all


def test_the_clock_is_apart(trained) -> None:
    rows = json_lines(trained / "timings.jsonl")
    assert [row["round"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert all([*row] == TIMINGS and all(value > 0 for value in row.values()) for row in rows)
    assert not set(TIMINGS[1:]) & {key for row in json_lines(trained / "metrics.jsonl") for key in row}


def test_kl_to_the_base_starts_at_nothing_and_grows(go, trained) -> None:
    rows = json_lines(go(diagnostics__kl_every=1, **DENSE) / "metrics.jsonl")
    assert all("kl_base" in row for row in rows)
    assert rows[0]["kl_base"] == 0  # measured on the policy that sampled, which has not moved yet
    assert all(row["kl_base"] > 1e-5 for row in rows[1:])
    assert "kl_base" not in (go("never", diagnostics__kl_every=0) / "metrics.jsonl").read_text()


def test_two_runs_of_one_seed_are_the_same_bytes(trained, go) -> None:
    again = go()
    assert (again / "metrics.jsonl").read_bytes() == (trained / "metrics.jsonl").read_bytes()
    assert weights(again) == weights(trained)
    assert read(again, "checkpoints.json") == read(trained, "checkpoints.json")


def test_another_seed_is_another_run(trained, go) -> None:
    other = go(random_seed=1)
    assert (other / "metrics.jsonl").read_bytes() != (trained / "metrics.jsonl").read_bytes()
    assert not set(weights(other)) & set(weights(trained))


def test_measuring_kl_and_cutting_micro_batches_change_nothing_else(trained, go) -> None:
    kl_less = [
        {key: value for key, value in row.items() if not key.startswith(("kl_base", "mismatch_all"))}
        for row in json_lines(trained / "metrics.jsonl")
    ]
    assert json_lines(go(diagnostics__kl_every=0) / "metrics.jsonl") == kl_less
    cut = json_lines(go("cut", diagnostics__kl_every=0, update__token_budget=12) / "metrics.jsonl")
    for row, other in zip(cut, kl_less, strict=True):
        assert row == pytest.approx(other, rel=1e-3, abs=1e-6)


def test_statistics_rollouts_are_never_trained_on(go, updates) -> None:
    """With learning rate 0 every variant keeps one policy, so that its rollouts can be compared in every round."""
    frozen = {"optimizer__lr": 0.0, "diagnostics__kl_every": 0, **DENSE}
    go("baseline", **frozen)
    alone, updates[:] = list(updates), []
    group_norm = {"name": "group_norm", "epsilon": 1e-6, "ddof": 1}
    folder = go("extra", advantage=group_norm, rollout__statistics_rollouts=7, **frozen)
    extra, updates[:] = list(updates), []
    assert [tokens for tokens, _ in extra] == [tokens for tokens, _ in alone]
    assert all(len(tokens) == 8 for tokens, _ in extra)
    assert any((advantages != raw).any() for (_, advantages), (_, raw) in zip(extra, alone, strict=True))
    assert json_lines(folder / "metrics.jsonl")[-1]["rollouts"] == 6 * 8 * 8
    go("eight", advantage=group_norm, rollout__rollouts=8, **frozen)  # the same eight rewards, all trained on
    for (tokens, advantages), (all_tokens, all_advantages) in zip(extra, updates, strict=True):
        assert all_tokens[::8] == tokens
        np.testing.assert_array_equal(all_advantages[::8], advantages)


def test_learning_rate_zero_leaves_the_base_model(go, base) -> None:
    folder = go(optimizer__lr=0.0)
    assert set(weights(folder)) == {file_sha256(base / "model.safetensors")}


def test_reward_goes_up(go) -> None:
    """Learning for real: paid for sums, a base model that solves a few of them soon solves more."""
    settings = {"rollout__queries": 32, "budget": {"rounds": 60}, "checkpoint_every": 60, "diagnostics__kl_every": 0}
    rewards = [row["reward_mean"] for row in json_lines(go(optimizer__lr=3e-3, **settings) / "metrics.jsonl")]
    assert np.mean(rewards[-20:]) > np.mean(rewards[:10]) + 0.08


def test_a_penalty_keeps_the_policy_near_the_base(go) -> None:
    kl = {"coefficient": 10.0, "estimator": "k3"}
    free = json_lines(go("free", **DENSE) / "metrics.jsonl")
    held = json_lines(go("held", objective__kl=kl, **DENSE) / "metrics.jsonl")
    assert held[0]["loss"] == pytest.approx(free[0]["loss"], rel=1e-5)  # at the base the penalty is 0
    assert held[-1]["kl_base"] < 0.8 * free[-1]["kl_base"]
    assert all(row["trained_rollouts"] == 8 for row in held)


def test_a_budget_in_tokens(go) -> None:
    rows = json_lines(go(budget={"tokens": 100}, checkpoint_every=100) / "metrics.jsonl")
    assert rows[-1]["tokens"] >= 100 > rows[-2]["tokens"]


def diverging(monkeypatch, number: int) -> None:
    def update(*args, **kwargs):
        calls.append(1)
        if len(calls) == number:
            raise rftlab.training.train.DivergedError("loss nan, gradient norm nan")
        return original(*args, **kwargs)

    calls: list[int] = []
    original = rftlab.training.train.update
    monkeypatch.setattr(rftlab.training.train, "update", update)


def test_a_run_that_diverges_is_a_result(go, monkeypatch, trained) -> None:
    diverging(monkeypatch, number=6)
    folder = go()
    manifest = read(folder, "checkpoints.json")
    assert manifest["status"] == "diverged"
    assert manifest["reason"] == "round 6: loss nan, gradient norm nan"
    assert manifest["checkpoints"] == read(trained, "checkpoints.json")["checkpoints"][:1]
    assert json_lines(folder / "metrics.jsonl") == json_lines(trained / "metrics.jsonl")[:5]
    assert {path.name for path in folder.iterdir()} == {*PUBLISHED, "checkpoints", "diverged.jsonl"}


def test_a_run_that_diverges_at_once_has_no_checkpoints(go, monkeypatch) -> None:
    diverging(monkeypatch, number=1)
    folder = go()
    assert read(folder, "checkpoints.json")["checkpoints"] == []
    assert (folder / "metrics.jsonl").read_text() == ""


def test_a_kl_that_is_not_finite_ends_a_run_as_diverged(go, monkeypatch) -> None:
    monkeypatch.setattr(rftlab.training.train, "diagnose", lambda *args, **kwargs: {"kl_base": float("nan")})
    manifest = read(go(diagnostics={"kl_every": 2}), "checkpoints.json")
    assert manifest["status"] == "diverged"
    assert manifest["reason"] == "round 2: the KL to the base model is nan"


def test_a_run_over_an_old_one_replaces_everything(go) -> None:
    folder = go(random_seed=1, budget={"rounds": 12})
    (folder / ".state").mkdir()
    (folder / ".state" / "metrics.jsonl").write_text("left over\n")
    assert go() == folder
    assert len(json_lines(folder / "metrics.jsonl")) == 6
    assert {path.name for path in (folder / "checkpoints").iterdir()} == {"round-00004", "round-00006"}
    assert not (folder / ".state").exists()


KILLED = """
import os, signal, sys
import torch
torch.set_num_threads(1)
import rftlab.training.train
from rftlab.runfolder.log import append_json

def append_and_die(path, row):
    append_json(path, row)
    if path.name == "timings.jsonl" and row["round"] == 5:
        os.kill(os.getpid(), signal.SIGKILL)

rftlab.training.train.append_json = append_and_die
rftlab.training.train.main(sys.argv[1:])
"""


def test_a_run_that_is_killed_publishes_nothing(go, base, data, trained, tmp_path) -> None:
    folder = go(random_seed=1)  # an older result is there: it must not be taken for the new run's
    options = ["--config", json.dumps(run_json()), "--model", base, "--data", data, "--folder", folder, "--code", "c"]
    killed = subprocess.run([sys.executable, "-c", KILLED, *options], env=os.environ, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert not [name for name in PUBLISHED if (folder / name).exists()]
    assert json_lines(folder / ".state" / "metrics.jsonl") == json_lines(trained / "metrics.jsonl")[:5]
    go()
    assert (folder / "metrics.jsonl").read_bytes() == (trained / "metrics.jsonl").read_bytes()
    assert weights(folder) == weights(trained)
    assert not (folder / ".state").exists()


def test_the_stage(base, data, trained, tmp_path) -> None:
    options = ["--config", json.dumps(run_json()), "--model", str(base), "--data", str(data)]
    main([*options, "--folder", str(tmp_path / "run"), "--code", "c"])
    assert (tmp_path / "run" / "metrics.jsonl").read_bytes() == (trained / "metrics.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("option", "message"), [("--model", "no config.json"), ("--data", "cannot be read: No such file or directory")]
)
def test_what_is_missing_is_said_in_one_line(base, data, tmp_path, option, message) -> None:
    options = {"--config": json.dumps(run_json()), "--model": base, "--data": data, "--code": "c"}
    options |= {"--folder": tmp_path / "run", option: tmp_path / "missing"}
    with pytest.raises(SystemExit) as exit_:
        main([str(word) for pair in options.items() for word in pair])
    assert message in exit_.value.code
    assert "\n" not in exit_.value.code
    assert not [name for name in PUBLISHED if (tmp_path / "run" / name).exists()]


def test_queries_are_read_in_any_order(go, base, data, tmp_path, trained) -> None:
    lines = data.read_text().splitlines(keepends=True)
    backwards = tmp_path / "backwards.jsonl"
    backwards.write_text("".join(reversed(lines)))
    assert [q.id for q in read_queries(backwards)] == [q.id for q in reversed(read_queries(data))]
    train(run_json(), base, backwards, tmp_path / "run", code="c")
    assert (tmp_path / "run" / "metrics.jsonl").read_bytes() == (trained / "metrics.jsonl").read_bytes()


LOWER = {"autocast": "bfloat16", "checkpoint_dtype": "float32", "sampler_dtype": "trainer"}


def mismatch(folder: Path) -> list[float]:
    return [row["mismatch_all_mean"] for row in json_lines(folder / "metrics.jsonl") if "mismatch_all_mean" in row]


def test_a_sampler_of_its_own_precision_is_measured(go) -> None:
    """One model at one precision has next to no mismatch; a bfloat16 copy has, and follows the policy all the same."""
    same = mismatch(go("same", **DENSE))
    copied = go("copied", precision={**LOWER, "autocast": "none", "sampler_dtype": "bfloat16"}, **DENSE)
    apart = mismatch(copied)
    assert len(same) == len(apart) == 3
    assert max(same) < 1e-6
    assert min(apart) > 1e-4
    assert max(apart) < 0.05
    rows = json_lines(copied / "metrics.jsonl")
    assert rows[-1]["mismatch_trained_effective_share"] < 1
    corrected = {"name": "truncated", "cap": 2.0, "sequence": False}
    other = go(
        "corrected", objective__ratio=corrected, precision=read(copied, "run.json")["config"]["precision"], **DENSE
    )
    assert weights(other) != weights(copied)


def test_training_in_bfloat16_keeps_float32_weights(go, trained) -> None:
    folder = go("lower", precision=LOWER)
    policy = PolicyDirectory(folder / "checkpoints" / "round-00006").model()
    assert any((p != p.bfloat16().float()).any() for p in policy.parameters())
    assert weights(folder) != weights(trained)
    assert read(folder, "checkpoints.json")["status"] == "finished"


def test_adapters_learn_and_are_saved_as_part_of_the_model(go, base) -> None:
    folder = go("adapted", lora={"rank": 2, "alpha": 4, "targets": ["q_proj", "down_proj"]}, **DENSE)
    before, after = (PolicyDirectory(f).model().state_dict() for f in (base, folder / "checkpoints" / "round-00006"))
    assert [*before] == [*after]
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed == {name for name in before if name.endswith(("q_proj.weight", "down_proj.weight"))}


def test_gradient_checkpointing_changes_not_a_byte(go, trained) -> None:
    folder = go("again", update__gradient_checkpointing=True)
    assert weights(folder) == weights(trained)
    assert (folder / "metrics.jsonl").read_bytes() == (trained / "metrics.jsonl").read_bytes()


def test_a_verifier_in_processes_scores_as_often_the_same(go) -> None:
    first, second = go("first", verifier="math_verify"), go("second", verifier="math_verify")
    assert (first / "metrics.jsonl").read_bytes() == (second / "metrics.jsonl").read_bytes()
    rows = json_lines(first / "metrics.jsonl")
    assert all(row["accuracy"] == row["accuracy_flexible"] == 0 for row in rows)  # `7;#5` states two numbers
    assert all(row["accuracy_strict"] == row["format_rate"] == 0 for row in rows)  # nothing is in a box


def test_one_query_is_drawn_again_and_again_and_resumes_exactly(cut, base, data, tmp_path) -> None:
    """One query a run: each of a round's rows is another occurrence of it, with rollouts of its own."""
    run = run_json(reward__name="random", checkpoint_every=4)
    run["config"]["rollout"] |= {"only": 1, "order": "replacement"}
    train(run, base, data, tmp_path / "whole", code="c")
    folder = cut(3, run)
    train(run, base, data, folder, code="c")
    same(folder, tmp_path / "whole")
    rows = json_lines(folder / "metrics.jsonl")
    assert [row["rollouts"] for row in rows] == [8, 16, 24, 32, 40, 48]
    assert len({row["entropy"] for row in rows}) == 6


@pytest.mark.parametrize("rank", [0, 2])
def test_all_choices_of_the_loop_together_resume_exactly(cut, base, data, tmp_path, rank) -> None:
    run = run_json(
        advantage={"name": "group_norm", "epsilon": 1e-6, "ddof": 1},
        objective__ratio={"name": "clip", "epsilon_low": 0.2, "epsilon_high": 0.2},
        objective__kl={"coefficient": 0.5, "estimator": "k1", "in_reward": True, "target": 1e-3, "refresh_every": 3},
        lora={"rank": rank, "alpha": 4, "targets": ["q_proj", "down_proj"]},
        checkpoint_every=4,
    )
    run["config"]["rollout"] |= {"queries": 4, "rollouts": 4, "redraws": 1, "sync_every": 2, "down_sample": 2}
    run["config"]["rollout"] |= {
        "order": "easy_first",
        "only": 12,
        "difficulty": {"rollouts": 2, "low": 0.0, "high": 1.0},
    }
    run["config"]["objective"]["drop_equal_rewards"] = True
    run["config"]["update"] |= {"minibatches": 2, "epochs": 2}
    train(run, base, data, tmp_path / "whole", code="c")
    folder = cut(4, run)
    train(run, base, data, folder, code="c")
    same(folder, tmp_path / "whole")
    rows = json_lines(folder / "metrics.jsonl")
    assert [row["sampler_age"] for row in rows] == [0, 1, 0, 1, 0, 1]
    assert [row["reference_age"] for row in rows] == [0, 1, 2, 0, 1, 2]
    assert [row["rollouts"] for row in rows] == np.cumsum(
        [16 + 4 * row["redrawn_queries"] + (24 if row["round"] == 1 else 0) for row in rows]
    ).tolist()
    assert len({row["kl_coefficient"] for row in rows}) > 1
    assert len(set(weights(folder))) == 2


@pytest.mark.parametrize("advantage", ["greedy_baseline", "value_tracker"])
def test_what_looks_beside_a_round_or_back_resumes_exactly_among_other_choices(
    cut, base, data, tmp_path, advantage
) -> None:
    run = run_json(
        advantage={"name": advantage},
        reward={"name": "label_noise", "correct": 1.0, "incorrect": 0.0, "probability": 0.5},
        optimizer={
            "name": "sgd",
            "momentum": 0.9,
            "weight_decay": 0.0,
            "lr": 1e-3,
            "max_gradient_norm": 1.0,
            "warmup": 2,
            "schedule": {"name": "cosine", "final": 0.0},
        },
        checkpoint_every=4,
    )
    run["config"]["rollout"] |= {"queries": 4, "rollouts": 3, "redraws": 1, "sync_every": 2, "down_sample": 2}
    run["config"]["reward"]["terms"] = {"length_range": {"weight": 0.5}, "repetition": {"weight": 1.0}}
    run["config"]["objective"] |= {
        "mask": {"name": "truncated", "share_out": True},
        "shaping": {"name": "whiten_rollouts", "epsilon": 1e-6, "ddof": 1},
        "tokens": {"name": "kl_cov", "share": 0.1, "coefficient": 1.0},
        "entropy": {"coefficient": 0.01},
    }
    run["config"]["update"] |= {"minibatches": 2, "epochs": 2}
    train(run, base, data, tmp_path / "whole", code="c")
    folder = cut(4, run)
    train(run, base, data, folder, code="c")
    same(folder, tmp_path / "whole")
    rows = json_lines(folder / "metrics.jsonl")
    sampled = [12 + 3 * row["redrawn_queries"] + 4 * (advantage == "greedy_baseline") for row in rows]
    assert [row["rollouts"] for row in rows] == np.cumsum(sampled).tolist()
    assert len(set(weights(folder))) == 2
