"""Whisper's own TSV: start and end in whole milliseconds, and the text, parted by tabs."""

from __future__ import annotations

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.delimited import BYTE_ORDER_MARK
from egoalign.transcripts.lines import lines_of
from egoalign.transcripts.segments import Segment, TranscriptError, number, shown

HEADER = ["start", "end", "text"]


def read_whisper_tsv(text: str, name: str, options: TranscriptsOptions) -> list[Segment]:
    """Read the TSV that Whisper and WhisperX write.

    Quotation marks are words' own marks here: Whisper puts none around a text, and no tab in one.

    Parameters
    ----------
    text : str
        The file's text.
    name : str
        The file's name, for messages.
    options : TranscriptsOptions
        Not looked at; the format has no options.

    Raises
    ------
    TranscriptError
        The header is another, a row has not three values, or a time is not whole milliseconds.
    """
    lines = lines_of(text.lstrip(BYTE_ORDER_MARK))
    rows = [(line_no, line) for line_no, line in enumerate(lines, start=1) if line.strip()]
    if not rows:
        return []
    first, header = rows[0]
    if [cell.strip() for cell in header.split("\t")] != HEADER:
        raise TranscriptError(
            f"{name}, line {first}",
            "not the header of Whisper's TSV",
            f"found {shown(header)}, expected start, end and text with tabs between; "
            "for other tables set transcripts.format: csv",
        )
    return [_segment(line, line_no, f"{name}, line {line_no}") for line_no, line in rows[1:]]


def _segment(line: str, line_no: int, place: str) -> Segment:
    """Return one row as a segment."""
    cells = line.split("\t")
    if len(cells) < len(HEADER) or any(cell.strip() for cell in cells[len(HEADER) :]):
        raise TranscriptError(place, f"{len(cells)} values parted by tabs, expected 3")
    start_s, end_s = (_time(cells[index], place, HEADER[index]) for index in (0, 1))
    return Segment(line=line_no, start_s=start_s, end_s=end_s, text=cells[2])


def _time(value: str, place: str, what: str) -> float | None:
    """Return milliseconds as seconds; a decimal point means that the unit is another."""
    if "." in value:
        raise TranscriptError(
            place,
            f"{what} is not whole milliseconds",
            f"found {shown(value)}; for seconds set transcripts.format: csv and name the columns",
        )
    return number(value, place, what, 1000)
