"""Which decoder is chosen, and why."""

from __future__ import annotations

import dataclasses
import importlib.util

import pytest

from egoalign.video.backend import choose_backend
from egoalign.video.probe import probe


@pytest.fixture
def found(tmp_path, clip_tools):
    return probe(clip_tools["write_clip"](tmp_path / "clip.mp4", n=60))


def test_the_config_may_ask_for_pyav(found):
    assert choose_backend(found, "pyav") == ("pyav", "asked for in the config")


def test_without_decord_pyav_reads_all(found, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for option in ("auto", "decord"):
        assert choose_backend(found, option) == ("pyav", "decord is not installed")


def test_memory_is_bounded_unless_decord_is_asked_for(found):
    large = dataclasses.replace(found, width=3840, height=2160)
    assert choose_backend(large) == ("pyav", "decord would hold 1493 MB of pictures")
    assert choose_backend(large, "decord")[0] == "decord"


def test_decord_is_never_used_where_it_may_be_wrong(found):
    doubts = {
        "the file is damaged": {"reason": "file ends early: 1.0 of 2.0 s"},
        "decord is not trusted with codec vp9": {"video_codec": "vp9"},
        "decord is not trusted with container mpegts": {"container": "mpegts"},
        "the first picture is not a key picture": {
            "packets": dataclasses.replace(found.packets, key=found.packets.key & False)
        },
    }
    for why, change in doubts.items():
        assert choose_backend(dataclasses.replace(found, **change), "decord") == ("pyav", why)


def test_close_key_frames_are_for_pyav_unless_decord_is_asked_for(tmp_path, clip_tools):
    close = probe(clip_tools["write_clip"](tmp_path / "close.mp4", n=60, options={"g": "10"}))
    assert choose_backend(close) == (
        "pyav",
        "key frames are close, so PyAV skips what is not wanted",
    )
    assert choose_backend(close, "decord")[0] == "decord"
