r"""Where an answer stands in a completion: the last ``\boxed{…}``, and what else may announce one."""

from __future__ import annotations

import re

from rftlab.rewards.statements import stated

BOX = re.compile(r"\\(?:boxed|fbox)(?![a-zA-Z])")
JOINED = re.compile(r"[\s$]*(?:,[\s$]*)?(?:and|or|\\text\{ *,? *(?:and|or) *\})?[\s$]*(?:[a-z](?:_[0-9])? ?=[\s$]*)?")
MOST_BOXES = 8
"""Boxes of one list."""
LONGEST = 400
"""Characters of one of several boxes."""


def last_box(text: str) -> str | None:
    r"""Content of the last ``\boxed{…}`` or ``\fbox{…}``, braces matched; None without one, or where it never closes.

    ``\boxed 5``, without braces, holds what follows up to a space or a dollar sign. An escaped brace, ``\{``, neither
    opens nor closes. Time is linear in the length of the text.
    """
    last = None
    for last in BOX.finditer(text):  # noqa: B007  (the last one: \boxedx is another command)
        pass
    return _content(text[last.end() :]) if last else None


def contents(text: str) -> list[str]:
    """What every box that closes and stands in no other holds, in their order; of boxes of more than a few lines, none.

    Time is linear in the length of the text: a box is sought to its end for so far only.
    """
    found, end = [], 0
    for box in BOX.finditer(text):
        content = _content(text[box.end() : box.end() + LONGEST]) if box.start() >= end else None
        if content is not None:
            found.append(content.strip())
            end = box.end() + len(content)
    return found


def _content(text: str) -> str | None:
    r"""What a ``\boxed`` before the text holds."""
    rest = text.lstrip(" ")
    if not rest.startswith("{"):
        return re.split(r"[\s$]", rest, maxsplit=1)[0] if text[:1] == " " else None
    depth = 0
    for token in re.finditer(r"\\.|[{}]", rest, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        if depth == 0 and token[0] == "}":
            return rest[1 : token.start()]
    return None


def last_answer(text: str) -> str | None:
    r"""The answer of a completion in any form: its last box, or else what it states (module ``statements``).

    Boxes that are the last and stand in one list, ``\boxed{4} and \boxed{9}``, are one answer where all are wanted:
    ``boxed_list``. A box that never closes hides all else: the completion was cut off in the middle of its answer.
    """
    return last_box(text) if BOX.search(text) else stated(text)


def boxed_list(text: str) -> str | None:
    """Contents of the last boxes, two at least, between which nothing but ``and``, ``or`` and commas stands."""
    contents: list[str] = []
    end = 0
    for box in [*BOX.finditer(text)][-MOST_BOXES:]:
        content = _content(text[box.end() : box.end() + LONGEST])
        if content is None:
            return None
        if contents and not JOINED.fullmatch(text, end, box.start()):
            contents.clear()
        contents.append(content)
        end = text.index("}", box.end() + len(content)) + 1
    return ", ".join(contents) if len(contents) > 1 else None
