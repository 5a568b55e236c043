"""One learning rate for the whole run: scale = 1.

Source: arXiv 2601.22532 and most of the field.
Equivalents: TRL `lr_scheduler_type: constant`; verl's default.
"""


def scale(progress: float) -> float:  # noqa: ARG001
    """Return 1."""
    return 1.0
