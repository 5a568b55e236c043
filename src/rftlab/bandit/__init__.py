"""The bandit laboratory: what an advantage does to the gradient where everything can be enumerated.

A contextual bandit with a softmax policy and known rewards has an exact gradient. Beside it stands what each level of
``advantages/``, the very function that trains, makes of a round: its expectation, its variance, its silent rounds.
"""
