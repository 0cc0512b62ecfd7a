"""Names of BabyView recordings, in all the forms that the lab has given them over the years.

Parts are parted by ``_``. First comes the child, then what the camera or the lab called the file
(``GX010023``, ``H18M21S48``, or a day), then the recording's week, a part number, a day with a
time, or an identifier; at the end what was done with the file (``_processed``, ``_rotated``,
``_blackout``) and the number of a piece (``_043``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from egoalign.corpus.found import Name

CHILD = re.compile(r"[A-Za-z]?[0-9]{4,}")
GOPRO = re.compile(r"G[XHP]([0-9]{2})([0-9]{4})(?:\s*-\s*(.*))?", re.IGNORECASE)
CLOCK = re.compile(r"H[0-9]{1,2}M[0-9]{1,2}S[0-9]{1,2}(?:\s*-\s*(.*))?", re.IGNORECASE)
AMERICAN_DAY = r"[0-9]{1,2}\.[0-9]{1,2}\.(?:[0-9]{4}|[0-9]{2})"
ISO_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
WEEK = re.compile(rf"{AMERICAN_DAY}\s*-\s*{AMERICAN_DAY}|{ISO_DAY}\s*-\s*{ISO_DAY}")
MOMENT = re.compile(rf"({AMERICAN_DAY}|{ISO_DAY})(?:[\sT-].*)?")
MARK = re.compile(r"(.+?)[_ ](?:(processed|rotated|blackout)|([0-9]{3}))", re.IGNORECASE)

RANKS = {"blackout": 4, "rotated": 2, "processed": 1}
"""A copy that was blacked out or turned is what the lab wants looked at."""


def without_marks(stem: str) -> str:
    """Return a name without what was done with the file, but with the number of a piece."""
    base, _, piece = _split_marks(stem)
    return f"{base}_{piece}" if piece else base


def read_babyview(stem: str) -> Name | None:
    """Read child, session, day and chapter from a name without suffix.

    The day is read from a field that holds a single day, never from the week. A name that gives
    two different days has none. Chapters share the last four digits of GoPro's name, the child
    and the day (the week, where no day is given); pieces share all but their number.

    Returns
    -------
    Name or None
        None where the name is not of this kind.
    """
    base, marks, piece = _split_marks(stem)
    child, *fields = [part.strip() for part in base.split("_")]
    if not fields or not CHILD.fullmatch(child):
        return None
    gopro, clock = GOPRO.fullmatch(fields[0]), CLOCK.fullmatch(fields[0])
    if gopro:
        days = _days([gopro[3] or "", *fields[1:]])
    elif clock:
        days = _days([clock[1] or "", *fields[1:]])
    elif MOMENT.fullmatch(fields[0]) and not WEEK.fullmatch(fields[0]):
        days = _days(fields)
    else:
        return None
    day = days.pop() if len(days) == 1 else None
    session = f"{base}_{piece}" if piece else base
    rank = sum(RANKS[mark] for mark in marks)
    if piece:
        return Name(child, session, day, rank, (child, base), int(piece), 0, base)
    if gopro:
        weeks = [part for part in fields if WEEK.fullmatch(part)]
        when = day.isoformat() if day else "".join(weeks)
        return Name(child, session, day, rank, (child, gopro[2], when), int(gopro[1]))
    return Name(child, session, day, rank)


def _split_marks(stem: str) -> tuple[str, set[str], str]:
    """Return a name's beginning, its marks, and the number of a piece or nothing."""
    marks: set[str] = set()
    piece = ""
    while match := MARK.fullmatch(stem):
        if match[2]:
            marks.add(match[2].lower())
        elif piece:
            break
        else:
            piece = match[3]
        stem = match[1]
    return stem, marks, piece


def _days(fields: Iterable[str]) -> set[date]:
    """Return the days that fields give; weeks and days that do not exist give none."""
    days = set()
    for text in fields:
        match = MOMENT.fullmatch(text)
        if match is None or WEEK.fullmatch(text):
            continue
        try:
            if "." in match[1]:
                month, day, year = (int(part) for part in match[1].split("."))
                days.add(date(year + 2000 if year < 100 else year, month, day))
            else:
                days.add(date.fromisoformat(match[1]))
        except ValueError:
            continue
    return days
