"""The picture decoded for second t is the one on screen at t, by the number burnt into it."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from egoalign.video.backend import choose_backend
from egoalign.video.decode import decode
from egoalign.video.probe import probe

FAST = {"deadline": "realtime", "cpu-used": "8"}
CLOSED = "log-level=none:keyint=30:open-gop=0"
UNEVEN = list(np.cumsum([0] + [27 + 7 * step % 16 + 4000 * (step == 90) for step in range(149)]))
HOLES = [number + number // 10 + 3 * (number > 70) for number in range(150)]

KINDS = {
    "h264.mp4": {"audio_shift_s": 0.0},
    "long_groups.mp4": {"n": 400, "options": {"g": "250", "bf": "3"}},
    "h264_open.mp4": {
        "options": {"x264-params": "open-gop=1:keyint=30:bframes=3:scenecut=0"},
    },
    "hevc_open.mp4": {
        "codec": "libx265",
        "options": {
            "x265-params": "log-level=none:keyint=30:open-gop=1:bframes=4",
            "preset": "ultrafast",
        },
    },
    "hevc_closed.mp4": {
        "codec": "libx265",
        "options": {"x265-params": CLOSED, "preset": "ultrafast"},
    },
    "hevc_10bit.mkv": {
        "codec": "libx265",
        "options": {"x265-params": CLOSED, "preset": "ultrafast"},
        "pix_fmt": "yuv420p10le",
    },
    "vp9.webm": {"codec": "libvpx-vp9", "options": FAST},
    "vp9_odd_size.webm": {"codec": "libvpx-vp9", "options": FAST, "size": (225, 97)},
    "vp8.mkv": {"codec": "libvpx", "options": FAST},
    "mpeg4.avi": {"codec": "mpeg4", "options": {"bf": "2"}},
    "mpeg4_plain.avi": {"codec": "mpeg4", "options": {"bf": "0"}},
    "mpeg2.avi": {"codec": "mpeg2video", "options": {"bf": "2"}},
    "motion_jpeg.avi": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "h264.avi": {"options": {"g": "48", "bf": "3"}, "audio_shift_s": 0.0},
    "h264_no_b.avi": {"options": {"bf": "0"}},
    "h264_open.avi": {
        "options": {"x264-params": "open-gop=1:keyint=30:bframes=4:b-pyramid=normal:scenecut=0"},
    },
    "h264_gaps.avi": {"options": {"bf": "3"}, "ticks": HOLES, "time_base": Fraction(1, 30)},
    "stream.ts": {"options": {"g": "40"}},
    "sound.mkv": {"audio_shift_s": 0.0},
    "fragments.mp4": {
        "options": {"g": "30"},
        "container_options": {"movflags": "frag_keyframe+empty_moov"},
    },
    "uneven.mp4": {"ticks": UNEVEN, "time_base": Fraction(1, 1000)},
    "turned_90.mp4": {"rotation": 90},
    "turned_180.mp4": {"rotation": 180},
    "turned_270.mp4": {"rotation": 270},
    "late_picture.mp4": {
        "ticks": [number + 75 for number in range(150)],
        "time_base": Fraction(1, 30),
        "audio_shift_s": 0.0,
    },
}
DECORD = {
    "h264.mp4",
    "long_groups.mp4",
    "hevc_closed.mp4",
    "hevc_10bit.mkv",
    "vp8.mkv",
    "sound.mkv",
    "fragments.mp4",
    "uneven.mp4",
    "turned_90.mp4",
    "turned_180.mp4",
    "turned_270.mp4",
    "late_picture.mp4",
}
"""Kinds for which decord is trusted; the rest must go to PyAV."""


def true_numbers(kind: dict, seconds: list[float]) -> list[int]:
    """Say which picture is on screen, from what the clip was made of and nothing else."""
    if "ticks" in kind:
        starts = [(tick - kind["ticks"][0]) * float(kind["time_base"]) for tick in kind["ticks"]]
    else:
        starts = [number / 30 for number in range(kind.get("n", 150))]
    # Containers round to a millisecond at worst, so a second is never taken that near a change.
    return [max(n for n, start in enumerate(starts) if start <= second) for second in seconds]


def asked_seconds(kind: dict, duration_s: float) -> list[float]:
    rng = random.Random(20251118)
    seconds = sorted(rng.uniform(0, duration_s) for _ in range(60))
    return [
        second
        for second in seconds
        if len(set(true_numbers(kind, [max(second - 0.002, 0.0), second, second + 0.002]))) == 1
    ]


@pytest.mark.parametrize("name", KINDS)
def test_every_picture_is_the_one_asked_for(name, tmp_path, clip_tools):
    kind = KINDS[name]
    path = clip_tools["write_clip"](tmp_path / name, **kind)
    found = probe(path)
    assert found.readable, found.reason
    assert found.reason is None
    seconds = asked_seconds(kind, found.duration_s)
    assert len(seconds) > 30
    chosen, why = choose_backend(found)
    assert chosen == ("decord" if name in DECORD else "pyav"), why
    truth = true_numbers(kind, seconds)
    for backend in {chosen, "pyav"}:
        pictures = list(decode(path, found, seconds, backend))
        assert [picture.index for picture in pictures] == list(range(len(seconds)))
        assert [clip_tools["read_number"](picture.rgb) for picture in pictures] == truth, backend
        width, height = kind.get("size", (224, 96))
        assert pictures[0].rgb.shape == (height, width, 3)
        assert (found.width, found.height) == (width, height)


@pytest.mark.parametrize("options", [{"g": "250", "bf": "3"}, {"x264-params": "open-gop=1"}])
def test_cut_without_encoding_hides_the_pictures_before_the_cut(options, tmp_path, clip_tools):
    whole = clip_tools["write_clip"](tmp_path / "whole.mp4", n=300, options=options)
    cut = clip_tools["trim"](whole, tmp_path / "cut.mp4", 4.5)
    found = probe(cut)
    assert found.n_pictures == 300 - 135
    assert choose_backend(found) == ("pyav", "an edit list hides pictures")
    seconds = [0.01, 1.51, 3.21, 5.41]
    numbers = [clip_tools["read_number"](p.rgb) for p in decode(cut, found, seconds)]
    assert numbers == [135 + int(second * 30) for second in seconds]


def test_both_decoders_give_the_same_pixels(tmp_path, clip_tools):
    path = clip_tools["write_clip"](tmp_path / "clip.mp4")
    found = probe(path)
    pairs = zip(
        decode(path, found, [0.5, 2.0, 4.0], "decord"),
        decode(path, found, [0.5, 2.0, 4.0], "pyav"),
        strict=True,
    )
    for one, other in pairs:
        np.testing.assert_array_equal(one.rgb, other.rgb)


def test_a_picture_asked_for_twice_is_given_twice(tmp_path, clip_tools):
    path = clip_tools["write_clip"](tmp_path / "clip.mp4", n=30)
    pictures = list(decode(path, probe(path), [0.5, 0.501, 0.502, 0.9]))
    assert [clip_tools["read_number"](p.rgb) for p in pictures] == [15, 15, 15, 27]


def test_seconds_must_ascend(tmp_path, clip_tools):
    path = clip_tools["write_clip"](tmp_path / "clip.mp4", n=60)
    with pytest.raises(ValueError, match="ascend"):
        list(decode(path, probe(path), [1.0, 0.5]))


def test_after_the_end_the_last_picture_stays(tmp_path, clip_tools):
    path = clip_tools["write_clip"](tmp_path / "clip.mp4", n=30)
    (picture,) = decode(path, probe(path), [1.0])
    assert clip_tools["read_number"](picture.rgb) == 29


def test_a_file_gone_since_the_probe_gives_reasons(tmp_path: Path):
    missing = tmp_path / "gone.mp4"
    pictures = list(decode(missing, probe(missing), [0.0, 1.0]))
    assert [(p.rgb, p.reason) for p in pictures] == [(None, "video missing")] * 2
