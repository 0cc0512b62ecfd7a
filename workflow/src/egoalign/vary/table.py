"""The tables that models are fitted to: of utterances, and of content words; never both in one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from egoalign.align.collect import session_files
from egoalign.log import UserError, progress
from egoalign.tables import (
    ALIGNMENT,
    SESSIONS,
    UTTERANCE_PREDICTORS,
    UTTERANCE_TABLE,
    WORD_ALIGNMENT,
    WORD_PREDICTORS,
    WORD_TABLE,
    Table,
    read_table,
)

ALIGNED_PERCENTILE = 0.95
"""Percentile of its own null above which a score counts as aligned."""

PERCENTILE = "shuffled_percentile"
"""The column of table ALIGNMENT that says whether an utterance is aligned."""

ALIGNMENT_COLUMNS = [
    *ALIGNMENT.key,
    "model_id",
    "n_frames",
    *(
        name
        for name in UTTERANCE_TABLE.schema.names
        if name.startswith("score_") or name.endswith(("_difference", "_z", "_percentile"))
    ),
]
"""Columns of table ALIGNMENT that `utterance_table` reads."""

WORD_COLUMNS = [
    *WORD_ALIGNMENT.key,
    *("model_id", "n_frames", "score_max"),
    *("shifted_difference", "shifted_z", "shifted_percentile"),
]
"""Columns of table WORD_ALIGNMENT that `word_table` reads."""

WORD_RESPONSES = {
    "word_score": "score_max",
    "word_difference": "shifted_difference",
    "word_z": "shifted_z",
    "word_percentile": "shifted_percentile",
}
"""Responses of words, and the columns of table WORD_ALIGNMENT that they are."""

LARGEST_KEY = 2**62
"""Keys of several ids beyond which there would be no room for another."""


def utterance_table(alignment: pa.Table, utterance_predictors: pa.Table) -> pa.Table:
    """Return table UTTERANCE_TABLE: one row a row of `alignment`, in its order.

    Parameters
    ----------
    alignment : pyarrow.Table
        Columns `ALIGNMENT_COLUMNS` of table ALIGNMENT, one model.
    utterance_predictors : pyarrow.Table
        Table UTTERANCE_PREDICTORS with all its further columns.

    Returns
    -------
    pyarrow.Table
        n rows, those without a score among them: their responses are missing.

    Raises
    ------
    UserError
        An utterance has no predictors, for the tables are of different runs.
    """
    key = UTTERANCE_PREDICTORS.key
    found = _looked_up(alignment, utterance_predictors, key, UTTERANCE_PREDICTORS.name)
    columns = _columns(found, key)
    columns |= {name: alignment[name] for name in alignment.column_names}
    columns["aligned"] = _aligned(alignment[PERCENTILE])
    return _arranged(columns, UTTERANCE_TABLE)


def word_table(
    word_alignment: pa.Table, word_predictors: pa.Table, utterance_predictors: pa.Table
) -> pa.Table:
    """Return table WORD_TABLE: one row a row of `word_alignment`, in its order.

    Means over the words of an utterance are no part of it.

    Parameters
    ----------
    word_alignment : pyarrow.Table
        Columns `WORD_COLUMNS` of table WORD_ALIGNMENT of all sessions, one model.
    word_predictors : pyarrow.Table
        Table WORD_PREDICTORS with all its further columns.
    utterance_predictors : pyarrow.Table
        Table UTTERANCE_PREDICTORS with all its further columns.

    Raises
    ------
    UserError
        A word has no predictors, for the tables are of different runs.
    """
    own = [name for name in word_predictors.column_names if name not in WORD_PREDICTORS.key]
    means = {f"{kind}_{name}" for kind in ("mean", "n") for name in own}
    kept = [name for name in utterance_predictors.column_names if name not in means]
    utterances = utterance_predictors.select(kept)
    key = UTTERANCE_PREDICTORS.key
    columns = _columns(_looked_up(word_alignment, utterances, key, UTTERANCE_PREDICTORS.name), key)
    own_key = WORD_PREDICTORS.key
    columns |= _columns(
        _looked_up(word_alignment, word_predictors, own_key, WORD_PREDICTORS.name), own_key
    )
    columns |= {name: word_alignment[name] for name in (*own_key, "model_id", "n_frames")}
    columns |= {name: word_alignment[given] for name, given in WORD_RESPONSES.items()}
    columns["word_aligned"] = _aligned(word_alignment["shifted_percentile"])
    return _arranged(columns, WORD_TABLE)


def slim(table: pa.Table, used: Collection[str]) -> pa.Table:
    """Return a table for its models alone: the same rows in a part of the memory.

    Numbers that are not `used` are left out. Texts, of which there are few values, become
    dictionaries; they and whole numbers all stay, for they may tell units that repeat.
    """
    kept = [
        field.name
        for field in table.schema
        if field.name in used or not pa.types.is_floating(field.type)
    ]
    return pa.table({name: _coded(table[name]) for name in kept})


def _coded(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """Return a column of text as a dictionary; others as they are."""
    if pa.types.is_string(column.type):
        return column.combine_chunks().dictionary_encode()
    return column


def read_word_alignment(sessions: Path, folder: Path) -> pa.Table:
    """Return columns `WORD_COLUMNS` of the tables WORD_ALIGNMENT of all sessions.

    Parameters
    ----------
    sessions, folder : Path
        Table sessions, and where the sessions' tables lie.

    Raises
    ------
    UserError
        A session's table is missing or of another version.
    """
    files = session_files(read_table(SESSIONS, sessions), folder, WORD_ALIGNMENT.name)
    parts = [
        read_table(WORD_ALIGNMENT, file, WORD_COLUMNS)
        for file in progress(files, "sessions", len(files))
    ]
    if not parts:
        return WORD_ALIGNMENT.schema.empty_table().select(WORD_COLUMNS)
    return pa.concat_tables(parts).combine_chunks()


def _looked_up(rows: pa.Table, predictors: pa.Table, key: Sequence[str], name: str) -> pa.Table:
    """Return the row of `predictors` that has the ids of each of `rows`."""
    sought, there = _keys(rows, predictors, key)
    place = pc.index_in(sought, value_set=there)
    if place.null_count:
        first = rows.slice(pc.index(pc.is_null(place), True).as_py(), 1).select(list(key))
        ids = "/".join(str(value) for value in first.to_pylist()[0].values())
        raise UserError(
            f"table {name}: {place.null_count} of {rows.num_rows} rows that were scored are not in "
            f"it, the first {ids}; it is of another run: delete it and run the workflow again"
        )
    return predictors.take(place)


def _keys(one: pa.Table, other: pa.Table, key: Sequence[str]) -> tuple[pa.Array, pa.Array]:
    """Return the ids of each row of two tables as one number, the same where the ids are."""
    keys = np.zeros(one.num_rows + other.num_rows, np.int64)
    for name in key:
        texts = [table[name].cast(pa.string()) for table in (one, other)]
        both = pa.chunked_array([chunk for text in texts for chunk in text.chunks], pa.string())
        codes = both.combine_chunks().dictionary_encode("encode").indices.to_numpy()
        width = int(codes.max(initial=0)) + 1
        if int(keys.max(initial=0)) * width > LARGEST_KEY:
            keys = np.unique(keys, return_inverse=True)[1]
        keys = keys * width + codes
    return pa.array(keys[: one.num_rows]), pa.array(keys[one.num_rows :])


def _columns(table: pa.Table, without: Sequence[str]) -> dict[str, pa.ChunkedArray]:
    """Return the columns of a table but for some, by name."""
    return {name: table[name] for name in table.column_names if name not in without}


def _aligned(percentile: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return 1 where a score lies above its null's percentile, 0 where not, missing without one."""
    return pc.greater(percentile, ALIGNED_PERCENTILE).cast(pa.int64())


def _arranged(columns: Mapping[str, pa.ChunkedArray], table: Table) -> pa.Table:
    """Return the columns with the logs of lengths, those of the schema first and in its order."""
    columns = dict(columns)
    for name in ("n_words", "n_frames"):
        counted = columns[name].cast(pa.float64())
        # Of 0 words or pictures there is no log, and no -inf either.
        columns[f"log_{name}"] = pc.ln(pc.if_else(pc.greater(counted, 0), counted, None))
    order = dict.fromkeys([*(name for name in table.schema.names if name in columns), *columns])
    return pa.table({name: columns[name] for name in order})
