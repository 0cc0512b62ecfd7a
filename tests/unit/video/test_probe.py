"""What the probe says of good, odd and bad files."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from egoalign.tables import MEDIA, conform
from egoalign.video.backend import choose_backend
from egoalign.video.decode import decode
from egoalign.video.probe import probe, unreadable


def test_a_plain_video(tmp_path, clip_tools):
    path = clip_tools["write_clip"](tmp_path / "clip.mp4", audio_shift_s=0.0)
    found = probe(path)
    assert found.readable
    assert (found.n_pictures, found.n_hidden) == (150, 0)
    assert found.container_start_s == pytest.approx(found.audio_start_s, abs=0.001)
    assert found.duration_s == pytest.approx(5.0)
    assert found.frame_rate == pytest.approx(30.0)
    assert found.variable_rate is False
    assert (found.width, found.height, found.rotation_deg) == (224, 96, 0)
    assert (found.video_codec, found.audio_codec) == ("h264", "aac")
    assert found.size_bytes == path.stat().st_size
    assert found.speech_shift_s == pytest.approx(0.0, abs=0.001)


def test_an_uneven_rate_and_a_turn_are_seen(tmp_path, clip_tools):
    ticks = np.cumsum([30 + 11 * (step % 3) for step in range(60)]).tolist()
    path = clip_tools["write_clip"](
        tmp_path / "clip.mp4", n=60, ticks=ticks, time_base=Fraction(1, 1000), rotation=90
    )
    found = probe(path)
    assert found.variable_rate is True
    assert found.rotation_deg == 90
    assert (found.width, found.height) == (224, 96)


@pytest.mark.parametrize("late_s", [0.5, 1.2])
def test_speech_is_shifted_when_sound_starts_late(late_s, tmp_path, clip_tools):
    path = clip_tools["write_clip"](tmp_path / "clip.mp4", audio_shift_s=late_s)
    # AAC puts one block of 1024 samples before the first.
    assert probe(path).speech_shift_s == pytest.approx(late_s - 1024 / 48000, abs=0.001)


def test_speech_is_shifted_back_when_pictures_start_late(tmp_path, clip_tools):
    path = clip_tools["write_clip"](
        tmp_path / "clip.mp4",
        ticks=[number + 75 for number in range(150)],
        time_base=Fraction(1, 30),
        audio_shift_s=0.0,
    )
    found = probe(path)
    assert found.video_start_s == pytest.approx(2.5)
    assert found.speech_shift_s == pytest.approx(-2.5, abs=0.001)


def test_no_shift_without_sound(tmp_path, clip_tools):
    assert probe(clip_tools["write_clip"](tmp_path / "clip.ts")).speech_shift_s == 0.0


def test_bad_files_each_have_their_reason(tmp_path):
    def made(name: str, content: bytes):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    (tmp_path / "link.mp4").symlink_to(tmp_path / "nothing.mp4")
    reasons = {
        None: "video missing",
        tmp_path / "absent.mp4": "video missing",
        tmp_path / "link.mp4": "video missing: a link to nothing",
        tmp_path: "video unreadable: it is a folder, not a file",
        made("empty.mp4", b""): "video unreadable: the file is empty",
        made("prose.mp4", b"not a video\n" * 200): (
            "video unreadable: Invalid data found when processing input"
        ),
        made("prose.txt", b"not a video\n" * 200): "no video stream",
    }
    for path, reason in reasons.items():
        found = probe(path)
        assert (found.readable, found.reason) == (False, reason), path


def test_sound_alone_is_no_video(tmp_path):
    import av

    path = tmp_path / "sound.m4a"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=48000)
        for block in range(20):
            tone = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            tone.sample_rate, tone.pts = 48000, block * 1024
            out.mux(stream.encode(tone))
        out.mux(stream.encode())
    found = probe(path)
    assert (found.readable, found.reason) == (False, "no video stream")
    assert found.audio_codec == "aac"


def test_a_file_without_its_index_is_unreadable(tmp_path, clip_tools):
    whole = clip_tools["write_clip"](tmp_path / "whole.mp4").read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) // 2])
    assert probe(cut).reason == "video unreadable: Invalid data found when processing input"


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_what_a_cut_file_still_holds_is_right(suffix, tmp_path, clip_tools):
    whole = clip_tools["write_clip"](
        tmp_path / f"whole.{suffix}",
        n=300,
        options={"g": "30"},
        container_options={"movflags": "faststart"} if suffix == "mp4" else {},
    )
    content = whole.read_bytes()
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(content[: len(content) // 2])
    found = probe(cut)
    assert found.readable
    assert found.reason == f"file ends early: {found.duration_s:.1f} of 10.0 s"
    assert 60 < found.n_pictures < 200
    seconds = [(number + 0.5) / 30 for number in range(found.n_pictures)]
    numbers = [
        None if picture.rgb is None else clip_tools["read_number"](picture.rgb)
        for picture in decode(cut, found, seconds)
    ]
    wrong = [
        (at, number) for at, number in enumerate(numbers) if number is not None and number != at
    ]
    assert wrong == []
    assert sum(number is None for number in numbers) <= 1


@pytest.mark.parametrize("backend", ["pyav", "decord"])
def test_damaged_pictures_are_missing_and_never_a_neighbour(backend, tmp_path, clip_tools):
    path = clip_tools["write_clip"](
        tmp_path / "clip.mp4",
        n=300,
        options={"g": "30"},
        container_options={"movflags": "faststart"},
    )
    content = bytearray(path.read_bytes())
    rng = random.Random(3)
    for _ in range(40):
        content[rng.randrange(20_000, len(content))] ^= 0xFF
    path.write_bytes(content)
    found = probe(path)
    seconds = [(number + 0.5) / 30 for number in range(300)]
    pictures = list(decode(path, found, seconds, backend))
    numbers = [None if p.rgb is None else clip_tools["read_number"](p.rgb) for p in pictures]
    assert {p.reason for p in pictures if p.rgb is None} == {"picture could not be decoded"}
    assert [(at, n) for at, n in enumerate(numbers) if n is not None and n not in (at, -1)] == []
    assert 0 < sum(number is None for number in numbers) < 200


@pytest.mark.parametrize("options", [{"bf": "0", "g": "40"}, {"bf": "3", "g": "40"}])
def test_a_stream_without_times_is_shown_at_its_rate(options, tmp_path, clip_tools):
    found = probe(clip_tools["write_clip"](tmp_path / "clip.h264", rate=25, options=options))
    assert found.readable
    assert found.reason == "file has no times: its pictures are taken as 25 a second"
    assert (found.n_pictures, found.duration_s) == (150, pytest.approx(6.0))
    assert choose_backend(found) == ("pyav", "the file has no presentation times")
    seconds = [(number + 0.5) / 25 for number in range(150)]
    pictures = decode(tmp_path / "clip.h264", found, seconds)
    assert [clip_tools["read_number"](p.rgb) for p in pictures] == list(range(150))


def test_a_wrong_extension_does_not_matter(tmp_path, clip_tools):
    path = clip_tools["write_clip"](tmp_path / "clip.mkv", n=30).rename(tmp_path / "clip.mp4")
    found = probe(path)
    assert (found.reason, found.n_pictures, found.container) == (None, 30, "matroska,webm")
    (picture,) = decode(path, found, [0.5], choose_backend(found)[0])
    assert clip_tools["read_number"](picture.rgb) == 15


def test_a_piece_blanked_in_the_middle_loses_only_its_group(tmp_path, clip_tools):
    path = clip_tools["write_clip"](
        tmp_path / "clip.mp4",
        n=300,
        options={"g": "30"},
        container_options={"movflags": "faststart"},
    )
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = bytes(200)
    path.write_bytes(content)
    found = probe(path)
    assert found.readable
    seconds = [(number + 0.5) / 30 for number in range(300)]
    for backend in ("pyav", choose_backend(found)[0]):
        pictures = decode(path, found, seconds, backend)
        numbers = [None if p.rgb is None else clip_tools["read_number"](p.rgb) for p in pictures]
        assert [(at, n) for at, n in enumerate(numbers) if n is not None and n != at] == []
        assert 0 < numbers.count(None) <= 60


def test_one_picture_is_a_video(tmp_path, clip_tools):
    found = probe(clip_tools["write_clip"](tmp_path / "one.mp4", n=1))
    assert found.n_pictures == 1
    assert found.duration_s == pytest.approx(1 / 30)


def test_rows_fit_the_table(tmp_path, clip_tools):
    good = probe(clip_tools["write_clip"](tmp_path / "clip.mp4", n=30))
    rows = [
        good.media_row("c1", "s1"),
        good.media_row("c1", "s2", "pyav"),
        unreadable("several video files are not supported yet").media_row("c1", "s3"),
    ]
    table = conform(MEDIA, rows).to_pylist()
    assert [row["backend"] for row in table] == ["decord", "pyav", None]
    assert table[1]["backend_reason"] == "asked for in the config"
    assert table[2]["reason"] == "several video files are not supported yet"


def test_grace_is_half_a_millisecond_however_coarse_the_clock(tmp_path, clip_tools):
    found = probe(clip_tools["write_clip"](tmp_path / "clip.avi", codec="mpeg4", n=30, rate=15))
    assert found.packets.tick_s == pytest.approx(1 / 15)
    change_s = 7 / 15
    seconds = np.array([change_s - 0.0006, change_s - 0.0004, change_s])
    assert found.packets.picture_at(seconds).tolist() == [6, 7, 7]
