from __future__ import annotations

import numpy as np
import pytest

from egoalign.demo.movie import write_movie
from egoalign.demo.video_kinds import VIDEO_KINDS
from egoalign.video.recording import open_recording

FPS, RATE, SECONDS = 8, 16_000, 6
SIZE = (96, 64)
CELL = 16
N_BITS = 6
LOST = {5, 6, 8, 16, 17, 18, 32}
"""Pictures that the kind of uneven rate leaves out; some of them would begin a second."""


def picture_of(number):
    """Return a picture whose upper row of cells is its number, and whose lowest row is bright."""
    rgb = np.full((SIZE[1], SIZE[0], 3), 128, dtype=np.uint8)
    for bit in range(N_BITS):
        rgb[:CELL, bit * CELL : (bit + 1) * CELL] = 255 * (number >> bit & 1)
    rgb[-CELL:] = 255
    return rgb


def number_in(rgb):
    assert rgb.shape == (SIZE[1], SIZE[0], 3)
    assert rgb[-CELL // 2, ::CELL].min() > 200
    cells = rgb[CELL // 2, CELL // 2 :: CELL, 0] > 128
    return sum(1 << bit for bit in range(N_BITS) if cells[bit])


def write(folder, name):
    kind = VIDEO_KINDS[name]
    paths = [folder / file_name for file_name in kind.file_names("s1")]
    lost = LOST if kind.lost_share else set()
    pictures = [None if k in lost else picture_of(k) for k in range(SECONDS * FPS)]
    sound = np.sin(np.arange(SECONDS * RATE) * 0.1).astype(np.float32) / 4
    write_movie(paths, kind, pictures, len(pictures), SIZE, FPS, sound, RATE)
    return name, paths, lost


@pytest.fixture(scope="module", params=VIDEO_KINDS)
def written(request, tmp_path_factory):
    return write(tmp_path_factory.mktemp(request.param), request.param)


def test_the_picture_on_screen_is_that_of_its_second(written):
    _, paths, lost = written
    seconds = [k / 4 for k in range(4 * SECONDS)]
    recording = open_recording(paths)
    for second, picture in zip(seconds, recording.pictures(seconds), strict=True):
        on_screen = max(k for k in range(int(second * FPS) + 1) if k not in lost)
        assert number_in(picture.rgb) == on_screen, second


def test_the_probe_tells_what_kind_it_is(written):
    name, paths, lost = written
    found = open_recording(paths).probe
    assert found.readable
    assert found.reason is None
    assert (found.width, found.height) == SIZE
    assert found.duration_s == pytest.approx(SECONDS, abs=0.01)
    assert found.n_pictures == SECONDS * FPS - len(lost)
    assert found.variable_rate == (name == "uneven")
    assert found.rotation_deg == (90 if name == "turned" else 0)
    codecs = {"hevc": ("hevc", "aac"), "web": ("vp9", "opus")}
    assert (found.video_codec, found.audio_codec) == codecs.get(name, ("h264", "aac"))
    assert abs(found.speech_shift_s) < 0.02
    assert len(paths) == (2 if name == "chapters" else 1)


def test_the_sound_begins_with_the_pictures_and_is_as_long(written):
    import av

    _, paths, _ = written
    samples = 0
    for path in paths:
        with av.open(str(path)) as container:
            frames = list(container.decode(audio=0))
        assert frames[0].time == pytest.approx(0.0, abs=0.001)
        samples += sum(frame.samples / frame.sample_rate for frame in frames)
    assert samples == pytest.approx(SECONDS, abs=0.1 * len(paths))


def test_the_same_pictures_are_the_same_files(written, tmp_path):
    name, paths, _ = written
    _, again, _ = write(tmp_path, name)
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in paths]


def test_the_kinds_differ_in_what_a_decoder_must_cope_with():
    assert len(set(map(repr, VIDEO_KINDS.values()))) == len(VIDEO_KINDS) >= 4
    assert len({kind.suffix for kind in VIDEO_KINDS.values()}) >= 4
    assert len({kind.codec for kind in VIDEO_KINDS.values()}) >= 3
