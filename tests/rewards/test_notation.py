r"""One spelling for each notation."""

from __future__ import annotations

import pytest

from rftlab.rewards.notation import single_backslashes, written


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("4sqrt(6)", r"4\sqrt{6}"),
        ("√7", r"\sqrt{7}"),
        ("z³+2", "z^{3}+2"),
        ("z**3", "z^3"),
        ("2*x", r"2\cdot x"),
        ("9pi", r"9\pi "),
        ("pin", "pin"),
        ("x <= 6", r"x \le  6"),
        ("x != 6", r"x \ne  6"),
        ("(-∞,4)∪(8,+∞)", r"(-\infty ,4)\cup (8,\infty  )"),
        (r"[-1,+\infty)", r"[-1,\infty )"),
        (r"0.\bar{2}", r"0.\overline{2}"),
        (r"0.\dot2", r"0.\overline{2}"),
        (r"{9 \over 5}", r"\frac{9}{5}"),
        (r"4_{\text{seven}}", "4_{7}"),
        ("a₁", "a_{1}"),
        ("2½", "2 1/2"),
        ("2^(1/3)", "2^{1/3}"),
        (r"\textcolor{blue}{33}", "{33}"),
        (
            r"\left[\begin{array}{cc} 4 & 9 \\ 1 & 6 \end{array}\right]",
            r"\begin{pmatrix} 4 & 9 \newrow  1 & 6 \end{pmatrix}",
        ),
        (r"\begin{bmatrix} 4 \\[5pt] 9 \end{bmatrix}", r"\begin{pmatrix} 4 \newrow  9 \end{pmatrix}"),
        (r"\begin{vmatrix} 4 \end{vmatrix}", r"\begin{vmatrix} 4 \end{vmatrix}"),
    ],
)
def test_spellings(text: str, spelling: str) -> None:
    assert written(text) == spelling


@pytest.mark.parametrize(
    ("text", "single"),
    [
        (r"15\\pi", r"15\pi"),
        (r"\\{1,2\\}", r"\{1,2\}"),
        (r"50\\%", r"50\%"),
        (r"\begin{pmatrix} 1 \\ x \end{pmatrix}", r"\begin{pmatrix} 1 \\ x \end{pmatrix}"),
        (r"\\begin{pmatrix} 1 \\\\ x \\end{pmatrix}", r"\begin{pmatrix} 1 \\ x \end{pmatrix}"),
        (r"\pi", r"\pi"),
    ],
)
def test_backslashes_that_were_doubled(text: str, single: str) -> None:
    assert single_backslashes(text) == single
