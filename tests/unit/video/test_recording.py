"""Several files of one recording, played one after another on one clock."""

from __future__ import annotations

import numpy as np
import pytest

from egoalign.tables import FRAMES, MEDIA, conform
from egoalign.video.grid import frames_table
from egoalign.video.recording import open_recording


@pytest.fixture
def chapters(tmp_path, clip_tools):
    """Write three chapters of 100, 50 and 80 pictures at 25 a second: 4, 2 and 3.2 s."""

    def write(number: int, n: int, **options) -> object:
        path = tmp_path / f"GX{number:02}0007.mp4"
        return clip_tools["write_clip"](path, n=n, rate=25, options={"g": "250"}, **options)

    return [write(1, 100, audio_shift_s=0.2), write(2, 50), write(3, 80)]


def numbers_at(recording, seconds, clip_tools, backend="pyav"):
    pictures = list(recording.pictures(seconds, backend))
    assert [picture.index for picture in pictures] == list(range(len(seconds)))
    return [
        picture.reason if picture.rgb is None else clip_tools["read_number"](picture.rgb)
        for picture in pictures
    ]


def test_grid_and_times_run_on(chapters, clip_tools):
    recording = open_recording(chapters)
    found = recording.probe
    assert (found.n_pictures, found.reason) == (230, None)
    assert found.duration_s == pytest.approx(9.2)
    assert found.frame_rate == pytest.approx(25.0)
    assert found.speech_shift_s == pytest.approx(0.2 - 1024 / 48000, abs=0.001)
    rows = conform(FRAMES, frames_table(found, 1.0)).to_pylist()
    assert [row["shown_s"] for row in rows] == pytest.approx(list(range(10)))
    assert all(row["wanted"] and row["reason"] is None for row in rows)
    seconds = [0.0, 3.97, 4.0, 4.02, 5.97, 6.0, 6.99, 9.17, 9.2]
    truth = [0, 99, 0, 0, 49, 0, 24, 79, 79]
    media = recording.media_row("c1", "s1")
    for backend in ("pyav", media["backend"]):
        assert numbers_at(recording, seconds, clip_tools, backend) == truth


def test_its_row_is_of_the_whole(chapters):
    row = conform(MEDIA, [open_recording(chapters).media_row("c1", "s1")]).to_pylist()[0]
    assert row["size_bytes"] == sum(path.stat().st_size for path in chapters)
    assert row["backend"] == "decord;decord;decord"
    assert row["backend_reason"] == "the packet table shows that decord is right"
    assert row["audio_codec"] == "aac"


def test_one_file_is_as_before(chapters, clip_tools):
    recording = open_recording(chapters[:1])
    assert recording.media_row("c1", "s1")["backend"] == "decord"
    assert numbers_at(recording, [0.5, 3.0], clip_tools, "decord") == [12, 75]


@pytest.mark.parametrize("damage", ["cut", "blanked"])
def test_the_seconds_of_a_bad_chapter_are_missing(damage, chapters, tmp_path, clip_tools):
    whole = clip_tools["write_clip"](
        tmp_path / "whole.mp4", n=50, rate=25, options={"g": "10", "bf": "0"},
        container_options={"movflags": "faststart"},
    )  # fmt: skip
    content = bytearray(whole.read_bytes())
    media_at = content.index(b"mdat") + 4
    if damage == "cut":
        content = content[: media_at + 1]
    else:
        content[media_at:] = bytes(len(content) - media_at)
    chapters[1].write_bytes(content)
    recording = open_recording(chapters)
    found = recording.probe
    assert found.readable
    assert found.reason.startswith("file 2 of 3: ")
    assert (found.n_pictures, found.duration_s) == (180, pytest.approx(9.2))
    rows = frames_table(found, 1.0)
    lost = [row for row in rows if row["shown_s"] is None]
    assert [row["requested_s"] for row in lost] == [4.0, 5.0]
    assert {(row["wanted"], row["reason"]) for row in lost} == {(True, found.reason)}
    answers = numbers_at(recording, [3.0, 4.0, 5.9, 6.0, 7.0], clip_tools)
    assert answers == [75, found.reason, found.reason, 0, 25]
    assert recording.media_row("c1", "s1")["backend"] == "decord;;decord"


def test_a_chapter_that_ends_early_keeps_its_place(chapters, tmp_path, clip_tools):
    path = clip_tools["write_clip"](
        tmp_path / "long.mp4", n=100, rate=25, options={"g": "25", "bf": "0"},
        container_options={"movflags": "faststart"},
    )  # fmt: skip
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])
    recording = open_recording([path, chapters[2]])
    found = recording.probe
    held = len(recording.parts[0][1].timeline.shown_s)
    assert 20 < held < 90
    assert found.duration_s == pytest.approx(4.0 + 3.2)
    rows = frames_table(found, 1.0)
    assert rows[3]["shown_s"] is None
    assert rows[3]["reason"].startswith("file ends early")
    assert numbers_at(recording, [0.5, 4.0, 5.0], clip_tools) == [12, 0, 25]


def test_after_a_chapter_of_unknown_length_nothing_has_a_place(chapters, clip_tools):
    chapters[1].unlink()
    recording = open_recording(chapters)
    found = recording.probe
    assert found.readable
    assert found.reason == (
        "file 2 of 3: video missing; its length is not known, so those after it have no place"
    )
    assert found.duration_s == pytest.approx(4.0)
    assert len(frames_table(found, 1.0)) == 5
    assert numbers_at(recording, [3.0], clip_tools) == [75]


def test_without_the_first_chapter_there_is_no_clock(chapters):
    chapters[0].write_bytes(b"")
    recording = open_recording(chapters)
    assert not recording.probe.readable
    assert recording.probe.reason.startswith("file 1 of 3: video unreadable: the file is empty")
    (picture,) = recording.pictures([1.0])
    assert (picture.rgb, picture.reason) == (None, recording.probe.reason)
    row = conform(MEDIA, [recording.media_row("c1", "s1")]).to_pylist()[0]
    assert (row["readable"], row["backend"]) == (False, None)


def test_other_sizes_and_rates_are_said(chapters, tmp_path, clip_tools):
    other = clip_tools["write_clip"](tmp_path / "other.mp4", n=60, rate=30, size=(256, 128))
    recording = open_recording([chapters[1], other])
    assert recording.probe.reason == "the files differ in size; the files differ in frame rate"
    assert recording.probe.variable_rate is True
    shapes = [picture.rgb.shape for picture in recording.pictures([1.0, 3.0])]
    assert shapes == [(96, 224, 3), (128, 256, 3)]


def test_an_early_end_is_counted_in_one_file_too(tmp_path, clip_tools):
    path = clip_tools["write_clip"](
        tmp_path / "cut.mp4", n=300, options={"g": "30"},
        container_options={"movflags": "faststart"},
    )  # fmt: skip
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    found = open_recording([path]).probe
    rows = frames_table(found, 1.0)
    assert len(rows) == 11
    lost = [row["frame_id"] for row in rows if row["shown_s"] is None]
    assert lost == list(range(lost[0], 11))
    assert 2 < lost[0] < 9
    assert all(row["wanted"] for row in rows)


def test_notes_tell_who_helped_out(chapters, monkeypatch, clip_tools):
    from egoalign.video import decord_reader

    def refuse(*arguments):
        raise decord_reader.DecordFailure("made to fail")

    monkeypatch.setattr(decord_reader, "decord_pictures", refuse)
    recording = open_recording(chapters[:1])
    assert numbers_at(recording, [1.0], clip_tools, "decord") == [25]
    assert recording.notes == ["decord gave up (made to fail); PyAV read the remaining pictures"]


def test_the_clock_is_even_where_a_chapter_is_uneven(chapters, tmp_path, clip_tools):
    from fractions import Fraction

    ticks = np.cumsum([0] + [27 + 7 * step % 16 for step in range(59)]).tolist()
    uneven = clip_tools["write_clip"](
        tmp_path / "uneven.mp4", n=60, ticks=ticks, time_base=Fraction(1, 1000)
    )
    recording = open_recording([uneven, chapters[1]])
    length_s = recording.parts[0][1].duration_s
    assert length_s == pytest.approx((ticks[-1] + np.median(np.diff(ticks))) / 1000, abs=1e-6)
    seconds = [length_s - 0.001, length_s + 0.001, length_s + 1.001]
    assert numbers_at(recording, seconds, clip_tools) == [59, 0, 25]
