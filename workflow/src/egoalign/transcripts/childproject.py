"""Converted annotations of ChildProject: one row a segment, times in milliseconds."""

from __future__ import annotations

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.delimited import read_lines
from egoalign.transcripts.segments import Segment, number

ONSET, OFFSET, SPEAKER, TEXT = "segment_onset", "segment_offset", "speaker_type", "transcription"


def read_childproject(text: str, name: str, options: TranscriptsOptions) -> list[Segment]:
    """Read a table of converted annotations.

    Rows without words stay: most annotation sets say who spoke when, and not what. They have an
    empty text, which is flagged ``no_text``.

    Parameters
    ----------
    text : str
        The file's text.
    name : str
        The file's name, for messages.
    options : TranscriptsOptions
        Not looked at; the names of the columns are the format's own.

    Raises
    ------
    TranscriptError
        A column is missing, a row is malformed, or a time is not a number.
    """
    advice = dict.fromkeys((ONSET, OFFSET), f"such a table has {ONSET} and {OFFSET}")
    return [
        Segment(
            line=line.number,
            start_s=number(line.cells[ONSET], line.place, ONSET, 1000),
            end_s=number(line.cells[OFFSET], line.place, OFFSET, 1000),
            text=_given(line.cells.get(TEXT)),
            speaker=_given(line.cells.get(SPEAKER)) or None,
        )
        for line in read_lines(text, name, advice, (SPEAKER, TEXT))
    ]


def _given(value: str | None) -> str:
    """Return a value, or nothing where the cell says NA as ChildProject writes it."""
    return "" if value is None or value.strip() == "NA" else value
