"""Scores of single words: each content word's lemma against the pictures around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from egoalign.align.lag import TOO_SHORT, far_distance, scores_by_shift
from egoalign.align.null import Null
from egoalign.align.score import Pictures, reals, score_windows
from egoalign.align.shift import FEWEST_SHIFTS
from egoalign.video.window import Windows, find_windows

NO_WORD_VECTOR = "no vector for its lemma"
FEW_SHIFTS = f"fewer than {FEWEST_SHIFTS} far shifts with pictures"


@dataclass(frozen=True, eq=False)
class HeardWords:
    """The content words of a session, ready to be compared with its pictures.

    Attributes
    ----------
    texts : numpy.ndarray
        Unit float32 vector of each word's phrase, zeros where there is none, shape (n, d).
    on_grid, windows : Windows
        The grid points of each word that may be scored; the pictures of each.
    reasons : list of str or None
        Why each word has no score.
    """

    texts: np.ndarray
    on_grid: Windows
    windows: Windows
    reasons: list[str | None]


def match_words(
    words: pa.Table,
    utterances: Sequence[int],
    utterance_reasons: Sequence[str | None],
    utterance_points: Windows,
    vectors: np.ndarray,
    vector_of: dict[str, int],
    seconds: np.ndarray,
    has_picture: np.ndarray,
    fps: float,
    window_s: float | None,
    no_picture: str,
) -> HeardWords:
    """Find the vector and the pictures of every content word, or why there is no score.

    Parameters
    ----------
    words : pyarrow.Table
        Table CONTENT_WORDS, n rows.
    utterances : sequence of int
        Position of each word's utterance.
    utterance_reasons, utterance_points
        Of the utterances: why there is no score, and their grid points.
    vectors : numpy.ndarray
        Unit float32 vectors of lemmas, shape (v, d).
    vector_of : dict of str to int
        Row in `vectors` of each lemma_id that has one.
    seconds, has_picture : numpy.ndarray
        The grid, and which of its points have a picture, shape (f,).
    fps : float
        Grid points a second.
    window_s : float or None
        The option `align.words.window_s`.
    no_picture : str
        Reason of a word that has none.
    """
    rows = np.asarray(utterances, dtype=np.int64)
    lemma_ids = words["lemma_id"].to_pylist()
    reasons = [
        utterance_reasons[utterance] or why or (None if lemma_id in vector_of else NO_WORD_VECTOR)
        for utterance, why, lemma_id in zip(
            rows.tolist(), words["reason"].to_pylist(), lemma_ids, strict=True
        )
    ]
    usable = np.array([reason is None for reason in reasons], dtype=bool)
    if window_s is None:
        on_grid = utterance_points.take(rows)
    else:
        start_s, end_s = (reals(words[name]) for name in ("start_s", "end_s"))
        on_grid = find_windows(seconds, start_s - window_s, end_s + window_s, 1 / fps)
    on_grid = on_grid.of(usable)
    windows = on_grid.among(has_picture)
    for i in np.flatnonzero(usable & (windows.count == 0)):
        reasons[i] = no_picture
    texts = np.zeros((rows.size, vectors.shape[1]), dtype=np.float32)
    scored = np.flatnonzero(windows.count)
    texts[scored] = vectors[[vector_of[lemma_ids[i]] for i in scored.tolist()]]
    return HeardWords(texts, on_grid, windows, reasons)


def shifted_null(
    texts: np.ndarray,
    pictures: Pictures,
    has_picture: np.ndarray,
    on_grid: Windows,
    score: np.ndarray,
    fps: float,
    rng: np.random.Generator,
) -> Null:
    """Compare each word with all runs of as many pictures at far shifts.

    Parameters
    ----------
    texts : numpy.ndarray
        Unit float32 vectors, shape (n, d).
    pictures, has_picture
        The decoded pictures, and which grid points they are.
    on_grid : Windows
        The grid points of each word; only those with a picture count.
    score : numpy.ndarray
        The words' own scores, shape (n,).
    fps : float
        Grid points a second.
    rng : numpy.random.Generator
        Draws the one far shift whose score is kept as `draw`.

    Returns
    -------
    Null
        ``choices`` is the number of far shifts that have all pictures.
    """
    size = has_picture.size
    null = Null.nothing(score.size)
    near = far_distance(size, fps)
    far = np.arange(near, size - near + 1)
    if far.size >= FEWEST_SHIFTS:
        own = on_grid.at(has_picture)
        for rows, at in scores_by_shift(texts, pictures, has_picture, own):
            drawn = at[:, far]
            count = np.isfinite(drawn).sum(axis=1)
            null.choices[rows] = count
            enough = count >= FEWEST_SHIFTS
            rows, drawn, count = rows[enough], drawn[enough], count[enough]
            null.put(rows, score[rows], drawn)
            # A far shift with pictures, evenly: the one of the drawn rank among them.
            rank = (rng.random(rows.size) * count).astype(np.int64)
            place = (np.cumsum(np.isfinite(drawn), axis=1) > rank[:, None]).argmax(axis=1)
            null.draw[rows] = drawn[np.arange(rows.size), place]
    return null


def word_columns(
    spoken: HeardWords,
    pictures: Pictures,
    has_picture: np.ndarray,
    seconds: np.ndarray,
    fps: float,
    rng: np.random.Generator,
    no_null: str | None = None,
) -> dict[str, Any]:
    """Return the columns of table WORD_ALIGNMENT that hold scores, null and reasons.

    Parameters
    ----------
    spoken : HeardWords
        The words.
    pictures, has_picture, seconds
        The decoded pictures, which grid points they are, and the grid.
    fps : float
        Grid points a second.
    rng : numpy.random.Generator
        Source of the draws.
    no_null : str, optional
        Why no word can have a null.
    """
    scores = score_windows(spoken.texts, pictures, spoken.windows)
    scored = spoken.windows.count > 0
    moved = spoken.on_grid if no_null is None else spoken.on_grid.of(np.zeros_like(scored))
    null = shifted_null(spoken.texts, pictures, has_picture, moved, scores.greatest, fps, rng)
    argmax_s = np.full(scored.size, np.nan)
    argmax_s[scored] = seconds[has_picture][scores.argmax[scored]]
    near = far_distance(has_picture.size, fps)
    too_short = has_picture.size - 2 * near + 1 < FEWEST_SHIFTS
    why = no_null or (TOO_SHORT if too_short else FEW_SHIFTS)
    reals_of = {
        "score_max": scores.greatest,
        "argmax_s": argmax_s,
        "shifted_mean": null.mean,
        "shifted_sd": null.sd,
        "shifted_difference": null.difference,
        "shifted_z": null.z,
        "shifted_percentile": null.percentile,
        "shifted_draw": null.draw,
    }
    return {name: pa.array(values, from_pandas=True) for name, values in reals_of.items()} | {
        "n_frames": pa.array(spoken.windows.count, pa.int64()),
        "reason": pa.array(spoken.reasons, pa.string()),
        "null_reason": pa.array(
            [
                why if has and bad else None
                for has, bad in zip(scored, np.isnan(null.mean), strict=True)
            ],
            pa.string(),
        ),
    }
