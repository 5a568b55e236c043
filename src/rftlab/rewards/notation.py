r"""One spelling for each notation: of LaTeX, of Unicode's mathematics, and of formulas typed as plain text.

Every rule rewrites what is equal whatever stands around it; none of them drops a letter, a digit or a sign.
"""

from __future__ import annotations

import re

from rftlab.rewards.numbers import WORDS

SPACING = re.compile(r"\\[,;:! ]|\\(?:quad|qquad|displaystyle|limits|phantom\{[^{}]*\})(?![a-zA-Z])|~")
SIZES = re.compile(r"\\(?:left|right|[bB]igg?[lr]?)(?![a-zA-Z])\.?")
DEGREES = re.compile(r"\^\{?\\circ\}?|\\degree(?![a-zA-Z])|°")
COLOUR = re.compile(r"\\(?:textcolor|color)\s*\{[a-zA-Z]+\}")
ROW_SPACING = re.compile(r"\\\\\s*\[\s*[0-9.]+\s*(?:pt|em|ex|mm|cm)\s*\]")
ARRAY = re.compile(r"([\[(|])\s*\\begin\{array\}\s*\{[clr| ]*\}(.*)\\end\{array\}\s*([\])|])", re.DOTALL)
NUMERALS = WORDS[:17]
BASE = re.compile(rf"_\s*\{{?\s*(?:\\text\s*\{{)?\s*({'|'.join(NUMERALS)})\s*\}}*")
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
FRACTIONS = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4"}
GREEK = "alpha|beta|gamma|delta|epsilon|theta|lambda|mu|phi|psi|omega|rho|sigma|tau|pi"

SYNONYMS = (
    (re.compile(r"\\[dtc]frac(?![a-zA-Z])"), r"\\frac"),
    (re.compile(r"\\leq?(?:slant)?(?![a-zA-Z])|≤|<="), r"\\le "),
    (re.compile(r"\\geq?(?:slant)?(?![a-zA-Z])|≥|>="), r"\\ge "),
    (re.compile(r"\\neq?(?![a-zA-Z])|≠|!="), r"\\ne "),
    (re.compile(r"\\(?:times|ast)(?![a-zA-Z])|[×·⋅]"), r"\\cdot "),
    (re.compile(r"\\l(?:brace|vert)(?![a-zA-Z])"), lambda m: r"\{" if "brace" in m[0] else "|"),
    (re.compile(r"\\r(?:brace|vert)(?![a-zA-Z])"), lambda m: r"\}" if "brace" in m[0] else "|"),
    (re.compile(r"\\lt(?![a-zA-Z])"), "<"),
    (re.compile(r"\\gt(?![a-zA-Z])"), ">"),
    (re.compile(r"\\emptyset(?![a-zA-Z])|∅"), r"\\varnothing "),
    (re.compile(r"[bp]matrix"), "pmatrix"),
    (re.compile(r"\\(?:approxeq|simeq|doteq)(?![a-zA-Z])|≈"), r"\\approx "),
    (re.compile(r"∪"), r"\\cup "),
    (re.compile(r"∈"), r"\\in "),
    (re.compile(r"±"), r"\\pm "),
    (re.compile(r"π"), r"\\pi "),
    (re.compile(r"θ"), r"\\theta "),
    (re.compile(r"∞|(?<![a-zA-Z\\])(?:infinity|infty)(?![a-zA-Z])"), r"\\infty "),
    (re.compile(r"(^|[(\[,])\s*\+\s*\\infty"), r"\1\\infty "),
    (re.compile(r"[−–]"), "-"),
    (re.compile(r"\*\*"), "^"),
    (re.compile(r"(?<!\^)(?<!\^\{)\*"), r"\\cdot "),
    (re.compile(rf"(?<![a-zA-Z\\])({GREEK})(?![a-zA-Z])"), r"\\\1 "),
    (re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+"), lambda m: f"^{{{m[0].translate(SUPERSCRIPTS)}}}"),
    (re.compile(r"[₀₁₂₃₄₅₆₇₈₉]+"), lambda m: f"_{{{m[0].translate(SUBSCRIPTS)}}}"),
    (re.compile("[½⅓⅔¼¾]"), lambda m: " " + FRACTIONS[m[0]]),
    (re.compile(r"(?<=[0-9.])\\(?:bar|dot|overline) ?(?:\{([0-9]+)\}|([0-9]))"), r"\\overline{\1\2}"),
    (re.compile(r"\{?\s*(-?[0-9]+)\s*\\over(?![a-zA-Z])\s*([0-9]+)\s*\}?"), r"\\frac{\1}{\2}"),
    (BASE, lambda m: f"_{{{NUMERALS.index(m[1])}}}"),
)
ROOT = re.compile(r"(?<![a-zA-Z\\])sqrt ?\(([^()]*)\)|√ ?\(([^()]*)\)|√ ?([0-9]+|[a-z])")
POWER = re.compile(r"\^ ?\((-?[0-9a-z/+]+)\)")


def single_backslashes(text: str) -> str:
    r"""``15\\pi`` is ``15\pi``: a backslash that was doubled on its way, as in JSON; rows of matrices stay apart."""
    if "\\\\begin" in text:
        return text.replace("\\\\", "\\")
    return text if "\\begin" in text else re.sub(r"\\\\(?=[a-zA-Z%${}])", r"\\", text)


def written(text: str) -> str:
    """Rewrite an answer in the one spelling; ``SPACING`` and ``SIZES`` go, degrees and text stay."""
    text = ROW_SPACING.sub(r"\\\\", text)
    text = COLOUR.sub("", text).replace("\\\\", "\\newrow ")
    text = SPACING.sub(" ", SIZES.sub("", text))
    text = ARRAY.sub(_matrix, text)
    for pattern, spelling in SYNONYMS:
        text = pattern.sub(spelling, text)
    return POWER.sub(r"^{\1}", ROOT.sub(lambda m: rf"\sqrt{{{m[1] or m[2] or m[3] or ''}}}", text))


def _matrix(match: re.Match[str]) -> str:
    kind = "vmatrix" if match[1] == match[3] == "|" else "pmatrix"
    return rf"\begin{{{kind}}}{match[2]}\end{{{kind}}}"
