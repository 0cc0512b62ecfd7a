"""The step `write-scores`: the score table in the layout that labs already read (private)."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from egoalign.corpus.read import SessionRow, read_corpus
from egoalign.tables import (
    ALIGNMENT,
    LAB_SCORES,
    UTTERANCES,
    atomic_path,
    check_place,
    conform,
    read_table,
)

SCORES = ("score_min", "score_mean", "score_max")


def video_name(session: SessionRow) -> str:
    """Return what the lab calls a recording: its `source_name`, or its video's without suffix.

    One with neither is called by its `session_id`.
    """
    if session.source_name or not session.videos:
        return session.source_name or session.session_id
    return Path(session.videos[0]).stem


def session_scores(session: SessionRow, alignment: pa.Table, utterances: pa.Table) -> pa.Table:
    """Return table LAB_SCORES of one session.

    Parameters
    ----------
    session : SessionRow
        The session.
    alignment : pyarrow.Table
        Its rows of table ALIGNMENT; scores may be missing.
    utterances : pyarrow.Table
        Its table UTTERANCES, for the text as read.
    """
    places = pc.index_in(alignment["utterance_id"], value_set=utterances["utterance_id"])
    spoken = utterances.take(places)
    n = alignment.num_rows
    return conform(
        LAB_SCORES,
        pa.table(
            {
                "child_id": pa.array([session.child_id] * n, pa.string()),
                "video_name": pa.array([video_name(session)] * n, pa.string()),
                "utterance": spoken["text"],
                "utterance_start_time": spoken["start_s"],
                "utterance_end_time": spoken["end_s"],
                **{f"clip_{name}": alignment[name] for name in SCORES},
            }
        ),
    )


def write_scores(
    children: str | Path,
    sessions: str | Path,
    root: str | Path,
    alignment: str | Path,
    utterances_folder: str | Path,
    out: str | Path,
) -> None:
    """Write the scores of all sessions as one CSV, in the order of the sessions table.

    Parameters
    ----------
    children, sessions, root : str or Path
        The corpus.
    alignment : str or Path
        Table ALIGNMENT of all sessions of one model.
    utterances_folder : str or Path
        Holds ``<child_id>/<session_id>.utterances.parquet``.
    out : str or Path
        The CSV, within the private zone since it holds what was said.
    """
    check_place(LAB_SCORES, out)
    corpus = read_corpus(children, sessions, root)
    scored = read_table(ALIGNMENT, alignment, ["child_id", "session_id", "utterance_id", *SCORES])
    blocks = _blocks(scored)
    with (
        atomic_path(out) as partial,
        pa_csv.CSVWriter(partial, LAB_SCORES.schema) as writer,
    ):
        for session in corpus.sessions:
            key = (session.child_id, session.session_id)
            if key not in blocks:
                continue
            path = Path(utterances_folder) / key[0] / f"{key[1]}.utterances.parquet"
            utterances = read_table(UTTERANCES, path, ["utterance_id", "text", "start_s", "end_s"])
            writer.write_table(session_scores(session, scored.take(blocks[key]), utterances))


def _blocks(alignment: pa.Table) -> dict[tuple[str, str], pa.Array]:
    """Return the positions of each session's rows, in the order of the table."""
    numbered = alignment.select(["child_id", "session_id"]).append_column(
        "position", pa.array(range(alignment.num_rows), pa.int64())
    )
    grouped = numbered.group_by(["child_id", "session_id"], use_threads=False)
    listed = grouped.aggregate([("position", "list")])
    return {
        (child, session): pa.array(positions, pa.int64())
        for child, session, positions in zip(
            listed["child_id"].to_pylist(),
            listed["session_id"].to_pylist(),
            listed["position_list"].to_pylist(),
            strict=True,
        )
    }
