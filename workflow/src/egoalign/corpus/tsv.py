"""Read a lab's tab-separated table line by line, keeping the place of every problem."""

from __future__ import annotations

import csv
import difflib
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from egoalign.corpus.columns import (
    DATE_PATTERN,
    MISSING,
    NUMBER_PATTERN,
    YES_NO_PATTERN,
    InputTable,
)
from egoalign.log import UserError
from egoalign.tables import ID_PATTERN

MAX_ID_LENGTH = 100
FORBIDDEN_ID_ENDINGS = (".parquet", ".arrow", ".csv", ".json")
YES = ("yes", "true", "1")


@dataclass(frozen=True)
class Line:
    """One row of a table: where it stands, and its cells by column."""

    place: str
    cells: dict[str, str]
    extra: dict[str, str]
    problems: list[str]

    def problem(self, message: str) -> None:
        """Note what is wrong in this row."""
        self.problems.append(f"{self.place}: {message}")

    def text(self, name: str) -> str | None:
        """Return a cell, or None where it is empty or says NA."""
        value = self.cells.get(name)
        return None if value in ("", MISSING) else value

    def identifier(self, name: str) -> str:
        """Return an id; a wrong one is noted."""
        value = self.cells[name]
        fault = id_fault(value)
        if fault:
            self.problem(f"{name} {value!r} {fault}")
        return value

    def number(self, name: str) -> float | None:
        """Return a number, or None where the cell is empty or wrong (which is noted)."""
        value = self.text(name)
        if value is None:
            return None
        if not re.fullmatch(NUMBER_PATTERN, value):
            self.problem(f"{name}: found {value!r}, expected a number such as 412.5")
            return None
        return float(value)

    def day(self, name: str) -> date | None:
        """Return a date, or None where the cell is empty or wrong (which is noted)."""
        value = self.text(name)
        if value is None:
            return None
        try:
            if re.fullmatch(DATE_PATTERN, value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        self.problem(f"{name}: found {value!r}, expected a day such as 2024-01-31")
        return None

    def yes(self, name: str) -> bool:
        """Return whether a cell says yes; an empty one says no, a wrong one is noted."""
        value = self.text(name)
        if value is not None and not re.fullmatch(YES_NO_PATTERN, value):
            self.problem(f"{name}: found {value!r}, expected yes or no")
        return value is not None and value.lower() in YES


def id_fault(value: str) -> str | None:
    """Say what is wrong with an id, or None where it may stand as a folder and file name."""
    if not value:
        return "is empty; give an id"
    if not re.fullmatch(ID_PATTERN, value):
        return (
            "is no id: use letters A-Z a-z, digits, '.', '_' and '-', beginning with a letter or "
            "digit and not ending in '.'; the lab's own name may stand in source_name"
        )
    if value.lower().endswith(FORBIDDEN_ID_ENDINGS):
        return f"ends like a table; leave out {Path(value).suffix!r}"
    if len(value) > MAX_ID_LENGTH:
        return f"has {len(value)} characters; at most {MAX_ID_LENGTH} are allowed"
    return None


def read_tsv(path: str | Path, table: InputTable, problems: list[str]) -> list[Line]:
    """Read a table's rows and note wrong columns and lines.

    Parameters
    ----------
    path : str or Path
        UTF-8, with or without a byte order mark; lines that begin with ``#`` are skipped.
    table : InputTable
        The columns known.
    problems : list of str
        What is wrong is added here; lines that cannot be read are not returned.

    Raises
    ------
    UserError
        The file cannot be read at all.
    """
    path = Path(path)
    header: list[str] | None = None
    lines: list[Line] = []
    for number, text in enumerate(re.split(r"\r\n|\n|\r", _decoded(path)), start=1):
        if not text.strip() or text.startswith("#"):
            continue
        place = f"{path}, line {number}"
        try:
            cells = [cell.strip() for cell in next(csv.reader([text], "excel-tab", strict=True))]
        except csv.Error:
            problems.append(f"{place}: a quotation mark is opened and not closed in its cell")
            continue
        if header is None:
            header = cells
            if not _check_header(header, place, table, problems):
                return []
        elif len(cells) > len(header):
            problems.append(f"{place}: {len(cells)} cells, expected {len(header)} as in the header")
        else:
            # Spreadsheet programs leave out empty cells at a line's end.
            cells += [""] * (len(header) - len(cells))
            row = dict(zip(header, cells, strict=True))
            extra = {name: row.pop(name) for name in header if name not in table.names}
            lines.append(Line(place, row, extra, problems))
    if header is None:
        wanted = ", ".join(column.name for column in table.columns if column.required)
        problems.append(f"{path}: empty; expected a first line with the columns {wanted}")
    return lines


def _decoded(path: Path) -> str:
    """Return a file's text."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}); write this table or run 'egoalign scan'"
        ) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data[: error.start].count(b"\n") + 1
        raise UserError(f"{path}, line {number}: not UTF-8; save the table as UTF-8") from error


def _check_header(header: list[str], place: str, table: InputTable, problems: list[str]) -> bool:
    """Note wrong column names, and say whether the rows can be read."""
    before = len(problems)
    if len(header) == 1 and "," in header[0]:
        problems.append(f"{place}: columns are parted by commas, expected tabs; save it as TSV")
        return False
    for name in sorted({name for name in header if header.count(name) > 1}):
        problems.append(f"{place}: column {name!r} stands there twice")
    absent = [name for name in table.names if name not in header]
    typos = {}
    for name in header:
        if name not in table.names:
            near = difflib.get_close_matches(name.lower().replace(" ", "_"), absent, 1, cutoff=0.8)
            if near:
                typos[near[0]] = name
                problems.append(f"{place}: {name}: did you mean {near[0]}?")
            elif not name:
                problems.append(f"{place}: a column has no name")
    for column in table.columns:
        if column.required and column.name in absent and column.name not in typos:
            problems.append(
                f"{place}: column {column.name!r} is missing; columns found: {', '.join(header)}"
            )
    return len(problems) == before
