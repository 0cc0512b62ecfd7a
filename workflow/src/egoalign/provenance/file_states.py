"""Size, time and digest of what jobs read and wrote; what is known is not read again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from egoalign.provenance.files import FileRecord, file_digest, record_file
from egoalign.tables import write_json

SMALL = 8 * 1024 * 1024
"""Bytes up to which a file is read for its digest each time: some hundredths of a second."""

KEPT = "files"
"""Folder below the records with a note for each large file: its size, time and digest."""


def file_state(
    path: str, records: Path, known: Mapping[str, FileRecord] | None = None
) -> FileRecord:
    """Return a file's record, without reading it where one is known that still holds.

    Parameters
    ----------
    path : str
        A file, or a folder of pictures.
    records : Path
        The folder of the records, which holds notes about large files.
    known : mapping, optional
        Records by path, such as those that the jobs wrote down that made the files.
    """
    stat = os.stat(path)
    noted = (known or {}).get(path)
    if noted and _holds(noted, stat):
        return noted
    if os.path.isdir(path):
        return record_file(path)
    if stat.st_size <= SMALL:
        return FileRecord(path, stat.st_size, stat.st_mtime_ns, file_digest(path))
    note = records / KEPT / f"{hashlib.sha256(path.encode()).hexdigest()[:20]}.json"
    kept = _read_note(note)
    if kept and kept.path == path and _holds(kept, stat):
        return kept
    state = FileRecord(path, stat.st_size, stat.st_mtime_ns, file_digest(path))
    write_json(asdict(state), note)
    return state


def _holds(record: FileRecord, stat: os.stat_result) -> bool:
    """Say whether a file still has the size and time of its record."""
    return (record.size, record.mtime_ns) == (stat.st_size, stat.st_mtime_ns)


def _read_note(path: Path) -> FileRecord | None:
    """Return what a note says, or nothing where there is none that can be read."""
    try:
        return FileRecord(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
