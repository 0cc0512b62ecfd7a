"""About how long a session is, told without opening its videos."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from egoalign.corpus.read import SessionRow

DURATION = "duration_s"
"""A further column of `sessions.tsv`: the session's length in seconds, where the lab knows it."""

BYTES_PER_S = 500_000
"""A second of video at 4 Mb/s. Better pictures take more bytes, and longer to decode."""

UNKNOWN_H = 1.0
"""Hours of a session that tells nothing: its videos are not there yet, or are folders."""

LONGEST_H = 24.0
"""No session asks for more than one of a whole day."""


def session_hours(session: SessionRow, root: str | Path) -> float:
    """Return the session's length in hours: as its row says, or as the size of its videos suggests.

    Parameters
    ----------
    session : SessionRow
        The session; its further column ``duration_s`` is used where it holds a number above 0.
    root : str or Path
        Folder from which the paths of its videos are reckoned.
    """
    seconds = _given_seconds(session)
    if seconds is None:
        sizes = [_file_size(os.path.join(root, name)) for name in session.videos]
        known = [size for size in sizes if size is not None]
        if not known or len(known) < len(sizes):
            return UNKNOWN_H
        seconds = sum(known) / BYTES_PER_S
    return min(seconds / 3600, LONGEST_H)


def _given_seconds(session: SessionRow) -> float | None:
    """Return what the row says; a cell that is no length is as good as an empty one here."""
    try:
        seconds = float(session.extra.get(DURATION, ""))
    except ValueError:
        return None
    return seconds if 0 < seconds < float("inf") else None


def _file_size(path: str) -> int | None:
    """Return a file's size in bytes, None of what is no file or not there."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None
