"""Looking at a video by hand."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from egoalign.cli import main
from egoalign.log import UserError
from egoalign.video.by_hand import describe, parse_seconds, write_pictures


def test_pictures_are_written(tmp_path, clip_tools, capsys):
    clip = clip_tools["write_clip"](tmp_path / "clip.mp4", n=90)
    out = tmp_path / "pictures"
    assert main(["decode-frames", str(clip), "--at", "2.01,0.51", "--out", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "clip_0000.510.png",
        "clip_0002.010.png",
    ]
    picture = np.asarray(Image.open(out / "clip_0002.010.png"))
    assert clip_tools["read_number"](picture) == 60
    assert "2.01 s:" in capsys.readouterr().out


def test_the_probe_is_printed(tmp_path, clip_tools, capsys):
    clip = clip_tools["write_clip"](tmp_path / "clip.mp4", n=90)
    assert main(["probe-video", str(clip)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "n_pictures: 90" in lines
    assert "backend: decord" in lines


def test_mistakes_are_told(tmp_path, clip_tools):
    clip = clip_tools["write_clip"](tmp_path / "clip.mp4", n=30)
    with pytest.raises(UserError, match="no such file; give the path of a video"):
        describe(tmp_path / "absent.mp4")
    with pytest.raises(UserError, match=r"second 9 lies beyond its end; the video lasts 1\.00 s"):
        list(write_pictures(clip, [9.0], tmp_path))
    with pytest.raises(UserError, match="video missing; give a video that plays"):
        list(write_pictures(tmp_path / "absent.mp4", [1.0], tmp_path))
    for text in ("3.0,x", "", "-1", "nan"):
        with pytest.raises(UserError, match="expected seconds"):
            parse_seconds(text)
