import hashlib
import json

from rftlab.data.queries import read_queries
from rftlab.data.sources import source_of
from rftlab.data.stage import stage

CHAINS = {"source": "procedural", "family": "chains", "sizes": {"train": 20, "test": 10}}


def test_files_and_manifest(tmp_path) -> None:
    manifest = stage(CHAINS, tmp_path / "new" / "folder")
    folder = tmp_path / "new" / "folder"
    assert {path.name for path in folder.iterdir()} == {"train.jsonl", "test.jsonl", "data.json"}
    assert json.loads((folder / "data.json").read_text()) == manifest
    assert manifest["config"] == CHAINS
    assert manifest["overlaps"] == {"train/test": {"exact": 0, "normalised": 0}}
    for name, size in (("train", 20), ("test", 10)):
        path = folder / f"{name}.jsonl"
        assert read_queries(path) == source_of(CHAINS).read()[name].queries
        assert manifest["splits"][name] == {
            "path": path.name,
            "queries": size,
            "duplicates": 0,
            "conflicts": 0,
            "unanswered": [],
            "several_boxes": [],
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }


def test_twice_gives_the_same_bytes(tmp_path) -> None:
    stage(CHAINS, tmp_path / "a")
    stage(CHAINS, tmp_path / "b")
    for name in ("train.jsonl", "test.jsonl", "data.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_duplicates_and_overlaps_of_files_are_in_the_manifest(tmp_path) -> None:
    for name, texts in (("train", ["a", "a", "b"]), ("test", ["B", "a", "c"])):
        lines = [json.dumps({"question": text, "answer": index}) for index, text in enumerate(texts)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    files = {name: str(tmp_path / f"{name}.jsonl") for name in ("train", "test")}
    manifest = stage({"source": "jsonl", "files": files}, tmp_path / "out")
    assert manifest["splits"]["train"] | {"sha256": ""} == {
        "path": "train.jsonl",
        "queries": 2,
        "duplicates": 1,
        "conflicts": 1,
        "unanswered": [],
        "several_boxes": [],
        "sha256": "",
    }
    assert manifest["overlaps"] == {"train/test": {"exact": 1, "normalised": 2}}
