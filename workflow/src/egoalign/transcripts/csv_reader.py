"""CSV and TSV transcripts: one row an utterance, with named columns."""

from __future__ import annotations

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.delimited import Line, read_lines
from egoalign.transcripts.segments import Segment, TranscriptError, number
from egoalign.transcripts.times import clock

PER_SECOND = {"s": 1, "ms": 1000}


def read_csv(text: str, name: str, options: TranscriptsOptions) -> list[Segment]:
    """Read a table of utterances.

    Parameters
    ----------
    text : str
        The file's text.
    name : str
        The file's name, for messages.
    options : TranscriptsOptions
        `columns` names the columns, `time_unit` their unit. With unit ``clock`` every time is
        m:ss or h:mm:ss; a plain number is refused there, and a clock time with the other units.

    Returns
    -------
    list of Segment
        One a row, in the order of the file; blank lines are no rows.

    Raises
    ------
    TranscriptError
        A column is missing, a row has more or fewer values than the header, quotation marks do
        not match, or a time is not one of the unit.
    """
    columns = options.columns
    needed = {
        getattr(columns, key): f"name yours in transcripts.columns.{key}"
        for key in ("start", "end", "text")
    }
    used = (columns.speaker, columns.utterance_id, columns.language)
    return [
        Segment(
            line=line.number,
            start_s=_time(line, columns.start, options.time_unit),
            end_s=_time(line, columns.end, options.time_unit),
            text=line.cells[columns.text],
            speaker=line.cells.get(columns.speaker),
            utterance_id=line.cells.get(columns.utterance_id),
            language=(line.cells.get(columns.language) or "").strip() or None,
        )
        for line in read_lines(text, name, needed, used)
    ]


def _time(line: Line, column: str, unit: str) -> float | None:
    """Return one time of a row in seconds."""
    value = line.cells[column]
    if unit == "clock":
        return clock(value, line.place, column)
    if ":" in value:
        raise TranscriptError(
            line.place,
            f"{column} is not a number",
            f"found {value!r}; for times as m:ss or h:mm:ss set transcripts.time_unit: clock",
        )
    return number(value, line.place, column, PER_SECOND[unit])
