"""decord may hang, crash or disagree; the pictures come all the same."""

from __future__ import annotations

import logging
import time

import pytest

from egoalign.video import decord_reader
from egoalign.video.decode import decode
from egoalign.video.probe import probe

HANG = "import time; time.sleep(600)"
CRASH = "import os, sys; sys.stdin.readline(); os.kill(os.getpid(), 11)"
SHORT = 'print("{\\"shape\\": [1, 4, 4, 3]}", flush=True); print("few")'


@pytest.fixture
def clip(tmp_path, clip_tools):
    return clip_tools["write_clip"](tmp_path / "clip.mp4", n=60)


@pytest.fixture
def warnings_of(monkeypatch, caplog):
    """Let pytest see what our logger says."""
    monkeypatch.setattr(logging.getLogger("egoalign"), "propagate", True)
    return caplog


def replace_worker(monkeypatch, code: str) -> None:
    """Run other code where the worker would run."""
    real = decord_reader.subprocess.Popen

    def popen(command, **options):
        return real([command[0], "-c", code], **options)

    monkeypatch.setattr(decord_reader.subprocess, "Popen", popen)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (HANG, "no answer in 1 s"),
        (CRASH, "its process crashed"),
        (SHORT, "its process crashed"),
    ],
)
def test_pyav_goes_on(code, why, clip, clip_tools, monkeypatch, warnings_of):
    replace_worker(monkeypatch, code)
    monkeypatch.setattr(decord_reader, "BASE_LIMIT_S", 1.0)
    monkeypatch.setattr(decord_reader, "LIMIT_PER_PICTURE_S", 0.0)
    start = time.monotonic()
    pictures = list(decode(clip, probe(clip), [0.1, 1.1], "decord"))
    assert time.monotonic() - start < 60
    assert [clip_tools["read_number"](p.rgb) for p in pictures] == [3, 33]
    assert f"decord gave up ({why})" in warnings_of.text


def test_a_table_that_disagrees_is_noticed(clip, clip_tools, tmp_path, warnings_of):
    other = clip_tools["write_clip"](tmp_path / "other.mp4", n=90)
    pictures = list(decode(clip, probe(other), [0.1], "decord"))
    assert [clip_tools["read_number"](p.rgb) for p in pictures] == [3]
    assert "it counts 60 pictures, not 90" in warnings_of.text


def test_pictures_before_a_failure_are_kept_once(clip, clip_tools, monkeypatch):
    monkeypatch.setattr(decord_reader, "BATCH", 2)
    real = decord_reader._read_batch
    batches = []

    def fail_later(worker, limit_s):
        if len(batches) == 2:
            raise decord_reader.DecordFailure("made to fail")
        batches.append(real(worker, limit_s))
        return batches[-1]

    monkeypatch.setattr(decord_reader, "_read_batch", fail_later)
    seconds = [0.1, 0.3, 0.5, 0.7, 0.9, 1.1, 1.3]
    pictures = list(decode(clip, probe(clip), seconds, "decord"))
    numbers = [clip_tools["read_number"](p.rgb) for p in pictures]
    assert numbers == [3, 9, 15, 21, 27, 33, 39]
