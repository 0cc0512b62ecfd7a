"""What a person reads while a step runs, and the errors meant for people."""

from __future__ import annotations

import errno
import faulthandler
import logging
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

logger = logging.getLogger("egoalign")


class UserError(Exception):
    """A mistake that the user can mend: one line, exit code 2.

    The message names the file and place, what was found, what was expected and what to do.
    """


UNWRITABLE = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "your quota of disk space is used up; free some space, or ask for more",
    errno.EROFS: "the file system is mounted read-only; have it mounted for writing",
    errno.EACCES: "you may not write there; change who may, or take another folder",
    errno.EPERM: "you may not write there; change who may, or take another folder",
}
"""What to do where a file cannot be written, by the system's number of the error."""


def unwritable(path: str | Path, error: OSError) -> str | None:
    """Return what to tell the user of a file that cannot be written; None for other errors."""
    advice = UNWRITABLE.get(error.errno or 0)
    if advice is None:
        return None
    return f"{error.filename or path}: {advice}, and give the same command again"


class _LogFile(logging.StreamHandler):
    """A log file that does without what a full disk does not take."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Leave the line out: the terminal has it."""


def start_log(path: str | Path | None = None, quiet: bool = False) -> None:
    """Send messages to the terminal and, where a path is given, to a log file as well.

    Parameters
    ----------
    path : str or Path, optional
        Log file; its folder is made. Tracebacks and crashes of native code go there only.
    quiet : bool
        Leave out progress on the terminal; warnings and errors are still shown.
    """
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setLevel(logging.WARNING if quiet else logging.INFO)
    terminal.setFormatter(logging.Formatter("%(message)s"))
    terminal.addFilter(lambda record: record.exc_info is None)
    logger.addHandler(terminal)
    if path is not None:
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Opened for the life of the process: faulthandler writes to it when native code crashes.
        stream = path.open("w", encoding="utf-8")
        file = _LogFile(stream)
        file.setLevel(logging.DEBUG)
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        logger.addHandler(file)
        faulthandler.enable(stream)


def progress(items: Iterable[T], what: str, total: int, every_s: float = 5.0) -> Iterator[T]:
    """Pass items on and say how far we are, at most once in `every_s` seconds.

    Parameters
    ----------
    items : iterable
        What is worked through.
    what : str
        The plural noun to print, for example ``"frames"``.
    total : int
        How many items there are.
    every_s : float
        Seconds between two messages.
    """
    start = last = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - last >= every_s and done < total:
            left = (now - start) / done * (total - done)
            logger.info("  %d of %d %s, about %.0f s left", done, total, what, left)
            last = now
