"""The alignment tables of all sessions as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from egoalign.log import UserError, logger, progress
from egoalign.tables import ALIGNMENT, SESSIONS, atomic_path, read_table


def session_files(sessions: pa.Table, folder: Path, table: str) -> list[Path]:
    """Return ``<folder>/<child_id>/<session_id>.<table>.parquet`` of every session not excluded.

    Raises
    ------
    UserError
        Some are missing; the message counts them and names the first ten.
    """
    names = ("child_id", "session_id", "exclude")
    files = [
        Path(folder) / child / f"{session}.{table}.parquet"
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


def write_all(tables: Iterable[pa.Table], out: Path, csv: Path) -> int:
    """Write alignment tables one after the other, so that memory holds one, and count the rows."""
    schema = ALIGNMENT.schema.with_metadata({"egoalign_table": ALIGNMENT.name})
    rows = 0
    with (
        atomic_path(out) as parquet_path,
        atomic_path(csv) as csv_path,
        pq.ParquetWriter(parquet_path, schema, compression="zstd") as parquet,
        pa_csv.CSVWriter(csv_path, schema) as text,
    ):
        for table in tables:
            checked = table.select(schema.names).cast(schema)
            if checked.num_rows:
                parquet.write_table(checked)
                text.write_table(checked)
            rows += checked.num_rows
    return rows


def collect_alignment(sessions: Path, folder: Path, out: Path, csv: Path) -> None:
    """Write the alignment of all sessions but excluded ones, in the order of table sessions.

    Sessions that the lab excludes have no alignment and are passed over.

    Raises
    ------
    UserError
        A session's table is missing or of another version.
    """
    rows_of_sessions = read_table(SESSIONS, sessions)
    included = rows_of_sessions.filter(pc.invert(rows_of_sessions["exclude"]))
    files = session_files(included, folder, "alignment")

    def tables() -> Iterator[pa.Table]:
        for file in progress(files, "sessions", len(files)):
            yield read_table(ALIGNMENT, file)

    rows = write_all(tables(), out, csv)
    logger.info("%d utterances of %d sessions collected", rows, len(files))
