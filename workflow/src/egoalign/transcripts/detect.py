"""Which format a transcript is in: by what stands in it, and only then by its suffix."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from egoalign.config import TranscriptColumns, TranscriptsOptions
from egoalign.transcripts.delimited import first_line, header_of
from egoalign.transcripts.lines import lines_of
from egoalign.transcripts.segments import TranscriptError
from egoalign.transcripts.whisper import json_kind

SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "whisperx",
    ".srt": "srt",
    ".vtt": "vtt",
    ".cha": "chat",
    ".eaf": "elan",
    ".textgrid": "textgrid",
}
"""The format that a suffix tells where the content does not; ``.txt`` tells none."""

LINES_READ = 50
"""How many lines that are not blank are looked at."""

_TEXTGRID = re.compile(r'(?:File type\s*=\s*)?"ooTextFile|ooBinaryFile')
_CHAT_HEADER = re.compile(r"@(?:UTF8|Begin|Languages|Participants|Font|Window|PID)\b")
_CHAT_TIER = re.compile(r"\*[A-Za-z0-9_]+:[ \t]")
_CHAT_MARK = re.compile(r"\((?:[0-9]*:)?[0-9]*:[0-9]{2}(?:\.[0-9]+)?\)")
_MARKED_TIER = re.compile(rf"{_CHAT_MARK.pattern}\s*\*")
_ARROW = re.compile(r"[0-9:]+[,.]?[0-9]*\s*-->")


def format_of(text: str, name: str, options: TranscriptsOptions) -> str:
    """Return the name of a transcript's format.

    Parameters
    ----------
    text : str
        The file's text, not blank.
    name : str
        The file's name, for its suffix and for messages.
    options : TranscriptsOptions
        A `format` that is not ``auto`` is taken as it is; `columns` tell a table of the lab's own.

    Raises
    ------
    TranscriptError
        Neither content nor suffix tells a format.
    """
    if options.format != "auto":
        return options.format
    found = _marked_up(text.lstrip()) or _table(text, options.columns)
    if found:
        return found
    suffix = Path(name).suffix.lower()
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    raise TranscriptError(
        name,
        "format not recognised",
        f"found suffix {suffix!r} and no content that tells; expected {', '.join(SUFFIXES)}, or "
        "name the format in transcripts.format",
    )


def _marked_up(text: str) -> str | None:
    """Return the format of a text that is not a table, or None."""
    if re.match(r"WEBVTT(?=\s|$)", text):
        return "vtt"
    if "<ANNOTATION_DOCUMENT" in text[:4000]:
        return "elan"
    if _TEXTGRID.match(text):
        return "textgrid"
    if text[:1] in ("{", "["):
        return json_kind(text)
    lines = _lines(text)
    # CHAT with marks in place of bullets may have CHAT's headers.
    if any(_MARKED_TIER.match(line) for line in lines):
        return "chat_text"
    if any(_CHAT_HEADER.match(line) for line in lines):
        return "chat"
    spoken = [line for line in lines if _CHAT_TIER.match(line)]
    if any("\x15" in line for line in spoken):
        return "chat"
    if spoken or any(_CHAT_MARK.match(line) for line in lines):
        return "chat_text"
    if any(_ARROW.match(line) for line in lines):
        return "srt"
    return None


def _lines(text: str) -> list[str]:
    """Return the first lines that are not blank, without blanks at their ends."""
    lines = (line.strip() for line in lines_of(text[:100_000]))
    return [line for line in lines if line][:LINES_READ]


def _table(text: str, columns: TranscriptColumns) -> str | None:
    """Return the format of a table with a known header, or None."""
    header = header_of(text)
    own = {columns.start, columns.end, columns.text}
    names = {name.lower() for name in header}
    known: Sequence[tuple[str, bool]] = (
        # Columns that the lab has named, and that are all there, go before everything else.
        ("csv", own <= set(header) and columns != TranscriptColumns()),
        ("childproject", {"segment_onset", "segment_offset"} <= names),
        (
            "babyview_tokens",
            {"utterance_id", "utterance", "token_start_time", "token_end_time"} <= names,
        ),
        ("whisper_tsv", header == ["start", "end", "text"] and "\t" in first_line(text)),
        ("saycam", {"time", "utterance"} <= names and columns.end not in header),
        ("csv", {columns.start, columns.text} <= set(header)),
    )
    return next((format_ for format_, fits in known if fits), None)
