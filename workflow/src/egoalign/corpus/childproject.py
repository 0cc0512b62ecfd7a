"""Recordings of a data set in ChildProject's format, from its own metadata.

The format is described in the documentation of the ChildProject package: ``metadata`` holds
``recordings.csv``, ``children.csv`` and ``annotations.csv``; files lie in ``recordings/raw`` and
``annotations/<set>/converted`` (times in ms from the recording's start) or ``.../raw``.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import islice
from pathlib import Path, PurePosixPath

from egoalign.corpus.found import (
    VIDEO_SUFFIXES,
    Found,
    Note,
    Scan,
    has_suffix,
    make_id,
    refuse_collisions,
    refuse_names,
)
from egoalign.log import UserError

RECORDINGS, CHILDREN, ANNOTATIONS = "recordings.csv", "children.csv", "annotations.csv"
TABLES = {
    RECORDINGS: ("recording_filename", "child_id"),
    CHILDREN: ("child_id",),
    ANNOTATIONS: ("recording_filename", "set"),
}
"""The tables of the metadata, and the columns that a scan needs of each."""

MISSING = "NA"
RAW = "recordings/raw"
RAW_SUFFIXES = (".cha", ".eaf")
"""Annotations that hold words and can be read as they are."""

NO_SEEK = ("", "0", "0.0")
"""Values of ``time_seek`` where an annotation's times begin with the recording."""

TEXT_COLUMN = "transcription"
"""Column that a converted annotation has where it holds words."""

Row = Mapping[str, str]


def scan_tables(
    recordings: Sequence[Row],
    children: Sequence[Row],
    annotations: Sequence[Row],
    names: set[str],
    has_words: Callable[[str], bool],
) -> Scan:
    """Find sessions in ChildProject's three tables.

    Parameters
    ----------
    recordings, children, annotations : sequence of mappings
        The rows of the three tables.
    names : set of str
        Paths of all files of the data set.
    has_words : callable
        Whether a converted annotation holds words.

    Returns
    -------
    Scan
        A recording has the one annotation of words that it has. RTTM files are not given, since
        annotations say themselves who speaks; what the metadata discards is excluded.
    """
    found = Scan([], [])
    of_recording: dict[str, list[Row]] = defaultdict(list)
    for row in annotations:
        of_recording[_cell(row, "recording_filename")].append(row)
    # A child's id is unique within an experiment only.
    several = len({_cell(row, "experiment") for row in recordings}) > 1

    def child_of(row: Row) -> str:
        name = _cell(row, "child_id")
        return f"{_cell(row, 'experiment')}-{name}" if several else name

    known = {child_of(row): row for row in children}
    files = [PurePosixPath(_cell(row, "recording_filename")) for row in recordings]
    stems = Counter((child_of(row), path.stem) for row, path in zip(recordings, files, strict=True))
    for row, path in zip(recordings, files, strict=True):
        file, child = _cell(row, "recording_filename"), child_of(row)
        video = _video(file, names)
        if video is None:
            sound = f"{RAW}/{file}" in names
            found.notes[Note.NO_VIDEO if sound else Note.NO_FILE].append(file or f"of {child}")
            continue
        transcripts = _transcripts(of_recording[file], names, has_words)
        if not transcripts:
            found.notes[Note.VIDEO_ALONE].append(video)
        elif len(transcripts) > 1:
            found.notes[Note.VIDEO_ALONE].append(video)
            found.notes[Note.TRANSCRIPT_ALONE].extend(transcripts)
        # Names need only differ among a child's recordings; folders count where they do not.
        name = path.stem if stems[child, path.stem] == 1 else path.with_suffix("").as_posix()
        discarded = _discarded(row) or _discarded(known.get(child, {}))
        found.recordings.append(
            Found(
                child_id=make_id(child),
                session_id=make_id(name),
                videos=(video,),
                transcript=transcripts[0] if len(transcripts) == 1 else None,
                rttm=None,
                recording_date=_day(row, "date_iso"),
                source_name=path.stem,
                exclude_reason="discarded in the metadata" if discarded else None,
            )
        )
    used = {video for recording in found.recordings for video in recording.videos}
    found.notes[Note.OUTSIDE].extend(
        name for name in sorted(names) if has_suffix(name, VIDEO_SUFFIXES) and name not in used
    )
    refuse_names([name for row in found.recordings for name in (*row.videos, row.transcript or "")])
    ids = dict.fromkeys((make_id(child_of(row)), child_of(row)) for row in recordings)
    refuse_collisions(found.recordings, ids, "mend metadata/recordings.csv")
    with_videos = {recording.child_id for recording in found.recordings}
    for child_id, child in ids:
        if child_id not in with_videos:
            continue
        row = known.get(child, {})
        born = _day(row, "child_dob")
        found.children.append(
            {
                "child_id": child_id,
                "birth_date": born.isoformat() if born else "",
                "sex": _cell(row, "child_sex"),
                "languages": _cell(row, "languages") or _cell(row, "language"),
            }
        )
    return found


def scan_childproject(folder: Path, names: Sequence[str]) -> Scan:
    """Find sessions in a data set's folder.

    Parameters
    ----------
    folder : Path
        Holds ``metadata``, ``recordings`` and ``annotations``.
    names : sequence of str
        Paths of all its files.

    Raises
    ------
    UserError
        The metadata are missing or cannot be read.
    """

    def has_words(name: str) -> bool:
        return TEXT_COLUMN in _read_csv(folder / name, most=0)[0]

    tables: dict[str, list[dict[str, str]]] = {}
    for table, columns in TABLES.items():
        path = folder / "metadata" / table
        if table == ANNOTATIONS and not path.exists():
            tables[table] = []
            continue
        header, rows = _read_csv(path)
        missing = [column for column in columns if column not in header]
        if missing:
            raise UserError(
                f"{path}: column {missing[0]!r} is missing; found {', '.join(header) or 'none'}; "
                "give the folder of a data set in ChildProject's format"
            )
        tables[table] = rows
    return scan_tables(
        tables[RECORDINGS], tables[CHILDREN], tables[ANNOTATIONS], set(names), has_words
    )


def _read_csv(path: Path, most: int | None = None) -> tuple[list[str], list[dict[str, str]]]:
    """Return the header and the rows of a table of the data set, at most so many of them."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            rows = list(islice(reader, most))
            return list(reader.fieldnames or []), rows
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(
            f"{path}: cannot be read ({error}); expected a CSV table in UTF-8"
        ) from error


def _cell(row: Row, column: str) -> str:
    """Return a cell, empty where it says NA or is not there."""
    value = (row.get(column) or "").strip()
    return "" if value == MISSING else value


def _day(row: Row, column: str) -> date | None:
    """Return a day such as 2024-01-31, or None where there is none."""
    try:
        return date.fromisoformat(_cell(row, column))
    except ValueError:
        return None


def _discarded(row: Row) -> bool:
    """Say whether the metadata leave a row out."""
    return _cell(row, "discard") in ("1", "1.0")


def _video(file: str, names: set[str]) -> str | None:
    """Return the video of a recording: its file, or the one beside its sound file."""
    path = PurePosixPath(RAW, file)
    if path.as_posix() in names and has_suffix(file, VIDEO_SUFFIXES):
        return path.as_posix()
    suffixes = (*VIDEO_SUFFIXES, *(suffix.upper() for suffix in VIDEO_SUFFIXES))
    beside = [path.with_suffix(suffix).as_posix() for suffix in suffixes] if file else []
    found = [name for name in beside if name in names]
    return found[0] if len(found) == 1 else None


def _transcripts(
    rows: Sequence[Row], names: set[str], has_words: Callable[[str], bool]
) -> list[str]:
    """Return the annotations of a recording that hold words: converted ones, or else raw ones."""
    converted, raw = [], []
    for row in rows:
        folder = f"annotations/{_cell(row, 'set')}"
        path = f"{folder}/converted/{_cell(row, 'annotation_filename')}"
        if path in names and has_words(path):
            converted.append(path)
        path = f"{folder}/raw/{_cell(row, 'raw_filename')}"
        if path in names and has_suffix(path, RAW_SUFFIXES) and _cell(row, "time_seek") in NO_SEEK:
            raw.append(path)
    return list(dict.fromkeys(converted or raw))
