"""Completions made to crash, hang or fool a verifier: a generator, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

ANSWERS = ["18", "-7", "1234", r"\frac{3}{4}", "0.25", r"2\sqrt{3}", r"12\pi", "x^2+2x+1", "(1,2)", r"[0,\infty)"]
ANSWERS += ["1,2,3", r"\text{Sunday}", r"\text{(C)}", r"\begin{pmatrix}1\\2\end{pmatrix}", "y=2x+3", r"50\%"]
NUMBERS = ["18", "-7", "1234"]
LONG_NUMBERS = ["4181926", "-703519"]
ALPHABET = "0123456789+-*/^_=<>(){}[],.;:!|&%$#~\\ \n\tabcxyzeiπ√∞×"
COMMANDS = [r"\frac", r"\sqrt", r"\boxed", r"\left", r"\right", r"\begin{pmatrix}", r"\end{pmatrix}", r"\text", r"\pi"]
COMMANDS += [
    r"\cdot",
    r"\pm",
    r"\cup",
    r"\infty",
    r"\int",
    r"\sum_{n=1}^{10^9}",
    r"\binom",
    r"\\",
    r"\overline",
    r"\log",
]
LOOKALIKES = [
    "１８",
    "١٨",
    "१८",
    "①⑧",
    "𝟏𝟖",
    "l8",
    "1B",
    "1\u200b8",
    "1\u200d8",
    "\u202e81",
    "1 8",
    "八",
    "½",
    "１８．０",
]
PYTHON = ['__import__("os").abort()', "lambda: 1/0", "().__class__.__bases__[0]", "exec('while True: pass')", "%s%n"]
PYTHON += ["open('/etc/passwd').read()", "{0.__class__}", "sympy.S('1').__class__", "'\\x00'*10**10", "globals()"]


def completions(seed: int, count: int, *, numbers: bool = False) -> Iterator[tuple[str, str]]:
    """``(completion, answer)``, of every kind in turn; no completion gives the answer.

    ``numbers``: all answers are whole numbers, and long ones where random characters could hold a short one.
    """
    rng = random.Random(seed)
    for i in range(count):
        kind = KINDS[i % len(KINDS)]
        answers = (LONG_NUMBERS if kind in (_bytes, _soup, _long) else NUMBERS) if numbers else ANSWERS
        yield _placed(rng, kind(rng)), answers[i // len(KINDS) % len(answers)]


def repeated(count: int = 10_000) -> Iterator[tuple[str, str]]:
    """Every answer ``count`` times in one completion, in a box, behind a mark and plain."""
    for answer in ANSWERS:
        for form in (r"\boxed{%s} ", "#### %s\n", "#%s", "$%s$, "):
            yield form.replace("%s", answer) * count, answer


def _placed(rng: random.Random, text: str) -> str:
    """Text where answers are looked for: in a box, behind a mark, announced, or anywhere."""
    form = rng.choice([r"\boxed{%s}", r"\boxed{%s", r"so \boxed%s", "#### %s", "#%s", "the answer is %s", "$%s$", "%s"])
    return form.replace("%s", text)


def _bytes(rng: random.Random) -> str:
    return rng.randbytes(rng.randint(1, 400)).decode(rng.choice(["latin-1", "utf-16"]), errors="replace")


def _soup(rng: random.Random) -> str:
    return "".join(rng.choices([*ALPHABET, *COMMANDS], k=rng.randint(1, 120)))


def _huge(rng: random.Random) -> str:
    digits = "".join(rng.choices("123456789", k=rng.choice([50, 500, 5_000, 50_000])))
    return rng.choice(["%s", "%s.%s", "-%s", r"\frac{1}{%s}", "1/%s", "0.%s", "%s,000", r"\sqrt{%s}"]).replace(
        "%s", digits
    )


def _powers(rng: random.Random) -> str:
    exponent = "9" * rng.choice([3, 5, 9, 1_000, 5_000])
    forms = [
        "10^{%s}",
        "9^{9^{%s}}",
        "x^{%s}",
        "%s!",
        "2^%s",
        "10^{-%s}",
        r"\binom{%s}{%s}",
        "(2^{100})^{%s}",
        "9**%s",
        "1e%s",
    ]
    return rng.choice(forms).replace("%s", exponent)


def _nested(rng: random.Random) -> str:
    depth = rng.choice([10, 24, 200, 5_000])
    opening, middle, closing = rng.choice(
        [
            (r"\frac{1}{", "2", "}"),
            (r"\sqrt{", "2", "}"),
            ("(", "1", ")"),
            ("{", "1", "}"),
            ("|", "x", "|"),
            ("x^{", "2", "}"),
        ]
    )
    return opening * depth + middle + closing * rng.choice([depth, depth - 1, 0, depth + 3])


def _unclosed(rng: random.Random) -> str:
    return rng.choice([r"\boxed{", r"\text{", "$", r"\(", r"\[", "(", r"\frac{1}{", r"\begin{pmatrix}"]) * rng.randint(
        1, 3_000
    )


def _lookalikes(rng: random.Random) -> str:
    return rng.choice(LOOKALIKES) + rng.choice(["", ".0", " ", "\u0301", "x"])


def _python(rng: random.Random) -> str:
    return rng.choice([r"\text{%s}", "%s", r"\operatorname{%s}", "x = %s"]).replace("%s", rng.choice(PYTHON))


def _several(rng: random.Random) -> str:
    wrong = ["19", "7", r"\frac{3}{5}", "0.26", r"3\sqrt{2}", r"13\pi", "x^2+2x", "(2,3)", r"\text{Monday}", "C, D"]
    return rng.choice([", ", r" \text{ or } ", r"} \boxed{", "=", " and ", r"\cup"]).join(
        rng.sample(wrong, rng.randint(2, 6))
    )


def _long(rng: random.Random) -> str:
    return "".join(rng.choices([*ALPHABET, *COMMANDS], k=4)) * rng.choice([500, 5_000, 50_000])


KINDS: list[Callable[[random.Random], str]] = [
    _bytes, _soup, _huge, _powers, _nested, _unclosed, _lookalikes, _python, _several, _long, _soup,
]  # fmt: skip
