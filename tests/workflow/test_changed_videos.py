"""A video that is replaced under its name: what is planned, said, and made again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from egoalign.report.failed import read_unmade
from tests.workflow import faults
from tests.workflow.compare import differences
from tests.workflow.project import Project, copy_project
from tests.workflow.test_other_corpora import MODEL, write_csv, write_video
from tests.workflow.test_ways_in import HEADER, ROWS, SECONDS, SESSIONS, add_corpus

TABLES = (
    *("video/kim/{}.frames.parquet", "encode/small/kim/{}.frame_embeddings.arrow"),
    *("align/small/kim/{}.alignment.parquet", "align/small/kim/{}.lag_profile.parquet"),
)
MADE = [table.format(day) for table in TABLES for day in SESSIONS]
TARGETS = ["--", *(f"results/base/align/small/kim/{day}.alignment.parquet" for day in SESSIONS)]


def videos_of_a_lab(folder: Path, first_side: int = 96) -> Project:
    """Lay out two videos with transcripts; of the first, another film for each `first_side`."""
    copy_project(folder)
    project = add_corpus(folder, "base", [f"base/{day}.mp4" for day in SESSIONS], [MODEL])
    for day, side in zip(SESSIONS, (first_side, 160), strict=True):
        write_video(folder / "base" / f"{day}.mp4", "libx264", SECONDS, (160, side))
        write_csv(folder / "base" / f"{day}.csv", HEADER, ROWS)
    return Project(folder, project.config, "results/base")


@pytest.fixture(scope="module")
def read_videos(tmp_path_factory) -> Project:
    """Two videos of a lab, encoded and aligned."""
    project = videos_of_a_lab(tmp_path_factory.mktemp("videos") / "project")
    faults.resume(project, *TARGETS)
    return project


@pytest.fixture(scope="module")
def read_other_videos(tmp_path_factory) -> Project:
    """The same, but that the first session has had another video from the beginning."""
    project = videos_of_a_lab(tmp_path_factory.mktemp("others") / "project", 128)
    faults.resume(project, *TARGETS)
    return project


def put_other_video(project: Project, other: Project) -> None:
    """Put another video under the old name, older than everything, as `cp -p` does."""
    path = project.folder / "base" / "day1.mp4"
    shutil.copy(other.folder / "base" / "day1.mp4", path)
    os.utime(path, (10**9, 10**9))


def test_a_changed_video_under_an_old_name(read_videos, read_other_videos, tmp_path):
    project = faults.copy_of(read_videos, tmp_path / "project")
    (project.folder / "base" / "day2.mp4").touch()
    assert project.planned(*TARGETS) == {}
    put_other_video(project, read_other_videos)
    steps = ("ingest_session", "encode_session", "align_session")
    assert project.planned(*TARGETS) == dict.fromkeys(steps, 1)
    faults.resume(project, *TARGETS)
    assert differences(project.results, read_other_videos.results, MADE) == []
    assert project.planned(*TARGETS) == {}


def test_a_changed_video_that_fails_is_not_forgotten(read_videos, read_other_videos, tmp_path):
    project = faults.copy_of(read_videos, tmp_path / "project")
    put_other_video(project, read_other_videos)
    run = faults.start(project, *TARGETS)
    faults.wait_for_worker(project, "ingest-session", run).kill()
    faults.end(run)
    assert run.returncode == 1
    unmade = read_unmade(project.results / "private" / "unmade.json")
    assert [one.session for one in unmade] == [("kim", "day1")]
    assert "results/base/video/kim/day1.media.parquet" in unmade[0].files
    assert project.planned()["ingest_session"] == 1
    made = [f"results/base/{name}" for name in MADE if "day1" in name]
    faults.resume(project, *TARGETS, *unmade[0].files, *made)
    assert differences(project.results, read_other_videos.results, MADE) == []


@pytest.mark.full
def test_a_video_that_changes_during_the_run(read_videos, read_other_videos, tmp_path):
    project = faults.copy_of(read_videos, tmp_path / "project")
    faults.take_back(project, "encode_session", *TARGETS)
    run = faults.start(project, *TARGETS)
    faults.wait_for_worker(project, "encode-session", run)
    put_other_video(project, read_other_videos)
    said = faults.end(run)
    assert run.returncode == 1
    assert "base/day1.mp4: changed since the session was read (" in said
    assert "old and new are not mixed; give the same command again" in said
    faults.resume(project, *TARGETS)
    assert differences(project.results, read_other_videos.results, MADE) == []
    assert [path for path in project.folder.rglob("*") if ".partial" in path.name] == []
