"""Plain text in the manner of CHAT, with marks such as (0:10) in place of bullets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.chat import Header
from egoalign.transcripts.lines import lines_of
from egoalign.transcripts.segments import ESTIMATED, Segment, TranscriptError, shown
from egoalign.transcripts.text import count_words

MARK = re.compile(r"\(((?:[0-9]{1,4}:)?[0-9]{0,4}:[0-9]{2}(?:\.[0-9]+)?)\)\s*")
MARKED_LINE = re.compile(r"\([^()\s]*:[^()\s]*\)")
TIER = re.compile(r"\*([^\s:]+):\s*(.*)")


@dataclass
class _Line:
    """One utterance; `mark_s` is the last mark before it, which others may share."""

    number: int
    speaker: str
    text: str
    mark_s: float | None


def read_chat_text(text: str, name: str, options: TranscriptsOptions) -> list[Segment]:
    """Read lines such as ``(0:10) *FAT:<TAB>here it comes.``.

    Parameters
    ----------
    text : str
        The file's text.
    name : str
        The file's name, for messages.
    options : TranscriptsOptions
        Not used.

    Returns
    -------
    list of Segment
        One a line with a speaker, in the order of the file. Times are estimates by
        `spread_times` and flagged so.

    Raises
    ------
    TranscriptError
        A line without speaker that continues none, a mark that is no time, or one that is earlier
        than the mark before it.
    """
    header = Header()
    utterances: list[_Line] = []
    marks: list[float] = []
    continued: _Line | None = None
    for number, line in enumerate(lines_of(text), start=1):
        place = f"{name}, line {number}"
        found_s, content = _mark(line.strip(), place)
        tier = TIER.fullmatch(content)
        if tier is not None:
            continued = _Line(number, tier[1], tier[2], None)
            utterances.append(continued)
            if found_s is None and MARK.match(tier[2]):
                found_s, continued.text = _mark(tier[2], place)
        elif content.startswith(("@", "%")):
            header.read(content)
            continued = _Line(number, "", "", None)
        elif content and continued is not None and found_s is None and line[0] in " \t":
            continued.text = f"{continued.text} {content}".strip()
        elif content:
            raise TranscriptError(
                place,
                "a line without speaker",
                f"found {shown(content)}, expected one such as '(0:10) *MOT: ...' or a tab",
            )
        if found_s is not None:
            if marks and found_s < marks[-1]:
                raise TranscriptError(place, "a mark earlier than the one before it")
            marks.append(found_s)
        if tier is not None and marks:
            utterances[-1].mark_s = marks[-1]
    times = spread_times(
        [utterance.mark_s for utterance in utterances],
        [count_words(utterance.text) for utterance in utterances],
        marks,
    )
    return [
        Segment(
            line=utterance.number,
            start_s=start_s,
            end_s=end_s,
            text=utterance.text,
            speaker=utterance.speaker,
            language=next(iter(header.languages), None),
            speaker_role=header.roles.get(utterance.speaker),
            flags=() if start_s is None else (ESTIMATED,),
        )
        for utterance, (start_s, end_s) in zip(utterances, times, strict=True)
    ]


def spread_times(
    own_marks_s: Sequence[float | None], n_words: Sequence[int], marks_s: Sequence[float]
) -> list[tuple[float | None, float | None]]:
    """Return start and end of utterances of which only some starts are marked.

    Parameters
    ----------
    own_marks_s : sequence of float or None
        For each utterance the last mark at or before it.
    n_words : sequence of int
        Words of each utterance.
    marks_s : sequence of float
        All marks, also those that only end an utterance.

    Notes
    -----
    Utterances with the same mark share the stretch up to the next mark in proportion to their
    words, at least one each. The last stretch, which no mark ends, is taken to be as long as the
    median of the others; where there is no other, its utterances have no times, as have those
    before the first mark.
    """
    marks = sorted(set(marks_s))
    ends = dict(pairwise(marks))
    if ends:
        ends[marks[-1]] = marks[-1] + median(end - mark for mark, end in ends.items())
    shares = [max(1, count) for count in n_words]
    totals = dict.fromkeys(ends, 0)
    for mark, share in zip(own_marks_s, shares, strict=True):
        if mark in ends:
            totals[mark] += share
    times: list[tuple[float | None, float | None]] = []
    spent = dict.fromkeys(ends, 0)
    for mark, share in zip(own_marks_s, shares, strict=True):
        if mark is None or mark not in ends:
            times.append((None, None))
            continue
        per_share = (ends[mark] - mark) / totals[mark]
        start = spent[mark]
        spent[mark] = start + share
        times.append((mark + start * per_share, mark + spent[mark] * per_share))
    return times


def _mark(content: str, place: str) -> tuple[float | None, str]:
    """Return the time of a mark at the start of a line, and what follows it."""
    mark = MARK.match(content)
    if mark is None:
        if MARKED_LINE.match(content):
            raise _no_time(content, place)
        return None, content
    *larger, seconds = mark[1].split(":")
    minutes = int(larger[-1] or 0)
    hours = int(larger[0]) if len(larger) > 1 else 0
    if float(seconds) >= 60 or (len(larger) > 1 and minutes >= 60):
        raise _no_time(content, place)
    return hours * 3600.0 + minutes * 60.0 + float(seconds), content[mark.end() :]


def _no_time(content: str, place: str) -> TranscriptError:
    """Return the error of a mark that is no time."""
    return TranscriptError(
        place, "a mark that is no time", f"found {shown(content)}, expected one such as (1:05)"
    )
