"""Which grid points an utterance uses, against what a person would write down."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from egoalign.config import WindowOptions
from egoalign.video.window import (
    GRACE_S,
    NO_TIMED_WORDS,
    TimedWords,
    Windows,
    find_windows,
    timed_words,
)

GRID = np.arange(10.0)
NAN = float("nan")


def listed(windows: Windows, seconds: np.ndarray = GRID) -> list[list]:
    """Return each utterance's seconds, with a note where the nearest stands in."""
    parts = np.split(seconds[windows.points], windows.offsets[1:-1])
    return [
        [*part.tolist(), *(["nearest"] if flag else [])]
        for part, flag in zip(parts, windows.nearest, strict=True)
    ]


def window(
    start: float, end: float, seconds: np.ndarray = GRID, reach: float = 1.0, **options: object
) -> list:
    found = find_windows(seconds, [start], [end], reach, WindowOptions.model_validate(options))
    return listed(found, seconds)[0]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (2.0, 4.0, [2, 3, 4]),
        (2.1, 3.9, [3]),
        (2.1, 2.3, [2, "nearest"]),
        (2.6, 2.8, [3, "nearest"]),
        (2.5, 2.5, [2, "nearest"]),
        (3.0, 3.0, [3]),
        (0.1 + 0.2 + 2.7, 3.2, [3]),
        (8.5, 14.0, [9]),
        (9.2, 10.4, [9, "nearest"]),
        (10.2, 10.4, []),
        (-0.8, -0.4, [0, "nearest"]),
        (-4.0, -2.0, []),
        (5.0, 4.0, []),
        (NAN, 4.0, []),
        (4.0, NAN, []),
    ],
)
def test_all_points_within(start: float, end: float, expected: list) -> None:
    assert window(start, end) == expected


@pytest.mark.parametrize(
    ("start", "end", "before", "after", "expected"),
    [
        (2.1, 2.3, 0.5, 0.0, [2]),
        (2.1, 2.3, 2.0, 0.0, [1, 2]),
        (2.1, 2.3, 0.0, 2.0, [3, 4]),
        (2.1, 2.3, 0.05, 0.05, [2, "nearest"]),
        (0.5, 0.6, 3.0, 0.0, [0]),
        (8.0, 8.5, 0.0, 5.0, [8, 9]),
        (9.5, 10.5, 0.0, 5.0, []),
    ],
)
def test_seconds_before_and_after_widen_it(
    start: float, end: float, before: float, after: float, expected: list
) -> None:
    assert window(start, end, before_s=before, after_s=after) == expected


@pytest.mark.parametrize(
    ("start", "end", "number", "expected"),
    [
        (2.0, 4.0, 1, [3]),
        (2.0, 5.0, 1, [3]),
        (2.0, 5.0, 2, [3, 4]),
        (2.0, 4.0, 2, [2, 3]),
        (2.0, 4.0, 5, [1, 2, 3, 4, 5]),
        (2.1, 2.3, 3, [1, 2, 3, "nearest"]),
        (0.0, 0.5, 4, [0, 1, 2, 3]),
        (8.6, 9.4, 3, [7, 8, 9]),
        (1.0, 2.0, 10, list(range(10))),
        (1.0, 2.0, 99, list(range(10))),
        (10.5, 11.0, 3, []),
        (-9.0, -5.0, 3, []),
    ],
)
def test_a_fixed_number_nearest_the_middle(
    start: float, end: float, number: int, expected: list
) -> None:
    assert window(start, end, points="number", number=number) == expected


def test_the_middle_is_that_of_the_widened_window() -> None:
    assert window(2.0, 4.0, points="number", after_s=4.0) == [5]
    assert window(2.0, 4.0, points="number", before_s=2.0) == [2]


def test_words_take_the_point_nearest_their_middle_once() -> None:
    words = TimedWords(np.array([0, 0, 0, 2, 2, 3]), np.array([5.2, 2.4, 4.9, 7.5, 30.0, 40.0]))
    found = find_windows(
        GRID,
        [2.0, 3.0, 7.0, 8.2, 6.0],
        [6.0, 4.0, 9.0, 8.4, 5.0],
        1.0,
        WindowOptions(points="words"),
        words,
    )
    # Without timed words on the grid an utterance has all its points, or the nearest.
    assert listed(found) == [[2, 5], [3, 4], [7], [8, "nearest"], []]


def test_words_do_not_bring_back_an_utterance_without_times() -> None:
    words = TimedWords(np.array([0, 1]), np.array([3.0, 4.0]))
    found = find_windows(GRID, [NAN, 5.0], [3.0, 4.0], 1.0, WindowOptions(points="words"), words)
    assert listed(found) == [[], []]


def test_only_words_with_both_times_count() -> None:
    rows = [
        {"utterance_id": "b", "start_s": 1.0, "end_s": 2.0},
        {"utterance_id": "a", "start_s": 4.0, "end_s": None},
        {"utterance_id": "a", "start_s": 4.0, "end_s": 4.5},
        {"utterance_id": "a", "start_s": None, "end_s": None},
    ]
    words = timed_words(["a", "b"], rows)
    assert (words.utterance.tolist(), words.middle_s.tolist()) == ([1, 0], [1.5, 4.25])
    assert timed_words(["a"], rows[1:2]) == NO_TIMED_WORDS


def test_no_grid_and_no_utterances() -> None:
    for points in ("all", "number", "words"):
        assert window(1.0, 2.0, np.zeros(0), points=points, number=3) == []
        found = find_windows(GRID, [], [], 1.0, WindowOptions(points=points))
        assert found.count.size == found.points.size == 0


TIMES = st.lists(st.tuples(st.integers(-12, 60), st.integers(-2, 30)), min_size=1, max_size=8)


@given(st.integers(0, 40), TIMES, st.sampled_from([0.5, 1.0, 2.0]))
def test_all_equals_brute_force(n: int, spoken: list, fps: float) -> None:
    """Times in quarters of a second, so that ends and ties often fall on the grid."""
    seconds = np.arange(n) / fps
    start = np.array([begin / 4 for begin, _ in spoken])
    end = start + np.array([length / 4 for _, length in spoken])
    found = listed(find_windows(seconds, start, end, 1 / fps), seconds)
    for got, first, last in zip(found, start, end, strict=True):
        middle = (first + last) / 2
        expected: list = [second for second in seconds if first <= second <= last]
        near = min(seconds, key=lambda second: (abs(second - middle), second), default=None)
        if last < first:
            expected = []
        elif not expected and near is not None and abs(near - middle) <= 1 / fps:
            expected = [near, "nearest"]
        assert got == expected


@given(st.integers(1, 30), TIMES, st.integers(1, 12), st.sampled_from([0.5, 1.0, 2.0]))
def test_a_number_equals_brute_force(n: int, spoken: list, number: int, fps: float) -> None:
    seconds = np.arange(n) / fps
    start = np.array([begin / 4 for begin, _ in spoken])
    end = start + np.array([abs(length) / 4 for _, length in spoken])
    options = WindowOptions(points="number", number=number)
    found = find_windows(seconds, start, end, 1 / fps, options)
    plain = find_windows(seconds, start, end, 1 / fps)
    for i, (first, last) in enumerate(zip(start, end, strict=True)):
        middle = (first + last) / 2
        ranked = sorted(range(n), key=lambda k: (abs(seconds[k] - middle), k))
        expected = sorted(ranked[:number]) if plain.count[i] else []
        assert found.points[found.offsets[i] : found.offsets[i + 1]].tolist() == expected
    assert found.nearest.tolist() == plain.nearest.tolist()


@given(TIMES, st.lists(st.booleans(), min_size=20, max_size=20))
def test_windows_among_what_is_kept(spoken: list, kept: list[bool]) -> None:
    seconds, mask = np.arange(20.0), np.array(kept)
    start = np.array([begin / 4 for begin, _ in spoken])
    windows = find_windows(seconds, start, start + 2, 1.0)
    fewer = windows.among(mask)
    for all_of, left in zip(listed(windows, seconds), listed(fewer, seconds[mask]), strict=True):
        stays = [second for second in all_of if second != "nearest" and mask[int(second)]]
        assert left == (stays + ["nearest"] * ("nearest" in all_of) if stays else [])
    some = start > 3
    for got, was, stays in zip(
        listed(windows.of(some), seconds), listed(windows, seconds), some, strict=True
    ):
        assert got == (was if stays else [])


def test_ends_have_a_grace() -> None:
    assert window(3 + GRACE_S / 2, 4 - GRACE_S / 2) == [3, 4]
    assert window(3 + 3 * GRACE_S, 4 - 3 * GRACE_S) == [3, "nearest"]
