"""Key frames that stand for the exact pictures of the grid."""

from __future__ import annotations

import time

import numpy as np
import pytest

from egoalign.video.decode import decode
from egoalign.video.grid import frames_table
from egoalign.video.probe import probe
from egoalign.video.recording import open_recording

FAST = {"deadline": "realtime", "cpu-used": "8", "g": "24"}
HEVC = "log-level=none:keyint=24:min-keyint=24:scenecut=0"

KINDS = {
    "h264.mp4": {"options": {"g": "24", "bf": "3", "x264-params": "scenecut=0"}},
    "h264.ts": {"options": {"g": "24", "bf": "2", "x264-params": "scenecut=0"}},
    "h264_open.mkv": {"options": {"x264-params": "open-gop=1:keyint=24:bframes=3:scenecut=0"}},
    "hevc_open.mp4": {
        "codec": "libx265",
        "options": {"x265-params": f"{HEVC}:open-gop=1:bframes=4", "preset": "ultrafast"},
    },
    "vp9.webm": {"codec": "libvpx-vp9", "options": FAST},
    "av1.mp4": {"codec": "libsvtav1", "options": {"preset": "12", "g": "24"}},
    "mpeg4.mp4": {"codec": "mpeg4", "options": {"g": "24", "bf": "2"}},
    "motion_jpeg.avi": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
}


def shown(rows: list[dict]) -> list[float]:
    return [row["shown_s"] for row in rows]


@pytest.mark.parametrize("name", KINDS)
def test_key_frames_are_had_alone_and_right(name, tmp_path, clip_tools):
    recording = open_recording([clip_tools["write_clip"](tmp_path / name, n=240, **KINDS[name])])
    timeline = recording.probe.timeline
    rows = frames_table(recording.probe, 2.0, keyframe_tolerance_s=1.0)
    keys_s = timeline.shown_s[timeline.key]
    assert len(keys_s) >= 8
    assert set(shown(rows)) <= set(keys_s.tolist())
    assert np.abs(np.array(shown(rows)) - [row["requested_s"] for row in rows]).max() <= 1.0
    numbers = [clip_tools["read_number"](p.rgb) for p in recording.pictures(shown(rows))]
    assert numbers == [round(second * 30) for second in shown(rows)]


def test_the_nearest_serves_and_else_the_exact_one(tmp_path, clip_tools):
    path = clip_tools["write_clip"](tmp_path / "clip.mp4", n=240, **KINDS["h264.mp4"])
    rows = frames_table(probe(path), 1.0, keyframe_tolerance_s=0.21)
    assert shown(rows) == pytest.approx([0.0, 0.8, 2.0, 3.2, 4.0, 4.8, 6.0, 7.2, 239 / 30])
    rows = frames_table(probe(path), 1.0, keyframe_tolerance_s=0.1)
    assert shown(rows) == pytest.approx([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 239 / 30])
    numbers = [
        clip_tools["read_number"](p.rgb) for p in decode(path, probe(path), shown(rows), "pyav")
    ]
    assert numbers == [0, 30, 60, 90, 120, 150, 180, 210, 239]


def test_no_picture_of_an_excluded_stretch_stands_for_another(tmp_path, clip_tools):
    path = clip_tools["write_clip"](tmp_path / "clip.mp4", n=240, **KINDS["h264.mp4"])
    rows = frames_table(probe(path), 1.0, exclude_intervals=[(0.5, 0.9)], keyframe_tolerance_s=0.21)
    assert shown(rows)[:3] == pytest.approx([0.0, 1.0, 2.0])
    assert [row["wanted"] for row in rows] == [True] * 9
    rows = frames_table(probe(path), 1.0, exclude_intervals=[(4.95, 4.99), (1.99, 1.999)])
    assert shown(rows)[2] == pytest.approx(2.0)
    assert [row["wanted"] for row in rows] == [True] * 9


def test_a_picture_that_appeared_in_an_excluded_stretch_is_not_wanted(tmp_path, clip_tools):
    path = clip_tools["write_clip"](tmp_path / "clip.mp4", n=40, rate=4)
    rows = frames_table(probe(path), 1.5, exclude_intervals=[(1.9, 2.05)])
    assert [(row["requested_s"], row["wanted"]) for row in rows[2:5]] == [
        (pytest.approx(4 / 3), True),
        (2.0, False),
        (pytest.approx(8 / 3), True),
    ]
    rows = frames_table(probe(path), 1.5, exclude_intervals=[(1.2, 1.3)])
    assert (rows[2]["requested_s"], rows[2]["shown_s"]) == (pytest.approx(4 / 3), 1.25)
    assert (rows[2]["wanted"], rows[2]["reason"]) == (False, "excluded interval")


def test_the_decoder_is_said_to_be_pyav(tmp_path, clip_tools):
    recording = open_recording([clip_tools["write_clip"](tmp_path / "clip.mp4", n=30)])
    row = recording.media_row("c1", "s1", "auto", "keyframes")
    assert (row["backend"], row["backend_reason"]) == ("pyav", "key frames are decoded alone")


def test_key_frames_cost_a_fraction(tmp_path, clip_tools):
    path = clip_tools["write_clip"](
        tmp_path / "clip.mp4",
        n=300,
        size=(640, 480),
        options={"g": "30", "preset": "ultrafast", "x264-params": "scenecut=0"},
    )
    found = probe(path)
    exact_s = [0.97 + second for second in range(9)]
    near_s = [1.0 + second for second in range(9)]

    def cpu_s(seconds):
        start = time.process_time()
        assert all(picture.rgb is not None for picture in decode(path, found, seconds))
        return time.process_time() - start

    cpu_s(near_s)
    assert cpu_s(near_s) < 0.5 * cpu_s(exact_s)
