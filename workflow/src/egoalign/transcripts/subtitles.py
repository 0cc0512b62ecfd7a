"""Subtitles: SRT (SubRip) and WebVTT, with the speakers that WhisperX and voice tags name."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import pairwise

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.lines import lines_of
from egoalign.transcripts.segments import Segment, TranscriptError, shown

CLOCK = r"(?:([0-9]{1,6}):)?([0-5]?[0-9]):([0-5]?[0-9])(?:[,.]([0-9]{3}))?"
CUE = re.compile(rf"\s*{CLOCK}\s*-->\s*{CLOCK}(?:\s.*)?")
"""Start and end; what follows says where the cue stands on the screen."""

LIKE_CUE = re.compile(r"\s*[0-9]+:[0-9:]+[,.][0-9]+[^0-9<]{1,7}[0-9]+:[0-9:]+[,.][0-9]+")
"""A cue whose arrow is damaged: it has to give an error, not more text of the cue before it."""

NUMBER = re.compile(r"\s*[0-9]+\s*")
NO_CUE = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")
SPEAKER = re.compile(r"\s*\[([^\[\]]+)\]:\s*")
"""How WhisperX puts a speaker before a text."""

VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s+([^<>]*)>")
VOICE_END = re.compile(r"</v>\s*$")

Block = tuple[int, list[str]]
"""Number of the first line, and the lines."""


def read_srt(text: str, name: str, options: TranscriptsOptions) -> list[Segment]:
    """Read SRT subtitles.

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
        One a cue, in the order of the file; the lines of a cue stay lines. The numbers of the
        cues count them and are no ids, so that they may be missing.

    Raises
    ------
    TranscriptError
        A time that is none, or text outside cues.
    """
    lines = lines_of(text)
    segments: list[Segment] = []
    start = 0
    while start < len(lines):
        if not lines[start].strip():
            start += 1
            continue
        if NUMBER.fullmatch(lines[start]):
            start += 1
        if start == len(lines) or not _has_times(lines[start]):
            raise _no_time(lines, start, name)
        end = start + 1
        while end < len(lines) and not _cue_starts(lines, end):
            end += 1
        segments.extend(_cue(start + 1, lines[start:end], name, by_voice=False))
        start = end
    return segments


def read_vtt(text: str, name: str, options: TranscriptsOptions) -> list[Segment]:
    """Read WebVTT subtitles.

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
        One a cue, in the order of the file, with the cue's id, or one for each voice in it, which
        then share the cue's times. Character references are resolved; tags other than those of
        voices stay as read.

    Raises
    ------
    TranscriptError
        The first line is not that of WebVTT, a time is none, or a block is neither a cue nor a
        note, style or region.

    Notes
    -----
    W3C, "WebVTT: The Web Video Text Tracks Format".
    """
    lines = lines_of(text)
    if not re.match(r"WEBVTT(?:\s|$)", lines[0]):
        raise TranscriptError(
            f"{name}, line 1", "not WebVTT", f"found {shown(lines[0])}, expected 'WEBVTT'"
        )
    segments: list[Segment] = []
    for first, block in _blocks(lines[1:], 2):
        times = [index for index, line in enumerate(block) if _has_times(line)]
        if not times and (first == 2 or NO_CUE.match(block[0])):
            continue
        if not times or times[0] > 1:
            raise _no_time(lines, first - 1, name)
        cue_id = block[0].strip() if times[0] else None
        for begin, end in pairwise([*times, len(block)]):
            segments.extend(_cue(first + begin, block[begin:end], name, cue_id))
            cue_id = None
    return segments


def _cue_starts(lines: list[str], index: int) -> bool:
    """Say whether a line of SRT is the first of a cue: its number or its times."""
    if _has_times(lines[index]):
        return True
    blank_before = not lines[index - 1].strip()
    followed = index + 1 < len(lines) and _has_times(lines[index + 1])
    return bool(NUMBER.fullmatch(lines[index])) and (blank_before or followed)


def _has_times(line: str) -> bool:
    """Say whether a line holds the times of a cue, be it damaged."""
    return "-->" in line or LIKE_CUE.match(line) is not None


def _blocks(lines: list[str], first: int) -> Iterator[Block]:
    """Yield the lines between blank lines, where `first` is the number of the first line."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""], start=first):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def _cue(
    number: int, lines: list[str], name: str, cue_id: str | None = None, by_voice: bool = True
) -> list[Segment]:
    """Return the cue whose times are in the first of `lines`, one segment for each voice."""
    times = CUE.fullmatch(lines[0])
    if times is None:
        raise _no_time(lines, 0, name, number)
    start_s, end_s = _seconds(times.groups()[:4]), _seconds(times.groups()[4:])
    text = "\n".join(lines[1:]).rstrip("\n ")
    voices = _voices(text) if by_voice else [(None, text)]
    segments = []
    for index, (voice, said) in enumerate(voices):
        prefix = SPEAKER.match(said) if voice is None else None
        segments.append(
            Segment(
                line=number,
                start_s=start_s,
                end_s=end_s,
                text=said[prefix.end() :] if prefix else said,
                speaker=prefix[1].strip() if prefix else voice,
                utterance_id=f"{cue_id}-{index}" if cue_id and len(voices) > 1 else cue_id,
            )
        )
    return segments


def _voices(text: str) -> list[tuple[str | None, str]]:
    """Return who says what in the text of a WebVTT cue."""
    before, *parts = VOICE.split(text)
    said: list[tuple[str | None, str]] = [(None, before)] if before.strip() or not parts else []
    for voice, part in zip(parts[::2], parts[1::2], strict=True):
        said.append((html.unescape(voice).strip(), VOICE_END.sub("", part).rstrip()))
    return [(voice, html.unescape(part)) for voice, part in said]


def _seconds(clock: tuple[str | None, ...]) -> float:
    """Return hours, minutes, seconds and thousandths as seconds."""
    hours, minutes, seconds, thousandths = (int(part or 0) for part in clock)
    return (hours * 3600_000 + minutes * 60_000 + seconds * 1000 + thousandths) / 1000


def _no_time(lines: list[str], index: int, name: str, number: int | None = None) -> TranscriptError:
    """Return the error of a line that should hold start and end."""
    found = shown(lines[index]) if index < len(lines) else "the end of the file"
    return TranscriptError(
        f"{name}, line {index + 1 if number is None else number}",
        "no start and end of a cue",
        f"found {found}, expected times such as 00:00:01,500 --> 00:00:02,750",
    )
