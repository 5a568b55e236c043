"""A straight line down: scale = 1 − (1 − final)·progress.

The last round still has a little more than ``final``: with R rounds after the warm-up it has 1/R more of the way.
Source: common; as transformers computes it.
Equivalents: TRL `lr_scheduler_type: linear`, its default, with ``final`` 0.
"""

WHOLE_RUN = True
RANGES = {"final": "[0, 1]"}


def scale(progress: float, *, final: float = 0.0) -> float:
    """Return the scale, 1 at the start and ``final`` at the end."""
    return 1.0 - (1.0 - final) * progress
