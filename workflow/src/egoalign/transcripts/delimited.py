"""Tables in text: rows of values parted by commas, tabs or semicolons, each with its line."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from egoalign.transcripts.segments import TranscriptError

DELIMITERS = (",", "\t", ";")
BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class Line:
    """One row: the number of its first line, file and line for messages, and value by column."""

    number: int
    place: str
    cells: Mapping[str, str]


def header_of(text: str) -> list[str]:
    """Return the column names that a text would have if it were a table."""
    line = first_line(text)
    return [name.strip().strip('"').strip() for name in line.split(delimiter_of(line))]


def first_line(text: str) -> str:
    """Return the first line that is not blank, without byte order marks."""
    match = re.search(r"[^\r\n]*\S[^\r\n]*", text.lstrip(BYTE_ORDER_MARK))
    return match[0] if match else ""


def read_lines(
    text: str, name: str, needed: Mapping[str, str], used: Collection[str] = ()
) -> Iterator[Line]:
    """Read a table with a header; the delimiter is the one that stands most often in it.

    Blank lines are no rows, and blank cells beyond the last column are no values.

    Parameters
    ----------
    text : str
        The file's text, with line ends of any kind.
    name : str
        The file's name, for messages.
    needed : mapping
        Columns that must be there, and what to do where they are not.
    used : collection of str
        Further columns that are read where they are there; like those needed, none may stand
        there twice.

    Raises
    ------
    TranscriptError
        A column is missing, a row has more or fewer values than the header, or quotation marks do
        not match.
    """
    text = text.lstrip(BYTE_ORDER_MARK)
    delimiter = delimiter_of(first_line(text))
    # Blanks between a closing quotation mark and the end of its line are no fault.
    text = re.sub(r'"[ ]+(?=[\r\n]|\Z)', '"', text)
    reader = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter, strict=True)
    header: list[str] = []
    while True:
        number = reader.line_num + 1
        place = f"{name}, line {number}"
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise TranscriptError(place, "not a table", str(error)) from error
        if cells is None:
            return
        if not any(cell.strip() for cell in cells) and (not header or len(cells) < 2):
            continue
        if not header:
            header = _without_blank_end([cell.strip() for cell in cells], 1)
            _check_header(header, place, needed, used)
            continue
        cells = _without_blank_end(cells, len(header))
        if len(cells) != len(header):
            raise TranscriptError(
                place,
                f"{len(cells)} values, expected {len(header)} as in the header",
                f"a text that holds {delimiter!r} must stand in quotation marks",
            )
        yield Line(number, place, dict(zip(header, cells, strict=True)))


def delimiter_of(header: str) -> str:
    """Return the delimiter that stands most often in the first line."""
    return max(DELIMITERS, key=header.count)


def _without_blank_end(cells: list[str], least: int) -> list[str]:
    """Drop blank cells from the end, but leave as many as `least`."""
    end = len(cells)
    while end > least and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _check_header(
    header: list[str], place: str, needed: Mapping[str, str], used: Collection[str]
) -> None:
    """Refuse a header that lacks a column that is needed, or holds one twice."""
    for wanted, advice in needed.items():
        if wanted not in header:
            near = difflib.get_close_matches(wanted, header, 1, cutoff=0.6)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise TranscriptError(
                place,
                f"column {wanted!r} is missing",
                f"{hint}columns found: {', '.join(header)}; {advice}",
            )
    for wanted in (*needed, *used):
        if header.count(wanted) > 1:
            raise TranscriptError(place, f"column {wanted!r} stands there twice")
