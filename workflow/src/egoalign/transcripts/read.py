"""Read one transcript of any known format into the canonical tables."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from egoalign.config import TranscriptsOptions
from egoalign.log import logger
from egoalign.transcripts.canonical import Row, canonical_rows
from egoalign.transcripts.csv_reader import header_of, read_csv
from egoalign.transcripts.segments import MissingTranscript, Segment, TranscriptError
from egoalign.transcripts.text import decode
from egoalign.transcripts.whisperx import read_whisperx

NO_TRANSCRIPT = "no transcript"
EMPTY = "transcript empty"
SUFFIXES = {".csv": "csv", ".tsv": "csv", ".json": "whisperx"}


@dataclass(frozen=True)
class Transcript:
    """Rows of tables UTTERANCES and WORDS, and why there are none where there are none."""

    utterances: list[Row] = field(default_factory=list)
    words: list[Row] = field(default_factory=list)
    reason: str | None = None


def read_transcript(path: str | Path, options: TranscriptsOptions) -> Transcript:
    """Read a transcript; a file without utterances is not an error.

    Parameters
    ----------
    path : str or Path
        The file.
    options : TranscriptsOptions
        Format, columns, unit of times, and types of speakers.

    Raises
    ------
    TranscriptError
        The file is missing or malformed: file, line, what was found and what was expected.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise MissingTranscript(str(path)) from error
    except OSError as error:
        raise TranscriptError(str(path), "cannot be read", str(error.strerror)) from error
    text, encoding = decode(data)
    if encoding in ("cp1252", "latin-1"):
        logger.info("%s: not UTF-8; read as %s", path, encoding)
    return parse_transcript(text, str(path), options)


def parse_transcript(text: str, name: str, options: TranscriptsOptions) -> Transcript:
    """Return the canonical rows of a transcript's text.

    Parameters
    ----------
    text : str
        The file's text.
    name : str
        The file's name, for its suffix and for messages.
    options : TranscriptsOptions
        As for `read_transcript`.
    """
    text = text.removeprefix("\ufeff")
    if not text.strip():
        return Transcript(reason=EMPTY)
    source_format = _format_of(text, name, options) if options.format == "auto" else options.format
    segments = _segments(text, name, source_format, options)
    if not segments:
        return Transcript(reason=EMPTY)
    return Transcript(*canonical_rows(segments, source_format, options))


def shifted(transcript: Transcript, seconds: float) -> Transcript:
    """Return the transcript with `seconds` added to all times of utterances and words."""

    def later(row: Row) -> Row:
        times = {
            name: None if row[name] is None else row[name] + seconds
            for name in ("start_s", "end_s")
        }
        return {**row, **times}

    if seconds == 0:
        return transcript
    return replace(
        transcript,
        utterances=[later(row) for row in transcript.utterances],
        words=[later(row) for row in transcript.words],
    )


def _segments(
    text: str, name: str, source_format: str, options: TranscriptsOptions
) -> list[Segment]:
    """Read with the reader of a format."""
    if source_format == "csv":
        return read_csv(text, name, options)
    return read_whisperx(text, name)


def _format_of(text: str, name: str, options: TranscriptsOptions) -> str:
    """Return the format that content and suffix tell."""
    if text.lstrip()[:1] in ("{", "["):
        return "whisperx"
    if {options.columns.start, options.columns.text} <= set(header_of(text)):
        return "csv"
    suffix = Path(name).suffix.lower()
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    raise TranscriptError(
        name,
        "format not recognised",
        f"found suffix {suffix!r}, expected {', '.join(SUFFIXES)}; or set transcripts.format",
    )
