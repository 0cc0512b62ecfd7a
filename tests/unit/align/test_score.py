"""Windows and scores against what a person would write down."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from egoalign.align.score import (
    DECIMALS,
    Windows,
    blocks_of_equal_length,
    find_windows,
    score_windows,
    unit_rows,
)
from tests.unit.align.made import unit

GRID = np.arange(10.0)


def window(start: float, end: float, seconds: np.ndarray = GRID, reach: float = 1.0) -> list[float]:
    windows = find_windows(seconds, np.array([start]), np.array([end]), reach)
    first, count = int(windows.first[0]), int(windows.count[0])
    return [*seconds[first : first + count], *(["nearest"] if windows.nearest[0] else [])]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (2.0, 4.0, [2, 3, 4]),
        (2.1, 3.9, [3]),
        (2.1, 2.3, [2, "nearest"]),
        (2.6, 2.8, [3, "nearest"]),
        (2.5, 2.5, [2, "nearest"]),
        (3.0, 3.0, [3]),
        (8.5, 14.0, [9]),
        (9.2, 10.4, [9, "nearest"]),
        (10.2, 10.4, []),
        (-0.8, -0.4, [0, "nearest"]),
        (-4.0, -2.0, []),
        (np.nan, 4.0, []),
        (4.0, np.nan, []),
    ],
)
def test_window_of_an_utterance(start: float, end: float, expected: list) -> None:
    assert window(start, end) == expected


def test_pictures_that_were_not_decoded_are_passed_over() -> None:
    had = np.array([0.0, 1.0, 5.0, 6.0])
    assert window(0.5, 5.5, had) == [1, 5]
    assert window(1.8, 2.1, had) == [1, "nearest"]
    assert window(2.9, 3.1, had) == []


def test_no_pictures_at_all() -> None:
    assert window(1.0, 2.0, np.zeros(0)) == []


@given(
    st.lists(st.integers(0, 40), unique=True, max_size=25),
    st.floats(-3, 14),
    st.floats(0, 6),
    st.sampled_from([0.25, 1.0]),
)
def test_windows_equal_brute_force(
    ticks: list[int], start: float, length: float, reach: float
) -> None:
    seconds = np.array(sorted(ticks)) * 0.25
    end = start + length
    inside = [second for second in seconds if start <= second <= end]
    found = window(start, end, seconds, reach)
    if inside:
        assert found == inside
        return
    middle = (start + end) / 2
    distances = np.abs(seconds - middle)
    if seconds.size and distances.min() <= reach:
        assert found[1:] == ["nearest"]
        assert abs(found[0] - middle) == distances.min()
    else:
        assert found == []


def test_scores_equal_their_definition() -> None:
    rng = np.random.default_rng(3)
    texts = unit_rows(unit(rng.normal(size=(40, 8))))
    pictures = unit_rows(unit(rng.normal(size=(30, 8))))
    first, count = rng.integers(0, 25, 40), rng.integers(0, 6, 40)
    windows = Windows(first, count, np.zeros(40, dtype=bool))
    scores = score_windows(texts, pictures, windows)
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


def test_equal_pictures_tie_exactly_and_the_earliest_is_named() -> None:
    rng = np.random.default_rng(4)
    pictures = unit_rows(np.repeat(unit(rng.normal(size=(1, 512))), 50, axis=0))
    texts = unit_rows(unit(rng.normal(size=(7, 512))))
    windows = Windows(np.arange(7), np.full(7, 40), np.zeros(7, dtype=bool))
    scores = score_windows(texts, pictures, windows)
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
    blocks = blocks_of_equal_length(Windows(np.zeros_like(count), count, count > 9))
    seen = [(int(row), length) for length, rows in blocks for row in rows]
    assert sorted(seen) == [(i, c) for i, c in enumerate(counts) if c]
