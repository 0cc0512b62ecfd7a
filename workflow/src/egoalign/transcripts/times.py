"""Times written as on a clock: m:ss and h:mm:ss."""

from __future__ import annotations

import re
from decimal import Decimal

from egoalign.transcripts.segments import MISSING, TranscriptError, number, shown

CLOCK = re.compile(
    r"(?:(?P<hours>[0-9]+):)?(?P<minutes>[0-9]*):(?P<seconds>[0-5][0-9](?:[.,][0-9]+)?)"
)


def clock(value: str, place: str, what: str) -> float | None:
    """Return the seconds that a clock time says, or None where the cell says that there is none.

    Parameters
    ----------
    value : str
        ``m:ss``, ``:ss`` or ``h:mm:ss``, each with or without decimals. Without hours there may be
        more than 59 minutes. A plain number is refused: 1.30 may be meant as a minute and a half.
    place, what : str
        File and line, and the column's name, for the message.

    Raises
    ------
    TranscriptError
        The cell holds something else.
    """
    if value.strip().lower() in MISSING:
        return None
    match = CLOCK.fullmatch(value.strip())
    hours, minutes = (int(match[name] or 0) for name in ("hours", "minutes")) if match else (0, 0)
    if match is None or (match["hours"] and (minutes > 59 or not match["minutes"])):
        raise TranscriptError(
            place,
            f"{what} is not a clock time",
            f"found {shown(value)}, expected one such as 1:05, 1:05.5 or 0:01:05",
        )
    return float(3600 * hours + 60 * minutes + Decimal(match["seconds"].replace(",", ".")))


def seconds_or_clock(value: str, place: str, what: str) -> float | None:
    """Return the seconds of a cell that holds either a number of seconds or a clock time."""
    return clock(value, place, what) if ":" in value else number(value, place, what)
