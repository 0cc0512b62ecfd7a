"""Layouts of folders: how child, session and day are read from where a video lies."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath

from egoalign.corpus.babyview_names import read_babyview, without_marks
from egoalign.corpus.found import Entry, Name
from egoalign.log import UserError

FIELDS = {
    "{child}": "(?P<child>[^/]+?)",
    "{session}": "(?P<session>[^/]+?)",
    "**/": "(?:.*/)?",
    "*": "[^/]*",
}
SAYCAM = re.compile(r"([A-Za-z])_([0-9]{8})_[0-9]+(?:_[0-9]+)?(?:[ _+-].*)?")


@dataclass(frozen=True)
class Layout:
    """A way to read names.

    Attributes
    ----------
    read : callable
        From a video to its name, or None where it does not fit.
    base : callable
        From a file's name without suffix to the part by which video and transcript are paired.
    dated : bool
        Whether names tell the day of recording.
    """

    read: Callable[[Entry], Name | None]
    base: Callable[[str], str] = str
    dated: bool = False


def find_layout(layout: str) -> Layout:
    """Return the layout of a name or pattern.

    Parameters
    ----------
    layout : str
        ``child-folders``: the child is the folder that the video lies in. ``flat``: the child is
        the part of the video's name before the first ``_``. ``babyview``, ``saycam``: names as
        those corpora give them. Otherwise a pattern of the path with ``{child}`` and
        ``{session}``, where ``*`` stands for anything within a name and ``**/`` for any folders.

    Raises
    ------
    UserError
        The layout is not known.
    """
    if layout in LAYOUTS:
        return LAYOUTS[layout]
    if any(layout.count(name) != 1 for name in ("{child}", "{session}")):
        raise UserError(
            f"--layout {layout!r}: expected {', '.join(LAYOUTS)}, childproject, or a pattern that "
            "holds {child} and {session} once, such as '{child}/{session}.mp4'"
        )
    parts = re.split(r"(\{child\}|\{session\}|\*\*/|\*)", layout)
    pattern = re.compile("".join(FIELDS.get(part, re.escape(part)) for part in parts))

    def read(entry: Entry) -> Name | None:
        match = pattern.fullmatch(entry.path)
        return Name(match["child"], match["session"]) if match else None

    return Layout(read)


def _read_child_folders(entry: Entry) -> Name | None:
    """Read the child from the folder that the video lies in."""
    child = PurePosixPath(entry.path).parent.name
    return Name(child, entry.stem) if child else None


def _read_flat(entry: Entry) -> Name | None:
    """Read the child from the name's part before the first ``_``."""
    child, _, rest = entry.stem.partition("_")
    return Name(child, entry.stem) if child and rest else None


def _read_saycam(entry: Entry) -> Name | None:
    """Read names such as ``S_20141029_2412_02``: child's letter, day, number and part."""
    match = SAYCAM.fullmatch(entry.stem)
    if match is None:
        return None
    try:
        day = date.fromisoformat(match[2])
    except ValueError:
        day = None
    return Name(match[1].upper(), entry.stem, day)


LAYOUTS = {
    "child-folders": Layout(_read_child_folders),
    "flat": Layout(_read_flat),
    "babyview": Layout(lambda entry: read_babyview(entry.stem), without_marks, dated=True),
    "saycam": Layout(_read_saycam, dated=True),
}
