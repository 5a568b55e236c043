"""``python -m rftlab.data --config '<JSON>' --folder DIR``: write a dataset's splits and its manifest."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rftlab.data.stage import stage
from rftlab.errors import BadInputError, one_line_errors


@one_line_errors
def main(arguments: list[str] | None = None) -> None:
    """Run the stage; what is wrong with the input is one line on standard error and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m rftlab.data", description=__doc__)
    parser.add_argument("--config", required=True, help="the dataset's configuration as JSON")
    parser.add_argument("--folder", required=True, type=Path, help="where <split>.jsonl and data.json are written")
    options = parser.parse_args(arguments)
    try:
        config = json.loads(options.config)
    except ValueError as error:
        sys.exit(f"--config: not JSON ({error}); a dataset's configuration is needed")
    try:
        manifest = stage(config, options.folder)
    except BadInputError as error:
        sys.exit(f"data: {error}")
    except OSError as error:
        sys.exit(f"data: {options.folder} cannot be written: {error.strerror}")
    for name, split in manifest["splits"].items():
        dropped = f" ({split['duplicates']} duplicates dropped)" if split["duplicates"] else ""
        print(f"{name}: {split['queries']} queries{dropped}")
        for where in split["unanswered"]:
            print(f"{name}: dropped, its box is empty: {where}")
        for where in split["several_boxes"]:
            print(f"{name}: its boxes differ, the last is the answer: {where}")


if __name__ == "__main__":
    main()
