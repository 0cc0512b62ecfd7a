"""The command `scan`: write `children.tsv` and `sessions.tsv` from a folder of recordings."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from egoalign.corpus.chapters import drop_copies, join_chapters
from egoalign.corpus.childproject import scan_childproject
from egoalign.corpus.columns import CHILDREN, SESSIONS
from egoalign.corpus.duplicates import find_duplicates
from egoalign.corpus.found import (
    VIDEO_SUFFIXES,
    Found,
    Note,
    Scan,
    find_entries,
    make_id,
    refuse_collisions,
    refuse_names,
)
from egoalign.corpus.layouts import LAYOUTS, find_layout
from egoalign.corpus.pairing import find_side_files, pair
from egoalign.corpus.read import join_paths, one_line
from egoalign.corpus.tsv import read_tsv
from egoalign.log import UserError, logger
from egoalign.tables import atomic_path

CHILDREN_COLUMNS = [name for name in CHILDREN.names if name != "age_days"]
SUMMARISED = ("transcript", "rttm", "recording_date", "exclude")
UNUSED = (
    *(Note.OUTSIDE, Note.PICTURES_OUTSIDE, Note.NO_FILE, Note.NO_VIDEO, Note.NOT_ENTERED),
    *(Note.COPY, Note.PICTURES, Note.TRANSCRIPT_FURTHER),
    *(Note.TRANSCRIPT_ALONE, Note.TEXT_ALONE, Note.RTTM_ALONE),
)
"""Notes on files that stand in no session."""


def scan_names(names: Iterable[str], layout: str) -> Scan:
    """Find children, sessions, transcripts and RTTM files in a list of file names.

    Parameters
    ----------
    names : iterable of str
        Paths from the folder, with '/'.
    layout : str
        As for `layouts.find_layout`.

    Returns
    -------
    Scan
        Every video is in a recording or in a note, and so is every transcript.

    Raises
    ------
    UserError
        The layout is not known, names cannot stand in a table, or two become the same id.
    """
    how = find_layout(layout)
    names = sorted(names)
    found = Scan([], [])
    videos = []
    for entry in find_entries(names):
        name = how.read(entry)
        if name is not None:
            videos.append((entry, name))
        else:
            note = Note.PICTURES_OUTSIDE if entry.is_folder else Note.OUTSIDE
            found.notes[note].append(entry.path)
    videos = drop_copies(videos, how.base, found.notes)
    files = find_side_files(names, how.base)
    refuse_names([*files.paths, *(entry.path for entry, _ in videos)])
    recordings = join_chapters(videos, how.base, files.has_own, found.notes)
    pairs, notes = pair(recordings, files)
    found.notes.update(notes)
    for recording, (transcript, rttm) in zip(recordings, pairs, strict=True):
        first, name = recording.entries[0], recording.name
        found.recordings.append(
            Found(
                child_id=make_id(name.child),
                session_id=make_id(name.session),
                videos=tuple(entry.path for entry in recording.entries),
                transcript=transcript,
                rttm=rttm,
                recording_date=name.day,
                source_name=first.stem,
            )
        )
        if transcript is None:
            found.notes[Note.VIDEO_ALONE].append(first.path)
        if how.dated and name.day is None:
            found.notes[Note.UNDATED].append(first.path)
    children = [(make_id(name.child), name.child) for _, name in videos]
    refuse_collisions(found.recordings, children, "rename them or give --layout")
    found.children.extend({"child_id": child_id} for child_id in dict.fromkeys(dict(children)))
    return found


def scan(
    folder: str | Path,
    layout: str,
    out_dir: str | Path,
    root: str | Path = ".",
    exclude_duplicates: bool = False,
    number_sessions: bool = False,
) -> None:
    """Write both corpus tables from a folder and tell what could not be used, and why.

    Parameters
    ----------
    folder : str or Path
        Where videos and transcripts lie, at any depth; hidden files are passed over.
    layout : str
        ``childproject`` for a data set with its own metadata; otherwise as for
        `layouts.find_layout`.
    out_dir : str or Path
        Where to write ``children.tsv`` and ``sessions.tsv``; tables with rows in them are kept.
    root : str or Path
        The config's ``corpus.root``: paths below it are written as they begin from there, others
        in full.
    exclude_duplicates : bool
        Mark probable duplicates as excluded instead of only telling of them.
    number_sessions : bool
        Number each child's sessions instead of making ids of their names.

    Raises
    ------
    UserError
        The folder is missing or holds no video that fits the layout, or a table has rows already.
    """
    folder, out_dir = Path(folder), Path(out_dir)
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; give the folder that holds the videos")
    for table in (CHILDREN, SESSIONS):
        path = out_dir / f"{table.name}.tsv"
        if path.exists() and read_tsv(path, table, problems=[]):
            raise UserError(f"{path}: has rows already; move it away or give another --out-dir")
    names, links = _files(folder)
    if layout == "childproject":
        found = scan_childproject(folder, names)
    else:
        found = scan_names(names, layout)
    if not found.recordings:
        _tell(found.notes)
        raise UserError(
            f"{folder}: no video fits layout {layout!r}; expected files ending in "
            f"{', '.join(VIDEO_SUFFIXES)} or folders of numbered pictures; give another --layout"
        )
    if number_sessions:
        found = replace(found, recordings=_numbered(found.recordings))
    elif layout in LAYOUTS and LAYOUTS[layout].dated:
        logger.warning(
            "session ids hold days of recording, and ids stand in every table of the results; "
            "with an age they tell a birth date. --number-sessions numbers the sessions instead"
        )
    found.notes[Note.NOT_ENTERED] = links
    ids = {child["child_id"] for child in found.children}
    found.notes[Note.SAME_CHILD] = [f"{name} and S{name}" for name in ids if f"S{name}" in ids]
    pairs, found.notes[Note.UNREAD] = find_duplicates(found.recordings, folder)
    found.notes[Note.DUPLICATE] = [
        f"{copy.videos[0]} is like {original.videos[0]}" for copy, original in pairs
    ]
    originals = dict(pairs) if exclude_duplicates else {}
    rows = [
        _session(recording, originals.get(recording), folder.resolve(), Path(root).resolve())
        for recording in found.recordings
    ]
    _tell(found.notes)
    _write(out_dir / "children.tsv", CHILDREN_COLUMNS, found.children)
    _write(out_dir / "sessions.tsv", SESSIONS.names, rows)
    _summarise(found, rows, out_dir)


def _numbered(recordings: Sequence[Found]) -> list[Found]:
    """Return recordings with ids that number each child's by day; those without one come last."""
    by_day = sorted(recordings, key=lambda found: (found.recording_date or date.max, found.videos))
    numbers: Counter[str] = Counter()
    numbered = []
    for found in by_day:
        numbers[found.child_id] += 1
        numbered.append(replace(found, session_id=f"s{numbers[found.child_id]:04d}"))
    return sorted(numbered, key=lambda found: found.videos)


def _session(recording: Found, original: Found | None, folder: Path, root: Path) -> dict[str, str]:
    """Return the row of a recording, with paths that begin from the corpus' root."""

    def from_root(name: str | None) -> str:
        if name is None:
            return ""
        path = folder / name
        return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()

    reason = recording.exclude_reason or ""
    if original is not None and not reason:
        reason = f"duplicate of {original.child_id}/{original.session_id}"
    return {
        "child_id": recording.child_id,
        "session_id": recording.session_id,
        "video": join_paths([from_root(video) for video in recording.videos]),
        "transcript": one_line(from_root(recording.transcript)),
        "rttm": one_line(from_root(recording.rttm)),
        "recording_date": recording.recording_date.isoformat() if recording.recording_date else "",
        "exclude": "yes" if reason else "",
        "exclude_reason": reason,
        "source_name": one_line(recording.source_name),
    }


def _files(folder: Path) -> tuple[list[str], list[str]]:
    """Return the paths of all files that are not hidden, and of folders that are links."""
    files: list[Path] = []
    links: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        here = Path(place)
        links.extend(here / name for name in folders if (here / name).is_symlink())
        files.extend(here / name for name in names if not name.startswith("."))
    return [_below(path, folder) for path in files], [_below(path, folder) for path in links]


def _below(path: Path, folder: Path) -> str:
    """Return a path as it begins from a folder."""
    return path.relative_to(folder).as_posix()


def _tell(notes: dict[Note, list[str]]) -> None:
    """Tell every note with the files that it is about."""
    for note in Note:
        if notes.get(note):
            logger.warning("%d %s:", len(notes[note]), note.value)
            for name in notes[note]:
                logger.warning("  %s", name)


def _summarise(found: Scan, rows: Sequence[dict[str, str]], out_dir: Path) -> None:
    """Say how much was found, where it is written, and what is left to do."""
    notes = found.notes
    count = {name: sum(bool(row[name]) for row in rows) for name in SUMMARISED}
    excluded = f"{count['exclude']} excluded"
    lines = [
        f"{len(found.children)} children, {len(rows)} sessions ({excluded})",
        f"  {count['transcript']} with a transcript, {len(rows) - count['transcript']} without",
        f"  {count['rttm']} with an RTTM file",
        f"  {count['recording_date']} with the day of recording",
        f"  {len(notes[Note.JOINED])} joined from chapters",
        f"  {len(notes[Note.DUPLICATE])} probable duplicates",
        f"  {sum(len(notes[note]) for note in UNUSED)} files or folders not used",
        f"wrote {out_dir / 'children.tsv'} and {out_dir / 'sessions.tsv'}. Next: give birth_date "
        "and recording_date (or age_days) where you know them",
    ]
    if any(row["video"].startswith("/") for row in rows):
        lines.append(
            "  paths lead out of corpus.root: set it to a folder that holds them and scan again "
            "with --root, or set corpus.allow_outside_root: true"
        )
    logger.info("\n".join(lines))


def _write(path: Path, columns: Sequence[str], rows: Sequence[dict[str, str]]) -> None:
    """Write a table that `read_corpus` reads; cells without a value stay empty."""
    with atomic_path(path) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, dialect="excel-tab", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
