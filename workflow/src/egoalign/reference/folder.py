"""A folder of pictures and a CSV of their names and captions."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from egoalign.config import ReferenceSet
from egoalign.log import UserError
from egoalign.reference.entries import (
    NO_CAPTION,
    Entry,
    Found,
    LeftOut,
    check_column,
    only_file_of,
)


def folder_entries(options: ReferenceSet) -> Iterator[Found]:
    """Yield the rows of the CSV, or of a TSV, whose header names the columns.

    Raises
    ------
    UserError
        The file cannot be read, lacks a column, or has a row of another length.
    """
    path = only_file_of(options, (".csv", ".tsv"))
    line = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
            rows = csv.reader(stream, delimiter=delimiter, strict=True)
            line = 1
            header = [name.strip() for name in next(rows, [])]
            picture, caption = _columns(path, header, options)
            while True:
                line = rows.line_num + 1
                row = next(rows, None)
                if row is None:
                    return
                if row:
                    yield _entry(path, line, row, len(header), picture, caption)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 after line {line}; save it as UTF-8") from error
    except csv.Error as error:
        raise UserError(f"{path}, line {line}: not CSV: {error}") from error


def _columns(path: Path, header: list[str], options: ReferenceSet) -> tuple[int, int]:
    """Return the places of the two columns."""
    names = options.columns.picture, options.columns.caption
    for name, option in zip(names, ("picture", "caption"), strict=True):
        check_column(path, name, option, header)
    return header.index(names[0]), header.index(names[1])


def _entry(path: Path, line: int, row: list[str], width: int, picture: int, caption: int) -> Found:
    where = f"{path}, line {line}"
    if len(row) != width:
        raise UserError(
            f"{where}: {len(row)} values, expected {width} as in the header; "
            "a caption that holds the delimiter must stand in quotation marks"
        )
    name = row[picture].strip()
    if not name:
        return LeftOut("no picture named", where)
    if not row[caption].strip():
        return LeftOut(NO_CAPTION, where)
    return Entry(name, row[caption], name)
