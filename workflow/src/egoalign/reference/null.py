"""What a caption would score with another pair's picture, and a picture with another's caption."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from egoalign.align.score import Pictures

FEWEST = 5
"""With fewer other pairs than this to draw from there is no null."""

BLOCK = 4_000_000
"""Cosines held at a time; bounds the memory."""

PART = 512
"""Pairs whose own cosines are computed at a time."""


@dataclass(frozen=True)
class PairNull:
    """What a null gives each pair: arrays of shape (n,), NaN where there is none.

    `mean`, `sd`, `difference`, `z`, `percentile` and `draw` are as in `egoalign.align.null.Null`;
    `others` (int64) counts the pairs that could be drawn.
    """

    mean: np.ndarray
    sd: np.ndarray
    difference: np.ndarray
    z: np.ndarray
    percentile: np.ndarray
    draw: np.ndarray
    others: np.ndarray


def draw_seed(seed: int, *names: str) -> list[int]:
    """Return the seed of one set's draws, which depends on nothing but the arguments."""
    digest = hashlib.sha256(json.dumps(names).encode()).digest()
    return [seed, int.from_bytes(digest[:8], "big")]


def pair_scores(captions: np.ndarray, pictures: Pictures) -> np.ndarray:
    """Return the cosine of each caption with its own picture, shape (n,).

    Parameters
    ----------
    captions : numpy.ndarray
        Unit float32 vectors, shape (n, d).
    pictures : Pictures
        The n pictures, in the order of the captions.
    """
    parts = np.array_split(np.arange(len(captions)), len(captions) // PART + 1)
    own = [np.diagonal(_of_rows(pictures, rows).cosines(captions[rows])) for rows in parts]
    return np.concatenate(own)


def shuffled_null(
    scores: np.ndarray,
    captions: np.ndarray,
    pictures: Pictures,
    caption_ids: np.ndarray,
    picture_ids: np.ndarray,
    draws: int,
    rng: np.random.Generator,
) -> PairNull:
    """Score each caption against pictures of other pairs.

    A draw takes another pair, evenly and with replacement. Pairs of the same picture or of an
    identical caption are never drawn.

    Parameters
    ----------
    scores : numpy.ndarray
        Cosine of each pair, by `pair_scores`, shape (n,).
    captions : numpy.ndarray
        Unit float32 vectors, shape (n, d).
    pictures : Pictures
        The n pictures, in the order of the captions.
    caption_ids, picture_ids : numpy.ndarray
        What tells equal captions and equal pictures, shape (n,).
    draws : int
        Draws a pair.
    rng : numpy.random.Generator
        Source of the draws.
    """
    null = _empty(scores.size)
    for rows in _blocks(scores.size):
        values = pictures.cosines(captions[rows])
        other = _others(caption_ids, picture_ids, rows)
        _fill(null, rows, scores[rows], values, other, draws, rng)
    return null


def text_matched_null(
    scores: np.ndarray,
    captions: np.ndarray,
    pictures: Pictures,
    caption_ids: np.ndarray,
    picture_ids: np.ndarray,
    n_tokens: np.ndarray,
    draws: int,
    rng: np.random.Generator,
) -> PairNull:
    """Score each picture against captions of other pairs that have as many tokens as its own.

    Parameters
    ----------
    n_tokens : numpy.ndarray
        Tokens of each caption, shape (n,).
    scores, captions, pictures, caption_ids, picture_ids, draws, rng
        As in `shuffled_null`.
    """
    null = _empty(scores.size)
    for length in np.unique(n_tokens):
        alike = np.flatnonzero(n_tokens == length)
        for part in _blocks(alike.size):
            rows = alike[part]
            values = _of_rows(pictures, rows).cosines(captions[alike]).T
            other = _others(caption_ids[alike], picture_ids[alike], part)
            _fill(null, rows, scores[rows], values, other, draws, rng)
    return null


def _blocks(n: int) -> Iterator[np.ndarray]:
    """Yield row numbers in parts whose cosines with n others fit a block."""
    step = max(1, BLOCK // max(n, 1))
    for first in range(0, n, step):
        yield np.arange(first, min(first + step, n))


def _others(caption_ids: np.ndarray, picture_ids: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Say for each of `rows` which pairs may be drawn, bool of shape (rows, n)."""
    found: np.ndarray = (caption_ids[rows, None] != caption_ids) & (
        picture_ids[rows, None] != picture_ids
    )
    return found


def _of_rows(pictures: Pictures, rows: np.ndarray) -> Pictures:
    """Return some of the pictures, with all their tiles."""
    ends = np.append(pictures.first[1:], len(pictures.vectors))
    sizes = ends[rows] - pictures.first[rows]
    first = np.cumsum(sizes) - sizes
    tiles = np.repeat(pictures.first[rows] - first, sizes) + np.arange(sizes.sum())
    return Pictures(pictures.vectors[tiles], first)


def _empty(n: int) -> PairNull:
    mean, sd, difference, z, percentile, draw = (np.full(n, np.nan) for _ in range(6))
    return PairNull(mean, sd, difference, z, percentile, draw, np.zeros(n, dtype=np.int64))


def _fill(
    null: PairNull,
    rows: np.ndarray,
    scores: np.ndarray,
    values: np.ndarray,
    other: np.ndarray,
    draws: int,
    rng: np.random.Generator,
) -> None:
    """Draw for each row among the values that `other` allows, both (rows, n); fill in the null."""
    counts = other.sum(axis=1)
    null.others[rows] = counts
    enough = counts >= FEWEST
    rows, scores, values, other, counts = (
        part[enough] for part in (rows, scores, values, other, counts)
    )
    if not rows.size:
        return
    allowed = np.nonzero(other)[1]
    begins = np.cumsum(counts) - counts
    ranks = (rng.random((rows.size, draws)) * counts[:, None]).astype(np.int64)
    drawn = np.take_along_axis(values, allowed[begins[:, None] + ranks], axis=1)
    below = (drawn < scores[:, None]).sum(axis=1)
    ties = (drawn == scores[:, None]).sum(axis=1)
    null.mean[rows] = drawn.mean(axis=1)
    null.difference[rows] = scores - null.mean[rows]
    null.percentile[rows] = (below + (ties + 1) / 2) / (draws + 1)
    null.draw[rows] = drawn[:, 0]
    if draws > 1:
        null.sd[rows] = drawn.std(axis=1, ddof=1)
        # All draws equal: no spread to divide by.
        spread = np.ptp(drawn, axis=1) > 0
        null.z[rows[spread]] = null.difference[rows[spread]] / null.sd[rows[spread]]
