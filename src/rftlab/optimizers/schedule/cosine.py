"""Half a cosine down: scale = final + (1 − final)·½·(1 + cos(π·progress)).

Source: SGDR (arXiv 1608.03983), without restarts.
Equivalents: TRL `lr_scheduler_type: cosine` with ``final`` 0; verl `lr_scheduler_type: cosine` with `min_lr_ratio`.
"""

import math

WHOLE_RUN = True
RANGES = {"final": "[0, 1]"}


def scale(progress: float, *, final: float = 0.0) -> float:
    """Return the scale, 1 at the start and ``final`` at the end."""
    return final + (1.0 - final) * 0.5 * (1.0 + math.cos(math.pi * progress))
