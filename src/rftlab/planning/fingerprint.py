"""Fingerprints of the code a stage depends on.

A fingerprint covers a stage's import closure inside this package, read statically, plus the level files a run selects
by name. It hashes the token stream without comments, docstrings and layout, so that it is the same under every Python
version and an edit that changes no behaviour reruns nothing. Planning imports this module: no torch, no numpy.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import io
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

from rftlab.files import file_sha256

PACKAGE = Path(__file__).parent.parent
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}
FSTRING_START, FSTRING_END = getattr(tokenize, "FSTRING_START", -1), getattr(tokenize, "FSTRING_END", -1)


def fingerprint(*modules: str, files: Iterable[Path] = ()) -> str:
    """16 hexadecimal digits for the behaviour of modules and all they import from this package.

    Other ``files``, templates for instance, count by their bytes.
    """
    sources: dict[str, Path] = {}
    for module in modules:
        sources |= closure(module)
    hasher = hashlib.sha256()
    for name in sorted(sources):
        hasher.update(f"{name}\0{tokens_digest(sources[name])}\0".encode())
    for path in sorted(files):
        hasher.update(f"{path.name}\0{file_sha256(path)}\0".encode())
    return hasher.hexdigest()[:16]


@functools.cache
def closure(module: str) -> dict[str, Path]:
    """Name and file of a module, of its parent packages and of every module of this package it imports, at any depth.

    Imports inside functions and under ``TYPE_CHECKING`` count: what a stage may run, its fingerprint holds.

    Raises:
        ModuleNotFoundError: there is no such module.
    """
    if source_file(module) is None:
        raise ModuleNotFoundError(f"no module {module} in {PACKAGE}")
    sources: dict[str, Path] = {}
    todo = [module]
    while todo:
        name = todo.pop()
        path = source_file(name)
        if path is None or name in sources:
            continue
        sources[name] = path
        todo += [name.rpartition(".")[0], *imports(name, path)]
    return sources


def source_file(module: str) -> Path | None:
    """Source file of a module of this package; nothing is executed."""
    root, *parts = module.split(".")
    if root != PACKAGE.name:
        return None
    base = PACKAGE.joinpath(*parts)
    return next((p for p in (base.with_suffix(".py") if parts else base, base / "__init__.py") if p.is_file()), None)


@functools.cache
def imports(module: str, path: Path) -> tuple[str, ...]:
    """Names a module imports, as far as they can be read from its text."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    names = []
    for node in statements(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            name = "." * node.level + (node.module or "")
            base = importlib.util.resolve_name(name, package) if node.level else name
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return tuple(names)


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """A module and all statements in it, at any depth. Expressions hold none, and are most of a tree."""
    yield node
    for block in ("body", "handlers", "orelse", "finalbody", "cases"):
        for statement in getattr(node, block, ()):
            yield from statements(statement)


@functools.cache
def tokens_digest(path: Path) -> str:
    """SHA-256 of a source file's tokens, without comments, docstrings and layout."""
    with tokenize.open(path) as file:
        return hashlib.sha256("\0".join(tokens(file.read())).encode()).hexdigest()


def tokens(source: str) -> Iterator[str]:
    """Tokens that carry behaviour. An f-string is one token, its text, as it was before Python 3.12."""
    docstrings = docstring_positions(source)
    lines = _lines(source)
    depth, start = 0, (0, 0)  # of f-strings: how deep, and where the outermost began
    end, only = (0, 0), False  # of docstrings: where the last ended, and whether its line has held nothing else
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        end = docstrings.get(token.start, end)
        if token.type == FSTRING_START:
            start = start if depth else token.start
            depth += 1
        elif token.type == FSTRING_END:
            depth -= 1
            if depth == 0:
                yield between(lines, start, token.end)
        elif depth or token.type in LAYOUT:
            continue
        elif token.type == tokenize.STRING and token.end <= end:
            only = True
            continue
        elif token.type == tokenize.NEWLINE and only:
            pass
        elif token.type in (tokenize.INDENT, tokenize.DEDENT, tokenize.NEWLINE):
            yield tokenize.tok_name[token.type]
        else:
            yield token.string
        only = False


def docstring_positions(source: str) -> dict[tuple[int, int], tuple[int, int]]:
    """Line and column where each docstring starts → where it ends, counted as the tokenizer counts them."""
    lines = _lines(source)
    positions = {}
    for node in statements(ast.parse(source)):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for statement in node.body[:1]:
            text = statement.value if isinstance(statement, ast.Expr) else None
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                end_line, end_offset = text.end_lineno or text.lineno, text.end_col_offset or 0
                start = (text.lineno, _column(lines[text.lineno - 1], text.col_offset))
                positions[start] = (end_line, _column(lines[end_line - 1], end_offset))
    return positions


def _lines(source: str) -> list[str]:
    """Lines as the tokenizer sees them: str.splitlines would also split at form feeds and other separators."""
    return io.StringIO(source).readlines()


def _column(line: str, offset: int) -> int:
    """Characters in the first ``offset`` bytes: the parser counts bytes, the tokenizer characters."""
    return len(line.encode()[:offset].decode())


def between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    """Source text from one (line, column) to another."""
    if start[0] == end[0]:
        return lines[start[0] - 1][start[1] : end[1]]
    middle = lines[start[0] : end[0] - 1]
    return "".join([lines[start[0] - 1][start[1] :], *middle, lines[end[0] - 1][: end[1]]])
