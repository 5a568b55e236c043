r"""What verifiers pay for and what they refuse, kind by kind: variants of every fault that was found in them.

A heading says what the lines below have in common, whether all of them are right or wrong, and which verifiers judge
them. A line is an answer and completions for it, between ``¦``; ``«x»`` is a box with x in it, ``¶`` a line break.
"""

from reward_cases import written

KINDS = r"""
# wrong: mixed numbers with a slash: math_verify, math_boxed_strict
\frac{35}{4} ¦ «3 5/4»
\frac{151}{8} ¦ «15 1/8»
\frac{-123}{4} ¦ «-12 3/4»
12.5 ¦ «1 2.5»
\frac{21}{5} ¦ «2\,1/5»
\frac{17}{2} ¦ «1\ 7/2»
\frac{13}{2} ¦ «1~3/2»
\frac{27}{8} ¦ «2\;7/8» ¦ «2\quad 7/8»
# wrong: letters in a font, dropped as if they were units: math_verify, math_boxed_strict
7 ¦ «7\mathrm{k}»
3 ¦ «3\mathbf{x}» ¦ «3\mathsf{x}»
8 ¦ «8\boldsymbol{n}»
7\mathbf{j} ¦ «7»
2+3\mathit{i} ¦ «2+3»
11 ¦ «11\text{n}»
5 ¦ «5\mathrm{e}» ¦ «5\bm{x}»
9 ¦ «9\mathrm{m}» ¦ «9m»
4 ¦ «4 g»
2\mathrm{n} ¦ «2»
# wrong: words in text after the value: math_verify, math_boxed_strict
8 ¦ «8\text{ squared}» ¦ «8\text{ or more}» ¦ «8\text{ thousandths}» ¦ «8\text{ is wrong}» ¦ «8\text{ dozens}»
8 ¦ «8\text{ to the third power}» ¦ «8\text{ factorial}» ¦ «8\mbox{ and a half}» ¦ «8\textbf{ minus one}»
8 ¦ «8\textit{ plus}» ¦ «8\text{ halves}» ¦ «8 \text{ modulo } 5» ¦ «8\text{ recurring}» ¦ «8\text{ billion}»
8 ¦ «8\text{ percent of forty}» ¦ «8\text{ not}» ¦ «8\text{ pairs}» ¦ «8\text{ hundred meters}» ¦ «8\text{ e}»
8 ¦ «8\text{M}» ¦ «8\text{ bn}» ¦ «8\text{ k}»
\sqrt{2} ¦ «\sqrt{2}\text{ cubed}»
x ¦ «x\text{ squared}»
# wrong: bare words after the value: math_verify, math_boxed_strict
12 ¦ «12 squared» ¦ «12 cubed» ¦ «12 million» ¦ «12 gross» ¦ «12 crore» ¦ «12 score» ¦ «12 and a half» ¦ «12 or 13»
12 ¦ «12 maybe» ¦ «12 at least» ¦ «12 halves» ¦ «12 repeating» ¦ «12 tenths» ¦ «12 per cent of nine» ¦ «12 plus three»
12 ¦ «12 mod 5» ¦ «12 is false» ¦ «12 to 14» ¦ «12k» ¦ «12M» ¦ «12 thousand dollars» ¦ «12 minus» ¦ «12 hundred»
12 ¦ «12 divided by two» ¦ «12 bazillion» ¦ «12 dozen eggs» ¦ «12 over five» ¦ «12 fifths» ¦ «12 doubled» ¦ «12 e»
12 ¦ «12 pi» ¦ «12 i»
0.3 ¦ «0.3 repeating»
# wrong: equations that are no name and its value: math_verify, math_boxed_strict
31 ¦ «abc = 31» ¦ «pqr=31» ¦ «xyz = 31» ¦ «abcd=31» ¦ «2x = 31» ¦ «xy = 31» ¦ «ab=31» ¦ «x^2 = 31» ¦ «-x = 31»
31 ¦ «\frac{x}{2} = 31» ¦ «\sqrt{x} = 31» ¦ «x+1 = 31» ¦ «ABC = 31» ¦ «mn=31» ¦ «x \ne 31» ¦ «x \approx 31.2»
31 ¦ «x!=31» ¦ «\sin x = 31» ¦ «3 \cdot x = 31» ¦ «kx=31»
# wrong: a list read as one number: math_verify, math_boxed_strict
2345 ¦ «2, 345» ¦ «2,\ 345» ¦ «2,~345» ¦ «2,\;345» ¦ «2;345» ¦ «2 \text{ and } 345» ¦ «2 and 345» ¦ «(2,345)»
2345 ¦ «\{2, 345\}»
1234567 ¦ «1, 234, 567»
12345678 ¦ «12, 345, 678»
-2345 ¦ «-2, 345»
# wrong: a list that is the answer, read as one number: math_verify, math_boxed_strict
5, 100 ¦ «5100»
12, 250 ¦ «12250»
7, 200, 300 ¦ «7200300»
-1, 100 ¦ «-1100»
3, 500 ¦ «3500»
# wrong: units that contradict: math_verify, math_boxed_strict
7\text{ cm} ¦ «7\text{ cats}»
7\text{ hours} ¦ «7\text{ furlongs}»
\$7 ¦ «7\text{ rubles}»
7^\circ ¦ «7\text{ gradians}»
7\% ¦ «7\text{ permille}»
7\text{ miles} ¦ «7 bananas»
7\text{ dollars} ¦ «€7»
7\text{ feet}^2 ¦ «7\text{ feet}»
7\text{ mph} ¦ «7\text{ km/h}»
7\text{ kg} ¦ «7\text{ glorps}»
7\text{ apples} ¦ «7\text{ pears}»
7\text{ liters} ¦ «7\text{ milliliters}»
# wrong: letters apart read as a word: math_verify, math_boxed_strict
\text{even} ¦ «\text{e ven}»
\text{Monday} ¦ «\text{Mon day}»
\text{two lines} ¦ «\text{twolines}»
\text{circle} ¦ «\text{c i r c l e}»
\text{odd} ¦ «o dd»
# right: mixed numbers with a slash: math_verify
\frac{5}{2} ¦ «2 1/2»
3.75 ¦ «3 3/4»
\frac{-5}{2} ¦ «-2 1/2»
\frac{25}{7} ¦ «3\ 4/7»
1.5 ¦ «1\;1/2»
# right: letters in a font: math_verify
2+3i ¦ «2+3\mathrm{i}»
4i ¦ «4\mathrm{i}»
-i ¦ «-\mathrm{i}»
x ¦ «\mathbf{x}»
2n ¦ «2\mathit{n}»
6\mathrm{i} ¦ «6i»
# wrong: polynomials copied from the question: math_verify
6a+15 ¦ «3(2a+5)»
8x ¦ «3x+5x» ¦ «2x \cdot 4»
x^5 ¦ «x^2 x^3»
12y^2 ¦ «3y\cdot 4y»
16a^4 ¦ «(2a)^4» ¦ «(4a^2)^2»
x ¦ «2x-x»
x+1 ¦ «(2x+2)-(x+1)»
5x-3 ¦ «2(x-1)+3x-1»
x^2-1 ¦ «(x-1)(x+1)»
x^2+2x+1 ¦ «(x+1)^2»
3x ¦ «\frac{6x}{2}+0»
x^3 ¦ «\frac{x^5}{x^2}»
a+b ¦ «\frac{a^2-b^2}{a-b}»
x^{-1} ¦ «\frac{x}{x^2}»
10x ¦ «5\cdot 2x»
7w+9 ¦ «9+w\cdot 7+0»
-3x+2 ¦ «5-3(x+1)»
x^8 ¦ «(x^2)^4»
x^6 ¦ «(x^3)^2»
20x-4 ¦ «4(5x-1)»
2x ¦ «x+x»
-x ¦ «x-2x»
9z ¦ «z+8z»
xy^2 ¦ «x\cdot y\cdot y»
3t+6 ¦ «3(t+2)»
y^2 ¦ «\sqrt{y^4}»
4x^2-9 ¦ «(2x-3)(2x+3)»
# wrong: expressions copied from the question: math_verify
5\pi ¦ «2\pi+3\pi»
6\pi ¦ «2\cdot3\pi»
5\sqrt{2} ¦ «\sqrt{8}+\sqrt{18}»
3\sqrt{10} ¦ «\sqrt{6}\cdot\sqrt{15}»
\sqrt{6} ¦ «\sqrt{2}\cdot\sqrt{3}» ¦ «\sqrt{2}\sqrt{3}»
2+3i ¦ «(1+i)+(1+2i)»
10+5i ¦ «5(2+i)»
1-i ¦ «\frac{2}{1+i}»
\frac{1+\sqrt{5}}{2} ¦ «\frac{2}{\sqrt{5}-1}»
\sec x ¦ «\frac{1}{\cos x}»
\sin 2x ¦ «2\sin x\cos x»
1+\sqrt{2} ¦ «\sqrt{3+2\sqrt{2}}»
6+2\sqrt{5} ¦ «(1+\sqrt{5})^2»
2\sqrt{3} ¦ «\sqrt{3}+\sqrt{3}»
4\pi ¦ «\pi\cdot 2^2»
36\pi ¦ «\frac{4}{3}\pi 3^3»
2^{10} ¦ «2^3\cdot 2^7»
4\sqrt{3} ¦ «\sqrt{16\cdot 3}»
\tan x ¦ «\frac{\sin x}{\cos x}»
3\ln 2 ¦ «\ln 2+\ln 4»
e^5 ¦ «e^2 e^3»
7+14i ¦ «7+10i+4i»
\frac{\pi}{2} ¦ «\frac{\pi}{4}+\frac{\pi}{4}»
\frac{5\sqrt2}{2} ¦ «\sqrt{2}+\frac{3\sqrt{2}}{2}»
# right: the same expression in another order or form: math_verify
15z+40 ¦ «40+15z»
\frac{x+1}{2} ¦ «\frac{1}{2}(x+1)»
\frac{\pi}{4} ¦ «\frac{1}{4}\pi»
72c^8 ¦ «72 c^8»
7+14i ¦ «14i+7»
\frac{2\sqrt{3}}{3} ¦ «\frac{2}{\sqrt{3}}»
2\sqrt{3} ¦ «\sqrt{12}»
11\pi ¦ «\pi \cdot 11»
3(x+2) ¦ «3(2+x)»
\frac{3}{4}x ¦ «\frac{3x}{4}»
-\frac{x}{2} ¦ «\frac{-x}{2}»
x^2+3x ¦ «3x+x^2»
(x+1)^2 ¦ «(1+x)^2»
\frac{1+\sqrt5}{2} ¦ «\frac{\sqrt5+1}{2}»
6+2\sqrt5 ¦ «2(3+\sqrt5)»
x^{-1} ¦ «\frac{1}{x}»
\frac{1}{2}x+3 ¦ «\frac{x}{2}+3»
5x-3 ¦ «-3+5x»
0.5x ¦ «\frac{x}{2}»
\frac{3\pi}{2} ¦ «1.5\pi»
9\cdot 2^n ¦ «2^n\cdot 9»
\frac{x-2}{x+3} ¦ «\frac{-2+x}{3+x}»
\sqrt{x} ¦ «x^{1/2}»
# wrong: differences that are small but there: math_verify
\frac{1}{2^{2010}} ¦ «\frac{1}{2^{2009}}»
\frac{1}{10^{50}} ¦ «\frac{2}{10^{50}}»
2^{-300} ¦ «2^{-301}»
x+\frac{1}{10^{30}} ¦ «x»
\frac{\pi}{10^{40}} ¦ «\frac{2\pi}{10^{40}}»
\frac{1}{3^{200}} ¦ «\frac{1}{3^{201}}»
\sqrt{2} ¦ «\sqrt{2}+\frac{1}{10^{60}}»
x ¦ «x+10^{-20}»
\frac{1}{100!} ¦ «\frac{1}{99!}»
2^{2010} ¦ «2^{2010}+1»
# right: small values in another form: math_verify
\frac{1}{2^{2010}} ¦ «2^{-2010}»
2^{2010} ¦ «2^{2010}»
# wrong: announced several values, denials, calculations: math_verify
7 ¦ The answer is $5$ or $7$. ¦ The answer is either 5 or 7. ¦ Answer: $5$, $6$, $7$ ¦ The answer is between 5 and 7.
7 ¦ Final answer: from 5 to 7 ¦ The answer is not 7. ¦ #### 5 or 7 ¦ #### 5 and 7 ¦ The answer is $6$ rather than $7$
7 ¦ The answer could be 7 ¦ The answer might be $7$. ¦ The answer is at least $7$. ¦ The answer is less than 7
7 ¦ The answer is 5, 6, or 7 ¦ Answer: 5/7 ¦ The answer is $5$ to $7$. ¦ The wrong answer is 7.
7 ¦ If the answer is 7, we are done. ¦ Is the answer 7? ¦ The answer isn't 7. ¦ I am not sure whether the answer is 7.
7 ¦ The answer is 7? ¦ The answer is 7 or so, maybe 8. ¦ Answer: 7 million ¦ Answer: 7 squared ¦ Answer: 7x
7 ¦ #### 7 dozen ¦ #### 7 times 3 ¦ The answer is 7 plus 2. ¦ The answer is 7 hundred.
7 ¦ The answer is 7 percent of 50. ¦ The answer is 7 out of 12 ¦ The answer is 7 - 2 ¦ The answer is 7!
7 ¦ The answer is 7^2. ¦ #### 7:30 ¦ #### 7/2 ¦ The answer is seven ¦ <answer>7 or 8</answer> ¦ <answer>7
7 ¦ <answer>5</answer> <answer>7 ¦ The answer is 7 halves. ¦ answer: x = 7y ¦ The answer is greater than 7
7 ¦ The answer is 7 more than the number of cats. ¦ The answer is 7 to the power of two.
7 ¦ The answer is 7 in base eight. ¦ The answer is 7, which we double to get 14. ¦ Half of the answer is 7.
7 ¦ The answer squared is 7. ¦ Twice the answer is 7 ¦ The negative of the answer is 7. ¦ For x = 7 ¦ Given that n = 7
7 ¦ Assuming x = 7 ¦ 7 is not the answer. ¦ The answer is definitely not 7. ¦ It's clear that the answer can't be 7
7 ¦ Answer: none of 5, 6, 7 ¦ Answer: 5 <= x <= 7 ¦ Answer: x > 7 ¦ Answer: 7 (base 8) ¦ Answer: 7 (mod 9)
7 ¦ Answer: 7 apples and 3 pears ¦ Answer: 7 feet 6 inches ¦ Answer: seven, i.e. not 8, but 7 + 1
7 ¦ The answer is 7 of 9. ¦ The answer lies in (5, 7) ¦ <answer>x in [5, 7]</answer> ¦ <answer>not 7</answer>
7 ¦ <answer>7 squared</answer> ¦ #### x = 7y ¦ #### about 7 or 8 ¦ #### 7 minus 1 ¦ #### 5 7 ¦ #### 5, 7 ¦ #### 5/7
7 ¦ #### 7 per dozen ¦ #### 7 in every 10 ¦ Possible answers: 5, 6, 7 ¦ Answer: 7th ¦ Answer: 7's ¦ Answer: 7e2
7 ¦ Answer: 10^7 ¦ Answer: -7 ¦ Answer: - 7 ¦ Answer: –7
0.3 ¦ The answer is 0.3...
# right: announced, with words before and after: math_verify
7 ¦ The answer is 7, not 8. ¦ The final answer is $7$. ¦ **Final Answer:** $7$ ¦ **Answer:** 7 ¦ Answer: **7**
7 ¦ **Answer**: $7$ ¦ The answer to the problem is 7. ¦ The answer must be 7. ¦ The answer should be $7$.
7 ¦ The correct answer is thus 7. ¦ Our answer is therefore $7$. ¦ The answer for part one is 7.
7 ¦ The answer (in dollars) is 7. ¦ The answer = 7 ¦ ANSWER: 7 ¦ Final answer: 7 apples ¦ Final answer: 7 dollars.
7 ¦ #### 7 dollars ¦ #### $7 ¦ #### 7 km/h ¦ #### 7 hours in total ¦ The answer is 7 years old.
7 ¦ The answer is 7 because 3+4=7. ¦ Answer: She has 7 apples left. ¦ Answer: The total is $7$.
7 ¦ Answer: There are 7 ways. ¦ The answer is $7$ since 5 and 2 make it. ¦ The answer is 7 (seven).
7 ¦ The answer is 7</s> ¦ The answer is 7<|endoftext|> ¦ <answer>7</answer> ¦ <think>5+2</think><answer>7</answer>
7 ¦ <answer>¶7¶</answer> ¦ <answer>$7$</answer> ¦ <answer>The answer is 7</answer>
7 ¦ The answer is 7. Let me know if you need a longer answer. ¦ The answer is 7. I hope this answer helps!
7 ¦ The answer is 7.¶Please tell me whether the answer is clear. ¦ The answer is 7. Hope that answers it.
7 ¦ The answer is:¶$$7$$ ¦ The answer is¶\[¶7¶\] ¦ The answer is:¶¶$7$ ¦ Therefore the answer is¶$$¶x = 7¶$$
7 ¦ The answer is $\$7$. ¦ Answer: $\$7.00$ ¦ Answer: The value of $x$ is $7$. ¦ Answer: The largest $n$ is 7.
7 ¦ {"answer": 7} ¦ The answer is 7%.
\frac{3}{8} ¦ The answer is \frac{3}{8}.
(2,3) ¦ The answer is (2,3).
x^2+1 ¦ The answer is x^2+1.
\text{Sunday} ¦ The answer is Sunday.
-7 ¦ The answer is -7. ¦ The answer is – 7.
1200 ¦ The answer is 1,200.
# wrong: amounts of money: math_verify
30 ¦ Tea is $30 and milk is $12; so 42 ¦ from $20 to $30
12 ¦ He has $30 and she has $12, or so
18 ¦ He paid $18 for it and $4 for that, so $22.
5 ¦ The shirt costs $5 or $6
# right: amounts of money: math_verify
42 ¦ Tea is $30 and milk is $12, which makes $42. ¦ Tea is $30 and milk is $12, so they cost 42 dollars.
42 ¦ He earns $30 and then $12, for a total of $42. ¦ It costs $30 + $12 = $42.
8 ¦ She had $10.50 and spent $2.50, leaving $8.
96 ¦ He is paid 6 * $16 = $96.
3 ¦ At $4 each and with $12, he buys 3 books.
20 ¦ The price was $25 and it dropped $5, so the price is $20.
# wrong: a number that occurs and is not stated: math_verify
9 ¦ Consider the case n = 9 ¦ Let x = 9 ¦ x^9 ¦ \sqrt{9} ¦ 2 + 9 ¦ 12 - 9 ¦ between 4 and 9 ¦ more than 9
9 ¦ It may be 9 ¦ I guess 9 ¦ Perhaps it is 9. ¦ It could be 9. ¦ We need to divide this by 9 ¦ log_2 9 ¦ f(9)
9 ¦ |x - 9| ¦ Step 9 ¦ First, there are 9 ¦ at most 9 ¦ not 9 ¦ It is not 9. ¦ We do not know if it is 9.
9 ¦ Suppose it is 9. ¦ (4, 9) ¦ the numbers 4, 7, 9 ¦ 3x + 9 ¦ and so we get 14 + 9 ¦ Next, we try 9 ¦ 9 or 10
9 ¦ so it is 8 or 9 ¦ x > 9 ¦ x = 4 or x = 9 ¦ t_9 ¦ 3/9 ¦ 4:9 ¦ = 4 \cdot 9 ¦ it has 9 million
# right: stated in the last sentence: math_verify
(2,7) ¦ So the point is (2,7). ¦ Hence it meets at (2,7)
\sqrt{5} ¦ Thus the distance is $\sqrt{5}$. ¦ So the length is \sqrt{5}
7 ¦ So it is 7. ¦ Thus $x = 7$. ¦ Therefore, x = 7. ¦ This gives 7. ¦ So there are 7 apples left. ¦ 2+5 = 7
7 ¦ He has 7 dollars left. ¦ In total she needs 7 hours. ¦ 7 ¦ $7$ ¦ They finish after 7 days. ¦ The total comes to 7.
\frac{3}{8} ¦ So the probability is $\frac{3}{8}$.
x+1 ¦ Thus we get $x+1$.
# right: infinity with a sign: math_verify
(2,\infty) ¦ «(2,+\infty)» ¦ «(2,∞)»
(-\infty,2]\cup[3,\infty) ¦ «(-\infty,2]\cup[3,+\infty)»
\infty ¦ «+\infty»
(2,+\infty) ¦ «(2,+\infty)»
[0,\infty) ¦ «[0, + \infty)»
# right: doubled backslashes: math_verify
\frac{3}{4} ¦ «\\frac{3}{4}»
\sqrt{5} ¦ «\\sqrt{5}»
3\pi ¦ «3\\pi»
\frac{\pi}{2} ¦ «\\frac{\\pi}{2}»
\{1,2\} ¦ «\\{1,2\\}»
50\% ¦ «50\\%»
2\sqrt{3} ¦ «2\\sqrt{3}»
# right: names before the equals sign: math_verify
24 ¦ «A_{\text{circle}} = 24» ¦ «AB = 24» ¦ «\overline{AB} = 24» ¦ «\angle B = 24^\circ» ¦ «f'(2) = 24»
24 ¦ «\text{Area} = 24» ¦ «\text{Total cost} = 24» ¦ «[ABC] = 24» ¦ «\alpha = 24» ¦ «P(A) = 24» ¦ «x_{max} = 24»
24 ¦ «n = 24» ¦ «a_{10} = 24» ¦ «S = 24» ¦ «\text{Area: } 24» ¦ «\lambda = 24» ¦ «f^{-1}(3) = 24»
24 ¦ «V_{\text{cone}}=24» ¦ «\Delta = 24» ¦ «m = 24»
\alpha=24 ¦ «24»
# right: matrices in other spellings: math_verify
\begin{pmatrix} 1 \\ 2 \end{pmatrix} ¦ «\mathbf{v} = \begin{pmatrix} 1 \\ 2 \end{pmatrix}»
\begin{pmatrix} 1 \\ 2 \end{pmatrix} ¦ «\left(\begin{array}{c}1\\2\end{array}\right)»
\begin{pmatrix} 1 \\ 2 \end{pmatrix} ¦ «\begin{pmatrix} 1 \\[2pt] 2 \end{pmatrix}»
\begin{pmatrix} 1 \\ 2 \end{pmatrix} ¦ «\begin{bmatrix} 1 \\[0.5em] 2 \end{bmatrix}»
\begin{pmatrix} 1 \\ 2 \end{pmatrix} ¦ «\mathbf{A} = \begin{bmatrix} 1 \\ 2 \end{bmatrix}»
\begin{pmatrix} 1 \\ 2 \end{pmatrix} ¦ «\boldsymbol{x} = \begin{pmatrix} 1 \\ 2 \end{pmatrix}»
\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} ¦ «\left[\begin{array}{cc}1&2\\3&4\end{array}\right]»
# right: points and lists with names: math_verify
(1,2) ¦ «(x,y) = (1,2)»
(x,y)=(1,2) ¦ «(1,2)»
(1,2,3) ¦ «(a,b,c)=(1,2,3)»
1,2 ¦ «x = 1 \text{ or } 2» ¦ «x=1 or x=2» ¦ «x = 1, 2» ¦ «x_1 = 1, x_2 = 2» ¦ «x=1 \text{ and } x=2»
1,2 ¦ «x \in \{1,2\}» ¦ «1 and 2»
x=1, x=2 ¦ «1,2»
-1,2 ¦ «x = -1 \quad \text{or} \quad x = 2»
\frac{1}{2}, 3 ¦ «x=\frac12, x=3»
# wrong: points and lists that differ: math_verify
(1,2) ¦ «(x,y) = (2,1)» ¦ «x=1, y=2, z=3»
1,2 ¦ «x=1 or y=3» ¦ «x=1»
1 ¦ «x=1, x=2»
# right: several boxes for a list: math_verify
1,2 ¦ We get $\boxed{1}$ and $\boxed{2}$. ¦ \boxed{2}, \boxed{1} ¦ x=\boxed{1} or x=\boxed{2}
1,2 ¦ $\boxed{1}$ or $\boxed{2}$
1,2,3 ¦ \boxed{1}, \boxed{2}, and \boxed{3}
# wrong: several boxes that are not the list: math_verify
1,2 ¦ $\boxed{1}$ and $\boxed{3}$ ¦ \boxed{2} ¦ \boxed{1}, \boxed{2}, \boxed{3}
1,2 ¦ First \boxed{1}. So in the end \boxed{2}.
# right: another form of the value after it: math_verify
\sqrt{2} ¦ «\sqrt{2} \approx 1.414» ¦ «\sqrt{2} ≈ 1.41»
\frac{1}{4} ¦ «\frac{1}{4} = 0.25»
2.5 ¦ «\frac{5}{2} = 2.5»
\frac{5}{2} ¦ «2\frac12=\frac52=2.5»
3\pi ¦ «3\pi \approx 9.42»
\frac{1}{3} ¦ «\frac{1}{3} \approx 0.333»
\frac{11}{4} ¦ «x = \frac{11}{4} = 2.75»
2\sqrt3 ¦ «\sqrt{12} = 2\sqrt{3}»
# wrong: another value after it: math_verify
\sqrt{2} ¦ «1.414 \approx \sqrt{2}+1» ¦ «\sqrt{2} \approx 3»
\frac{1}{4} ¦ «\frac{1}{4} = 0.3»
12 ¦ «10+2 = 12» ¦ «x = 10+2 = 12» ¦ «12 = 13» ¦ «11 = 12» ¦ «12 \approx 11»
1.41 ¦ «\sqrt{2} \approx 1.41»
\frac13 ¦ «0.333 \approx \frac13»
# right: mathematics typed as plain text: math_verify
4\sqrt{6} ¦ «4sqrt(6)» ¦ «4*sqrt(6)» ¦ «4√6»
\sqrt{6} ¦ «√(6)»
2\pi ¦ «2π» ¦ «2*pi»
\frac{2\pi}{3} ¦ «2pi/3»
x^2+1 ¦ «x**2 + 1» ¦ «x²+1»
x\ne 3 ¦ «x != 3»
x\ge 3 ¦ «x≥3»
x^{10} ¦ «x^(10)»
2x ¦ «2*x»
(2,\infty) ¦ «(2, infinity)»
[1,2]\cup[3,4] ¦ «[1,2] ∪ [3,4]»
\frac{\sqrt{3}}{2} ¦ «sqrt(3)/2»
\theta ¦ «θ»
a_1 ¦ «a₁»
2^n ¦ «2^(n)»
\pm 3 ¦ «±3»
\frac{1}{2} ¦ «½»
# right: times of day: math_verify
\text{3:05 p.m.} ¦ «3:05 \text{ p.m.}»
3:05\text{ p.m.} ¦ «\text{3:05 PM}»
9\text{ a.m.} ¦ «9 \text{ AM}»
\text{7:15 a.m.} ¦ «7:15 am»
# wrong: times of day that differ: math_verify
\text{3:05 p.m.} ¦ «3:05 \text{ a.m.}» ¦ «3:50 \text{ p.m.}»
\text{7:15 a.m.} ¦ «7:15 pm»
# right: units, currencies and wrappers: math_verify
33 ¦ «33\text{ mph}» ¦ «33 \text{ cm}^2» ¦ «33\ \mathrm{cm}^3» ¦ «33 students» ¦ «33 \text{ cubic feet}»
33 ¦ «33 \text{ miles per hour}» ¦ «33\text{ m/s}^2» ¦ «33 USD» ¦ «¥33» ¦ «£33» ¦ «33 \text{ cents}»
33 ¦ «\text{33 apples}» ¦ «\text{33}» ¦ «\mathbf{33}» ¦ «\boldsymbol{33}» ¦ «\color{red}{33}» ¦ «{33}»
33 ¦ «33 \text{ points}» ¦ «33 people» ¦ «33^\circ\text{C}» ¦ «33 kg» ¦ «33 \text{ g}» ¦ «33\,\text{cm}» ¦ «33 liters»
33 ¦ «33 \text{ (cm)}» ¦ «\$33» ¦ «33\$» ¦ «33 \text{ ways}» ¦ «33 women» ¦ «33 \text{ tickets}» ¦ «33 boxes»
# right: other notations of numbers: math_verify
\frac{1}{3} ¦ «0.\bar3» ¦ «0.\dot{3}»
\frac{1}{6} ¦ «0.1\bar{6}»
\frac{3}{7} ¦ «3 \over 7» ¦ «{3 \over 7}»
2500 ¦ «2.5e3» ¦ «2.5E3» ¦ «2.5\times 10^3» ¦ «2.5*10^3»
0.025 ¦ «2.5e-2»
3_8 ¦ «3_{\text{eight}}»
12_5 ¦ «12_{five}»
\frac{1}{11} ¦ «0.\overline{09}»
# right: congruences: math_verify
3 ¦ «x \equiv 3 \pmod{7}» ¦ «x\equiv 3 \pmod 7» ¦ «n \equiv 3 (\bmod 7)» ¦ «a \equiv 3 \mod 7»
3 \pmod{7} ¦ «3 \pmod{7}»
# wrong: congruences that differ: math_verify
3 ¦ «x \equiv 4 \pmod{7}» ¦ «2x \equiv 3 \pmod{7}» ¦ «10 \pmod{7}»
7 ¦ «x \equiv 3 \pmod{7}»
# wrong: the last digits of something else: numeric
7 ¦ It is \frac{2}{7} ¦ \dfrac{5}{7} ¦ sqrt(7) ¦ 2^{7} ¦ 2^7 ¦ x_7 ¦ 7² ¦ 7k ¦ $7M ¦ 7 thousand ¦ 7 billion ¦ 7 dozen
7 ¦ 7 hundred ¦ –7 ¦ −7 ¦ - 7 ¦ from 3 to 7 ¦ between 3 and 7 ¦ 3 or 7 ¦ 3-7 ¦ 3–7 ¦ abc7 ¦ 7x ¦ 7! ¦ 12:7 ¦ 3, 7
7 ¦ 3 + 7 ¦ 3*7 ¦ 3 × 7 ¦ 3 \cdot 7 ¦ \sqrt{7} ¦ log 7 ¦ 7 squared ¦ 7 and a half ¦ 7 divided by two ¦ 7 times four
7 ¦ 7 or eight ¦ f(7) ¦ (2, 7) ¦ [2,7] ¦ |7 - x| ¦ 7/0 ¦ 7/x ¦ minus 7 ¦ negative 7 ¦ 3 minus 7 ¦ at least 7
7 ¦ more than 7 ¦ not 7 ¦ 7 thousandths ¦ 7 tenths ¦ 7 halves ¦ 7^x ¦ 1,7 ¦ 3 to 7 ¦ 7 - x ¦ ±7 ¦ \pm 7 ¦ 7:thirty
7 ¦ 7\pi ¦ 7pi ¦ 7 lakh ¦ 7 crore ¦ x = 3 and 7 ¦ 7 squared meters is ¦ 10^-7 ¦ v1.7 ¦ 3 by 7
7 ¦ 7 percent of 8 is unknown to me 7k ¦ $7bn ¦ 7m ¦ $7 million ¦ 7 gross ¦ 7 cubed ¦ 10−7 ¦ 7 to the power of two
7 ¦ the square of 7 ¦ the cube root of 7 ¦ half of 7 ¦ 2 to the 7 ¦ base 7 ¦ 1 mod 7 ¦ 3(7) ¦ \sqrt[3]{7}
7 ¦ \binom{3}{7} ¦ \frac{a}{7} ¦ \frac{7}{x} ¦ 7th ¦ 7 in base eight ¦ 7.7^n ¦ 3:7 ¦ 3 7 ¦ 0.7.7 ¦ #3#7x ¦ 7 fifths
7 ¦ 7 score and ten, 7k ¦ - 7 degrees ¦ (-7) ¦ –7° ¦ \frac{3}{7} ¦ $\frac{3}{7}$. ¦ 3÷7 ¦ 3 ÷ 7 ¦ ≥ 7 ¦ ≈ 3–7 ¦ <7
7 ¦ ≠ 7 ¦ 7%x ¦ 7 % of a 7x
3 ¦ 5e3 ¦ 5E3 ¦ 2.5e+3
0.5 ¦ 2 1/2 ¦ $2 1/2$
0.7 ¦ 5.0.7
345 ¦ 12, 345
4 ¦ 3 3/4
# right: the last number, whole: numeric
0.5 ¦ It is \frac{1}{2}. ¦ The answer is 1/2.
0.75 ¦ $\dfrac{3}{4}$
2.5 ¦ 2 1/2 miles ¦ 2\frac{1}{2} ¦ \frac{5}{2}
5000 ¦ 5e3
1250 ¦ There are 1 250 people.
1234567 ¦ 1 234 567
-7 ¦ The change is –7. ¦ The change is - 7. ¦ It is −7 degrees.
7 ¦ So the answer is 7. ¦ #### 7 ¦ \boxed{7} ¦ $7$ ¦ He pays $7. ¦ She has 7 apples. ¦ 7% ¦ (7) ¦ Total: 7 ¦ 3 + 4 = 7
7 ¦ 3+4=7 ¦ 3 x 7 is not it; it is¶7 ¦ 7 km ¦ 7km ¦ 7 hours. ¦ comes to 7 ¦ 12 - 5 = 7 ¦ is equal to 7 ¦ #### 3¶#### 7
7 ¦ 7 dollars per hour ¦ **7** ¦ **7** apples ¦ the answer is: 7 ¦ 5 and then 7 ¦ \text{7} ¦ \(7\) ¦ \[7\] ¦ 7 times
7 ¦ 7.0 ¦ 7. ¦ She pays $7 each day. ¦ Result: **7**. ¦ #7 ¦ 7 a.m. ¦ x = 3 or not, we get 7 ¦ it's 7. ¦ = 7 ¦ ≈ 7
7 ¦ there are 7 of them ¦ 7 more apples ¦ adds up to 7 ¦ 5 plus 2 equals 7 ¦ 5 + 2 is 7 ¦ Total cost: $7
7 ¦ So 14 / 2 = 7 apples.
-3 ¦ x = -3
1000 ¦ $1,000.00
18 ¦ #### 18¶ ¦ $18
1800 ¦ 1,800 dollars
-5 ¦ The temperature is -5°C. ¦ $-5$
# wrong: several letters: choice
A ¦ \boxed{A and B} ¦ \boxed{A or B} ¦ Answer: A or B ¦ #### A B ¦ #### A/B ¦ The answer is A and C.
A ¦ The answer is (A), (C). ¦ The answer is A, B, C or D ¦ Answer: (A) or (B) ¦ \boxed{A}B} ¦ Answer: A & B
A ¦ Answer: A | B ¦ The answer is either A or B. ¦ \boxed{\text{A or B}} ¦ A, B, C ¦ A or B ¦ (A) or (B)
A ¦ The answer is A or maybe D. ¦ Answer: A, or maybe B ¦ Answer: A (red) or B (blue) ¦ Both A and B. ¦ Answer: A+B
A ¦ #### A - D ¦ A/B/C/D ¦ Answer: ABCD ¦ <answer>A or B</answer> ¦ <answer>A, B</answer> ¦ {"answer": "A, B"}
A ¦ The answer is A. red or B. blue ¦ Answer: A and also B ¦ Answer: A (or B) ¦ Answer: A; B ¦ Answer: A → B
A ¦ Answer: (A) → (B) ¦ Answer: A\text{ or }B ¦ \boxed{A\text{ or }B} ¦ \boxed{A,B} ¦ \boxed{AB} ¦ Answer: A B C
A ¦ Answer: (A)(B) ¦ A. red B. blue ¦ Answer: A. red or (B) blue
B ¦ \boxed{A} or \boxed{B} ¦ \boxed{A}, \boxed{B} ¦ Answer: A or B
C ¦ The answer is C, D or E. ¦ Answer: C, E
# wrong: letters that are no answer: choice
A ¦ Answer: A lot of them. ¦ The answer is A big one. ¦ Answer: A good choice is red. ¦ Answer: An apple
A ¦ A: the first one ¦ A dog barks. ¦ Answer: A_1 ¦ The answer is A\cdot B ¦ Answer: A few
I ¦ The answer is I don't know. ¦ Answer: I think so.
N ¦ Answer: N/A
B ¦ The answer is B^2 ¦ The answer is B+C ¦ (A) red¶(B) blue ¦ A. red¶B. blue
C ¦ The answer is C = 5 ¦ (C) can be excluded: it is no ¦ Answer: C's ¦ answer: C-section ¦ Answer: c
D ¦ Answer: D is incorrect ¦ The answer is not D ¦ The answer is D? No. ¦ Is the answer D? ¦ If the answer is D, then
D ¦ Answer: D isn't right ¦ The wrong answer is D ¦ Option D is not correct. ¦ I doubt option D is wrong.
D ¦ Answer: D was not right
T ¦ Answer: T-shirt
X ¦ so the answer X*2
E ¦ Answer: E=mc^2
# right: the letter, announced and written in many ways: choice
C ¦ The answer is probably C. ¦ The answer should be C. ¦ The answer would be (C). ¦ The answer is clearly C.
C ¦ The best answer is C. ¦ The right option is C. ¦ The correct choice is C ¦ Answer: option C
C ¦ The answer is choice C. ¦ Option C is the correct answer. ¦ Therefore, (C) is correct.
C ¦ So option (C) is the right answer. ¦ The answer is therefore C. ¦ \boxed{\textbf{C}} ¦ \boxed{\textbf{(C)}}
C ¦ $\boxed{\text{C}}$ ¦ \boxed{(C)} ¦ \boxed{C} ¦ The answer is $C$. ¦ The answer is $\text{C}$.
C ¦ The answer is **C**. ¦ **Answer:** C ¦ **Answer: C** ¦ Answer: **C** ¦ <answer>C</answer> ¦ <answer>(C)</answer>
C ¦ The answer is 'C'. ¦ answer: "C" ¦ Final answer: C ¦ FINAL ANSWER: C ¦ The answer is (C) lamp. ¦ Answer: C. lamp
C ¦ Answer: C) lamp ¦ The answer is C because it is red. ¦ The answer is C, since A is wrong. ¦ C ¦ (C) ¦ C. ¦ #### C
C ¦ The answer to the question is C. ¦ The answer is \(C\). ¦ The correct answer is: C ¦ The correct answer is C: lamp
C ¦ Answer: C ¦ The answer is C.¶ ¦ The answer is C. I hope this helps! ¦ {"answer":"C"}
C ¦ The answer must be C, a lamp. ¦ The answer is (C) because (A) is wrong. ¦ Answer: C. Options A and B are wrong.
C ¦ The answer is C. A and B are too small. ¦ I first thought the answer was A. The answer is C.
C ¦ \boxed{A} is wrong, so \boxed{C} ¦ A is out. B is out. Answer: C
C ¦ So the answer is C¶¶Let me know if you need anything. ¦ Answer: (C) 7 cm ¦ Answer: C, not A
C ¦ The answer is C rather than B. ¦ The answer is most likely (C). ¦ ANSWER: (C) ¦ Answer:¶C
C ¦ The correct option is C ¦ The answer is:¶¶**C**
# wrong: what was thought and what was said: gsm8k_strict
7 ¦ <think>#### 7</think>
# wrong: what was thought and what was said: numeric
7 ¦ <think>7 ¦ 7 <think> hm ¦ it is 7 </think>
# wrong: what was thought and what was said: choice
C ¦ <think>\boxed{C}</think>
# wrong: what was thought and what was said: math_verify
7 ¦ <think>\boxed{7}</think> so
# wrong: what was thought and what was said: math_boxed_strict
7 ¦ thought \boxed{7}</think> done
# wrong: what was thought and what was said: marked
7 ¦ <think>#7</think>
# wrong: what was thought and what was said: exact
red ¦ <think>red
# wrong: what was thought and what was said: math_hendrycks
7 ¦ <think>\boxed{7}</think>
# right: what was thought and what was said: gsm8k_strict
7 ¦ <think>#### 8</think>¶#### 7
# right: what was thought and what was said: choice
C ¦ <think>A?</think>C
# right: what was thought and what was said: math_verify
7 ¦ <think>\boxed{8}</think> \boxed{7}
# right: what was thought and what was said: marked
7 ¦ <think>#8</think>#7
# right: what was thought and what was said: exact
red ¦ <think>blue</think>red
# wrong: something after the value, in a box: math_verify, math_boxed_strict
0.3 ¦ «0.3...»
0.45 ¦ «0.45\ldots» ¦ «0.45…»
7 ¦ «7^{\text{th}}» ¦ «7\text{th}» ¦ «7'» ¦ «\pm 7» ¦ «7!» ¦ «x > 7» ¦ «\ge 7» ¦ «\lfloor 7.5 \rfloor» ¦ «--7» ¦ «7_8»
7 ¦ «7 \mod 9» ¦ «7\text{ (mod 9)}» ¦ «7 \text{ cm} \times 3» ¦ «7 \text{ or } 7.5» ¦ «7\,k» ¦ «7\cdot 10» ¦ «7 : 2»
7 ¦ «7:2» ¦ «7 \text{ and counting}» ¦ «7 \text{ feet } 2 \text{ inches}» ¦ «7 apples, 2 pears» ¦ «7\%\text{ of } 8»
7 ¦ «7\text{ squared meters}» ¦ «7 \text{ million dollars}» ¦ «\text{seven}» ¦ «\text{not } 7»
7 ¦ «\text{about } 7 \text{ or } 8» ¦ «\text{at least } 7» ¦ «\text{less than } 7» ¦ «\text{not} = 7»
7 ¦ «\text{No: } 7» ¦ «at least 7» ¦ «not 7» ¦ «-\text{}7» ¦ «7\text{.5}» ¦ «7\text{5}» ¦ «{7}{5}» ¦ «7 5» ¦ «7\ 5»
7 ¦ «7{5}» ¦ «7\phantom{0}5» ¦ «7 \text{ half-days}» ¦ «7 \text{ dozen eggs}»
75 ¦ «7 5»
"""


def kinds() -> list[tuple[str, list[str], bool, list[tuple[str, str]]]]:
    """Heading, verifiers, whether they pay, and the answers and completions."""
    found: list[tuple[str, list[str], bool, list[tuple[str, str]]]] = []
    for line in KINDS.strip().splitlines():
        if line.startswith("# "):
            verdict, title, verifiers = line.removeprefix("# ").split(": ")
            found.append((f"{verdict}: {title}", verifiers.split(", "), verdict == "right", []))
        else:
            answer, *completions = line.split(" ¦ ")
            found[-1][3].extend((answer, written(completion)) for completion in completions)
    return found
