"""The alignment table of one session: a score or a reason for every utterance."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from egoalign.align.length import MOST_TEXTS, length_gain
from egoalign.align.null import FEWEST_WINDOWS, TOO_FEW, Null, shuffled_null
from egoalign.align.score import Pictures, Scores, mean_of_top, reals, score_windows, unit_rows
from egoalign.align.shift import TOO_FEW_SHIFTS, TOO_SHORT, shift_null, shifts_of
from egoalign.align.spoken import Spoken
from egoalign.config import AlignOptions, parse_section
from egoalign.log import UserError, logger
from egoalign.tables import (
    ALIGNMENT,
    FRAME_EMBEDDINGS,
    FRAMES,
    MEDIA,
    NULL_COLUMNS,
    OTHER_LANGUAGE,
    TEXT_EMBEDDINGS,
    UTTERANCES,
    WORDS,
    conform,
    counted_null_columns,
    flags_of,
    read_table,
    write_table,
)
from egoalign.video.window import (
    NO_TIMED_WORDS,
    TimedWords,
    Windows,
    find_windows,
    timed_words,
    within,
)

SESSION_EXCLUDED = "session excluded"
NO_TIME = "no time given"
ENDS_BEFORE_START = "utterance ends before it starts"
NO_WORDS = "no words left to encode"
LANGUAGE_LEFT_OUT = "language left out"
BEFORE_VIDEO = "utterance lies before the video's start"
BEYOND_VIDEO = "utterance lies beyond the video's end"
EXCLUDED_INTERVAL = "excluded interval"
NO_VECTOR = "no vector for its text"
NO_PICTURE = "no picture could be decoded"
NO_PICTURE_NEAR = "no picture near the utterance"

SHIFT_STREAM, GAIN_STREAM = 1, 2
"""What tells a session's further random streams from that of its shuffled null."""


def session_seed(seed: int, child_id: str, session_id: str, model_id: str) -> list[int]:
    """Return the seed of one session's draws, which depends on nothing but the arguments."""
    name = json.dumps([child_id, session_id, model_id]).encode()
    return [seed, int.from_bytes(hashlib.sha256(name).digest()[:8], "big")]


def align(
    row: Mapping[str, Any],
    media: Mapping[str, Any],
    utterances: pa.Table,
    frames: pa.Table,
    frame_embeddings: pa.Table,
    text_embeddings: pa.Table,
    model_id: str,
    fps: float,
    options: AlignOptions,
    words: TimedWords = NO_TIMED_WORDS,
) -> pa.Table:
    """Score every utterance of a session.

    Parameters
    ----------
    row : mapping
        The session: child_id, session_id, age_days, exclude, exclude_intervals (seconds).
    media : mapping
        The row of table media.
    utterances, frames, frame_embeddings, text_embeddings : pyarrow.Table
        Tables of those names.
    model_id : str
        Label of the model that made the embeddings.
    fps : float
        Grid points in a second.
    options : AlignOptions
        Seed, null and window.
    words : TimedWords
        Used where the window's points are those of words.

    Returns
    -------
    pyarrow.Table
        Rows of table alignment, in the order of the utterances.
    """
    seconds = frames["requested_s"].to_numpy()
    excluded = _excluded(row, frames)
    has_picture, pictures = decoded_pictures(frames, frame_embeddings, excluded)
    text_index = {text_id: i for i, text_id in enumerate(text_embeddings["text_id"].to_pylist())}
    text_ids = utterances["text_id"].to_pylist()
    start_s, end_s = (reals(utterances[name]) for name in ("start_s", "end_s"))
    on_grid = find_windows(seconds, start_s, end_s, 1 / fps, options.window, words)
    only_excluded = (on_grid.count > 0) & (on_grid.among(~excluded).count == 0)
    reasons = _reasons(row, media, utterances, start_s, end_s, only_excluded)
    bare = set(
        text_embeddings.filter(text_embeddings["embedding"].is_null())["text_id"].to_pylist()
    )
    reasons = [
        NO_VECTOR if reason is None and text_id in bare else reason
        for reason, text_id in zip(reasons, text_ids, strict=True)
    ]

    usable = np.array([reason is None for reason in reasons], dtype=bool)
    windows = on_grid.of(usable).among(has_picture)
    for i in np.flatnonzero(usable & (windows.count == 0)):
        reasons[i] = NO_PICTURE_NEAR if has_picture.any() else NO_PICTURE

    texts = text_vectors(text_ids, text_index, text_embeddings, windows, pictures)
    scores = score_windows(texts, pictures, windows)
    codes = np.array([text_index.get(text_id, -1) for text_id in text_ids], dtype=np.int64)
    seed = session_seed(options.seed, row["child_id"], row["session_id"], model_id)
    draws = options.nulls.draws
    null = shuffled_null(texts, pictures, windows, codes, draws, np.random.default_rng(seed))
    columns = _columns(seconds[has_picture], windows, scores, null)

    places = np.flatnonzero(has_picture)
    spoken = spoken_over(on_grid.of(windows.count > 0), codes, seconds.size)
    if "shift" in options.nulls.schemes:
        shifts = shifts_of(seconds.size, fps, options.nulls.min_shift_s)
        rng = np.random.default_rng([*seed, SHIFT_STREAM])
        shifted = shift_null(
            *(texts, pictures, places, windows, codes, spoken, scores.greatest),
            *(shifts, draws, rng),
        )
        reason = TOO_FEW_SHIFTS if shifts.size else TOO_SHORT
        scored = np.isfinite(scores.greatest)
        columns |= counted_columns(
            "shift", shifted, [reason if lacks else None for lacks in scored & (shifted.draws == 0)]
        )
    rng = np.random.default_rng([*seed, GAIN_STREAM])
    gain = _gain(texts, codes, pictures, places, spoken, windows, rng)
    columns["score_corrected"] = pa.array(scores.greatest - gain, from_pandas=True)
    if options.top_k is not None:
        top = mean_of_top(texts, pictures, windows, options.top_k)
        columns["score_top_k"] = pa.array(top, from_pandas=True)

    n = utterances.num_rows
    lookup = [text_index.get(text_id) for text_id in text_ids]
    columns |= {
        "child_id": [row["child_id"]] * n,
        "session_id": [row["session_id"]] * n,
        "utterance_id": utterances["utterance_id"],
        "model_id": [model_id] * n,
        "age_days": pa.array([row.get("age_days")] * n, pa.float64()),
        "speaker": utterances["speaker"],
        "start_s": utterances["start_s"],
        "end_s": utterances["end_s"],
        "n_words": utterances["n_words"],
        "n_tokens": _taken(text_embeddings["n_tokens"], lookup),
        "truncated": _taken(text_embeddings["truncated"], lookup),
        "reason": pa.array(reasons, pa.string()),
    }
    return conform(ALIGNMENT, pa.table(columns))


def align_session(
    row_json: str,
    media: Path,
    utterances: Path,
    frames: Path,
    frame_embeddings: Path,
    text_embeddings: Path,
    model_id: str,
    fps: float,
    options_json: str,
    out: Path,
    words: Path | None = None,
) -> None:
    """Read a session's tables, score its utterances, and write table alignment.

    Table `words` is read only where the window's points are those of words.

    Raises
    ------
    UserError
        An argument is not the JSON it should be, or a table is missing or of another version.
    """
    try:
        row = json.loads(row_json)
        names = f"{row['child_id']}/{row['session_id']}"
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise UserError(
            f"--row: expected a JSON object with child_id and session_id, found {row_json!r}"
        ) from error
    options = parse_section(AlignOptions, options_json, "--options")
    spoken = read_table(UTTERANCES, utterances)
    table = align(
        row,
        read_table(MEDIA, media).to_pylist()[0],
        spoken,
        read_table(FRAMES, frames),
        read_table(FRAME_EMBEDDINGS, frame_embeddings),
        read_table(TEXT_EMBEDDINGS, text_embeddings),
        model_id,
        fps,
        options,
        timed_words_of(spoken, words) if options.window.points == "words" else NO_TIMED_WORDS,
    )
    write_table(ALIGNMENT, table, out)
    n_scored = table.num_rows - table["score_max"].null_count
    logger.info("%s: %d of %d utterances scored", names, n_scored, table.num_rows)


def timed_words_of(utterances: pa.Table, path: Path | None) -> TimedWords:
    """Read the timed words of the utterances."""
    if path is None:
        raise UserError("--words: missing; align.window.points: words needs the session's words")
    rows = read_table(WORDS, path, ["utterance_id", "start_s", "end_s"]).to_pylist()
    return timed_words(utterances["utterance_id"].to_pylist(), rows)


def _taken(column: pa.ChunkedArray, rows: Sequence[int | None]) -> pa.ChunkedArray:
    """Return the values of a column at `rows`; missing where the row is None."""
    return column.take(pa.array(rows, pa.int64()))


def unit_vectors(column: pa.ChunkedArray) -> np.ndarray:
    """Return a column of vectors, none missing, as unit float32 rows; shape (0, 0) for none."""
    if not len(column):
        return np.zeros((0, 0), dtype=np.float32)
    widths = pc.unique(pc.list_value_length(column)).to_pylist()
    if len(widths) != 1 or widths[0] is None:
        raise ValueError(f"vectors of {widths} numbers in one table")
    numbers = np.concatenate([chunk.flatten().to_numpy() for chunk in column.chunks])
    return unit_rows(numbers.reshape(len(column), widths[0]))


def _excluded(row: Mapping[str, Any], frames: pa.Table) -> np.ndarray:
    """Say of each grid point whether the lab does not want it to be looked at."""
    seconds = frames["requested_s"].to_numpy()
    excluded = np.array([why == EXCLUDED_INTERVAL for why in frames["reason"].to_pylist()], bool)
    for interval in row.get("exclude_intervals") or ():
        excluded |= within(seconds, *interval)
    return excluded


def decoded_pictures(
    frames: pa.Table, embeddings: pa.Table, excluded: np.ndarray
) -> tuple[np.ndarray, Pictures]:
    """Say which grid points have a picture that may be used, and return those pictures."""
    place = {frame: i for i, frame in enumerate(frames["frame_id"].to_pylist())}
    had = embeddings.filter(embeddings["decoded"])
    had = had.sort_by([("frame_id", "ascending"), ("tile", "ascending")])
    places = np.array([place[frame] for frame in had["frame_id"].to_pylist()], dtype=np.int64)
    allowed = ~excluded[places]
    vectors = unit_vectors(had.filter(pa.array(allowed))["embedding"])
    places, first = np.unique(places[allowed], return_index=True)
    has_picture = np.zeros(excluded.size, dtype=bool)
    has_picture[places] = True
    return has_picture, Pictures(vectors, first)


def text_vectors(
    text_ids: Sequence[str],
    text_index: Mapping[str, int],
    embeddings: pa.Table,
    windows: Windows,
    pictures: Pictures,
) -> np.ndarray:
    """Return each utterance's unit text vector, zeros where it is not scored: (n, d)."""
    vectors = np.zeros((len(text_ids), pictures.vectors.shape[1]), dtype=np.float32)
    scored = np.flatnonzero(windows.count).tolist()
    rows = [text_index[text_ids[i]] for i in scored]
    if rows:
        vectors[scored] = unit_vectors(embeddings["embedding"].take(pa.array(rows)))
    return vectors


def spoken_over(windows: Windows, codes: np.ndarray, size: int) -> Spoken:
    """Return which texts were spoken over which points, each from its first to its last.

    Parameters
    ----------
    windows : Windows
        Points of each utterance, n of them.
    codes : numpy.ndarray
        What tells equal words, shape (n,).
    size : int
        Number of points.
    """
    rows = np.flatnonzero(windows.count)
    first, last = (
        windows.points[windows.offsets[rows]],
        windows.points[windows.offsets[rows + 1] - 1],
    )
    return Spoken.of(codes[rows], first, last, size)


def _gain(
    texts: np.ndarray,
    codes: np.ndarray,
    pictures: Pictures,
    places: np.ndarray,
    spoken: Spoken,
    windows: Windows,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return what each utterance's number of pictures gains it, NaN where that is not known."""
    scored = np.flatnonzero(windows.count)
    _, first = np.unique(codes[scored], return_index=True)
    rows = scored[first]
    if rows.size > MOST_TEXTS:
        rows = np.sort(rng.choice(rows, MOST_TEXTS, replace=False))
    lengths = np.unique(windows.count[scored]).tolist()
    gains = length_gain(texts[rows], codes[rows], pictures, places, spoken, lengths)
    return np.array([gains.get(count, np.nan) for count in windows.count.tolist()])


def _reasons(
    row: Mapping[str, Any],
    media: Mapping[str, Any],
    utterances: pa.Table,
    start_s: np.ndarray,
    end_s: np.ndarray,
    only_excluded: np.ndarray,
) -> list[str | None]:
    """Return why each utterance can have no score, as far as decoding does not matter."""
    if row.get("exclude"):
        return [SESSION_EXCLUDED] * start_s.size
    if not media["readable"]:
        return [media["reason"] or NO_PICTURE] * start_s.size
    in_excluded = only_excluded.copy()
    for begin, end in row.get("exclude_intervals") or ():
        in_excluded |= (start_s >= begin) & (end_s <= end)
    duration_s = np.inf if media["duration_s"] is None else media["duration_s"]
    other_language = np.array(
        [OTHER_LANGUAGE in flags_of(cell) for cell in utterances["flags"].to_pylist()], dtype=bool
    )
    wordless = np.array([not text for text in utterances["text_encoded"].to_pylist()], dtype=bool)
    # Later lines win: what is most basic comes last.
    reasons = np.full(start_s.size, None, dtype=object)
    reasons[in_excluded] = EXCLUDED_INTERVAL
    reasons[start_s > duration_s] = BEYOND_VIDEO
    reasons[end_s < 0] = BEFORE_VIDEO
    reasons[other_language] = LANGUAGE_LEFT_OUT
    reasons[wordless] = NO_WORDS
    reasons[end_s < start_s] = ENDS_BEFORE_START
    reasons[np.isnan(start_s) | np.isnan(end_s)] = NO_TIME
    return list(reasons)


def _columns(
    seconds: np.ndarray, windows: Windows, scores: Scores, null: Null
) -> dict[str, pa.Array]:
    """Return the columns of scores and null, missing where NaN."""
    scored = windows.count > 0
    without_null = scored & (null.choices < FEWEST_WINDOWS)
    argmax_s = np.full(scored.size, np.nan)
    argmax_s[scored] = seconds[scores.argmax[scored]]
    reals = {
        "score_min": scores.least,
        "score_mean": scores.mean,
        "score_max": scores.greatest,
        "argmax_s": argmax_s,
        "shuffled_mean": null.mean,
        "shuffled_sd": null.sd,
        "shuffled_difference": null.difference,
        "shuffled_z": null.z,
        "shuffled_percentile": null.percentile,
        "shuffled_draw": null.draw,
    }
    columns = {name: pa.array(values, from_pandas=True) for name, values in reals.items()}
    columns["n_frames"] = pa.array(windows.count, pa.int64())
    columns["nearest_frame"] = pa.array(windows.nearest)
    columns["null_reason"] = pa.array(
        [TOO_FEW if flag else None for flag in without_null], pa.string()
    )
    return columns


def counted_columns(scheme: str, null: Null, reasons: Sequence[str | None]) -> dict[str, pa.Array]:
    """Return the columns of one scheme, missing where there is no null.

    Parameters
    ----------
    scheme : str
        Its name.
    null : Null
        Of n utterances.
    reasons : sequence of str or None
        Why each has no null, where it has a score.
    """
    has = null.draws > 0
    values = {
        f"{scheme}_{name}": pa.array(getattr(null, name), from_pandas=True)
        for name, _, _ in NULL_COLUMNS
    }
    values[f"{scheme}_draws"] = pa.array(null.draws, pa.int64(), mask=~has)
    values[f"{scheme}_reason"] = pa.array(reasons, pa.string())
    return {column.name: values[column.name] for column in counted_null_columns(scheme)}
