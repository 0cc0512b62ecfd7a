"""The kinds of video file that cameras, phones and the web give, made here in small."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import numpy as np

from tests.unit.video.clips import trim_without_encoding, write_clip

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
    "hevc.mov": {
        "codec": "libx265",
        "options": {"x265-params": CLOSED, "preset": "ultrafast", "tag": "hvc1"},
        "audio_shift_s": 0.0,
    },
    "h264.mov": {"options": {"g": "60", "bf": "2"}, "audio_shift_s": 0.3},
    "h264_odd_size.mkv": {"pix_fmt": "yuv444p", "size": (225, 97)},
    "av1.mp4": {"codec": "libsvtav1", "options": {"preset": "12", "g": "60"}},
    "av1.webm": {"codec": "libsvtav1", "options": {"preset": "12", "g": "40"}},
    "vp9.webm": {"codec": "libvpx-vp9", "options": FAST},
    "vp9_odd_size.webm": {"codec": "libvpx-vp9", "options": FAST, "size": (225, 97)},
    "vp8.mkv": {"codec": "libvpx", "options": FAST},
    "mpeg4.mp4": {"codec": "mpeg4", "options": {"bf": "2"}},
    "mpeg4_plain.mp4": {"codec": "mpeg4", "options": {"bf": "0"}},
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
    "cut.mp4": {"n": 300, "options": {"g": "250", "bf": "3"}, "cut_s": 4.5},
    "cut_open.mp4": {"n": 300, "options": {"x264-params": "open-gop=1"}, "cut_s": 4.5},
    "cut_short_groups.mov": {"n": 300, "options": {"g": "30", "bf": "2"}, "cut_s": 3.7},
}
DECORD = {
    "h264.mp4",
    "long_groups.mp4",
    "hevc_closed.mp4",
    "hevc_10bit.mkv",
    "hevc.mov",
    "h264.mov",
    "h264_odd_size.mkv",
    "mpeg4_plain.mp4",
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


def make(name: str, folder: Path) -> Path:
    """Write the file of a kind; one that is cut holds its pictures from ``cut_s`` on."""
    arguments = dict(KINDS[name])
    cut_s = arguments.pop("cut_s", None)
    if cut_s is None:
        return write_clip(folder / name, **arguments)
    whole = write_clip(folder / f"whole_{name}", **arguments)
    return trim_without_encoding(whole, folder / name, cut_s)


def true_numbers(kind: dict, seconds: list[float]) -> list[int]:
    """Say which picture is on screen, from what the clip was made of and nothing else."""
    first = round(kind.get("cut_s", 0.0) * 30)
    if "ticks" in kind:
        starts = [(tick - kind["ticks"][0]) * float(kind["time_base"]) for tick in kind["ticks"]]
    else:
        starts = [number / 30 for number in range(kind.get("n", 150) - first)]
    # Containers round to a millisecond at worst, so a second is never taken that near a change.
    return [
        first + max(n for n, start in enumerate(starts) if start <= second) for second in seconds
    ]


def asked_seconds(kind: dict, duration_s: float) -> list[float]:
    rng = random.Random(20251118)
    seconds = sorted(rng.uniform(0, duration_s) for _ in range(60))
    return [
        second
        for second in seconds
        if len(set(true_numbers(kind, [max(second - 0.002, 0.0), second, second + 0.002]))) == 1
    ]
