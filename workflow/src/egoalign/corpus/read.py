"""Read `children.tsv` and `sessions.tsv`, check every row, and tell all problems at once."""

from __future__ import annotations

import difflib
import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from egoalign.config import MODEL_ID, CorpusOptions
from egoalign.corpus.columns import CHILDREN, INTERVAL_PATTERN, SESSIONS
from egoalign.corpus.outside import paths_outside
from egoalign.corpus.tsv import Line, read_tsv
from egoalign.log import UserError

MAX_AGE_DAYS = 20 * 365.25
MOST_SHOWN = 10
"""Paths that a message names."""

AGE_TOLERANCE_DAYS = 1.0
"""How far an age given may be from the one that the two dates give."""


@dataclass(frozen=True)
class ChildRow:
    """One row of `children.tsv`; `extra` holds the lab's further columns as text."""

    child_id: str
    birth_date: date | None
    age_days: float | None
    sex: str | None
    languages: str | None
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SessionRow:
    """One row of `sessions.tsv`, its age worked out; `extra` holds further columns as text."""

    child_id: str
    session_id: str
    videos: tuple[str, ...]
    transcript: str | None
    rttm: str | None
    transcript_offset_s: float
    recording_date: date | None
    age_days: float | None
    exclude: bool
    exclude_reason: str | None
    exclude_intervals: tuple[tuple[float, float], ...]
    source_name: str | None
    child_languages: str | None = None
    extra: dict[str, str] = field(default_factory=dict)

    def files(self, models: Sequence[str] = ()) -> tuple[str, ...]:
        """Return the paths that this session names, from the corpus' root.

        A path of embeddings that holds ``{model}`` is given once for each id in `models`.
        """
        seen = dict.fromkeys(
            video.replace(MODEL_ID, model)
            for video in self.videos
            for model in models or [MODEL_ID]
        )
        return (*seen, *(name for name in (self.transcript, self.rttm) if name))

    def row(self, with_languages: bool = False) -> dict[str, Any]:
        """Return what a session's jobs need to know, as plain JSON values.

        The child's languages are among them only where they are asked for, so that jobs that do
        not look at them do not run again when they change.
        """
        languages = {"child_languages": self.child_languages} if with_languages else {}
        return {
            **languages,
            "child_id": self.child_id,
            "session_id": self.session_id,
            "video": list(self.videos),
            "transcript": self.transcript,
            "rttm": self.rttm,
            "transcript_offset_s": self.transcript_offset_s,
            "age_days": self.age_days,
            "exclude": self.exclude,
            "exclude_reason": self.exclude_reason,
            "exclude_intervals": [list(interval) for interval in self.exclude_intervals],
            "source_name": self.source_name,
        }


ROW_KEYS = (
    *("child_id", "session_id", "video", "transcript", "rttm", "transcript_offset_s"),
    "age_days",
    *("exclude", "exclude_reason", "exclude_intervals", "source_name"),
)
"""What `SessionRow.row` holds, beside the child's languages where they are asked for."""


def parse_row(text: str, needed: Sequence[str] = ROW_KEYS) -> dict[str, Any]:
    """Return a session's row from the JSON of `SessionRow.row`.

    Parameters
    ----------
    text : str
        A JSON object.
    needed : sequence of str
        Keys that the step reads.

    Raises
    ------
    UserError
        The text is not JSON, not an object, or lacks a key.
    """
    try:
        row = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"--row: not JSON ({error}); give a session as an object") from error
    if not isinstance(row, dict):
        raise UserError(f"--row: found {text!r}, expected an object with {', '.join(needed)}")
    missing = [key for key in needed if key not in row]
    if missing:
        raise UserError(f"--row: {', '.join(missing)} missing; expected {', '.join(needed)}")
    return row


@dataclass(frozen=True)
class Corpus:
    """The children and sessions of a corpus, in the order of their tables."""

    root: Path
    children: list[ChildRow]
    sessions: list[SessionRow]


def read_corpus(
    children_path: str | Path, sessions_path: str | Path, root: str | Path = "."
) -> Corpus:
    """Read and check both tables.

    Parameters
    ----------
    children_path, sessions_path : str or Path
        Tab-separated tables in UTF-8; blank lines and lines that begin with ``#`` are skipped.
    root : str or Path
        Folder from which the paths in the sessions table are reckoned. Whether the files are
        there is not checked here; see `egoalign.corpus.files.missing_files`.

    Raises
    ------
    UserError
        One line a problem, with file and line number, all problems of both tables at once.
    """
    problems: list[str] = []
    child_lines = read_tsv(children_path, CHILDREN, problems)
    session_lines = read_tsv(sessions_path, SESSIONS, problems)
    children = _children(child_lines)
    # Where a table could not be read at all, its rows' absence is not every other row's fault.
    sessions = _sessions(session_lines, children) if children or not problems else []
    _check_shared_columns(child_lines, session_lines)
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise UserError("\n  ".join([f"{children_path}, {sessions_path}: {count}", *problems]))
    return Corpus(Path(root), list(children.values()), sessions)


def open_corpus(options: CorpusOptions) -> Corpus:
    """Read the corpus of a run.

    Raises
    ------
    UserError
        As `read_corpus`, or there is no session, or a path leads out of the root though
        `corpus.allow_outside_root` does not allow it.
    """
    corpus = read_corpus(options.children, options.sessions, options.root)
    if not corpus.sessions:
        raise UserError(
            f"{options.sessions}: no sessions yet; write a row a recording, or use "
            "'egoalign scan FOLDER --out-dir config', or try the demo: make demo"
        )
    outside = [] if options.allow_outside_root else paths_outside(corpus.sessions, corpus.root)
    if outside:
        rest = len(outside) - MOST_SHOWN
        more = [f"... and {rest} more"] if rest > 0 else []
        raise UserError(
            "\n  ".join(
                [
                    f"{options.sessions}: paths outside corpus.root ({corpus.root.resolve()}); set "
                    "corpus.root to a folder that holds them, or corpus.allow_outside_root: true",
                    *outside[:MOST_SHOWN],
                    *more,
                ]
            )
        )
    return corpus


def split_paths(cell: str) -> tuple[str, ...]:
    r"""Return the paths of a cell, which are parted by ``;``.

    Within a name ``\;`` stands for a semicolon and ``\n`` for an end of line.
    """
    parts = re.split(r"(?<!\\);", cell)
    return tuple(
        part.strip().replace(r"\;", ";").replace(r"\n", "\n") for part in parts if part.strip()
    )


def join_paths(paths: Sequence[str]) -> str:
    """Return the cell that `split_paths` reads as these paths."""
    return ";".join(one_line(path).replace(";", r"\;") for path in paths)


def one_line(name: str) -> str:
    r"""Return a name as it stands in a table: on one line, with ``\n`` where the name has more."""
    return name.replace("\n", r"\n")


def _path(line: Line, column: str) -> str | None:
    """Return the one path of a cell."""
    cell = line.text(column)
    return None if cell is None else cell.replace(r"\n", "\n")


def _children(lines: Sequence[Line]) -> dict[str, ChildRow]:
    """Return the children by id, noting what is wrong with each."""
    children: dict[str, ChildRow] = {}
    places: dict[str, tuple[str, str]] = {}
    for line in lines:
        child_id = line.identifier("child_id")
        _check_unique(line, "child_id", child_id, places)
        age_days = line.number("age_days")
        _check_age(line, age_days)
        children[child_id] = ChildRow(
            child_id=child_id,
            birth_date=line.day("birth_date"),
            age_days=age_days,
            sex=line.text("sex"),
            languages=line.text("languages"),
            extra=line.extra,
        )
    return children


def _sessions(lines: Sequence[Line], children: Mapping[str, ChildRow]) -> list[SessionRow]:
    """Return the sessions, noting what is wrong with each."""
    sessions: list[SessionRow] = []
    places: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    dated: dict[str, list[tuple[date, float, Line]]] = defaultdict(list)
    for line in lines:
        child_id = line.cells["child_id"]
        if child_id not in children:
            near = difflib.get_close_matches(child_id, children, 1, cutoff=0.6)
            hint = f"did you mean {near[0]!r}?" if near else "add it to the table of children"
            line.problem(f"child_id {child_id!r} is not in the table of children; {hint}")
        session_id = line.identifier("session_id")
        _check_unique(line, "session_id", session_id, places[child_id])
        videos = split_paths(line.text("video") or "")
        recording_date = line.day("recording_date")
        age_days = _age(line, recording_date, children.get(child_id))
        if recording_date is not None and age_days is not None:
            dated[child_id].append((recording_date, age_days, line))
        exclude, reason = line.yes("exclude"), line.text("exclude_reason")
        if exclude and reason is None:
            line.problem("exclude is yes, but exclude_reason is empty; say why")
        if reason is not None and not exclude:
            line.problem("exclude_reason is given, but exclude is not yes; write yes or delete it")
        sessions.append(
            SessionRow(
                child_id=child_id,
                session_id=session_id,
                videos=videos,
                transcript=_path(line, "transcript"),
                rttm=_path(line, "rttm"),
                transcript_offset_s=line.number("transcript_offset_s") or 0.0,
                recording_date=recording_date,
                age_days=age_days,
                exclude=exclude,
                exclude_reason=reason,
                exclude_intervals=_intervals(line),
                source_name=line.text("source_name"),
                child_languages=children[child_id].languages if child_id in children else None,
                extra=line.extra,
            )
        )
    for rows in dated.values():
        _check_age_order(rows)
    return sessions


def _age(line: Line, recording_date: date | None, child: ChildRow | None) -> float | None:
    """Return the age at recording in days, noting contradictions."""
    given = line.number("age_days")
    reckoned = None
    if recording_date is not None and child is not None and child.birth_date is not None:
        reckoned = float((recording_date - child.birth_date).days)
    if reckoned is not None and reckoned < 0:
        line.problem(
            f"recording_date {recording_date} lies before the child's birth_date "
            f"{child.birth_date if child else ''}"
        )
        return None
    if given is not None and reckoned is not None and abs(given - reckoned) > AGE_TOLERANCE_DAYS:
        line.problem(
            f"age_days is {given:g}, but birth_date and recording_date give {reckoned:g}; "
            "mend one or leave age_days empty"
        )
    age = given if given is not None else reckoned
    _check_age(line, age)
    return age if age is not None or child is None else child.age_days


def _check_age(line: Line, age_days: float | None) -> None:
    """Note an age that no child of such a corpus can have."""
    if age_days is not None and not 0 <= age_days <= MAX_AGE_DAYS:
        line.problem(
            f"an age of {age_days:g} days; expected 0 to {MAX_AGE_DAYS:g} (20 years), in days"
        )


def _check_age_order(rows: list[tuple[date, float, Line]]) -> None:
    """Note sessions of one child whose ages and dates run against each other."""
    rows = sorted(rows, key=lambda row: row[0])
    for (day, age, earlier), (later_day, later_age, line) in pairwise(rows):
        if later_day > day and later_age < age:
            line.problem(
                f"age_days {later_age:g} on {later_day} is less than {age:g} on {day} "
                f"({earlier.place}); ages of one child must rise with recording_date"
            )


def _check_unique(line: Line, column: str, value: str, places: dict[str, tuple[str, str]]) -> None:
    """Note an id that stands there twice, or differs from another in upper and lower case only."""
    key = value.lower()
    if key not in places:
        places[key] = (value, line.place)
        return
    other, place = places[key]
    if other == value:
        line.problem(f"{column} {value!r} stands there twice, first in {place}")
    else:
        line.problem(
            f"{column} {value!r} differs from {other!r} ({place}) in upper and lower case only; "
            "some file systems cannot tell them apart"
        )


def _intervals(line: Line) -> tuple[tuple[float, float], ...]:
    """Return the excluded stretches of a session, in seconds."""
    cell = line.text("exclude_intervals")
    intervals = []
    for part in (cell or "").split(";"):
        if not part.strip():
            continue
        match = re.fullmatch(INTERVAL_PATTERN, part.strip())
        if match is None:
            line.problem(
                f"exclude_intervals: found {part.strip()!r}, expected seconds as in 12-30;95.5-100"
            )
        elif float(match[1]) >= float(match[2]):
            line.problem(f"exclude_intervals: {part.strip()!r} ends before it starts")
        else:
            intervals.append((float(match[1]), float(match[2])))
    return tuple(intervals)


def _check_shared_columns(child_lines: Sequence[Line], session_lines: Sequence[Line]) -> None:
    """Note further columns that stand in both tables, since both go into one."""
    if not child_lines or not session_lines:
        return
    known = set(CHILDREN.names) | set(child_lines[0].extra)
    for name in session_lines[0].extra:
        if name in known:
            session_lines[0].problem(
                f"column {name!r} is a column of the table of children too; rename it or drop it"
            )
    for name in child_lines[0].extra:
        if name in SESSIONS.names:
            child_lines[0].problem(f"column {name!r} belongs in the table of sessions")
