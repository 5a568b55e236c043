"""The reward minus a moving average of earlier rounds: A = r − b, b ← d·b + (1 − d)·(mean reward of the round).

b starts at the first round's mean and moves once a round, after all its rollouts were scored: the current round is not
in its own b. In the first round nothing is known, b = 0 and A = r. At n = 1 the formula is the same; equal rewards give
equal advantages, zero only where r = b. Statistics rollouts do not enter b.
Source: REINFORCE with a moving-average baseline (Williams 1992; d = 0.9 is our choice).
"""

from rftlab.advantages import Floats, Round

RANGES = {"decay": "[0, 1]"}


def advantage(scores: Round, *, decay: float = 0.9) -> Floats:
    """Return advantages_Bn = rewards_Bn − b, with b recomputed from the mean rewards of all earlier rounds."""
    means = scores.past.round_means
    average = means[0] if means else 0.0
    for mean in means[1:]:
        average = decay * average + (1.0 - decay) * mean
    return scores.rewards_Bn - average
