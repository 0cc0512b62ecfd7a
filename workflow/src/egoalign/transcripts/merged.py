"""The step `split-transcripts`: a token table of many recordings becomes one for each session.

The table is read in batches and the sessions' files are appended to, so that memory does not grow
with the table, and rows of one recording may stand anywhere in it.
"""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from egoalign.corpus.read import SessionRow, read_corpus
from egoalign.log import UserError, logger
from egoalign.tables import atomic_path
from egoalign.transcripts.babyview_tokens import COLUMNS, NEEDED, RECORDING
from egoalign.transcripts.delimited import delimiter_of, first_line, header_of
from egoalign.transcripts.names import plain_name, without_suffix
from egoalign.transcripts.segments import TranscriptError

HEAD_BYTES = 1 << 16
BATCH_ROWS = 1 << 16
BLOCK_BYTES = 1 << 20
"""Of a CSV; pyarrow reads some 32 such blocks ahead."""

BUFFER_BYTES = 1 << 26
"""Bytes of all sessions together that wait in memory before they are written."""

NAMES_SHOWN = 10


@dataclass
class Split:
    """What became of the rows: how many each session has, and how many no session has."""

    placed: Counter[tuple[str, str]] = field(default_factory=Counter)
    excluded: int = 0
    unmatched: Counter[str] = field(default_factory=Counter)


def split_transcripts(
    merged: str | Path,
    children: str | Path,
    sessions: str | Path,
    root: str | Path,
    out: str | Path,
) -> Split:
    """Write ``<child_id>/<session_id>.csv`` with a session's own rows for every session.

    A session without rows gets the header alone, and so does an excluded session, whose rows are
    counted only. All files appear once the whole table is read, or none.

    Parameters
    ----------
    merged : str or Path
        Parquet or CSV with the columns of format ``babyview_tokens`` and ``video_id``; other
        columns are left out.
    children, sessions, root : str or Path
        The corpus.
    out : str or Path
        Folder to write to.

    Raises
    ------
    UserError
        The table lacks a column or is malformed, a name fits several sessions, or two recordings
        of the table fit one session.
    """
    corpus = read_corpus(children, sessions, root)
    columns, batches = _opened(Path(merged))
    split = Split()
    with ExitStack() as stack:
        files = {
            (row.child_id, row.session_id): stack.enter_context(
                atomic_path(Path(out) / row.child_id / f"{row.session_id}.csv")
            )
            for row in corpus.sessions
        }
        header = (",".join(columns) + "\n").encode()
        for path in files.values():
            path.write_bytes(header)
        for key, rows in _buffered(_placed(batches, corpus.sessions, split)):
            with files[key].open("ab") as stream:
                stream.write(rows)
    _tell(split, len(files))
    return split


def session_finder(sessions: Sequence[SessionRow]) -> Callable[[str], SessionRow | None]:
    """Return a function that gives the session of a recording's name, or None.

    A name is looked for among the sessions' `source_name`, then their `session_id`, then the names
    of their video files without suffix; then once more without marks such as ``_processed``.

    Raises
    ------
    UserError
        By the function returned: the name fits several sessions.
    """
    own_names: tuple[Callable[[SessionRow], list[str]], ...] = (
        lambda row: [row.source_name] if row.source_name else [],
        lambda row: [row.session_id],
        lambda row: [Path(video).name for video in row.videos],
    )
    levels = []
    for form in (without_suffix, plain_name):
        for names in own_names:
            level: dict[str, list[SessionRow]] = defaultdict(list)
            for row in sessions:
                for name in {form(name) for name in names(row)}:
                    level[name].append(row)
            levels.append((form, dict(level)))

    def find(name: str) -> SessionRow | None:
        for form, level in levels:
            rows = level.get(form(name), [])
            if len(rows) > 1:
                places = ", ".join(f"{row.child_id}/{row.session_id}" for row in rows)
                raise UserError(
                    f"{RECORDING} {name!r} fits several sessions ({places}); give each its own "
                    "source_name in sessions.tsv"
                )
            if rows:
                return rows[0]
        return None

    return find


def rows_by_recording(batch: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Return the rows of each recording in a batch, in the order in which they stand there."""
    names = batch.column(RECORDING).fill_null("").dictionary_encode()
    codes = names.indices.to_numpy()
    batch = batch.take(pa.array(np.argsort(codes, kind="stable")))
    start = 0
    for name, count in zip(names.dictionary.to_pylist(), np.bincount(codes).tolist(), strict=True):
        yield name, batch.slice(start, count)
        start += count


def _placed(
    batches: Iterable[pa.RecordBatch], sessions: Sequence[SessionRow], split: Split
) -> Iterator[tuple[tuple[str, str], bytes]]:
    """Give each session's rows as lines of CSV, and count in `split` what becomes of every row."""
    find = session_finder(sessions)
    found: dict[str, SessionRow | None] = {}
    recordings: dict[tuple[str, str], str] = {}
    for batch in batches:
        if not batch.num_rows:
            continue
        for name, rows in rows_by_recording(batch):
            if name not in found:
                found[name] = find(name)
            session = found[name]
            if session is None:
                split.unmatched[name] += rows.num_rows
                continue
            if session.exclude:
                split.excluded += rows.num_rows
                continue
            key = session.child_id, session.session_id
            if recordings.setdefault(key, name) != name:
                raise UserError(
                    f"{RECORDING} {recordings[key]!r} and {name!r} both fit session "
                    f"{'/'.join(key)}; keep the rows of one in the merged table"
                )
            split.placed[key] += rows.num_rows
            yield key, _csv_lines(rows)


def _csv_lines(rows: pa.RecordBatch) -> bytes:
    """Return rows as lines of CSV without a header."""
    stream = io.BytesIO()
    pa_csv.write_csv(rows, stream, pa_csv.WriteOptions(include_header=False))
    return stream.getvalue()


def _buffered(
    parts: Iterable[tuple[tuple[str, str], bytes]],
) -> Iterator[tuple[tuple[str, str], bytes]]:
    """Join the parts of each session, so that files are opened seldom and memory stays bounded."""
    waiting: dict[tuple[str, str], bytearray] = defaultdict(bytearray)
    size = 0
    for key, part in parts:
        waiting[key] += part
        size += len(part)
        if size >= BUFFER_BYTES:
            yield from ((key, bytes(rows)) for key, rows in waiting.items())
            waiting.clear()
            size = 0
    yield from ((key, bytes(rows)) for key, rows in waiting.items())


def _opened(path: Path) -> tuple[list[str], Iterator[pa.RecordBatch]]:
    """Return the columns that are kept, and the batches of a table with these columns as text."""
    if not path.is_file():
        raise UserError(f"{path}: no such file; check transcripts.merged")
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    try:
        if head.startswith(b"PAR1"):
            file = pq.ParquetFile(path, buffer_size=1 << 20)
            columns = _kept(file.schema_arrow.names, path)
            batches: Iterable[pa.RecordBatch] = file.iter_batches(
                BATCH_ROWS, columns=columns, use_threads=False
            )
        else:
            encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
            beginning = head.decode(encoding, errors="replace")
            columns = _kept(header_of(beginning), path)
            batches = pa_csv.open_csv(
                path,
                pa_csv.ReadOptions(block_size=BLOCK_BYTES, encoding=encoding, use_threads=False),
                pa_csv.ParseOptions(
                    delimiter=delimiter_of(first_line(beginning)), newlines_in_values=True
                ),
                pa_csv.ConvertOptions(
                    include_columns=columns, column_types=dict.fromkeys(columns, pa.string())
                ),
            )
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error
    return columns, _as_text(batches, columns, path)


def _kept(header: Sequence[str], path: Path) -> list[str]:
    """Return the known columns that a table has, checked."""
    for column in (RECORDING, *NEEDED):
        if column not in header:
            raise TranscriptError(
                str(path), f"column {column!r} is missing", f"columns found: {', '.join(header)}"
            )
    for column in COLUMNS:
        if header.count(column) > 1:
            raise TranscriptError(str(path), f"column {column!r} stands there twice")
    return [column for column in COLUMNS if column in header]


def _as_text(
    batches: Iterable[pa.RecordBatch], columns: Sequence[str], path: Path
) -> Iterator[pa.RecordBatch]:
    """Give the batches with every value as text, whatever the type in a Parquet file."""
    schema = pa.schema([(column, pa.string()) for column in columns])
    try:
        for batch in batches:
            yield batch.select(columns).cast(schema)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> TranscriptError:
    """Return the error about a table that is damaged."""
    return TranscriptError(str(path), "cannot be read", " ".join(str(error).split()))


def _tell(split: Split, n_sessions: int) -> None:
    """Log what became of the rows; every name that fits no session goes into the log file."""
    unmatched = split.unmatched.total()
    logger.info(
        "%d rows to %d of %d sessions; %d rows of excluded sessions left out",
        split.placed.total(),
        len(split.placed),
        n_sessions,
        split.excluded,
    )
    if unmatched:
        shown = ", ".join(repr(name) for name, _ in split.unmatched.most_common(NAMES_SHOWN))
        more = len(split.unmatched) - NAMES_SHOWN
        logger.warning(
            "%d rows of %d recordings fit no session: %s%s",
            unmatched,
            len(split.unmatched),
            shown,
            f" and {more} more" if more > 0 else "",
        )
    for name, count in split.unmatched.items():
        logger.debug("%s %r fits no session: %d rows", RECORDING, name, count)
