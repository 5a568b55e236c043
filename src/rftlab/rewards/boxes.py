r"""Where an answer stands in a completion: the last ``\boxed{…}``, and what else may announce one."""

from __future__ import annotations

import re

BOX = re.compile(r"\\(?:boxed|fbox)(?![a-zA-Z])")
ANNOUNCEMENT = re.compile(r"(?:answer(?:\s+is)?\s*[:=]?|####)\s*", re.IGNORECASE)
MATHEMATICS = re.compile(r"\$\$([^$]+)\$\$|\$([^$\n]+)\$|\\\(((?:[^\\\n]|\\[^)\n])+)\\\)|\\\[((?:[^\\]|\\[^\]])+)\\\]")
NUMBER = re.compile(r"(?<![\w.])-?\$?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?:/[0-9]+)?%?(?![\w])")
TAIL = 2000
"""Characters at the end of a completion in which an answer without a box is looked for."""


def last_box(text: str) -> str | None:
    r"""Content of the last ``\boxed{…}`` or ``\fbox{…}``, braces matched; None without one, or where it never closes.

    ``\boxed 5``, without braces, holds what follows up to a space or a dollar sign. An escaped brace, ``\{``, neither
    opens nor closes. Time is linear in the length of the text.
    """
    start = max(text.rfind("\\boxed"), text.rfind("\\fbox"))
    match = BOX.match(text, start) if start >= 0 else None
    if match is None:
        return None
    rest = text[match.end() :].lstrip(" ")
    if not rest.startswith("{"):
        return re.split(r"[\s$]", rest, maxsplit=1)[0] if text[match.end() : match.end() + 1] == " " else None
    depth = 0
    for token in re.finditer(r"\\.|[{}]", rest, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        if depth == 0 and token[0] == "}":
            return rest[1 : token.start()]
    return None


def last_answer(text: str) -> str | None:
    r"""The answer of a completion in any form: its last box, or else what it announces, or else the last of its kind.

    Without a box, within the last ``TAIL`` characters: what follows the last ``answer is``, ``answer:`` or ``####`` on
    its line; the last formula between dollars; the last number. A box that never closes hides all of these: the
    completion was cut off in the middle of its answer.
    """
    if "\\boxed" in text or "\\fbox" in text:
        return last_box(text)
    tail = text[-TAIL:]
    announcement = None
    for announcement in ANNOUNCEMENT.finditer(tail):  # noqa: B007  (the last one)
        pass
    if announcement:
        line = tail[announcement.end() :].partition("\n")[0].replace("**", "").strip()
        if line:
            return _formula(line) or re.split(r"\.(?:\s|$)", line, maxsplit=1)[0]
    return _formula(tail) or next(reversed([m[0] for m in NUMBER.finditer(tail)]), None)


def _formula(text: str) -> str | None:
    formulas = [next(filter(None, m.groups()), "") for m in MATHEMATICS.finditer(text)]
    return formulas[-1] if formulas else None
