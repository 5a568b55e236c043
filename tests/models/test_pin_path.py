from __future__ import annotations

from rftlab.files import digest
from rftlab.models.pin_path import PINNED, pin_path
from training import BASE


def test_a_recipe_is_its_whole_configuration() -> None:
    assert pin_path(BASE) == PINNED / f"{digest(BASE)}.safetensors"
    others = [{**BASE, "seed": 1}, {**BASE, "lr": 0.02}, {**BASE, "tasks": {}}]
    assert len({pin_path(recipe) for recipe in [BASE, *others]}) == 4
