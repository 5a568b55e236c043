"""How the learning rate goes over a run, after its warm-up: a pure function of the round.

``scale(progress, *, parameters…)`` is what the learning rate is multiplied by; ``progress`` is the share of the rounds
after the warm-up that have gone by before this one, from 0 towards 1. A file that declares `WHOLE_RUN = True` depends
on it, and a run whose budget is in tokens, which has no number of rounds, cannot have it.
"""
