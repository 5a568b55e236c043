"""A fingerprint changes with behaviour, and with nothing else."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tokenize
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rftlab.planning import fingerprint

SOURCE = '''\
"""What this module is."""

import math

LIMIT = 3  # a comment


class Shape:
    """A shape."""

    def area(self, x, label="ä"):
        """Its area.

        Over several lines, é and #.
        """
        def inner(y):
            """Inner."""
            return f"{y!r:>{LIMIT}} {f'nested {x}'} # no comment"

        if x:
            return (x + math.pi,
                    inner(x))
        return 0
'''


def tokens(source: str) -> list[str]:
    return list(fingerprint.tokens(source))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # a comment", ""),
        ("# a comment", "# another, longer comment"),
        ('"""What this module is."""\n\n', ""),
        ('"""What this module is."""', "'''Something\n\nelse.'''"),
        ('"""What this module is."""', '"What this" " module is."'),
        ('"""What this module is."""', 'r"""What this module is."""  # and a comment'),
        ('    """A shape."""\n\n', ""),
        ('            """Inner."""\n', ""),
        ("Over several lines, é and #.\n", "Fewer.\n"),
        ("\n\n\nclass", "\n# why\nclass"),
        ("\n        if x:", "\n\n\n        # why\n        if x:"),
        ("(x + math.pi,\n                    inner(x))", "(x+math.pi, inner(x))"),
        ("return 0\n", "return 0"),
        ("LIMIT = 3", "LIMIT = \\\n    3"),
        ("    ", "  "),
    ],
)
def test_comments_docstrings_and_layout_change_nothing(old: str, new: str) -> None:
    assert old in SOURCE
    if old == "    ":
        edited = "".join(
            line.replace(" " * (len(line) - len(line.lstrip())), "\t" * ((len(line) - len(line.lstrip())) // 4), 1)
            for line in SOURCE.splitlines(True)
        )
    else:
        edited = SOURCE.replace(old, new, 1)
    assert tokens(edited) == tokens(SOURCE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 3", "LIMIT = 4"),
        ("x + math.pi", "x - math.pi"),
        ('label="ä"', 'label="ö"'),
        ("nested {x}", "nested {y}"),
        ("nested {x}", "nested  {x}"),
        ("# no comment", "# a comment"),
        ("!r:>", ":>"),
        ("        if x:", "        while x:"),
        ("        return 0", "            return 0"),
        ("return 0", "'text that is no docstring'\n        return 0"),
        ("LIMIT = 3", "'text that is no docstring'\nLIMIT = 3"),
    ],
)
def test_a_changed_token_changes_it(old: str, new: str) -> None:
    assert old in SOURCE
    assert tokens(SOURCE.replace(old, new, 1)) != tokens(SOURCE)


def test_an_f_string_is_its_text() -> None:
    assert "f\"{y!r:>{LIMIT}} {f'nested {x}'} # no comment\"" in tokens(SOURCE)
    assert tokens('x = f"""a{\n b}\n""" f"c"\n') == ["x", "=", 'f"""a{\n b}\n"""', 'f"c"', "NEWLINE"]


def test_separators_that_are_no_line_ends() -> None:
    source = 'A = "\x0c\u2028\x1c"\n\x0cdef f():\n    """Doc."""\n    return f"{A}\u2028"\n'
    assert tokens(source) == tokens(source.replace('    """Doc."""\n', ""))
    assert 'f"{A}\u2028"' in tokens(source)


def parts(source: str, text: str, kind: int) -> list[tokenize.TokenInfo]:
    """The tokens that Python 3.12 makes of an f-string, here one for each character in the middle."""
    offset = source.index(text)
    row, column = source.count("\n", 0, offset), offset - source.rfind("\n", 0, offset) - 1
    found = []
    for position, character in enumerate(text):
        type_ = kind if position == 0 else kind + 1 if position == len(text) - 1 else tokenize.OP
        end = (row + 1, column + 1) if character != "\n" else (row + 2, 0)
        found.append(tokenize.TokenInfo(type_, character, (row + 1, column), end, ""))
        row, column = (row, column + 1) if character != "\n" else (row + 1, 0)
    return found


def test_f_strings_are_joined_whatever_the_tokenizer_makes_of_them(monkeypatch) -> None:
    """Python 3.11 gives one token, later versions many: both are the same text in the fingerprint."""
    text = 'f"""a{b}\n {c}"""'
    source = f"x = {text}\ny = 1\n"
    kind = 900
    monkeypatch.setattr(fingerprint, "FSTRING_START", kind)
    monkeypatch.setattr(fingerprint, "FSTRING_END", kind + 1)
    before = list(tokenize.generate_tokens(io.StringIO("x = 1\n").readline))[:2]
    after = [
        t._replace(start=(3, t.start[1]), end=(3, t.end[1]))
        for t in tokenize.generate_tokens(io.StringIO("y = 1\n").readline)
    ]
    monkeypatch.setattr(tokenize, "generate_tokens", lambda _: [*before, *parts(source, text, kind), *after])
    assert tokens(source) == ["x", "=", text, "y", "=", "1", "NEWLINE"]


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_every_python_gives_the_same_fingerprint(version: str, repository: Path, tmp_path: Path) -> None:
    python = shutil.which(f"python{version}")
    script = "from rftlab.planning.fingerprint import fingerprint as f; "
    script += "print(f('rftlab.training.train', 'rftlab.views.report'))"
    other = (
        subprocess.run(
            [python or "false", "-c", script],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(repository / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
            check=False,
        )
        if python
        else None
    )
    if other is None or other.returncode:
        pytest.skip(f"no Python {version} here")
    assert other.stdout.strip() == fingerprint.fingerprint("rftlab.training.train", "rftlab.views.report")


@given(st.lists(st.sampled_from(["x = 1\n", "# comment\n", "\n", "y = '#'\n", "def f():\n    return 1\n", "'text'\n"])))
def test_comments_and_blank_lines_anywhere(lines: list[str]) -> None:
    code = [line for line in lines if line.strip() and not line.startswith("#")]
    assert tokens("".join(lines)) == tokens("".join(code))


# closures ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path: Path, monkeypatch):
    """A package of files, and a function that edits one and returns the new fingerprint of modules."""
    root = tmp_path / "rftlab"
    files = {
        "__init__.py": "",
        "stage.py": "from rftlab.shared import helper\nfrom . import lazy_user\n",
        "shared.py": "def helper(): return 1\n",
        "lazy_user.py": "def run():\n    import rftlab.deep.inner as inner\n    return inner\n",
        "deep/__init__.py": "",
        "deep/inner.py": "from ..bottom import X\n",
        "bottom.py": "X = 1\n",
        "levels/__init__.py": "",
        "levels/one.py": "import rftlab.shared\ndef advantage(): return 1\n",
        "levels/two.py": "def advantage(): return 2\n",
        "unrelated.py": "Y = 1\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.setattr(fingerprint, "PACKAGE", root)

    def digest(*modules: str, edit: str | None = None) -> str:
        if edit:
            (root / edit).write_text((root / edit).read_text() + "Z = 1\n")
        forget()
        return fingerprint.fingerprint(*modules)

    yield digest
    forget()


def forget() -> None:
    """What was read of files that a test changes."""
    for read in (fingerprint.closure, fingerprint.imports, fingerprint.tokens_digest):
        read.cache_clear()


@pytest.mark.parametrize(
    "edit", ["stage.py", "shared.py", "lazy_user.py", "deep/__init__.py", "deep/inner.py", "bottom.py", "__init__.py"]
)
def test_every_module_that_is_imported_counts(package, edit: str) -> None:
    assert package("rftlab.stage") != package("rftlab.stage", edit=edit)


@pytest.mark.parametrize("edit", ["unrelated.py", "levels/one.py", "levels/two.py"])
def test_others_do_not(package, edit: str) -> None:
    assert package("rftlab.stage") == package("rftlab.stage", edit=edit)


def test_only_the_level_that_is_selected_counts(package) -> None:
    one, two = ("rftlab.stage", "rftlab.levels.one"), ("rftlab.stage", "rftlab.levels.two")
    before = package(*one), package(*two)
    assert before[0] != before[1]
    assert package(*one, edit="levels/two.py") == before[0]
    assert package(*two) != before[1]
    both = package(*one), package(*two)
    assert package(*one, edit="shared.py") != both[0]  # a shared module counts for all
    assert package(*two) != both[1]


def test_order_of_modules_does_not_matter(package) -> None:
    assert package("rftlab.levels.one", "rftlab.stage") == package("rftlab.stage", "rftlab.levels.one")


def test_other_files_count_by_their_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_text("1")
    first = fingerprint.fingerprint("rftlab.errors", files=[tmp_path / "a.j2"])
    assert first != fingerprint.fingerprint("rftlab.errors")
    (tmp_path / "a.j2").write_text("2 ")
    assert fingerprint.fingerprint("rftlab.errors", files=[tmp_path / "a.j2"]) != first


EVERYWHERE = """\
import rftlab.in_module
try:
    import rftlab.in_try
except* ValueError:
    import rftlab.in_handler
else:
    import rftlab.in_else
finally:
    import rftlab.in_finally
class Shape:
    "Of the class."
    async def area(self):
        "Of the method."
        async with self: import rftlab.in_with
        async for _ in self: import rftlab.in_for
        while True: import rftlab.in_while
if 1: pass
elif 2: pass
else:
    match 3:
        case 4:
            def inner():
                "Of the function."
                import rftlab.in_case
"""


def test_what_is_imported_and_documented_anywhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(EVERYWHERE)
    found = fingerprint.imports("rftlab.module", tmp_path / "module.py")
    assert sorted(found) == sorted(re.findall(r"rftlab\.in_\w+", EVERYWHERE))
    assert len(found) == 9
    assert [row for row, _ in sorted(fingerprint.docstring_positions(EVERYWHERE))] == [11, 13, 23]


def test_a_module_that_is_not_there(package) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"no module rftlab\.gone"):
        package("rftlab.gone")


def test_training_depends_on_no_schema_report_or_level_that_is_not_selected() -> None:
    modules = fingerprint.closure("rftlab.training.train")
    assert {
        "rftlab.training.train",
        "rftlab.training.update",
        "rftlab.randomness",
        "rftlab.rollouts.padding",
    } <= modules.keys()
    for other in (
        "rftlab.study.read",
        "rftlab.study.schema",
        "rftlab.planning.plan",
        "rftlab.views.report",
        "rftlab.views.track",
        "rftlab.analysis.tables",
    ):
        assert other not in modules
    assert not [name for name in modules if name.startswith("rftlab.advantages.")]


@pytest.mark.parametrize("stage", ["rftlab.training.train", "rftlab.evaluation.evaluate"])
def test_an_engine_is_code_of_a_stage_only_where_it_is_selected(stage: str) -> None:
    assert not [name for name in fingerprint.closure(stage) if name.endswith("_engine")]
    assert "rftlab.rollouts.vllm_weights" in fingerprint.closure("rftlab.rollouts.vllm_engine")
