"""The moments of a corpus: each utterance with each of its pictures, and their scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from egoalign.align.score import blocks_of_equal_length, reals
from egoalign.align.session import decoded_pictures, in_excluded_interval, unit_vectors
from egoalign.config import AlignOptions, ValidateOptions, WindowOptions, parse_section
from egoalign.log import progress
from egoalign.tables import (
    ALIGNMENT,
    FRAME_EMBEDDINGS,
    FRAMES,
    JUDGMENTS,
    MOMENTS,
    TEXT_EMBEDDINGS,
    UTTERANCES,
    WORDS,
    read_table,
    write_table,
)
from egoalign.validate.judged import judged_pairs
from egoalign.video.window import NO_TIMED_WORDS, TimedWords, find_windows, timed_words

ALIGNMENT_COLUMNS = (
    "child_id",
    "session_id",
    "utterance_id",
    "start_s",
    "end_s",
    "n_words",
    "n_frames",
    "reason",
)


@dataclass(frozen=True)
class SessionMoments:
    """The moments of one session.

    Attributes
    ----------
    utterance : numpy.ndarray
        int64: row of the session's alignment, shape (m,), rising.
    second : numpy.ndarray
        Grid second of the picture, shape (m,).
    score : numpy.ndarray
        Cosine of text and picture, shape (m,).
    """

    utterance: np.ndarray
    second: np.ndarray
    score: np.ndarray


@dataclass(frozen=True)
class SessionTables:
    """What a session's moments are computed from: tables of these names."""

    utterances: pa.Table
    frames: pa.Table
    frame_embeddings: pa.Table
    text_embeddings: pa.Table


def session_moments(
    alignment: pd.DataFrame,
    tables: SessionTables,
    fps: float,
    window: WindowOptions,
    words: TimedWords = NO_TIMED_WORDS,
) -> SessionMoments:
    """Score each utterance that has a score with each of its pictures.

    The pictures are those of `egoalign.align`: least, mean and greatest score of an utterance's
    moments are the alignment's.

    Parameters
    ----------
    alignment : DataFrame
        Columns `ALIGNMENT_COLUMNS` of the session's rows of table alignment.
    tables : SessionTables
        The session's.
    fps : float
        Grid points in a second.
    window : WindowOptions
        Which grid points belong to an utterance.
    words : TimedWords
        Used where the window's points are those of words; utterances by their rows.
    """
    seconds = tables.frames["requested_s"].to_numpy()
    excluded = in_excluded_interval(tables.frames)
    has_picture, pictures = decoded_pictures(tables.frames, tables.frame_embeddings, excluded)
    start_s, end_s = (alignment[name].to_numpy(np.float64) for name in ("start_s", "end_s"))
    scored = alignment["reason"].isna().to_numpy()
    on_grid = find_windows(seconds, start_s, end_s, 1 / fps, window, words)
    windows = on_grid.of(scored).among(has_picture)
    texts = _texts(alignment["utterance_id"].tolist(), tables)
    score = np.empty(windows.points.size)
    for length, rows in blocks_of_equal_length(windows):
        inside = windows.equally_long(rows)
        own = pictures.cosines(texts[rows])
        at = windows.offsets[rows, None] + np.arange(length)
        score[at] = np.take_along_axis(own, inside, axis=1)
    return SessionMoments(
        np.repeat(np.arange(len(alignment)), windows.count),
        seconds[has_picture][windows.points],
        score,
    )


def corpus_moments(
    alignment: pd.DataFrame,
    frames_folder: Path,
    utterances_folder: Path,
    embeddings_folder: Path,
    fps: float,
    window: WindowOptions,
) -> Iterator[tuple[np.ndarray, SessionMoments]]:
    """Read the sessions one by one and yield each one's rows of the alignment and its moments."""
    scored = alignment[alignment["reason"].isna()]
    sessions = scored.groupby(["child_id", "session_id"], sort=False)
    rows_of = alignment.groupby(["child_id", "session_id"], sort=False).indices
    for (child, session), _ in progress(sessions, "sessions", sessions.ngroups):
        rows = np.asarray(rows_of[child, session])
        own = alignment.iloc[rows]
        stem = f"{child}/{session}"
        tables = SessionTables(
            read_table(
                UTTERANCES,
                utterances_folder / f"{stem}.utterances.parquet",
                ["utterance_id", "text_id"],
            ),
            read_table(FRAMES, frames_folder / f"{stem}.frames.parquet"),
            read_table(FRAME_EMBEDDINGS, embeddings_folder / f"{stem}.frame_embeddings.arrow"),
            read_table(TEXT_EMBEDDINGS, embeddings_folder / f"{stem}.text_embeddings.arrow"),
        )
        words = NO_TIMED_WORDS
        if window.points == "words":
            path = utterances_folder / f"{stem}.words.parquet"
            spoken = read_table(WORDS, path, ["utterance_id", "start_s", "end_s"]).to_pylist()
            words = timed_words(own["utterance_id"].tolist(), spoken)
        yield rows, session_moments(own, tables, fps, window, words)


def score_moments(
    judgments: Path,
    alignment: Path,
    frames_folder: Path,
    utterances_folder: Path,
    embeddings_folder: Path,
    fps: float,
    options_json: str,
    align_json: str,
    out: Path,
) -> None:
    """Score every pair of an utterance and one of its pictures, and write table moments.

    Without labels or ratings enough for a calibration it is empty, and no embedding is read.
    """
    options = parse_section(ValidateOptions, options_json, "--options")
    align = parse_section(AlignOptions, align_json, "--align-options")
    rows = read_alignment_rows(alignment)
    judged = judged_pairs(read_table(JUDGMENTS, judgments).to_pylist(), options)
    found: list[tuple[np.ndarray, SessionMoments]] = []
    if not judged.reason:
        found += corpus_moments(
            rows, frames_folder, utterances_folder, embeddings_folder, fps, align.window
        )
    columns = {
        "alignment_row": [np.zeros(0, np.int64), *(places[one.utterance] for places, one in found)],
        "second": [np.zeros(0), *(one.second for _, one in found)],
        "score": [np.zeros(0), *(one.score for _, one in found)],
    }
    scored = {name: pa.array(np.concatenate(parts)) for name, parts in columns.items()}
    write_table(MOMENTS, pa.table(scored), out)


def read_alignment_rows(path: Path) -> pd.DataFrame:
    """Read what moments need of table alignment; n_frames is NaN where missing."""
    table = read_table(ALIGNMENT, path, ALIGNMENT_COLUMNS)
    frame = table.to_pandas()
    frame["n_frames"] = reals(table["n_frames"])
    return frame


def _texts(utterance_ids: list[str], tables: SessionTables) -> np.ndarray:
    """Return each utterance's unit text vector, zeros where it has none: (n, d)."""
    had = tables.text_embeddings.filter(tables.text_embeddings["embedding"].is_valid())
    vectors = unit_vectors(had["embedding"])
    vectors = np.vstack([vectors, np.zeros((1, vectors.shape[1]), np.float32)])
    place = {text: i for i, text in enumerate(had["text_id"].to_pylist())}
    text_of = dict(
        zip(
            *(tables.utterances[name].to_pylist() for name in ("utterance_id", "text_id")),
            strict=True,
        )
    )
    return vectors[[place.get(text_of.get(name, ""), -1) for name in utterance_ids]]
