"""Parquet tables with a caption, and a picture as bytes or as the path of a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt

from egoalign.config import ReferenceColumns, ReferenceSet
from egoalign.log import UserError, progress
from egoalign.reference.entries import (
    NO_CAPTION,
    Entry,
    Found,
    LeftOut,
    check_column,
    files_of,
)

ROWS = 4096
"""Rows read at a time; pictures are not among what is read."""


def parquet_entries(options: ReferenceSet) -> Iterator[Found]:
    """Yield the rows of all tables; a list of captions gives an entry each.

    The key is the column `columns.key`, else the path of the picture, else the file's name and
    the number of the row.

    Raises
    ------
    UserError
        A file is not Parquet, or a column is missing or of another type.
    """
    files = files_of(options, (".parquet",))
    for path in progress(files, "tables", len(files)):
        table = open_parquet(path)
        columns = options.columns
        has_bytes = check_columns(path, table.schema_arrow, columns)
        wanted = [columns.caption, *([columns.key] if columns.key else [])]
        wanted += [] if has_bytes else [columns.picture]
        row = 0
        for batch in read_batches(path, table, columns=wanted, batch_size=ROWS):
            for cells in batch.to_pylist():
                yield from _entries(path, row, cells, columns, has_bytes)
                row += 1


def open_parquet(path: Path) -> pq.ParquetFile:
    """Open a Parquet file.

    Raises
    ------
    UserError
        It is none, or cut off.
    """
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{path}: not a Parquet file ({_first(error)}); make it again") from error


def read_batches(path: Path, table: pq.ParquetFile, **choice: Any) -> Iterator[pa.RecordBatch]:
    """Yield parts of a table, as `pyarrow.parquet.ParquetFile.iter_batches` takes the choice.

    Raises
    ------
    UserError
        The file is damaged.
    """
    try:
        yield from table.iter_batches(**choice)
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{path}: damaged ({_first(error)}); fetch or make it again") from error


def check_columns(path: Path, schema: pa.Schema, columns: ReferenceColumns) -> bool:
    """Check that the columns are there and of a type that can be read.

    Returns
    -------
    bool
        Whether pictures stand in the table as bytes, alone or as ``bytes`` beside ``path``.

    Raises
    ------
    UserError
        One is missing or of another type.
    """
    wanted = [(columns.picture, "picture"), (columns.caption, "caption")]
    if columns.key:
        wanted.append((columns.key, "key"))
    for name, option in wanted:
        check_column(path, name, option, schema.names)
    kind = schema.field(columns.caption).type
    inner = kind.value_type if pt.is_list(kind) or pt.is_large_list(kind) else kind
    if not _is_text(inner):
        raise UserError(
            f"{path}: column '{columns.caption}' holds {kind}, expected text or lists of text"
        )
    kind = schema.field(columns.picture).type
    has_bytes = _is_bytes(kind) or (
        pt.is_struct(kind) and any(f.name == "bytes" and _is_bytes(f.type) for f in kind)
    )
    if not has_bytes and not _is_text(kind):
        raise UserError(
            f"{path}: column '{columns.picture}' holds {kind}, expected bytes, paths, or a struct "
            "of 'bytes' and 'path'"
        )
    return has_bytes


def _entries(
    path: Path, row: int, cells: dict[str, Any], columns: ReferenceColumns, has_bytes: bool
) -> Iterator[Found]:
    """Yield what one row holds."""
    where = f"{path}, row {row}"
    picture = None if has_bytes else cells[columns.picture]
    if not has_bytes and not picture:
        yield LeftOut("no picture named", where)
        return
    key = cells[columns.key] if columns.key else picture
    key = f"{path.stem}/{row:09d}" if key is None else str(key)
    captions = cells[columns.caption]
    for caption in captions if isinstance(captions, list) else [captions]:
        if caption is None or not caption.strip():
            yield LeftOut(NO_CAPTION, where)
        elif has_bytes:
            yield Entry(key, caption, path.name, row)
        else:
            yield Entry(key, caption, str(picture))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pt.is_string(kind) or pt.is_large_string(kind))


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pt.is_binary(kind) or pt.is_large_binary(kind))


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")
