"""From a trainer's configuration to a study's baseline, and back: what has no equivalent is listed, never dropped."""
