"""The alignment tables of all sessions as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from egoalign.log import UserError, logger, progress
from egoalign.tables import ALIGNMENT, NULLS, SESSIONS, atomic_path, read_table, session_table


def session_files(sessions: pa.Table, folder: Path, table: str) -> list[Path]:
    """Return the path of a table of every session that is not excluded.

    Raises
    ------
    UserError
        Some are missing; the message counts them and names the first ten.
    """
    names = ("child_id", "session_id", "exclude")
    files = [
        session_table(folder, child, session, table)
        for child, session, exclude in zip(
            *(sessions[name].to_pylist() for name in names), strict=True
        )
        if not exclude
    ]
    missing = [file for file in files if not file.is_file()]
    if missing:
        shown = "".join(f"\n  {file}" for file in missing[:10])
        raise UserError(
            f"{folder}: {len(missing)} of {len(files)} tables '{table}' are missing; "
            f"run the workflow for these sessions:{shown}"
        )
    return files


ROWS_TOGETHER = 65_536
"""Rows written together: a file of many small groups of rows is slow to open."""


def gathered(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Put small tables together, in order, to tables of at least `ROWS_TOGETHER` rows."""
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        if sum(part.num_rows for part in held) >= ROWS_TOGETHER:
            yield pa.concat_tables(held)
            held = []
    if any(part.num_rows for part in held):
        yield pa.concat_tables(held)


def write_all(tables: Iterable[pa.Table], out: Path, csv: Path) -> int:
    """Write alignment tables one after the other, so that memory holds few, and count the rows."""
    schema = ALIGNMENT.schema.with_metadata({"egoalign_table": ALIGNMENT.name})
    rows = 0
    with (
        atomic_path(out) as parquet_path,
        atomic_path(csv) as csv_path,
        pq.ParquetWriter(parquet_path, schema, compression="zstd") as parquet,
        pa_csv.CSVWriter(csv_path, schema) as text,
    ):
        for table in gathered(table.select(schema.names).cast(schema) for table in tables):
            parquet.write_table(table)
            text.write_table(table)
            rows += table.num_rows
    return rows


class NullRows:
    """Hands out the rows of table nulls in order, as many as each session has.

    Parameters
    ----------
    path : Path
        The table, sessions in the order in which they are asked for.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._batches = pq.ParquetFile(path).iter_batches(batch_size=ROWS_TOGETHER)
        self._held = NULLS.schema.empty_table()

    def join(self, alignment: pa.Table) -> pa.Table:
        """Return a session's alignment with its nulls.

        Raises
        ------
        UserError
            The next rows are not those of the session.
        """
        n = alignment.num_rows
        while self._held.num_rows < n:
            batch = next(self._batches, None)
            if batch is None:
                break
            more = pa.Table.from_batches([batch]).cast(NULLS.schema)
            self._held = pa.concat_tables([self._held, more])
        rows, self._held = self._held.slice(0, n), self._held.slice(n)
        if any(not rows[name].equals(alignment[name]) for name in NULLS.key):
            raise UserError(
                f"{self._path}: its rows are not those of the sessions' alignment; delete it and "
                "run the workflow again"
            )
        for name in NULLS.schema.names[len(NULLS.key) :]:
            place = alignment.schema.get_field_index(name)
            alignment = alignment.set_column(place, alignment.schema.field(place), rows[name])
        return alignment


def collect_alignment(
    sessions: Path, folder: Path, nulls: Path | None, out: Path, csv: Path
) -> None:
    """Write the alignment of all sessions but excluded ones, in the order of table sessions.

    Sessions that the lab excludes have no alignment and are passed over.

    Parameters
    ----------
    sessions, folder : Path
        Table sessions, and where the sessions' tables alignment lie.
    nulls : Path, optional
        Table nulls, whose columns stay empty without it.
    out, csv : Path
        Where to write.

    Raises
    ------
    UserError
        A session's table is missing or of another version, or table nulls is of other sessions.
    """
    rows_of_sessions = read_table(SESSIONS, sessions)
    included = rows_of_sessions.filter(pc.invert(rows_of_sessions["exclude"]))
    files = session_files(included, folder, "alignment")
    null_rows = NullRows(nulls) if nulls else None

    def tables() -> Iterator[pa.Table]:
        for file in progress(files, "sessions", len(files)):
            table = read_table(ALIGNMENT, file)
            yield null_rows.join(table) if null_rows else table

    rows = write_all(tables(), out, csv)
    logger.info("%d utterances of %d sessions collected", rows, len(files))
