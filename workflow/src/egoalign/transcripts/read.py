"""Read one transcript of any known format into the canonical tables."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from egoalign.config import TranscriptsOptions
from egoalign.log import logger
from egoalign.transcripts.canonical import Row, canonical_rows
from egoalign.transcripts.detect import format_of
from egoalign.transcripts.formats import READERS
from egoalign.transcripts.rttm import Turns
from egoalign.transcripts.segments import MissingTranscript, TranscriptError
from egoalign.transcripts.text import decode

NO_TRANSCRIPT = "no transcript"
EMPTY = "transcript empty"


@dataclass(frozen=True)
class Transcript:
    """Rows of tables UTTERANCES and WORDS, and why there are none where there are none."""

    utterances: list[Row] = field(default_factory=list)
    words: list[Row] = field(default_factory=list)
    reason: str | None = None


def read_transcript(
    path: str | Path,
    options: TranscriptsOptions,
    turns: Turns | None = None,
    child_languages: str | None = None,
) -> Transcript:
    """Read a transcript; a file without utterances is not an error.

    Parameters
    ----------
    path : str or Path
        The file.
    options : TranscriptsOptions
        Format, columns, unit of times, types of speakers, rules of the text, and languages.
    turns : Turns, optional
        Who speaks when, on the transcript's clock; decides over the transcript's own labels.
    child_languages : str, optional
        Cell `languages` of the child's row, where `language_from` is ``children``.

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
    return parse_transcript(text, str(path), options, turns, child_languages)


def parse_transcript(
    text: str,
    name: str,
    options: TranscriptsOptions,
    turns: Turns | None = None,
    child_languages: str | None = None,
) -> Transcript:
    """Return the canonical rows of a transcript's text.

    Parameters
    ----------
    text : str
        The file's text.
    name : str
        The file's name, for its suffix and for messages.
    options, turns, child_languages
        As for `read_transcript`.
    """
    text = text.removeprefix("\ufeff")
    if not text.strip():
        return Transcript(reason=EMPTY)
    source_format = format_of(text, name, options)
    segments = READERS[source_format](text, name, options)
    if not segments:
        return Transcript(reason=EMPTY)
    return Transcript(
        *canonical_rows(segments, source_format, options, name, turns, child_languages)
    )


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
