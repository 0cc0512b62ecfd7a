"""The alignment table of one session: a score or a reason for every utterance."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from egoalign.align.lag import (
    NOTHING_SCORED,
    ONLY_SPEECH,
    SWITCHED_OFF,
    TOO_SHORT,
    lag_profile,
    no_profile,
    profile_rows,
)
from egoalign.align.length import MOST_TEXTS, length_gain
from egoalign.align.null import FEWEST_WINDOWS, TOO_FEW, Null, shuffled_null
from egoalign.align.score import Pictures, Scores, mean_of_top, reals, score_windows, unit_rows
from egoalign.align.shift import TOO_FEW_SHIFTS, shift_null, shifts_of
from egoalign.align.shift import TOO_SHORT as TOO_SHORT_TO_SHIFT
from egoalign.align.spoken import Spoken
from egoalign.align.words import HeardWords, match_words, word_columns
from egoalign.config import AlignOptions, parse_section
from egoalign.log import UserError, logger
from egoalign.tables import (
    ALIGNMENT,
    CONTENT_WORDS,
    FRAME_EMBEDDINGS,
    FRAMES,
    LAG_PROFILE,
    MEDIA,
    NO_SPEECH,
    NULL_COLUMNS,
    OTHER_LANGUAGE,
    SPEAKERS,
    TEXT_EMBEDDINGS,
    UTTERANCES,
    WORD_ALIGNMENT,
    WORD_CLASSES,
    WORD_EMBEDDINGS,
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
LAG_STREAM, WORD_STREAM, WORD_LAG_STREAM = 4, 5, 6
"""What tells a session's further random streams from that of its shuffled null; 3, and those
from 10 on, are those of `egoalign.align.corpus_null`."""


def session_seed(seed: int, child_id: str, session_id: str, model_id: str) -> list[int]:
    """Return the seed of one session's draws, which depends on nothing but the arguments."""
    name = json.dumps([child_id, session_id, model_id]).encode()
    return [seed, int.from_bytes(hashlib.sha256(name).digest()[:8], "big")]


@dataclass(frozen=True, eq=False)
class Matched:
    """What is heard and seen in a session, ready to be compared: n utterances, f grid points.

    Attributes
    ----------
    seconds : numpy.ndarray
        The grid, shape (f,).
    has_picture : numpy.ndarray
        Which of its points have a picture that may be used, bool of shape (f,).
    pictures : Pictures
        Those.
    on_grid, windows : Windows
        The grid points of each utterance that may be scored; the pictures of each.
    texts : numpy.ndarray
        Unit float32 vector of each utterance that is scored, zeros for others, shape (n, d).
    text_codes : numpy.ndarray
        int64, shape (n,): row of its text in table text_embeddings, -1 where there is none.
    reasons : list of str or None
        Why each utterance has no score.
    only_speech : bool
        Grid points outside speech were not decoded, so that nothing can be moved.
    """

    seconds: np.ndarray
    has_picture: np.ndarray
    pictures: Pictures
    on_grid: Windows
    windows: Windows
    texts: np.ndarray
    text_codes: np.ndarray
    reasons: list[str | None]
    only_speech: bool


def match(
    row: Mapping[str, Any],
    media: Mapping[str, Any],
    utterances: pa.Table,
    frames: pa.Table,
    frame_embeddings: pa.Table,
    text_embeddings: pa.Table,
    fps: float,
    options: AlignOptions,
    words: TimedWords = NO_TIMED_WORDS,
) -> Matched:
    """Find the text vector and the pictures of every utterance, or why there is no score.

    Parameters are those of `align`.
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
    on_grid = on_grid.of(usable)
    windows = on_grid.among(has_picture)
    for i in np.flatnonzero(usable & (windows.count == 0)):
        reasons[i] = NO_PICTURE_NEAR if has_picture.any() else NO_PICTURE
    return Matched(
        seconds,
        has_picture,
        pictures,
        on_grid,
        windows,
        text_vectors(text_ids, text_index, text_embeddings, windows, pictures),
        np.array([text_index.get(text_id, -1) for text_id in text_ids], dtype=np.int64),
        reasons,
        NO_SPEECH in frames["reason"].to_pylist(),
    )


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
    parts = (utterances, frames, frame_embeddings, text_embeddings)
    matched = match(row, media, *parts, fps, options, words)
    return score(matched, row, utterances, text_embeddings, model_id, fps, options)


def score(
    matched: Matched,
    row: Mapping[str, Any],
    utterances: pa.Table,
    text_embeddings: pa.Table,
    model_id: str,
    fps: float,
    options: AlignOptions,
) -> pa.Table:
    """Score every utterance of a matched session; see `align`."""
    texts, pictures, windows = matched.texts, matched.pictures, matched.windows
    scores = score_windows(texts, pictures, windows)
    codes = matched.text_codes
    seed = session_seed(options.seed, row["child_id"], row["session_id"], model_id)
    draws = options.nulls.draws
    null = shuffled_null(texts, pictures, windows, codes, draws, np.random.default_rng(seed))
    columns = _columns(matched.seconds[matched.has_picture], windows, scores, null)

    places, size = np.flatnonzero(matched.has_picture), matched.seconds.size
    scored = windows.count > 0
    spoken = spoken_over(matched.on_grid.of(scored), codes, size)
    if "shift" in options.nulls.schemes:
        shifts = shifts_of(size, fps, options.nulls.min_shift_s)
        rng = np.random.default_rng([*seed, SHIFT_STREAM])
        shifted = shift_null(
            *(texts, pictures, places, windows, codes, spoken, scores.greatest),
            *(shifts, draws, rng),
        )
        reason = TOO_FEW_SHIFTS if shifts.size else TOO_SHORT_TO_SHIFT
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
    lookup = [code if code >= 0 else None for code in codes.tolist()]
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
        "reason": pa.array(matched.reasons, pa.string()),
    }
    return conform(ALIGNMENT, pa.table(columns))


def move(
    matched: Matched,
    row: Mapping[str, Any],
    utterances: pa.Table,
    model_id: str,
    fps: float,
    options: AlignOptions,
) -> list[dict[str, Any]]:
    """Return the rows of table LAG_PROFILE of a matched session, by speaker type."""
    owner = {"child_id": row["child_id"], "session_id": row["session_id"], "model_id": model_id}
    scored = matched.windows.count > 0
    if not options.lags.profile:
        return [no_profile(SWITCHED_OFF, owner)]
    if matched.only_speech:
        return [no_profile(ONLY_SPEECH, owner)]
    if not scored.any():
        return [no_profile(next(filter(None, matched.reasons), NOTHING_SCORED), owner)]
    speakers = np.array(utterances["speaker"].to_pylist(), dtype=object)
    groups = {"all": scored} | {
        f"speaker={speaker}": scored & (speakers == speaker) for speaker in SPEAKERS
    }
    windows = matched.on_grid.of(scored)
    seed = [*session_seed(options.seed, *owner.values()), LAG_STREAM]
    rows = _profile_rows(matched.texts, windows, groups, matched, fps, options, owner, seed)
    return rows or [no_profile(TOO_SHORT, owner)]


def move_words(
    spoken: HeardWords,
    words: pa.Table,
    matched: Matched,
    row: Mapping[str, Any],
    model_id: str,
    fps: float,
    options: AlignOptions,
) -> list[dict[str, Any]]:
    """Return the rows of table LAG_PROFILE of a session's content words, by class of word.

    There are none where `move` says why its utterances have none.
    """
    owner = {"child_id": row["child_id"], "session_id": row["session_id"], "model_id": model_id}
    scored = spoken.windows.count > 0
    parts = np.array(words["part_of_speech"].to_pylist(), dtype=object)
    groups = {f"word_class={name}": scored & (parts == part) for part, name in WORD_CLASSES.items()}
    windows = spoken.on_grid.of(scored)
    seed = [*session_seed(options.seed, *owner.values()), WORD_LAG_STREAM]
    return _profile_rows(spoken.texts, windows, groups, matched, fps, options, owner, seed)


def _profile_rows(
    texts: np.ndarray,
    windows: Windows,
    groups: Mapping[str, np.ndarray],
    matched: Matched,
    fps: float,
    options: AlignOptions,
    owner: Mapping[str, str],
    seed: Sequence[int],
) -> list[dict[str, Any]]:
    """Return the rows of table LAG_PROFILE of the groups that have members."""
    groups = {name: members for name, members in groups.items() if members.any()}
    if not groups:
        return []
    profile = lag_profile(
        texts,
        matched.pictures,
        matched.has_picture,
        windows,
        np.stack(list(groups.values())),
        fps,
        options.lags.reach_s,
        options.nulls.draws,
        np.random.default_rng(seed),
    )
    return [] if profile is None else list(profile_rows(profile, list(groups), fps, owner))


def hear_words(
    matched: Matched,
    utterances: pa.Table,
    words: pa.Table,
    word_embeddings: pa.Table,
    fps: float,
    options: AlignOptions,
) -> HeardWords:
    """Find the vector and the pictures of every content word of a matched session.

    Parameters
    ----------
    matched : Matched
        The session.
    utterances, words, word_embeddings : pyarrow.Table
        Tables UTTERANCES, CONTENT_WORDS and WORD_EMBEDDINGS.
    fps : float
        Grid points in a second.
    options : AlignOptions
        Window of words.
    """
    place = {name: i for i, name in enumerate(utterances["utterance_id"].to_pylist())}
    known = word_embeddings.filter(word_embeddings["embedding"].is_valid())
    vectors = unit_vectors(known["embedding"])
    return match_words(
        words,
        [place[name] for name in words["utterance_id"].to_pylist()],
        matched.reasons,
        matched.on_grid,
        vectors if vectors.size else np.zeros((0, matched.texts.shape[1]), dtype=np.float32),
        {lemma_id: i for i, lemma_id in enumerate(known["lemma_id"].to_pylist())},
        matched.seconds,
        matched.has_picture,
        fps,
        options.words.window_s,
        NO_PICTURE_NEAR,
    )


def score_words(
    spoken: HeardWords,
    words: pa.Table,
    matched: Matched,
    row: Mapping[str, Any],
    utterances: pa.Table,
    model_id: str,
    fps: float,
    options: AlignOptions,
) -> pa.Table:
    """Return the rows of table WORD_ALIGNMENT, in the order of the words."""
    n = words.num_rows
    seed = session_seed(options.seed, row["child_id"], row["session_id"], model_id)
    rng = np.random.default_rng([*seed, WORD_STREAM])
    speaker_of = dict(
        zip(utterances["utterance_id"].to_pylist(), utterances["speaker"].to_pylist(), strict=True)
    )
    parts = words["part_of_speech"].to_pylist()
    columns = word_columns(
        spoken,
        matched.pictures,
        matched.has_picture,
        matched.seconds,
        fps,
        rng,
        ONLY_SPEECH if matched.only_speech else None,
    ) | {
        "child_id": pa.array([row["child_id"]] * n, pa.string()),
        "session_id": pa.array([row["session_id"]] * n, pa.string()),
        "utterance_id": words["utterance_id"],
        "word_no": words["word_no"],
        "model_id": pa.array([model_id] * n, pa.string()),
        "age_days": pa.array([row.get("age_days")] * n, pa.float64()),
        "speaker": pa.array(
            [speaker_of[name] for name in words["utterance_id"].to_pylist()], pa.string()
        ),
        "lemma_id": words["lemma_id"],
        "word_class": pa.array([part and WORD_CLASSES[part] for part in parts], pa.string()),
    }
    return pa.table(columns).select(WORD_ALIGNMENT.schema.names)


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
    lag_profile_out: Path | None = None,
    content_words: Path | None = None,
    word_embeddings: Path | None = None,
    word_alignment_out: Path | None = None,
) -> None:
    """Read a session's tables, score its utterances and words, and move speech against sight.

    Table alignment is written in any case; lag_profile and word_alignment where a path is given.

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
    texts = read_table(TEXT_EMBEDDINGS, text_embeddings)
    matched = match(
        row,
        read_table(MEDIA, media).to_pylist()[0],
        spoken,
        read_table(FRAMES, frames),
        read_table(FRAME_EMBEDDINGS, frame_embeddings),
        texts,
        fps,
        options,
        timed_words_of(spoken, words) if options.window.points == "words" else NO_TIMED_WORDS,
    )
    table = score(matched, row, spoken, texts, model_id, fps, options)
    moved = move(matched, row, spoken, model_id, fps, options)
    if content_words is not None and word_embeddings is not None:
        said = read_table(CONTENT_WORDS, content_words)
        lemmas = read_table(WORD_EMBEDDINGS, word_embeddings)
        heard = hear_words(matched, spoken, said, lemmas, fps, options)
        if moved[0]["reason"] is None:
            moved += move_words(heard, said, matched, row, model_id, fps, options)
        if word_alignment_out is not None:
            words_table = score_words(heard, said, matched, row, spoken, model_id, fps, options)
            write_table(WORD_ALIGNMENT, words_table, word_alignment_out)
    if lag_profile_out is not None:
        write_table(LAG_PROFILE, moved, lag_profile_out)
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


def in_excluded_interval(frames: pa.Table) -> np.ndarray:
    """Say of each grid point of table FRAMES whether it lies in an excluded interval."""
    return np.array([why == EXCLUDED_INTERVAL for why in frames["reason"].to_pylist()], bool)


def _excluded(row: Mapping[str, Any], frames: pa.Table) -> np.ndarray:
    """Say of each grid point whether the lab does not want it to be looked at."""
    seconds = frames["requested_s"].to_numpy()
    excluded = in_excluded_interval(frames)
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
