"""CSV and TSV transcripts: one row an utterance, with named columns."""

from __future__ import annotations

import csv
import difflib
import io

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.segments import Segment, TranscriptError, number

DELIMITERS = (",", "\t", ";")
SCALES = {"s": 1.0, "ms": 0.001}


def header_of(text: str) -> list[str]:
    """Return the column names that a text would have if it were a table."""
    line = _first_line(text)
    return [name.strip().strip('"') for name in line.split(_delimiter(line))]


def read_csv(text: str, name: str, options: TranscriptsOptions) -> list[Segment]:
    """Read a table of utterances.

    Parameters
    ----------
    text : str
        The file's text.
    name : str
        The file's name, for messages.
    options : TranscriptsOptions
        `columns` names the columns, `time_unit` their unit.

    Returns
    -------
    list of Segment
        One a row, in the order of the file; blank lines are no rows.

    Raises
    ------
    TranscriptError
        A column is missing, a row has more or fewer values than the header, quotation marks do
        not match, or a time is not a number.
    """
    stream = io.StringIO(text, newline=None)
    delimiter = _delimiter(_first_line(text))
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    header: list[str] | None = None
    segments: list[Segment] = []
    while True:
        line = reader.line_num + 1
        place = f"{name}, line {line}"
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise TranscriptError(place, "not a table", str(error)) from error
        if cells is None:
            return segments
        if not any(cell.strip() for cell in cells) and (header is None or len(cells) < 2):
            continue
        if header is None:
            header = [cell.strip() for cell in cells]
            _check_header(header, place, options)
            continue
        if len(cells) != len(header):
            raise TranscriptError(
                place,
                f"{len(cells)} values, expected {len(header)} as in the header",
                f"a text that holds {delimiter!r} must stand in quotation marks",
            )
        segments.append(_segment(dict(zip(header, cells, strict=True)), line, place, options))


def _segment(row: dict[str, str], line: int, place: str, options: TranscriptsOptions) -> Segment:
    """Return one row as a segment."""
    columns, scale = options.columns, SCALES[options.time_unit]
    return Segment(
        line=line,
        start_s=number(row[columns.start], place, columns.start, scale),
        end_s=number(row[columns.end], place, columns.end, scale),
        text=row[columns.text],
        speaker=row.get(columns.speaker),
        utterance_id=row.get(columns.utterance_id),
    )


def _first_line(text: str) -> str:
    """Return the first line that is not blank."""
    return next((line for line in text.splitlines() if line.strip()), "")


def _delimiter(header: str) -> str:
    """Return the delimiter that stands most often in the first line."""
    return max(DELIMITERS, key=header.count)


def _check_header(header: list[str], place: str, options: TranscriptsOptions) -> None:
    """Refuse a header that lacks a column that is needed, or holds one twice."""
    columns = options.columns
    for key in ("start", "end", "text"):
        wanted = getattr(columns, key)
        if wanted not in header:
            near = difflib.get_close_matches(wanted, header, 1, cutoff=0.6)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise TranscriptError(
                place,
                f"column {wanted!r} is missing",
                f"{hint}columns found: {', '.join(header)}; "
                f"name yours in transcripts.columns.{key}",
            )
    for wanted in columns.model_dump().values():
        if header.count(wanted) > 1:
            raise TranscriptError(place, f"column {wanted!r} stands there twice")
