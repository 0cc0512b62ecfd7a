"""A folder of numbered pictures is looked at like a video of the same pictures."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from egoalign.video.grid import frames_table
from egoalign.video.pictures_folder import BROKEN, NO_PICTURE, SHARED, PicturesFolder
from egoalign.video.recording import open_recording


def shade(number: int) -> tuple[int, int, int]:
    return (20 * (number % 12), 255 - 9 * (number % 25), 40)


def save(path, number, size=(24, 16), **options):
    Image.new("RGB", size, shade(number)).save(path, quality=95, **options)


@pytest.fixture
def folder(tmp_path):
    """Pictures 0 to 5, one of them PNG, 3 missing, 4 cut in the middle."""
    for number in (0, 1, 4, 5):
        save(tmp_path / f"{number:05d}.jpg", number)
    save(tmp_path / "2.PNG", 2)
    noise = np.random.default_rng(3).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "00004.jpg")
    data = (tmp_path / "00004.jpg").read_bytes()
    (tmp_path / "00004.jpg").write_bytes(data[: len(data) // 2])
    return tmp_path


def near(picture, number) -> bool:
    return bool(np.abs(picture.rgb.astype(int) - shade(number)).max() <= 3)


def test_the_number_over_the_rate_is_the_second(folder):
    recording = open_recording([folder], 1.0)
    assert isinstance(recording, PicturesFolder)
    pictures = list(recording.pictures([0.0, 1.0, 1.9, 2.0, 3.0, 4.0, 5.0, 6.0]))
    assert [picture.index for picture in pictures] == list(range(8))
    reasons = [picture.reason for picture in pictures]
    assert reasons == [None, None, None, None, NO_PICTURE, BROKEN, None, None]
    shown = [0, 1, 1, 2, None, None, 5, 5]
    for picture, number in zip(pictures, shown, strict=True):
        assert picture.rgb is None if number is None else near(picture, number)


def test_five_pictures_a_second(folder):
    recording = open_recording([folder], 5.0)
    assert recording.probe.duration_s == pytest.approx(1.2)
    pictures = list(recording.pictures([0.0, 0.2, 0.59, 0.6, 1.0]))
    assert near(pictures[1], 1)
    assert near(pictures[2], 2)
    assert pictures[3].reason == NO_PICTURE
    assert near(pictures[4], 5)


def test_the_tables_say_what_is_missing(folder):
    recording = open_recording([folder], 1.0)
    media = recording.media_row("K01", "a")
    assert media["readable"]
    assert media["reason"] == "1 numbers have no picture"
    assert (media["duration_s"], media["n_pictures"], media["frame_rate"]) == (6.0, 5, 1.0)
    assert (media["width"], media["height"], media["backend"]) == (24, 16, None)
    frames = frames_table(recording.probe, 1.0)
    assert [row["requested_s"] for row in frames] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert [row["shown_s"] for row in frames] == [0.0, 1.0, 2.0, None, 4.0, 5.0, 5.0]
    assert [row["reason"] for row in frames] == [None] * 3 + [NO_PICTURE] + [None] * 3


@pytest.mark.parametrize(("orientation", "corner"), [(1, (0, 0)), (3, (15, 23)), (6, (0, 15))])
def test_pictures_are_turned_upright(tmp_path, orientation, corner):
    pixels = np.zeros((16, 24, 3), np.uint8)
    pixels[:4, :4] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "0.jpg", quality=100, exif=exif)
    (picture,) = open_recording([tmp_path], 1.0).pictures([0.0])
    assert picture.rgb[corner].min() > 200
    assert picture.rgb.mean() < 60


def test_numbers_from_one_are_taken_as_they_are_and_said(tmp_path):
    for number in (1, 2, 3):
        save(tmp_path / f"{number:05d}.jpg", number)
    recording = open_recording([tmp_path], 1.0)
    assert "numbers begin at 1" in recording.probe.reason
    assert "transcript_offset_s" in recording.probe.reason
    first, second = recording.pictures([0.0, 1.0])
    assert first.reason == NO_PICTURE
    assert near(second, 1)


def test_two_files_of_one_number_are_no_picture(tmp_path):
    for name in ("0.jpg", "00001.jpg", "1.png", "2.jpeg"):
        save(tmp_path / name, 0)
    pictures = list(open_recording([tmp_path], 1.0).pictures([0.0, 1.0, 2.0]))
    assert [picture.reason for picture in pictures] == [None, SHARED, None]


def test_other_files_are_passed_over_and_counted(tmp_path):
    save(tmp_path / "0.jpg", 0)
    for name in ("frame_0001.jpg", "notes.txt", ".DS_Store"):
        (tmp_path / name).write_bytes(b"")
    probe = open_recording([tmp_path], 1.0).probe
    assert probe.readable
    assert probe.reason == "2 files that are not named by a number are passed over"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "folder holds no numbered pictures"),
        ({"frame_1.jpg": b""}, "folder holds no numbered pictures; 1 files"),
        ({"0.jpg": b"", "1.png": b"no picture"}, "no picture of the folder can be decoded"),
        ({"20240105120000.jpg": b""}, "picture numbers reach second 20240105120000"),
    ],
)
def test_a_folder_without_pictures_says_why(tmp_path, files, reason):
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    recording = open_recording([tmp_path], 1.0)
    assert not recording.probe.readable
    assert recording.probe.reason.startswith(reason)
    assert frames_table(recording.probe, 1.0) == []
    assert [picture.reason for picture in recording.pictures([0.0])] == [recording.probe.reason]
    assert not recording.media_row("K01", "a")["readable"]


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK"])
def test_every_kind_of_picture_becomes_three_colours(tmp_path, mode):
    suffix = "jpg" if mode in ("L", "CMYK") else "png"
    Image.new("RGB", (8, 8), (153, 153, 153)).convert(mode).save(tmp_path / f"0.{suffix}")
    (picture,) = open_recording([tmp_path], 1.0).pictures([0.0])
    assert picture.rgb.shape == (8, 8, 3)
    assert np.abs(picture.rgb.astype(int) - 153).max() <= 6


def test_a_session_without_a_video_says_so():
    recording = open_recording([])
    assert recording.probe.reason == "no video named"
    assert frames_table(recording.probe, 1.0) == []
