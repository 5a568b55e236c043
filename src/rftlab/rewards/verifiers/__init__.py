"""Verifiers: whether a completion is correct. One file per verifier, one pure function in it.

``verify(completion, answer) -> Judgement``. Constants say how it is used, and are read without importing it: ``GOLD``
is how a right answer is written so that it is found (``#### {}``), with which every answer of a dataset is checked
before anything is trained; ``STRICT`` and ``FLEXIBLE`` name its counterparts, the verifiers that ask for one written
form and that accept any (a verifier is its own counterpart where it names none); ``ISOLATED`` says that it may hang,
crash or fill the memory, so that it runs in processes that can be killed. Of a verifier that is not isolated the time
is linear in the completion's length whatever it holds, and only the digits 0–9 are digits.
"""
