"""Hours of a study: reckoned by hand for one run, and refused where the throughput says nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from rftlab.cli import app
from rftlab.errors import BadInputError
from rftlab.planning.forecast import (
    SHARE,
    Throughput,
    forecast,
    hours,
    query_counts,
    read_throughput,
    run_costs,
    run_hours,
)
from rftlab.planning.plan import Plan
from rftlab.study.read import read_study
from studies import TEXT, changed

RATE = Throughput(sample_tokens_per_s=10.0, update_tokens_per_s=5.0, prompt_tokens=6.0, response_share=0.5, start_s=9.0)
ENOUGH = (  # queries for a race
    ("datasets/chains/sizes", {"train": 8, "validation": 4, "test": 100}),
    ("evaluation_sets/longer/sizes", {"test": 100}),
)
FILE = """\
default: {prompt_tokens: 6, response_share: 0.5, start_s: 9}
models: {tiny: {sample_tokens_per_s: 10, update_tokens_per_s: 5}}
"""


def plan(*edits) -> Plan:
    return Plan(read_study(changed(*edits), []))


def test_hours_of_a_run() -> None:
    # six rounds of four queries: 24 rollouts of 4 tokens; three checkpoints and two samples of 12 queries in two suites
    planned = plan()
    spent = run_hours(planned, planned.run("tiny", "chains", "baseline", 0), RATE, query_counts(planned))
    seconds = {part: round(value * 3600, 6) for part, value in spent.items()}
    assert seconds == {
        "sample_h": 24 * 4 / 10,
        "update_h": 24 * (6 + 4) / 5,
        "evaluate_h": 12 * 5 * 4 / 10,
        "start_h": 27.0,
    }


def test_statistics_rollouts_are_sampled_and_not_trained_on() -> None:
    planned = plan()
    counts = query_counts(planned)
    raw, extra = (
        run_hours(planned, planned.run("tiny", "chains", name, 0), RATE, counts)
        for name in ("baseline", "advantage/group_norm")
    )
    assert extra["sample_h"] == pytest.approx(4 * raw["sample_h"])
    assert extra["update_h"] == pytest.approx(raw["update_h"])


def test_a_kl_penalty_costs_the_base_models_forward_pass() -> None:
    with_kl, without = plan(("baseline/objective", {"kl": {"coefficient": 0.1}})), plan()
    first, second = (
        run_hours(p, p.run("tiny", "chains", "baseline", 0), RATE, query_counts(p)) for p in (with_kl, without)
    )
    assert first["update_h"] == pytest.approx(second["update_h"] * 4 / 3)


def test_every_epoch_trains_on_all_rollouts() -> None:
    twice, once = plan(("baseline/update", {"epochs": 2, "minibatches": 4})), plan()
    first, second = (run_hours(p, p.run("tiny", "chains", "baseline", 0), RATE, query_counts(p)) for p in (twice, once))
    assert first["update_h"] == pytest.approx(2 * second["update_h"])
    assert first["sample_h"] == second["sample_h"]


def test_a_penalty_in_the_reward_costs_two_forward_passes() -> None:
    with_kl, without = plan(("baseline/objective", {"kl": {"coefficient": 0.1, "in_reward": True}})), plan()
    first, second = (
        run_hours(p, p.run("tiny", "chains", "baseline", 0), RATE, query_counts(p)) for p in (with_kl, without)
    )
    assert first["update_h"] == pytest.approx(second["update_h"] * 5 / 3)


def test_what_is_down_sampled_is_sampled_and_not_trained_on() -> None:
    planned, fewer = plan(), plan(("factors/rollouts/n4/rollout.down_sample", 2))
    every, chosen = (
        run_hours(p, p.run("tiny", "chains", "rollouts/n4", 0), RATE, query_counts(p)) for p in (planned, fewer)
    )
    assert chosen["sample_h"] == every["sample_h"]
    assert chosen["update_h"] == pytest.approx(every["update_h"] / 2)


def test_greedy_responses_are_sampled_and_not_trained_on() -> None:
    greedy, none = plan(("factors/rollouts/n4/advantage.name", "greedy_baseline")), plan()
    first, second = (
        run_hours(p, p.run("tiny", "chains", "rollouts/n4", 0), RATE, query_counts(p)) for p in (greedy, none)
    )
    assert first["sample_h"] == pytest.approx(second["sample_h"] * 5 / 4)
    assert first["update_h"] == pytest.approx(second["update_h"])


def test_redraws_cost_between_none_and_all_of_them() -> None:
    planned = plan(("factors/rollouts/n4/rollout.redraws", 2))
    run, counts = planned.run("tiny", "chains", "rollouts/n4", 0), query_counts(planned)
    least, most = (run_costs(planned, run, counts, None, most=most) for most in (False, True))
    assert (least["rollouts"], most["rollouts"]) == (6 * 16, 3 * 6 * 16)
    assert (least["max_tokens"], most["max_tokens"]) == (8 * 6 * 16, 8 * 3 * 6 * 16)
    assert least["rounds"] == most["rounds"] == 6
    fewer, more = (run_hours(planned, run, RATE, counts, most=most) for most in (False, True))
    assert more["sample_h"] == pytest.approx(3 * fewer["sample_h"])
    assert more["update_h"] == fewer["update_h"], "what is replaced is not trained on"
    estimate = forecast(planned)
    assert (estimate["open"], estimate["race"]) == (True, False)
    assert estimate["totals"]["rollouts"] - estimate["least"]["rollouts"] == 3 * 2 * 6 * 16  # three seeds


def test_a_budget_in_rollouts_leaves_rounds_open_where_queries_are_drawn_anew() -> None:
    planned = plan(("factors/rollouts/n4/rollout.redraws", 2), ("budget", {"rollouts": 96}))
    run = planned.run("tiny", "chains", "rollouts/n4", 0)
    costs = run_costs(planned, run, query_counts(planned), None, most=True)
    assert (costs["rounds"], costs["rollouts"], costs["checkpoints"]) == (None, 96, None)
    assert planned.run_json(run)["config"]["budget"] == {"rollouts": 96}


def test_totals_are_sums_and_the_overhead_a_share() -> None:
    planned = plan()
    found = hours(planned, {"tiny": RATE}, query_counts(planned))
    whole = sum(row["hours"] for row in found["variants"].values())
    assert found["totals"]["hours"] == pytest.approx(whole)
    assert found["overhead"] == pytest.approx(found["totals"]["start_h"] / whole)
    assert found["totals"]["start_h"] == pytest.approx(27 * 15 / 3600)  # five variants, three seeds


def test_a_budget_in_tokens_leaves_hours_open() -> None:
    planned = plan(("budget", {"tokens": 1000}))
    found = hours(planned, {"tiny": RATE}, query_counts(planned))
    assert found["totals"]["hours"] is None
    assert found["overhead"] is None


def test_a_throughput_file(tmp_path: Path) -> None:
    file = tmp_path / "throughput.yaml"
    file.write_text(FILE)
    assert read_throughput(file, ["tiny"]) == {"tiny": RATE}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("defaults: {}", "unknown key 'defaults'; valid keys: default, models"),
        ("default: 3", "default: a mapping is needed, not 3"),
        ("models: {tiny: 3}", "models.tiny: a mapping is needed, not 3"),
        (FILE.replace("start_s", "start"), "tiny: unknown key 'start'; valid keys: sample_tokens_per_s"),
        (FILE.replace(", start_s: 9", ""), "tiny: start_s is missing; give it here or under default"),
        (FILE.replace("start_s: 9", "start_s: 0"), "tiny.start_s: a number above 0 is needed, not 0"),
        (FILE.replace("start_s: 9", "start_s: true"), "tiny.start_s: a number above 0 is needed, not True"),
        (FILE.replace("start_s: 9", "start_s: .nan"), "start_s"),
    ],
)
def test_a_wrong_throughput_file_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "throughput.yaml"
    file.write_text(text)
    with pytest.raises(BadInputError) as refused:
        read_throughput(file, ["tiny"])
    assert str(refused.value).startswith(f"{file}")
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_command_prints_hours(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("study.yaml").write_text(TEXT)
    Path("throughput.yaml").write_text(FILE)
    arguments = ["plan", "study.yaml", "--throughput", "throughput.yaml"]
    printed = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    assert printed.exit_code == 0, printed.output
    assert "hours" in printed.stdout
    assert "Not sampling, scoring or" in printed.stdout
    expected = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    planned = plan()
    found = hours(planned, {"tiny": RATE}, query_counts(planned))
    assert expected["totals"]["hours"] == pytest.approx(found["totals"]["hours"])
    assert [row["hours"] for row in expected["variants"]] == [row["hours"] for row in found["variants"].values()]


def test_the_file_that_ships_knows_every_model_of_the_papers_grid(repository: Path) -> None:
    names = ["qwen2.5-0.5b", "llama-3.2-1b", "olmo-2-1b"]
    assert [*read_throughput(repository / "config" / "throughput" / "a100.yaml", names)] == names


def test_a_race_costs_between_its_first_look_and_all_looks() -> None:
    race = forecast(plan(("seeds", {"race": [3, 6], "reference": 4}), *ENOUGH))
    fixed = forecast(plan())
    assert (race["race"], fixed["race"]) == (True, False)
    levels = len(plan().variants) - 2  # the baseline has its own number, and the A/A variant never goes on
    least, most = 4 + 3 * (levels + 1), 6 + 6 * levels + 3
    assert (race["least"]["runs"], race["totals"]["runs"]) == (least, most)
    assert race["expected"]["runs"] == int(least + SHARE * (most - least))
    assert fixed["least"] == fixed["expected"] == fixed["totals"]


def test_the_command_says_least_about_and_most(tmp_path: Path) -> None:
    study = tmp_path / "study.yaml"
    study.write_text(yaml.safe_dump(changed(("seeds", {"race": [3, 6]}), *ENOUGH), sort_keys=False))
    output = CliRunner().invoke(app, ["plan", str(study)], env={"COLUMNS": "200"}).output
    assert all(name in output for name in ("at least", "about", "at most", "In a race a level ends when"))
