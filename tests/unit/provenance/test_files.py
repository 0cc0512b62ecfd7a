"""Records of source files: what counts as a change, and what is planned because of it."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from egoalign.log import UserError
from egoalign.provenance.files import (
    FIRST,
    FileRecord,
    Sources,
    planned_as,
    read_sources,
    record_file,
    record_sources,
    refuse_changed,
    source_names,
    write_sources,
)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "a b.mp4"
    path.write_bytes(b"first video")
    return path


@pytest.fixture
def record(tmp_path: Path, video: Path) -> Path:
    path = tmp_path / "sources" / "s1.json"
    path.parent.mkdir()
    write_sources(record_sources(tmp_path, [video.name, "missing.csv"], FIRST), path)
    return path


def shift(path: Path, seconds: float) -> None:
    found = path.stat()
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + int(seconds * 1e9)))


def test_a_record_holds_size_time_and_digest(video, record):
    found = video.stat()
    digest = hashlib.sha256(b"first video").hexdigest()
    assert read_sources(record) == Sources(
        FIRST, (FileRecord("a b.mp4", found.st_size, found.st_mtime_ns, digest),)
    )


def test_unchanged_files_keep_the_text_that_they_were_planned_as(tmp_path, video, record):
    assert planned_as(record, tmp_path) == FIRST
    write_sources(record_sources(tmp_path, [video.name], "earlier"), record)
    assert planned_as(record, tmp_path) == "earlier"
    assert planned_as(tmp_path / "none.json", tmp_path) == FIRST


def test_another_time_alone_is_no_change_and_is_compared_once(tmp_path, video, record, capsys):
    shift(video, -3600)
    assert planned_as(record, tmp_path) == FIRST
    assert "a b.mp4 has another time than when it was read; comparing" in capsys.readouterr().err
    assert planned_as(record, tmp_path) == FIRST
    assert capsys.readouterr().err == ""
    refuse_changed(record, tmp_path)


@pytest.mark.parametrize("content", [b"other video", b"a longer video"])
@pytest.mark.parametrize("hours", [-24, 24])
def test_another_content_is_a_change_whatever_its_time(tmp_path, video, record, content, hours):
    video.write_bytes(content)
    shift(video, 3600 * hours)
    text = planned_as(record, tmp_path)
    assert text == f"{len(content)}:{video.stat().st_mtime_ns}"
    with pytest.raises(UserError, match=r"a b\.mp4: changed since the session was read \(11 bytes"):
        refuse_changed(record, tmp_path)
    write_sources(record_sources(tmp_path, [video.name], text), record)
    assert planned_as(record, tmp_path) == text
    refuse_changed(record, tmp_path)


def test_a_folder_is_known_by_its_names_and_their_content(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "1.jpg").write_bytes(b"one")
    before = record_file(folder, "pictures")
    shutil.copytree(folder, tmp_path / "copy")
    assert record_file(tmp_path / "copy").sha256 == before.sha256
    (folder / "1.jpg").rename(folder / "2.jpg")
    assert record_file(folder).sha256 != before.sha256


def test_a_damaged_record_is_told(tmp_path, record):
    record.write_text('{"files": [')
    with pytest.raises(UserError, match=r"s1\.json: not a record of source files .* delete it"):
        planned_as(record, tmp_path)


def test_embeddings_given_for_each_model_are_not_kept_in_mind():
    row = {"video": ["a.mp4", "{model}.npz"], "transcript": None, "rttm": "a.rttm"}
    assert source_names(row) == ["a.mp4", "a.rttm"]
