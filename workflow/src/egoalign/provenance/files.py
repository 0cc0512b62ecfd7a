"""Which file it was: size, time of change and digest, kept so that a changed file is noticed."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from egoalign.config import MODEL_ID
from egoalign.log import UserError
from egoalign.tables import PRIVATE_ZONE, atomic_path

FOLDER = f"{PRIVATE_ZONE}/provenance"
"""Where the records lie, below the results."""

SOURCES = "sources"
"""Folder below them with what is kept of each session."""

FIRST = "first"
"""What is said of the files of a session that was not read before."""


@dataclass(frozen=True)
class FileRecord:
    """A file as it was when it was read.

    Of a folder, size and time are those of its listing, and the digest is that of the names and
    digests of the files in it.
    """

    path: str
    size: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True)
class Sources:
    """The files that a session was read from.

    Parameters
    ----------
    planned_as : str
        What `planned_as` said when the session's job was planned.
    files : tuple of FileRecord
        The files, by their names from the corpus' root.
    """

    planned_as: str
    files: tuple[FileRecord, ...]


def file_digest(path: str | Path) -> str:
    """Return the SHA-256 digest of a file as 64 hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record_file(path: str | Path, name: str | None = None) -> FileRecord:
    """Return the record of a file or folder.

    Parameters
    ----------
    path : str or Path
        Where it is.
    name : str, optional
        What the record calls it; its path where left out.
    """
    found = os.stat(path)
    digest = _folder_digest(Path(path)) if os.path.isdir(path) else file_digest(path)
    return FileRecord(name or str(path), found.st_size, found.st_mtime_ns, digest)


def _folder_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{file_digest(path)}\n".encode())
    return digest.hexdigest()


def sources_path(results: str | Path, child_id: str, session_id: str) -> str:
    """Return where a session's `Sources` are kept: in the private zone, since they name files."""
    return os.path.join(results, FOLDER, SOURCES, child_id, f"{session_id}.json")


def source_names(row: Mapping[str, Any]) -> list[str]:
    """Return the files of a session whose content is kept in mind, as its row names them.

    Embeddings that are given for each model are left out: they are read when their model is known.
    """
    names = [*row["video"], row["transcript"], row.get("rttm")]
    return [name for name in names if name and MODEL_ID not in name]


def read_sources(path: str | Path) -> Sources | None:
    """Return what `write_sources` wrote, None where there is nothing.

    Raises
    ------
    UserError
        The file is not such a record.
    """
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
        return Sources(found["planned_as"], tuple(FileRecord(**one) for one in found["files"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path}: not a record of source files ({error}); "
            "delete it and the session is read again"
        ) from error


def write_sources(sources: Sources, path: str | Path) -> None:
    """Write a session's sources as JSON."""
    with atomic_path(path) as partial:
        partial.write_text(json.dumps(asdict(sources), indent=1) + "\n", encoding="utf-8")


def record_sources(root: str | Path, names: Sequence[str], planned_as: str) -> Sources:
    """Return the records of those files of a session that are there."""
    there = [name for name in names if os.path.exists(os.path.join(root, name))]
    files = tuple(record_file(os.path.join(root, name), name) for name in there)
    return Sources(planned_as, files)


def planned_as(path: str | Path, root: str | Path) -> str:
    """Return a text that changes exactly when the content of a session's files has changed.

    It is a parameter of the job that reads the session: another text plans the job again, even
    where the new file is older than what was made of the old one. Size and time are looked at;
    the content is only read where the time alone has changed, and if it is the same, the new time
    is kept.

    Parameters
    ----------
    path : str or Path
        The session's record. While there is none, the text is `FIRST`.
    root : str or Path
        Folder from which the files' names are reckoned.
    """
    sources = read_sources(path)
    if sources is None:
        return FIRST
    state = changed_files(sources, root)
    if state.changed:
        stats = [os.stat(os.path.join(root, record.path)) for record in state.changed]
        return " ".join(f"{found.st_size}:{found.st_mtime_ns}" for found in stats)
    if state.refreshed != sources:
        # Who may not write here compares again next time.
        with suppress(OSError):
            write_sources(state.refreshed, path)
    return sources.planned_as


@dataclass(frozen=True)
class Comparison:
    """Which files are others than recorded, and the records with the times of the rest."""

    changed: tuple[FileRecord, ...]
    refreshed: Sources


def changed_files(sources: Sources, root: str | Path) -> Comparison:
    """Compare a session's files with their records; a file that is gone is not a changed one."""
    changed, kept = [], []
    for record in sources.files:
        path = os.path.join(root, record.path)
        try:
            found = os.stat(path)
        except OSError:
            kept.append(record)
            continue
        if (found.st_size, found.st_mtime_ns) == (record.size, record.mtime_ns):
            kept.append(record)
        elif found.st_size == record.size and _same_content(path, record):
            kept.append(replace(record, mtime_ns=found.st_mtime_ns))
        elif os.path.isdir(path) and _same_content(path, record):
            kept.append(replace(record, size=found.st_size, mtime_ns=found.st_mtime_ns))
        else:
            changed.append(record)
    return Comparison(tuple(changed), replace(sources, files=tuple(kept)))


def _same_content(path: str, record: FileRecord) -> bool:
    print(f"egoalign: {path} has another time than when it was read; comparing", file=sys.stderr)
    return record_file(path).sha256 == record.sha256


def refuse_changed(path: str | Path, root: str | Path) -> None:
    """Refuse to go on with a session whose files are others than those it was read from.

    Raises
    ------
    UserError
        A file has changed since.
    """
    sources = read_sources(path)
    if sources is None:
        return
    for record in changed_files(sources, root).changed:
        size = os.stat(os.path.join(root, record.path)).st_size
        raise UserError(
            f"{os.path.join(root, record.path)}: changed since the session was read ({record.size} "
            f"bytes then, {size} now); old and new are not mixed; give the same command again, and "
            "the session is read anew"
        )
