"""Pin the tiny base models of studies: trained here once, they are then the same on every machine.

``python -m rftlab.planning.pin_models STUDY…`` trains every recipe that has no pin yet. To make a pin anew, remove its
file first. Pins are files of the package, ``models/pinned/``; those of the studies in ``config/`` come with it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rftlab.errors import one_line_errors
from rftlab.models.pin_path import pin_path
from rftlab.planning.resources import Resources
from rftlab.study.read import load_study
from rftlab.study.sources import TinyModel


@one_line_errors
def main(argv: list[str] | None = None) -> None:
    """Make the pins that are missing, and say which there are."""
    parser = argparse.ArgumentParser(prog="python -m rftlab.planning.pin_models")
    parser.add_argument("studies", metavar="STUDY", nargs="+", type=Path, help="a study file")
    recipes = [recipe for study in parser.parse_args(argv).studies for recipe in recipes_of(study)]
    from rftlab.models.pin import save_pin  # torch

    for model, recipe in recipes:
        path = pin_path(recipe)
        if not path.is_file():
            print(f"{model}: no pin yet, training", flush=True)
            save_pin(path, recipe)
        print(f"{model}: {path.name}", flush=True)


def recipes_of(study_file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Study and name of every tiny model of a study, and its recipe."""
    study = load_study(study_file, unlocked=True)
    resources = Resources(study)
    for name, model in study.models.items():
        if isinstance(model, TinyModel):
            yield f"{study.study}: {name}", resources.model(name)


if __name__ == "__main__":
    main()
