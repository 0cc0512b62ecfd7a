"""The step `read-transcript`: one transcript by hand, to the screen or to a table."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import pyarrow.csv as pa_csv

from egoalign.config import TranscriptsOptions
from egoalign.log import UserError, logger
from egoalign.tables import UTTERANCES, atomic_path, conform, flags_of, write_table
from egoalign.transcripts.read import Transcript, read_transcript
from egoalign.transcripts.rttm import read_rttm
from egoalign.transcripts.speakers import counted


def show_transcript(
    path: str | Path,
    options: TranscriptsOptions,
    out: str | Path | None,
    screen: BinaryIO,
    rttm: str | Path | None = None,
) -> None:
    """Write the utterances of one transcript as a table, and say how it was understood.

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
    rttm : str or Path, optional
        A file that says who speaks when; of several recordings in it, the one that is called like
        the transcript.

    Raises
    ------
    UserError
        A file is malformed, or `out` has another suffix.
    """
    suffix = None if out is None else Path(out).suffix
    if suffix not in (None, ".parquet", ".csv"):
        raise UserError(f"--out {out}: found suffix {suffix!r}, expected .parquet or .csv")
    turns = None if rttm is None else read_rttm(rttm, [Path(path).stem])
    transcript = read_transcript(path, options, turns)
    logger.info("%s: %s", path, summary(transcript))
    table = conform(UTTERANCES, transcript.utterances)
    if out is None:
        pa_csv.write_csv(table, screen)
    elif suffix == ".csv":
        with atomic_path(out) as partial:
            pa_csv.write_csv(table, partial)
    else:
        write_table(UTTERANCES, table, out)


def summary(transcript: Transcript) -> str:
    """Return one line that says how a transcript was understood.

    The format, the number of utterances, the labels of speakers and the types they have, and the
    names and numbers of flags.
    """
    rows = transcript.utterances
    if not rows:
        return transcript.reason or "no utterances"
    labels = counted(
        f"{row['speaker_as_read']} = {row['speaker']}" for row in rows if row["speaker_as_read"]
    )
    flags = counted(flag for row in rows for flag in flags_of(row["flags"]))
    return (
        f"format {rows[0]['source_format']}, {len(rows)} utterances, "
        f"{len(transcript.words)} words of their own; speakers: {labels or 'none named'}; "
        f"flags: {flags or 'none'}"
    )
