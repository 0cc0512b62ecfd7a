"""Paths of the sessions table that lead out of the corpus' root."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from egoalign.corpus.read import SessionRow


def paths_outside(sessions: Sequence[SessionRow], root: str | os.PathLike[str]) -> list[str]:
    """Return one line for every path that lies outside the root, links followed.

    Parameters
    ----------
    sessions : sequence of SessionRow
        The sessions.
    root : str or path
        Folder from which their paths are reckoned.
    """
    inside = os.path.realpath(root)
    # What was looked at is kept in mind by its whole path: the working folder may change.
    root = os.path.join(os.getcwd(), root)
    lines = []
    for session in sessions:
        for name in session.files():
            real = _real_path(os.path.join(root, name))
            if os.path.commonpath([inside, real]) != inside:
                lines.append(f"{session.child_id}/{session.session_id}: {name!r} is {real!r}")
    return lines


def _real_path(path: str) -> str:
    """Return a path with links followed; each folder is looked at once, however many it holds."""
    folder, name = os.path.split(path)
    if name in ("", ".", ".."):
        return _real_folder(path)
    real = os.path.join(_real_folder(folder), name)
    return os.path.realpath(real) if os.path.islink(real) else real


@cache
def _real_folder(path: str) -> str:
    """Return a folder with links followed."""
    return os.path.realpath(path)
