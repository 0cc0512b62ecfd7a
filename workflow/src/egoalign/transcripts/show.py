"""The step `read-transcript`: one transcript by hand, to the screen or to a table."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import pyarrow.csv as pa_csv

from egoalign.config import TranscriptsOptions
from egoalign.log import UserError, logger
from egoalign.tables import UTTERANCES, atomic_path, conform, write_table
from egoalign.transcripts.read import read_transcript


def show_transcript(
    path: str | Path, options: TranscriptsOptions, out: str | Path | None, screen: BinaryIO
) -> None:
    """Write the utterances of one transcript as a table.

    Parameters
    ----------
    path : str or Path
        The transcript.
    options : TranscriptsOptions
        How to read it.
    out : str or Path or None
        A ``.parquet`` or ``.csv`` to write; None writes CSV to `screen`.
    screen : binary stream
        Where CSV goes without `out`.

    Raises
    ------
    UserError
        The transcript is malformed, or `out` has another suffix.
    """
    suffix = None if out is None else Path(out).suffix
    if suffix not in (None, ".parquet", ".csv"):
        raise UserError(f"--out {out}: found suffix {suffix!r}, expected .parquet or .csv")
    transcript = read_transcript(path, options)
    if transcript.reason:
        logger.warning("%s: %s", path, transcript.reason)
    table = conform(UTTERANCES, transcript.utterances)
    if out is None:
        pa_csv.write_csv(table, screen)
    elif suffix == ".csv":
        with atomic_path(out) as partial:
            pa_csv.write_csv(table, partial)
    else:
        write_table(UTTERANCES, table, out)
