"""A digest of the code behind a step, so that an edit plans exactly the jobs that use it."""

from __future__ import annotations

import ast
import functools
import hashlib
from pathlib import Path

PACKAGE = "egoalign"
SOURCE = Path(__file__).resolve().parents[1]
PROJECT = SOURCE.parents[2]
"""The project's folder, of which the package is a part."""

LOCK = PROJECT / "envs" / "requirements.lock.txt"
NOT_RESULTS = frozenset({f"{PACKAGE}.log", PACKAGE})
"""Modules that change no result: what is printed, and the version's number."""


def code_digest(*modules: str) -> str:
    """Return a digest of modules of this package and of all that they import from it.

    The import is followed in the source text, so nothing is imported and a docstring edit counts.
    Imports made only for type checking are not followed.

    Parameters
    ----------
    *modules : str
        Names below the package, for example ``"encode.session"``.

    Returns
    -------
    str
        Twelve hexadecimal digits.
    """
    digest = hashlib.sha256()
    for name in sorted(used_modules(*modules)):
        digest.update(name.encode())
        digest.update(_path(name).read_bytes())
    return digest.hexdigest()[:12]


def used_modules(*modules: str) -> set[str]:
    """Return the full names of `modules` and of every module of this package they lead to."""
    waiting = [f"{PACKAGE}.{name}" for name in modules]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in found or name in NOT_RESULTS:
            continue
        found.add(name)
        waiting.extend(_imports(name))
    return found


@functools.cache
def _imports(name: str) -> frozenset[str]:
    """Return the modules of this package that one module imports, at the top or in functions."""
    path = _path(name)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting.extend(node.orelse)
            continue
        waiting.extend(ast.iter_child_nodes(node))
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                root = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*root, base] if base else root)
            found.add(base)
            # `from package import module` names a module after the import.
            found.update(f"{base}.{alias.name}" for alias in node.names)
    return frozenset(module for module in found if _exists(module))


def _path(name: str) -> Path:
    """Return the source file of a module of this package."""
    base = SOURCE.joinpath(*name.split(".")[1:])
    package = base / "__init__.py"
    return package if package.is_file() else base.with_suffix(".py")


def _exists(name: str) -> bool:
    """Say whether a dotted name is a module of this package."""
    return name.split(".")[0] == PACKAGE and _path(name).is_file()
