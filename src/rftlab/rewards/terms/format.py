"""The form of the answer, right or wrong: v = correct where the strict verifier finds an answer, else incorrect.

Alone, as `reward.name`, it is a control: whatever it teaches is form. Added to `outcome` it pays for form as well.
At n = 1 the formula is the same. Where the other rewards of a query are equal it tells formed from unformed answers.
Source: the format reward of DeepSeek-R1 (arXiv 2501.12948); as a control, Spurious Rewards (arXiv 2506.10947).
"""

from rftlab.rewards.terms import Floats, Scored, paid


def term(scored: Scored, *, correct: float = 1.0, incorrect: float = 0.0) -> Floats:
    """Return values_N = ``correct`` where there is an answer in the strict verifier's form, else ``incorrect``."""
    return paid(scored.formatted_N, correct, incorrect)
