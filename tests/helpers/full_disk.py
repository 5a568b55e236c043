"""Train on a file system that is too small, which grows after each failure; run by test_resume.py as root.

unshare --mount python tests/helpers/full_disk.py PLACE     # prints how each attempt ended, as JSON
"""

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path

from rftlab.training.train import main
from training import run_json, write_base, write_sums


def attempt(options: list[str]) -> str:
    """How the stage ends: its line, or nothing where it has trained."""
    with contextlib.redirect_stderr(io.StringIO()):
        try:
            main(options)
        except SystemExit as exit_:
            return str(exit_.code)
    return ""


def go(place: Path) -> None:
    base, data, disk = write_base(place / "base"), write_sums(place / "train.jsonl"), place / "disk"
    run = run_json(reward__name="random", checkpoint_every=1)
    options = ["--config", json.dumps(run), "--model", str(base), "--data", str(data), "--code", "c"]
    main([*options, "--folder", str(place / "reference")])
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], check=True)
    ended = []
    for kib in range(64, 4096, 64):
        subprocess.run(["mount", "-o", f"remount,size={kib}k", str(disk)], check=True)
        ended.append(attempt([*options, "--folder", str(disk / "run")]))
        if not ended[-1]:
            break
    same = all(
        path.read_bytes() == (place / "reference" / path.relative_to(disk / "run")).read_bytes()
        for path in (disk / "run").rglob("*")
        if path.is_file() and path.name not in ("timings.jsonl", "provenance.json")
    )
    left = sorted(path.name for path in (disk / "run").iterdir())
    print(json.dumps({"ended": ended, "same": same, "left": left}))


if __name__ == "__main__":
    go(Path(sys.argv[1]))
