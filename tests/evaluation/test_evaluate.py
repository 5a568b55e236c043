import json
import os
import shutil
import signal
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rftlab.evaluation.evaluate
import rftlab.evaluation.measure
from rftlab.data.queries import read_queries, write_queries
from rftlab.errors import BadInputError
from rftlab.evaluation.evaluate import main
from rftlab.evaluation.outcomes import Made, read_made
from rftlab.files import file_sha256, read_json
from rftlab.randomness import rollout_seed
from rftlab.rewards.verifiers import numeric
from rftlab.rewards.verifiers.marked import verify
from rftlab.rollouts.engine import engine_of
from rftlab.training.train import train
from rftlab.views.data_notes import overlong
from training import SUMS, generated, run_json, write_base, write_sums

SCHEMA = {
    "model": pa.string(),
    "dataset": pa.string(),
    "variant": pa.string(),
    "seed": pa.int64(),
    "round": pa.int64(),
    "evaluation_set": pa.string(),
    "decoding": pa.string(),
    "sample": pa.int64(),
    "query": pa.string(),
    "correct": pa.bool_(),
    "strict": pa.bool_(),
    "flexible": pa.bool_(),
    "formatted": pa.bool_(),
    "failure": pa.string(),
    "extracted": pa.string(),
    "completion": pa.string(),
    "tokens": pa.int64(),
    "truncated": pa.bool_(),
}
SAMPLES = 3


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A base model, a run trained from it, and two evaluation sets."""
    folder = tmp_path_factory.mktemp("evaluate")
    base = write_base(folder / "base")
    train(run_json(), base, write_sums(folder / "train.jsonl"), folder / "run", code="c")
    sums = generated({**SUMS, "sizes": {"test": 8}}, "test")
    write_queries(folder / "sums.jsonl", sums)
    longer = {**SUMS, "terms": [3], "sizes": {"test": 12}}
    write_queries(folder / "longer.jsonl", generated(longer, "test"))
    return folder


def config(place: Path, *, rows: int = 256, **overrides) -> dict:
    sets = {
        name: {"path": str(place / f"{name}.jsonl"), "verifier": "marked", "limit": limit}
        for name, limit in (("sums", None), ("longer", 5))
    }
    asked = {
        "max_new_tokens": 6,
        "samples": SAMPLES,
        "temperature": 1.0,
        "top_p": 1.0,
        "seed": 0,
        "device": "cpu",
        **overrides,
    }
    labels = {"model": "tiny", "dataset": "sums", "variant": "baseline", "seed": 0}
    prompt, engine = {"template": "{{ query }}", "chat": False}, {"name": "transformers", "rows": rows}
    return {"labels": labels, "sets": sets, "prompt": prompt, "evaluation": asked, "engine": engine}


def evaluated(place: Path, output: Path, *which: str, **overrides) -> pa.Table:
    main(["--config", json.dumps(config(place, **overrides)), *which, "--code", "c0de", "--output", str(output)])
    return pq.read_table(output)


@pytest.fixture(scope="module")
def of_run(place) -> pa.Table:
    return evaluated(place, place / "new" / "folder" / "id.parquet", "--run", str(place / "run"))


@pytest.fixture(scope="module")
def of_base(place) -> pa.Table:
    return evaluated(place, place / "base.parquet", "--model", str(place / "base"))


def ids(place: Path, name: str) -> list[str]:
    return [query.id for query in read_queries(place / f"{name}.jsonl")]


def test_the_schema(of_run, of_base) -> None:
    for table in (of_run, of_base):
        assert dict(zip(table.schema.names, table.schema.types, strict=True)) == SCHEMA


def test_one_row_per_checkpoint_set_query_and_sample(place, of_run, of_base) -> None:
    queries = [("sums", query) for query in ids(place, "sums")]
    queries += [("longer", query) for query in ids(place, "longer")[:5]]
    greedy = [("greedy", 0)]
    sampled = [("sampled", sample) for sample in range(SAMPLES)]
    for table, asked in (
        (of_run, {4: greedy, 6: greedy + sampled}),  # samples at the last checkpoint only
        (of_base, {0: greedy + sampled}),
    ):
        rows = Counter(
            (r["round"], r["evaluation_set"], r["query"], r["decoding"], r["sample"]) for r in rows_of(table)
        )
        expected = [(number, *query, *way) for number, ways in asked.items() for way in ways for query in queries]
        assert rows == Counter(expected)


def rows_of(table: pa.Table) -> list[dict]:
    return table.to_pylist()


def test_rows_are_labelled_and_scored(place, of_run) -> None:
    answers = {q.id: q.answer for name in ("sums", "longer") for q in read_queries(place / f"{name}.jsonl")}
    rows = rows_of(of_run)
    for row in rows:
        assert [row[key] for key in ("model", "dataset", "variant", "seed")] == ["tiny", "sums", "baseline", 0]
        verdict = verify(row["completion"], answers[row["query"]])
        assert (row["correct"], row["extracted"]) == (verdict.correct, verdict.extracted)
        assert (row["strict"], row["formatted"]) == (verdict.correct, verdict.extracted is not None)
        assert row["flexible"] == numeric.verify(row["completion"], answers[row["query"]]).correct
        assert row["failure"] is None
        assert row["tokens"] == len(row["completion"]) + (not row["truncated"])  # a token a character, and the end
        assert row["tokens"] <= 6
    assert {row["correct"] for row in rows} == {True, False}


def test_twice_the_same(place, of_run, tmp_path) -> None:
    again = evaluated(place, tmp_path / "again.parquet", "--run", str(place / "run"))
    assert again.equals(of_run)
    assert [path.name for path in tmp_path.iterdir()] == ["again.parquet"]


def test_an_outcome_does_not_depend_on_what_else_is_asked(place, of_run, tmp_path) -> None:
    """Another batch size, more samples, another set in front: the rows that both have are the same."""
    more = rows_of(evaluated(place, tmp_path / "x.parquet", "--run", str(place / "run"), rows=3, samples=SAMPLES + 2))
    assert [row for row in more if row["sample"] < SAMPLES] == rows_of(of_run)
    assert len(more) > of_run.num_rows


def test_another_seed_changes_the_samples_only(place, of_run, tmp_path) -> None:
    other = rows_of(evaluated(place, tmp_path / "x.parquet", "--run", str(place / "run"), seed=1))
    differ = {r["decoding"] for r, o in zip(rows_of(of_run), other, strict=True) if r != o}
    assert differ == {"sampled"}


def test_evaluation_draws_other_noise_than_training(place, of_base, monkeypatch) -> None:
    assert rollout_seed("evaluate", 0, "q", 0, 0) != rollout_seed("train", 0, "q", 0, 0)
    streams = set()
    monkeypatch.setattr(
        rftlab.evaluation.measure, "rollout_seed", lambda *key: streams.add(key[0]) or rollout_seed("train", *key[1:])
    )
    as_trained = evaluated(place, place / "streams.parquet", "--model", str(place / "base"))
    assert streams == {"evaluate"}
    assert not as_trained.equals(of_base)


def test_samples_are_not_copies(of_base) -> None:
    by_query: dict[str, set[str]] = {}
    for row in rows_of(of_base):
        if row["decoding"] == "sampled":
            by_query.setdefault(row["query"], set()).add(row["completion"])
    assert max(map(len, by_query.values())) == SAMPLES


def test_a_run_without_checkpoints_has_no_rows(place, tmp_path) -> None:
    (tmp_path / "checkpoints.json").write_text('{"status": "diverged", "checkpoints": []}')
    table = evaluated(place, tmp_path / "x.parquet", "--run", str(tmp_path))
    assert table.num_rows == 0
    assert dict(zip(table.schema.names, table.schema.types, strict=True)) == SCHEMA


def test_no_samples_asked(place, tmp_path) -> None:
    table = evaluated(place, tmp_path / "x.parquet", "--model", str(place / "base"), samples=0)
    assert set(table["decoding"].to_pylist()) == {"greedy"}


def test_nothing_is_written_when_something_is_missing(place, tmp_path) -> None:
    with pytest.raises(SystemExit, match=r"no config\.json"):
        evaluated(place, tmp_path / "x.parquet", "--model", str(tmp_path / "missing"))
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_ends_it_with_a_line(place, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("rftlab.evaluation.evaluate.answer", lambda *_: os.kill(os.getpid(), signal.SIGINT))
    before = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(SystemExit) as exit_:
            evaluated(place, tmp_path / "some.parquet", "--model", str(place / "base"))
    finally:
        signal.signal(signal.SIGINT, before)
    assert (exit_.value.code, capsys.readouterr().err.splitlines()[-1]) == (130, "stopped by SIGINT")
    assert not list(tmp_path.iterdir())


def test_one_engine_takes_all_checkpoints(place, tmp_path, monkeypatch) -> None:
    built = []
    monkeypatch.setattr(
        rftlab.evaluation.evaluate, "engine_of", lambda *given: built.append(given) or engine_of(*given)
    )
    evaluated(place, tmp_path / "x.parquet", "--run", str(place / "run"))
    assert len(read_json(place / "run" / "checkpoints.json")["checkpoints"]) > len(built) == 1


def test_overlong_prompts_are_dropped_everywhere_and_counted(place, tmp_path, capsys) -> None:
    """A prompt of two terms has four tokens, one of three has six: with a limit of four no `longer` prompt is left."""
    mixed = read_queries(place / "sums.jsonl")[:3] + read_queries(place / "longer.jsonl")[:2]
    write_queries(tmp_path / "mixed.jsonl", mixed)
    asked = config(place)
    asked["prompt"]["max_tokens"] = 4
    asked["sets"] = {"mixed": {"path": str(tmp_path / "mixed.jsonl"), "verifier": "marked", "limit": None}}
    arguments = ["--model", str(place / "base"), "--output", str(tmp_path / "mixed.parquet")]
    main(["--config", json.dumps(asked), "--code", "c0de", *arguments])
    table = pq.read_table(tmp_path / "mixed.parquet")
    assert set(table["query"].to_pylist()) == {query.id for query in mixed[:3]}
    assert overlong(tmp_path / "mixed.parquet") == {"mixed": 2}
    assert "mixed: 2 queries dropped: prompts over 4 tokens" in capsys.readouterr().out
    asked["sets"] |= {"longer": config(place)["sets"]["longer"]}
    with pytest.raises(SystemExit, match=r"prompt.max_tokens: all 5 prompts are longer than 4 tokens"):
        main(["--config", json.dumps(asked), "--code", "c0de", *arguments])


def test_a_response_that_the_context_cannot_hold(place, tmp_path) -> None:
    line = "the model's context of 512 tokens is shorter than the longest prompt, 4 tokens, and a response of 509"
    with pytest.raises(SystemExit, match=line):
        evaluated(place, tmp_path / "long.parquet", "--model", str(place / "base"), max_new_tokens=509)
    with pytest.raises(BadInputError, match=line):
        train(run_json(rollout__max_new_tokens=509), place / "base", place / "train.jsonl", tmp_path / "run", code="c")


def test_the_file_says_what_it_was_made_with(place, of_run, of_base) -> None:
    queries = {name: file_sha256(place / f"{name}.jsonl") for name in ("sums", "longer")}
    entries = read_json(place / "run" / "checkpoints.json")["checkpoints"]
    weights = {entry["round"]: file_sha256(place / "run" / entry["path"] / "model.safetensors") for entry in entries}
    assert len(weights) == 2
    assert read_made(place / "new" / "folder" / "id.parquet") == Made("c0de", config(place), weights, queries)
    base = {0: file_sha256(place / "base" / "model.safetensors")}
    assert read_made(place / "base.parquet") == Made("c0de", config(place), base, queries)


def test_weights_that_the_manifest_does_not_name_are_refused(place, tmp_path) -> None:
    shutil.copytree(place / "run", tmp_path / "run")
    entry = read_json(tmp_path / "run" / "checkpoints.json")["checkpoints"][-1]
    shutil.copy(place / "base" / "model.safetensors", tmp_path / "run" / entry["path"])
    with pytest.raises(SystemExit) as refused:
        evaluated(place, tmp_path / "x.parquet", "--run", str(tmp_path / "run"))
    run = tmp_path / "run"
    told = f"not the weights that {run}/checkpoints.json names: remove that file to train the run again"
    assert refused.value.code == f"{run}/{entry['path']}: {told}"
    assert not (tmp_path / "x.parquet").exists()
