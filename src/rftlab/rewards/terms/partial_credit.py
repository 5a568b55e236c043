"""A right answer in another form than asked for: v = 1 where the verifier's flexible counterpart alone accepts it.

With `weight: 0.5` a right number without its mark is paid half of what a right answer is. Of a verifier that is its own
flexible counterpart the value is 0 always. At n = 1 the formula is the same. Where the other rewards of a query are
equal it tells nearly right from wrong.
Source: partial credit as it is customary for graded rewards, here by the two verifiers that score every rollout.
"""

import numpy as np

from rftlab.rewards.terms import Floats, Scored

VALUES = (0.0, 1.0)


def term(scored: Scored) -> Floats:
    """Return values_N = 1 where the flexible verifier accepts what the study's own refuses, else 0."""
    return (scored.flexible_N & ~scored.correct_N).astype(np.float64)
