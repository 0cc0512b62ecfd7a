"""Scores against what a person would write down."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from egoalign.align.score import (
    DECIMALS,
    Pictures,
    blocks_of_equal_length,
    score_windows,
    similarity,
    unit_rows,
)
from egoalign.video.window import Windows
from tests.unit.align.made import unit


def runs(first: np.ndarray, count: np.ndarray) -> Windows:
    """Return windows of consecutive pictures."""
    points = [np.arange(f, f + c) for f, c in zip(first, count, strict=True)]
    offsets = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return Windows(np.concatenate([np.empty(0), *points]).astype(np.int64), offsets, count > 10**6)


def one_tile(vectors: np.ndarray) -> Pictures:
    return Pictures(vectors, np.arange(len(vectors)))


def test_scores_equal_their_definition() -> None:
    rng = np.random.default_rng(3)
    texts = unit_rows(unit(rng.normal(size=(40, 8))))
    pictures = unit_rows(unit(rng.normal(size=(30, 8))))
    first, count = rng.integers(0, 25, 40), rng.integers(0, 6, 40)
    scores = score_windows(texts, one_tile(pictures), runs(first, count))
    for i in range(40):
        if count[i] == 0:
            assert np.isnan([scores.least[i], scores.mean[i], scores.greatest[i]]).all()
            assert scores.argmax[i] == -1
            continue
        values = [float(texts[i] @ pictures[k]) for k in range(first[i], first[i] + count[i])]
        got = [scores.least[i], scores.mean[i], scores.greatest[i]]
        assert got == pytest.approx([min(values), np.mean(values), max(values)], abs=1e-6)
        assert scores.argmax[i] == first[i] + int(np.argmax(values))
        assert scores.least[i] <= scores.mean[i] <= scores.greatest[i]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=12), st.integers(0, 1000))
def test_a_picture_scores_as_its_best_tile(n_tiles: list[int], seed: int) -> None:
    """Least, mean and greatest are over pictures, each with the greatest cosine of its tiles."""
    rng = np.random.default_rng(seed)
    vectors = unit_rows(rng.normal(size=(sum(n_tiles), 6)).astype(np.float16))
    text = unit_rows(rng.normal(size=(1, 6)).astype(np.float16))
    begins = np.cumsum([0, *n_tiles[:-1]])
    parts = np.split(vectors, begins[1:])
    best = [max(float(text[0] @ tile) for tile in part) for part in parts]
    scores = score_windows(
        text, Pictures(vectors, begins), runs(np.array([0]), np.array([len(n_tiles)]))
    )
    got = [scores.least[0], scores.mean[0], scores.greatest[0]]
    assert got == pytest.approx([min(best), np.mean(best), max(best)], abs=2e-6)
    assert best[scores.argmax[0]] == pytest.approx(max(best), abs=2e-6)
    assert [similarity(text[0], part) for part in parts] == pytest.approx(best, abs=2e-6)


def test_pictures_of_a_window_need_not_be_a_run() -> None:
    rng = np.random.default_rng(8)
    pictures, texts = (unit_rows(unit(rng.normal(size=(n, 8)))) for n in (12, 2))
    windows = Windows(np.array([0, 5, 11, 3, 4, 9]), np.array([0, 3, 6]), np.zeros(2, dtype=bool))
    scores = score_windows(texts, one_tile(pictures), windows)
    for i, points in enumerate([[0, 5, 11], [3, 4, 9]]):
        values = pictures[points] @ texts[i]
        assert scores.mean[i] == pytest.approx(values.mean(), abs=2e-6)
        assert scores.argmax[i] == points[int(np.argmax(values))]


def test_equal_pictures_tie_exactly_and_the_earliest_is_named() -> None:
    rng = np.random.default_rng(4)
    pictures = unit_rows(np.repeat(unit(rng.normal(size=(1, 512))), 50, axis=0))
    texts = unit_rows(unit(rng.normal(size=(7, 512))))
    scores = score_windows(texts, one_tile(pictures), runs(np.arange(7), np.full(7, 40)))
    assert (scores.least == scores.greatest).all()
    assert scores.argmax.tolist() == list(range(7))


def test_length_is_made_one_again() -> None:
    rows = unit_rows(unit(np.random.default_rng(5).normal(size=(20, 512))))
    assert rows.dtype == np.float32
    assert np.abs(np.linalg.norm(rows.astype(np.float64), axis=1) - 1).max() < 10**-DECIMALS


def test_a_vector_of_zeros_is_our_own_fault() -> None:
    with pytest.raises(ValueError, match="not a unit vector"):
        unit_rows(np.zeros((1, 4), dtype=np.float16))


@given(st.lists(st.integers(0, 3), max_size=40))
def test_blocks_hold_every_scored_utterance_once(counts: list[int]) -> None:
    count = np.array(counts, dtype=np.int64)
    blocks = blocks_of_equal_length(runs(np.zeros_like(count), count))
    seen = [(int(row), length) for length, rows in blocks for row in rows]
    assert sorted(seen) == [(i, c) for i, c in enumerate(counts) if c]
