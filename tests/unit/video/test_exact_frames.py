"""The picture decoded for second t is the one on screen at t, by the number burnt into it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from egoalign.video.backend import choose_backend
from egoalign.video.decode import decode
from egoalign.video.probe import probe
from tests.unit.video.kinds import DECORD, KINDS, asked_seconds, make, true_numbers


@pytest.mark.parametrize("name", KINDS)
def test_every_picture_is_the_one_asked_for(name, tmp_path, clip_tools):
    kind = KINDS[name]
    path = make(name, tmp_path)
    found = probe(path)
    assert found.readable, found.reason
    assert found.reason is None
    seconds = asked_seconds(kind, found.duration_s)
    assert len(seconds) > 30
    # Asked for, decord is taken wherever it is right; auto takes it or PyAV.
    chosen, why = choose_backend(found, "decord")
    assert chosen == ("decord" if name in DECORD else "pyav"), why
    assert choose_backend(found)[0] in (chosen, "pyav")
    truth = true_numbers(kind, seconds)
    for backend in {chosen, "pyav"}:
        pictures = list(decode(path, found, seconds, backend))
        assert [picture.index for picture in pictures] == list(range(len(seconds)))
        assert [clip_tools["read_number"](picture.rgb) for picture in pictures] == truth, backend
        width, height = kind.get("size", (224, 96))
        assert pictures[0].rgb.shape == (height, width, 3)
        assert (found.width, found.height) == (width, height)


def test_cut_without_encoding_hides_the_pictures_before_the_cut(tmp_path):
    found = probe(make("cut.mp4", tmp_path))
    assert found.n_pictures == 300 - 135
    assert found.n_hidden == 135
    assert choose_backend(found) == ("pyav", "an edit list hides pictures")


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
