r"""What each reward makes of an answer, by hand: the readable table.

A line is ``answer | completion | judgements``: one letter for each of the verifiers of its block, ``+`` right, ``-``
wrong, ``0`` no answer found, ``!`` found but not judged. ``«x»`` stands for ``So it is $\boxed{x}$.`` and ``¶`` for a
line break. Judgements are what is *right*, not what an implementation happens to do; where the strict form refuses
something equal, that is what strict means.
"""

import re

# math_boxed_strict, math_verify
MATH = r"""
# the same string, and what carries no value
5 | «5» | ++
5 | « 5 » | ++
5 | «5.» | ++
5 | «\$5» | ++
-5 | «-5» | ++
5 | «+5» | ++
1000 | «1,000» | ++
12{,}345 | «12345» | ++
96,\!569 | «96569» | ++
\frac{1}{2} | «\dfrac{1}{2}» | ++
\frac{1}{2} | «\tfrac12» | ++
\frac{1}{2} | «\frac 1 2» | ++
\frac{1}{2} | «1/2» | ++
\frac12 | «\frac{1}{2}» | ++
\sqrt{3} | «\sqrt3» | ++
2\sqrt{3} | «2 \sqrt{3}» | ++
\left(1, 2\right) | «(1,2)» | ++
x^2 | «x^{2}» | ++
0.5 | «.5» | ++
x=5 | «5» | ++
5 | «x = 5» | ++
5 | «f(2) = 5» | ++
\pi r^2 | «\pi{} r^2» | ++
# another form of the same number
\frac{1}{2} | «0.5» | -+
\frac{1}{2} | «0.50» | -+
\frac{1}{2} | «\frac{2}{4}» | -+
\frac{3}{2} | «1\frac{1}{2}» | -+
\frac{3}{2} | «1.5» | -+
1.5 | «\frac{3}{2}» | -+
-\frac{1}{2} | «\frac{-1}{2}» | -+
-\frac{1}{2} | «-0.5» | -+
0.\overline{3} | «\frac{1}{3}» | -+
5 | «5.0» | -+
3000 | «3 \times 10^3» | -+
0.001 | «10^{-3}» | --
1234.5 | «1,234.50» | -+
# not the same number
5 | «6» | --
5 | «-5» | --
5 | «55» | --
5 | «5.1» | --
\frac{1}{3} | «0.33» | --
\frac{1}{3} | «0.333333» | --
\frac{1}{3} | «0.3333333333333333» | --
\frac{1}{2} | «\frac{2}{1}» | --
10000000000000001 | «10000000000000000» | --
3 | «2.9999999999» | --
1\frac{1}{2} | «\frac{11}{2}» | --
5 | «\frac{5}{0}» | --
# arithmetic left to do: the question copied
12 | «10+2» | --
12 | «3 \cdot 4» | --
12 | «\sqrt{144}» | --
8 | «2^3» | --
120 | «5!» | --
10 | «\binom{5}{2}» | --
3 | «\log_2 8» | --
\sqrt{3} | «\tan 60^\circ» | --
12\pi | «(10+2)\pi» | --
12\pi | «3 \cdot 4\pi» | --
2x+1 | «(x+1)^2 - x^2» | --
x^2+3x+2 | «(x+1)(x+2)» | --
(x+1)(x+2) | «x^2+3x+2» | --
# several answers, equations and inequalities for one
18 | «17, 18» | --
18 | «17 \text{ or } 18» | --
5 | «x+y=5» | --
5 | «xy=5» | --
12 | «10+2=12» | --
5 | «x>5» | --
5 | «x \ge 5» | --
5 | «\approx 5» | ++
5 | «\{5, 6\}» | --
5 | «(5,5)» | --
a=4 | «b=4» | --
y=2x+3 | «z=2x+3» | --
# percent: a unit
50 | «50\%» | ++
50\% | «50» | ++
50\% | «0.5» | --
0.5 | «50\%» | --
\frac{1}{2} | «50\%» | --
50\% | «50\%» | ++
50\% | «5\%» | --
# degrees, money and other units
90 | «90^\circ» | ++
90^\circ | «90» | ++
90^{\circ} | «90\text{ degrees}» | ++
90^\circ | «90\%» | --
10\text{ cm} | «10» | ++
10 | «10\text{ cm}» | ++
10\text{ cm} | «10\text{ centimeters}» | ++
10\text{ cm} | «10\mathrm{cm}» | ++
10\text{ cm} | «10\text{ m}» | --
10\text{ km} | «10\text{ miles}» | --
10\text{ cm}^2 | «10\text{ cm}» | --
10\text{ cm}^2 | «10\text{ square centimeters}» | ++
18\text{ hours} | «18 \text{ hrs}» | ++
18\text{ hours} | «18 \text{ minutes}» | --
24 | «24 apples» | ++
5 | «5 \text{ million}» | --
5 | «5 \text{ dozen}» | --
\$32.35 | «32.35» | ++
\$32.35 | «\$32.35» | ++
80\text{ cents} | «80\text{ dollars}» | --
# roots, pi and symbols
2\sqrt{3} | «\sqrt{12}» | -+
2\sqrt{3} | «2 \cdot \sqrt{3}» | -+
2\sqrt{3} | «3\sqrt{2}» | --
2\sqrt{3} | «3.4641016» | --
\frac{\sqrt{3}}{3} | «\frac{1}{\sqrt{3}}» | -+
1+\sqrt{2} | «\sqrt{2}+1» | -+
1+\sqrt{2} | «1-\sqrt{2}» | --
\pi | «3.14159265» | --
\pi | «\frac{22}{7}» | --
\pi | «\pi + 10^{-30}» | --
\frac{\pi}{4} | «0.25\pi» | -+
2^{10} | «1024» | -+
\sqrt[3]{4} | «4^{1/3}» | -+
6-3i | «-3i+6» | -+
6-3i | «6+3i» | --
x^2+2x+1 | «1 + 2x + x^2» | -+
x^2+2x+1 | «x^2+2x-1» | --
(x+1)(x+2) | «(x+2)(x+1)» | -+
(x-1)^2 | «(1-x)^2» | -+
\frac{x+1}{x-1} | «\frac{1+x}{x-1}» | -+
\frac{x+1}{2} | «\frac{x}{2}+\frac{1}{2}» | -+
3R^2 | «3r^2» | --
x | «y» | --
4t | «4» | --
4t | «4.0» | --
4t | «\frac{8}{2}» | --
4t | «t \cdot 4» | -+
\frac{12}{5,525} | «12/5525» | ++
\frac\pi4 | «\frac{\pi}{4}» | ++
y=2x+3 | «2x+3» | ++
y=2x+3 | «y = 3 + 2x» | -+
# equations and inequalities
x^2+y^2=4 | «x^2+y^2-4=0» | -+
x^2+y^2=4 | «2x^2+2y^2=8» | -+
x^2+y^2=4 | «x^2+y^2=5» | --
x^2+1=0 | «x^2+2=0» | --
x+y=5 | «5» | --
x+y=5 | «y=5-x» | -+
y=2x+3 | «2x-y+3=0» | -+
x=4 | «2x=8» | -+
x=4 | «x+y=4» | --
x>3 | «3<x» | -+
x>3 | «x\ge 3» | --
x>3 | «x<3» | --
# points, intervals, sets, unions
(1,2) | «( 1 , 2 )» | ++
(1,2) | «\left(\frac{2}{2}, 2\right)» | -+
(1,2) | «(2,1)» | --
(1,2) | «1,2» | --
(1,2) | «[1,2]» | --
(1,2) | «\{1,2\}» | --
(1,2] | «(1,2)» | --
(1,2] | «(1,\frac{4}{2}]» | -+
[0,1) | «[0,1]» | --
(-\infty, 3) | «(-\infty,3)» | ++
(-\infty, 3) | «(-\infty,3]» | --
(-\infty,1)\cup(2,\infty) | «(2,\infty)\cup(-\infty,1)» | -+
(-\infty,1)\cup(2,\infty) | «(-\infty,1)\cup[2,\infty)» | --
(-\infty,1)\cup(2,\infty) | «(-\infty,1)» | --
1,2,3 | «3, 2, 1» | -+
1,2,3 | «1, 2» | --
1,2,3 | «1,2,3,4» | --
1,2 | «1,1,2» | --
1,1,2 | «1,2,2» | --
\{1,2\} | «\{2,1\}» | -+
-2 \text{ or } -12 | «-12, -2» | -+
2, 3, \text{ and } 4 | «2,3,4» | ++
1+\sqrt{2}, 1-\sqrt{2} | «1 \pm \sqrt{2}» | -+
3 \pm 2\sqrt{2} | «3-2\sqrt{2}, 3+2\sqrt{2}» | -+
3 \pm 2\sqrt{2} | «3+2\sqrt{2}» | --
(1,200) | «(1,\!200)» | ++
(1,200) | «1200» | --
# matrices and vectors
\begin{pmatrix} 1 \\ 2 \end{pmatrix} | «\begin{pmatrix}1\\2\end{pmatrix}» | ++
\begin{pmatrix} 1 \\ 2 \end{pmatrix} | «\begin{bmatrix}1\\2\end{bmatrix}» | ++
\begin{pmatrix} 1 \\ 0.5 \end{pmatrix} | «\begin{pmatrix} 1 \\ 1/2 \end{pmatrix}» | -+
\begin{pmatrix} 1 \\ 2 \end{pmatrix} | «\begin{pmatrix} 2 \\ 1 \end{pmatrix}» | --
\begin{pmatrix} 1 \\ 2 \end{pmatrix} | «\begin{pmatrix} 1 & 2 \end{pmatrix}» | --
\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} | «\begin{vmatrix} 1 & 2 \\ 3 & 4 \end{vmatrix}» | --
\begin{pmatrix} 1 \\ 2 \end{pmatrix} | «(1,2)» | --
# text
\text{Sunday} | «\text{Sunday}» | ++
\text{Sunday} | «Sunday» | ++
\text{Sunday} | «\text{sunday}» | -+
\text{Sunday} | «\text{Monday}» | --
\text{(C)} | «\text{(C)}» | ++
\text{(C)} | «C» | -+
\text{(C)} | «(\text{C})» | ++
\text{C} | «\textbf{(C)}» | -+
\text{(C)} | «\text{(D)}» | --
\text{(C)} | «\text{(C), (D)}» | --
\text{silent} | «\text{tinsel}» | --
\text{silent} | «\text{listen}» | --
\text{even} | «\text{not even}» | --
\text{A,B,E} | «\text{E, A, B}» | -+
\text{A,B,E} | «\text{A, B}» | --
9\text{ a.m.} | «9\text{ p.m.}» | --
# other bases, ratios
40_9 | «40_{9}» | ++
40_9 | «40» | -+
40_9 | «40_8» | --
11 | «11_3» | --
1:2 | «1:2» | ++
1:2 | «2:1» | --
# where the answer stands
5 | «4» no, «5» | ++
5 | «5» no, «4» | --
5 | \boxed{\boxed{5}} | ++
5 | \fbox{5} | ++
5 | \boxed 5 | ++
5 | the answer is 5 | 0+
5 | The answer is $5$. | 0+
5 | Answer: 5 apples | 0+
5 | so #### 5 | 0+
5 | so it is 4 and then $x=5$ | 0+
5 | so it is 4 and then 5 | 0+
5 | the answer is 5 or 6 | 0-
5 | the answer is 4, since 5 is odd | 0-
5 | \boxed{5 | 00
5 | so 5. \boxed{ | 00
5 | «» | 00
5 | \boxed{5}} | ++
5 | no idea | 00
5 |  | 00
\frac{1}{2} | \boxed{\frac{1}{2} | 00
# nobody's digits but 0-9, nobody's letters
5 | «５» | --
5 | «٥» | --
5 | «②» | --
5 | «five» | --
18 | «1 8» | --
18 | «1 8.0» | --
18000 | «18 000» | ++
2\frac{1}{2} | «2 \frac 1 2» | ++
10 | «1О» | --
# what is found and not judged
\sqrt{2} | «9^{9^{9}}» | -!
x^2 | «x^{99999999}» | -!
\sqrt{2} | «\sqrt{2}\cdot10^{999999}» | -!
\sqrt{2} | «}{\sqrt» | 00
"""

# gsm8k_strict, numeric
GSM8K = r"""
18 | So 18.¶#### 18 | ++
18 | #### 18.0 | -+
18 | #### 18. | -+
18 | #### $18 | 0+
18 | ####18 | 0+
1234 | #### 1,234 | ++
1,234 | #### 1234 | ++
-5 | #### -5 | ++
18 | #### 17 | --
18 | #### 17¶#### 18 | ++
18 | #### 18¶#### 17 | --
18 | The answer is 18. | 0+
18 | The answer is \boxed{18}. | 0+
18 | #### 18 apples | ++
18 | #### 18 and 19 | +-
18 | #### 36/2 | -+
18 | #### 9+9 | --
18 | #### ١٨ | 00
18 | #### 1８ | --
0.5 | #### 50% | --
50 | #### 50% | ++
18 | #### 18e0 | ++
18 | no number | 00
"""

# marked, numeric
MARKED = r"""
5 | 7;#5 | ++
5 | #4;#5 | ++
5 | #5;#4 | --
5 | #05 | 0+
5 | #5.0 | 0+
-5 | 7;# -5 | ++
5 | 5 | 0+
5 | #5 6 | 0-
5 | # | 00
5 | #٥ | 00
"""

# math_hendrycks
HENDRYCKS = r"""
5 | «5» | +
5 | «4» | -
5 | 5 | 0
5 | \fbox{5} | 0
5 | \boxed 5 | +
5 | \boxed{5 | 0
\frac12 | «0.5» | +
\frac{1}{2} | «.5» | +
\frac{1}{4} | «0.25» | -
\frac{1}{2} | «1/2» | +
-\frac{3}{8} | «-3/8» | -
\sqrt{3} | «\sqrt3» | +
9 | «9.» | -
58500 | «58,500» | -
\text{(C)} | «(C)» | -
5 | «x = 5» | +
5 | «xyz = 5» | -
5 | «5\text{ or not}» | +
90^\circ | «90» | +
50\% | «50» | +
"""

# choice
CHOICE = r"""
B | #### B | +
B | The answer is B | +
B | The answer is (B). | +
B | #### A¶#### B | +
B | #### B¶#### A | -
B | B | +
B | b | 0
B | A train leaves at nine | 0
B | #### 7 | 0
B | «B» | +
"""

# exact
EXACT = r"""
New York | #### New York | +
New York | #### New  York | +
New York | New York | +
New York | #### new york | -
New York | #### New York City | -
New York | #### | 0
"""

BLOCKS = {
    ("choice",): CHOICE,
    ("exact",): EXACT,
    ("math_hendrycks",): HENDRYCKS,
    ("math_boxed_strict", "math_verify"): MATH,
    ("gsm8k_strict", "numeric"): GSM8K,
    ("marked", "numeric"): MARKED,
}
LETTERS = {(True, True, False): "+", (False, True, False): "-", (False, False, False): "0", (False, True, True): "!"}
"""Whether a judgement is correct, has an extracted answer, has a failure → its letter."""


def cases() -> list[tuple[str, str, dict[str, str]]]:
    """Answer, completion and verifier → letter, line by line."""
    found = []
    for verifiers, block in BLOCKS.items():
        for line in block.strip().splitlines():
            if line.startswith("# "):
                continue
            answer, completion, letters = line.split(" | ")
            found.append((answer, written(completion), dict(zip(verifiers, letters.strip(), strict=True))))
    return found


def written(completion: str) -> str:
    """A completion with its abbreviations written out."""
    return re.sub("«(.*?)»", lambda m: rf"So it is $\boxed{{{m[1]}}}$.", completion.replace("¶", "\n"))
