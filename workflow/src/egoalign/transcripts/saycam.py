"""Transcripts of SAYCam, exported from Google Sheets: start, speaker, utterance, video's name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.delimited import Line, read_lines
from egoalign.transcripts.names import without_suffix
from egoalign.transcripts.segments import ESTIMATED, MISSING, Segment, TranscriptError
from egoalign.transcripts.sentences import sentences, shared_out
from egoalign.transcripts.text import count_words
from egoalign.transcripts.times import clock

TIME, SPEAKER, TEXT, VIDEO = "Time", "Speaker", "Utterance", "Video Name"
WORDS_PER_SECOND = 2.5
"""How fast the last utterance is taken to be said, since no row after it says when it ends."""

LOOSE = re.compile(r"([0-9]*)(?:[.;,]([0-5][0-9])|[:.;,]([0-5]))")
"""Minutes and seconds parted by another mark, or with the tens of the seconds alone."""

RANGE_MARK = re.compile("[-–—]")

Times = tuple[float | None, float | None]


def read_saycam(text: str, name: str, options: TranscriptsOptions) -> list[Segment]:
    """Read the export of one sheet.

    A row ends where the next row that has a time starts, unless its own cell gives a range
    (0:05-0:09). The last row lasts as long as its words take at 2.5 a second. A cell with several
    sentences becomes an utterance each, and they share its time by their numbers of words. Times
    that were reckoned in these two ways are flagged ``estimated_time``.

    Where the sheet names several videos, the rows of the one named like the file are taken; a row
    that names none belongs to the video of the row above.

    Parameters
    ----------
    text : str
        The file's text.
    name : str
        The file's name, for messages and to choose the video.
    options : TranscriptsOptions
        Not looked at; the names of the columns are the format's own.

    Raises
    ------
    TranscriptError
        A column is missing, a row is malformed, a time is not m:ss or h:mm:ss, or the rows are of
        several videos and none is named like the file.
    """
    advice = dict.fromkeys((TIME, TEXT), f"such a sheet has {TIME} and {TEXT}")
    lines = [
        line
        for line in read_lines(text, name, advice, (SPEAKER, VIDEO))
        if any(line.cells.get(column, "").strip() for column in (TIME, TEXT, SPEAKER))
    ]
    lines = _of_one_video(lines, name)
    times = _with_ends([_times(line) for line in lines])
    return [
        segment
        for line, (start_s, end_s) in zip(lines, times, strict=True)
        for segment in _segments(line, start_s, end_s)
    ]


def _of_one_video(lines: Sequence[Line], name: str) -> list[Line]:
    """Return the rows of the file's own video."""
    videos: list[str] = []
    for line in lines:
        video = without_suffix(line.cells.get(VIDEO, ""))
        videos.append(video or (videos[-1] if videos else ""))
    found = sorted({video for video in videos if video})
    if len(found) <= 1:
        return list(lines)
    own = PurePath(name).stem
    if own not in found:
        raise TranscriptError(
            name,
            f"rows of {len(found)} videos",
            f"found {', '.join(found)}; keep those of one, or name the file like its video",
        )
    return [line for line, video in zip(lines, videos, strict=True) if video == own]


def _with_ends(times: Sequence[Times]) -> list[Times]:
    """Give each row without an end the start of the next row that has one."""
    whole: list[Times] = []
    next_s: float | None = None
    for start_s, end_s in reversed(times):
        whole.append((start_s, next_s if end_s is None and start_s is not None else end_s))
        next_s = next_s if start_s is None else start_s
    return whole[::-1]


def _segments(line: Line, start_s: float | None, end_s: float | None) -> list[Segment]:
    """Return the utterances of one row; only the last row that has a start has no end."""
    text = line.cells[TEXT]
    parts = sentences(text)
    estimated = start_s is not None and (end_s is None or len(parts) > 1)
    if start_s is not None and end_s is None:
        end_s = start_s + count_words(text) / WORDS_PER_SECOND
    return [
        Segment(
            line=line.number,
            start_s=start,
            end_s=end,
            text=part,
            speaker=line.cells.get(SPEAKER),
            flags=(ESTIMATED,) if estimated else (),
        )
        for part, (start, end) in zip(parts, shared_out(parts, start_s, end_s), strict=True)
    ]


def _times(line: Line) -> Times:
    """Return a row's start, and its end where the cell holds both."""
    cell = line.cells[TIME].strip()
    if cell.lower() in MISSING:
        return None, None
    start, *rest = [cell] if RANGE_MARK.match(cell) else RANGE_MARK.split(cell, maxsplit=1)
    return _seconds(start, line), _seconds(rest[0], line) if rest else None


def _seconds(text: str, line: Line) -> float | None:
    """Return the seconds of a clock time; minutes and seconds may be parted by other marks.

    One digit of seconds counts tens, since a sheet shows 1.30 as 1.3.
    """
    loose = LOOSE.fullmatch(text.strip())
    if loose is not None:
        seconds = int(loose[2]) if loose[2] else 10 * int(loose[3])
        return 60.0 * int(loose[1] or 0) + seconds
    return clock(text, line.place, TIME)
