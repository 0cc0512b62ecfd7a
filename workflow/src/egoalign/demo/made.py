"""Which files the demo's recordings are made of, as rules name them."""

from __future__ import annotations

import os
from collections.abc import Iterable

from egoalign.corpus.read import SessionRow


def made_files(sessions: Iterable[SessionRow], results: str) -> dict[tuple[str, ...], list[str]]:
    """Return each set of files that a recording has, and the ids of the children who have it.

    Parameters
    ----------
    sessions : iterable of SessionRow
        The demo's sessions.
    results : str
        Folder of the results, below which the files are.

    Returns
    -------
    dict
        Paths from the results folder with ``{child}`` and ``{session}`` in them; children sorted.
        A session that somebody added by hand, with files under other names, is not among them.
    """
    children: dict[tuple[str, ...], set[str]] = {}
    for row in sessions:
        own = f"{row.child_id}/{row.session_id}"
        names = [os.path.relpath(name, results).replace(os.sep, "/") for name in row.files()]
        patterns = tuple(name.replace(own, "{child}/{session}") for name in names if own in name)
        if patterns:
            children.setdefault(patterns, set()).add(row.child_id)
    return {patterns: sorted(ids) for patterns, ids in children.items()}
