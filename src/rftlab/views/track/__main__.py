"""``python -m rftlab.views.track``: import a study into MLflow once, keep importing while it runs, or open the UI."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path

from rftlab.errors import BadInputError, one_line_errors
from rftlab.files import digest, write_json
from rftlab.views.track.ui import SERVER_ENVIRONMENT, chart_urls, store_path, ui_command
from rftlab.views.track.view import StudyView, read_view, summary_digest

STORE = "sqlite:///results/mlflow.db"


def import_study(plan: Path, store: str, wait_s: float) -> StudyView:
    """Import what a study's files say now, print one line if that changed the store, and return it."""
    view = read_view(plan)
    from rftlab.views.track.store import open_store  # mlflow takes seconds to import: a bad plan is told before

    with open_store(store, wait_s) as target:
        counts = target.publish(view)
    changes = ", ".join(
        f"{counts[one]} {one}" for one in ("created", "appended", "recreated", "deleted") if counts[one]
    )
    if changes:
        runs, points = len(view.runs), sum(run.points for run in view.runs)
        print(f"{view.study}: {changes}; {runs} of {view.planned} runs, {points} points in {store}", flush=True)
    return view


def completion(view: StudyView) -> dict[str, object]:
    """What was imported: counts and a digest, the same for the same files.

    Raises:
        BadInputError: a run of the plan has not finished.
    """
    if view.unfinished:
        raise BadInputError(f"{view.study}: {view.unfinished} of {view.planned} runs have not finished")
    states = {run.key: run.state() for run in view.runs}
    return {
        "study": view.study,
        "runs": len(view.runs),
        "points": sum(run.points for run in view.runs),
        "checkpoints": sum(len(run.checkpoints) for run in view.runs),
        "artifacts": len(view.summary),
        "digest": digest([states, summary_digest(view.summary)]),
    }


def follow(plan: Path, store: str, wait_s: float, interval_s: float) -> StudyView:
    """Import every ``interval_s`` seconds until all runs of the plan have finished.

    What cannot be read or written at first ends it; later it is told once and tried again, since a stage may be
    writing that very file.
    """
    view, last_error = import_study(plan, store, wait_s), ""
    while view.unfinished:
        time.sleep(interval_s)
        try:
            view, last_error = import_study(plan, store, wait_s), ""
        except BadInputError as error:
            if str(error) != last_error:
                print(last_error := str(error), file=sys.stderr, flush=True)
    return view


@one_line_errors
def main(arguments: list[str] | None = None) -> None:
    """Import a study, follow it, or open the UI."""
    parser = argparse.ArgumentParser(prog="python -m rftlab.views.track", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--plan", type=Path, help="results/<study>/plan.json of the study to import")
    what.add_argument("--serve", action="store_true", help="open the UI on 127.0.0.1 instead")
    parser.add_argument("--store", default=STORE, help="the store, sqlite:///<file> (default: %(default)s)")
    parser.add_argument("--follow", action="store_true", help="keep importing until all runs have finished, or Ctrl-C")
    parser.add_argument("--interval", type=float, default=5.0, help="seconds between imports (default: %(default)s)")
    parser.add_argument("--wait", type=float, default=60.0, help="seconds to wait for the store (default: %(default)s)")
    parser.add_argument("--done", type=Path, help="file to write once every run has been imported, finished")
    parser.add_argument("--port", type=int, default=5000, help="port of the UI (default: %(default)s)")
    options = parser.parse_args(arguments)
    store_path(options.store)
    if options.serve:
        command = ui_command(options.store, options.port)
        print(f"MLflow: http://127.0.0.1:{options.port} (Ctrl-C ends it)")
        for study, url in chart_urls(options.store, options.port).items():
            print(f"  {study}: {url}", flush=True)
        os.chdir("/")
        os.execve(command[0], command, os.environ | SERVER_ENVIRONMENT)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if options.follow:
            view = follow(options.plan, options.store, options.wait, options.interval)
        else:
            view = import_study(options.plan, options.store, options.wait)
    except KeyboardInterrupt:
        print("stopped; the next import goes on from here", file=sys.stderr)
        sys.exit(0 if options.follow else 130)
    if options.done:
        write_json(options.done, completion(view))


if __name__ == "__main__":
    main()
