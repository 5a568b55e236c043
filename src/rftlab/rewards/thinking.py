"""What a model thinks aloud is not its answer: ``<think>…</think>`` is taken out before a verifier reads a completion.

The one place where this is done is :class:`rftlab.rewards.scoring.Scorer`, so that it holds of every verifier.
"""

from __future__ import annotations

import re

TAG = re.compile(r"</?think>")


def without_thinking(completion: str) -> str:
    """What is said and not thought, thoughts replaced by a line break; nothing where the thinking does not end.

    A chat template may have opened the thinking in the prompt: what stands before a ``</think>`` that nothing opened
    was thought. Thoughts do not nest. Time is linear in the length of the completion.
    """
    if "think>" not in completion:
        return completion
    said: list[str] = []
    thinking, end = False, 0
    for tag in TAG.finditer(completion):
        if not thinking:
            said.append(completion[end : tag.start()])
        opens = tag[0] == "<think>"
        if not opens and not thinking:
            said.clear()
        thinking, end = opens, tag.end()
    return "" if thinking else "\n".join([*said, completion[end:]])
