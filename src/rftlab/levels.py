"""Levels that are files: one small module with one pure function, found by its name.

``advantages/group_norm.py`` holds the function ``advantage`` and is what ``advantage: {name: group_norm}`` in a
study means. Planning reads such a file without executing it (its docstring, the function's keyword parameters and its
upper-case constants), so that a plan imports no torch; a stage imports exactly the levels its run selects.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from rftlab.errors import BadInputError, did_you_mean

PACKAGE = Path(__file__).parent
FUNCTIONS = {
    "advantages": "advantage",
    "objectives.ratio": "policy_loss",
    "objectives.aggregation": "token_weights",
    "objectives.kl": "penalty",
    "objectives.mask": "mask",
    "rewards.terms": "term",
    "objectives.shaping": "shape",
    "objectives.tokens": "keep",
    "optimizers": "optimizer",
    "optimizers.schedule": "scale",
    "rewards.verifiers": "verify",
}


OF_ADVANTAGES = ("MINIMUM_ROLLOUTS", "MINIMUM_REWARD", "LEARNS_FROM", "ROUND_LEARNS_FROM")
OF_ONE_KIND = ("GREEDY", "OLD_POLICY", "LEASH", "ENTROPIES", "PULLS", "NEEDS", "WHOLE_RUN")
CONSTANTS = ("RANGES", *OF_ADVANTAGES, *OF_ONE_KIND, "GOLD", "STRICT", "FLEXIBLE", "ISOLATED", "VALUES")
"""What a level's file may declare of the level."""


class UnknownLevelError(BadInputError, ValueError):
    """No such level, or a file that cannot be used; the message says what there is."""


@dataclass(frozen=True)
class LevelFile:
    """What a level's file declares: its docstring, its keyword parameters with defaults, its constants."""

    kind: str
    name: str
    docstring: str
    parameters: dict[str, Any]
    constants: dict[str, Any]

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return self.docstring.partition("\n")[0]

    @property
    def module(self) -> str:
        """Name of the module: ``rftlab.advantages.group_norm``."""
        return f"rftlab.{self.kind}.{self.name}"


def names(kind: str) -> list[str]:
    """Every level of a kind, sorted."""
    folder = PACKAGE.joinpath(*kind.split("."))
    return sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("_"))


def read(kind: str, name: str) -> LevelFile:
    """Read a level's file without executing it.

    Raises:
        UnknownLevelError: there is no such file, it is not Python, it lacks the function its kind requires, or a
            constant of it is no literal.
    """
    if name not in names(kind):
        raise UnknownLevelError(f"{name!r} is not one of {', '.join(names(kind))}{did_you_mean(name, names(kind))}")
    path = PACKAGE.joinpath(*kind.split("."), f"{name}.py")
    return declared(path, f"{kind.replace('.', '/')}/{name}.py", kind, FUNCTIONS[kind])


def read_file(path: Path, function: str, *constants: str) -> LevelFile:
    """Read a file of the user's that defines ``function`` and may declare ``constants``, without executing it.

    Raises:
        UnknownLevelError: as :func:`read`.
    """
    return declared(path, str(path), "", function, constants)


def declared(path: Path, file: str, kind: str, function: str, may_declare: Iterable[str] = CONSTANTS) -> LevelFile:
    """What the file at ``path``, called ``file`` in messages, declares of itself and of its ``function``.

    Raises:
        UnknownLevelError: as :func:`read`.
    """
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnknownLevelError(f"{file} cannot be read: {error.strerror}") from None
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnknownLevelError(f"{file} is not Python: {error}") from None
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == function]
    if not functions:
        raise UnknownLevelError(f"{file} defines no function {function}()")
    arguments = functions[0].args
    parameters = {}
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if not _is_literal(default):
            raise UnknownLevelError(f"{file}: {argument.arg} needs a literal default")
        parameters[argument.arg] = ast.literal_eval(default)
    constants = {
        target.id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and _is_literal(node.value)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and target.id.isupper()
    }
    bound = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    for constant in may_declare:  # not read is not declared: a level would run without what its file asks for
        if bound.count(constant) > (constant in constants):
            raise UnknownLevelError(f"{file}: {constant} needs one literal value, at the top level of the file")
    docstring = ast.get_docstring(tree) or ast.get_docstring(functions[0]) or ""
    return LevelFile(kind, path.stem, docstring, parameters, constants)


def _is_literal(node: ast.expr | None) -> TypeGuard[ast.expr]:
    try:
        ast.literal_eval(node)  # type: ignore[arg-type]  # None is refused like any other
    except (ValueError, TypeError):
        return False
    return True


def load(kind: str, name: str) -> Callable[..., Any]:
    """Import a level and return its function."""
    level = read(kind, name)
    function: Callable[..., Any] = getattr(importlib.import_module(level.module), FUNCTIONS[kind])
    return function
