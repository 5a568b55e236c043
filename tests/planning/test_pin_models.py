"""Every tiny base model of the shipped studies has a pin, every pin a study; how pins are made."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from checkout import ROOT
from rftlab.models import pin, pin_path
from rftlab.planning.pin_models import main, recipes_of
from studies import STUDY, changed

SHIPPED = [path for path in sorted((ROOT / "config").glob("*.yaml")) if "source: tiny" in path.read_text()]


def test_every_tiny_base_model_of_config_is_pinned_and_nothing_else_is() -> None:
    recipes = {model: recipe for study in SHIPPED for model, recipe in recipes_of(study)}
    assert recipes
    unpinned = [model for model, recipe in recipes.items() if not pin_path.pin_path(recipe).is_file()]
    assert not unpinned, "run `make pin-models`, and commit what it writes to src/rftlab/models/pinned/"
    wanted = {pin_path.pin_path(recipe) for recipe in recipes.values()}
    assert {*pin_path.PINNED.iterdir()} == wanted, "remove the pins that no study in config/ has any more"


def test_make_names_the_studies_that_have_tiny_base_models() -> None:
    """What the Makefile's grep finds is what the test above looks at."""
    assert "$$(grep -l 'source: tiny' config/*.yaml)" in (ROOT / "Makefile").read_text()


def test_a_recipe_is_trained_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = []

    def save(path: Path, recipe: dict) -> None:
        trained.append(recipe["seed"])
        path.write_bytes(b"weights")

    monkeypatch.setattr(pin_path, "PINNED", tmp_path)
    monkeypatch.setattr(pin, "save_pin", save)
    study = tmp_path / "study.yaml"
    other = {**STUDY["models"]["tiny"], "seed": 1}
    study.write_text(yaml.safe_dump(changed(("models/other", other)), sort_keys=False))
    main([str(study)])
    assert trained == [0, 1]
    assert "small: other: no pin yet, training" in capsys.readouterr().out
    next(tmp_path.glob("*.safetensors")).unlink()
    main([str(study)])
    assert len(trained) == 3
    main([str(study)])
    assert len(trained) == 3


def test_a_study_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"missing.yaml: cannot be read"):
        main([str(tmp_path / "missing.yaml")])
