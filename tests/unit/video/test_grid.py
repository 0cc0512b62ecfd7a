"""The grid of seconds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from egoalign.config import WindowOptions
from egoalign.tables import FRAMES, conform
from egoalign.video.grid import frames_table, grid_seconds
from egoalign.video.probe import probe, unreadable
from egoalign.video.window import TimedWords


@pytest.fixture(scope="module")
def ten_seconds(tmp_path_factory, clip_tools):
    path = tmp_path_factory.mktemp("grid") / "clip.mp4"
    return probe(clip_tools["write_clip"](path, n=100, rate=10))


def test_grid_holds_the_end():
    assert grid_seconds(3.0, 1.0).tolist() == [0, 1, 2, 3]
    assert grid_seconds(2.99, 1.0).tolist() == [0, 1, 2]
    assert grid_seconds(1.0, 2.0).tolist() == [0, 0.5, 1.0]
    assert grid_seconds(0.03, 1.0).tolist() == [0]


@given(st.integers(1, 5000), st.sampled_from([0.5, 1.0, 2.0, 3.0, 29.97]))
def test_grid_is_even_and_ends_within_a_step(pictures, fps):
    duration_s = pictures / 30
    grid = grid_seconds(duration_s, fps)
    np.testing.assert_allclose(np.diff(grid), 1 / fps)
    assert grid[0] == 0
    assert grid[-1] <= duration_s + 1e-5
    assert grid[-1] + 1 / fps > duration_s


def test_all_points_are_wanted(ten_seconds):
    rows = frames_table(ten_seconds, 1.0)
    assert [row["frame_id"] for row in rows] == list(range(11))
    assert all(row["wanted"] and row["reason"] is None for row in rows)
    assert rows[3]["shown_s"] == pytest.approx(3.0)
    assert rows[10]["shown_s"] == pytest.approx(9.9)
    conform(FRAMES, rows)


def test_speech_takes_points_inside_or_the_nearest(ten_seconds):
    spoken = [(1.9, 4.1), (5.6, 5.9), (6.0, 5.0), (None, None), (30.0, 31.0)]
    rows = frames_table(ten_seconds, 1.0, "speech", spoken)
    assert [row["frame_id"] for row in rows if row["wanted"]] == [2, 3, 4, 6]
    assert {row["reason"] for row in rows if not row["wanted"]} == {"no speech"}


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({}, [2, 3, 4, 6]),
        ({"before_s": 1.0, "after_s": 2.0}, [1, 2, 3, 4, 5, 6, 7]),
        ({"points": "number", "number": 2}, [2, 3, 5, 6]),
        ({"points": "words"}, [2, 6, 9]),
    ],
)
def test_speech_takes_the_points_of_the_configs_window(ten_seconds, window, expected):
    spoken = [(1.9, 4.1), (5.6, 5.9)]
    words = TimedWords(np.array([0, 0, 0]), np.array([2.2, 9.3, 50.0]))
    options = WindowOptions.model_validate(window)
    rows = frames_table(ten_seconds, 1.0, "speech", spoken, window=options, words=words)
    assert [row["frame_id"] for row in rows if row["wanted"]] == expected


def test_excluded_stretches_are_closed(ten_seconds):
    rows = frames_table(ten_seconds, 1.0, exclude_intervals=[(2.0, 4.0), (9.5, 99.0)])
    assert [row["frame_id"] for row in rows if not row["wanted"]] == [2, 3, 4, 10]
    assert {row["reason"] for row in rows if not row["wanted"]} == {"excluded interval"}


def test_an_excluded_session_has_no_wanted_point(ten_seconds):
    rows = frames_table(ten_seconds, 1.0, excluded=True)
    assert {(row["wanted"], row["reason"]) for row in rows} == {(False, "session excluded")}


def test_an_unreadable_video_has_no_rows():
    assert frames_table(unreadable("video missing"), 1.0) == []
