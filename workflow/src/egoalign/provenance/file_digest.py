"""Digests of files: large ones are read once, as long as their size and time stay the same."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from egoalign.tables import write_json

SMALL = 8 * 1024 * 1024
"""Bytes up to which a file is read for its digest each time: some hundredths of a second."""

KEPT = "files"
"""Folder below the records with a note for each large file: its size, time and digest."""


@dataclass(frozen=True)
class FileState:
    """A file's path, size, time of last change and contents.

    The digest of a folder of pictures is one of its files' names, sizes and times.
    """

    path: str
    size: int
    mtime_ns: int
    sha256: str

    def same_as(self, path: str, stat: os.stat_result) -> bool:
        """Say whether a file is still as it was noted."""
        noted = (self.path, self.size, self.mtime_ns)
        return noted == (path, stat.st_size, stat.st_mtime_ns)


def sha256_of(path: str | Path) -> str:
    """Return the sha256 of a file's contents."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_state(path: str, records: Path, known: Mapping[str, FileState] | None = None) -> FileState:
    """Return a file's state, without reading it where a note of it still holds.

    Parameters
    ----------
    path : str
        A file, or a folder of pictures.
    records : Path
        The folder of the records, which holds notes about large files.
    known : mapping, optional
        States by path, such as those that the jobs wrote down that made the files.
    """
    stat = os.stat(path)
    if os.path.isdir(path):
        return FileState(path, stat.st_size, stat.st_mtime_ns, _folder_digest(path))
    noted = (known or {}).get(path)
    if noted and noted.same_as(path, stat):
        return noted
    if stat.st_size <= SMALL:
        return FileState(path, stat.st_size, stat.st_mtime_ns, sha256_of(path))
    note = records / KEPT / f"{hashlib.sha256(path.encode()).hexdigest()[:20]}.json"
    kept = _read_note(note)
    if kept and kept.same_as(path, stat):
        return kept
    state = FileState(path, stat.st_size, stat.st_mtime_ns, sha256_of(path))
    write_json(state.__dict__, note)
    return state


def _read_note(path: Path) -> FileState | None:
    """Return what a note says, or nothing where there is none that can be read."""
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return FileState(**values)
    except (OSError, ValueError, TypeError):
        return None


def _folder_digest(path: str) -> str:
    """Return a digest of the names, sizes and times of a folder's files."""
    digest = hashlib.sha256()
    with os.scandir(path) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            stat = entry.stat()
            digest.update(f"{entry.name}\t{stat.st_size}\t{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()
