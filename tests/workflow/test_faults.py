"""After every fault: a clear message, a resume that completes, results as undisturbed, no remains.

docs/reliability.md lists the faults, which of them are real here and which imitated.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from egoalign.doctor.lock import is_locked
from egoalign.report.failed import read_unmade
from egoalign.tables import read_columns
from tests.means import require_mount
from tests.workflow import faults
from tests.workflow.compare import differences
from tests.workflow.project import Project, copy_project
from tests.workflow.test_other_corpora import MODEL, write_csv, write_video
from tests.workflow.test_ways_in import HEADER, ROWS, SECONDS, SESSIONS, add_corpus

FIRST_TIER = ("plot_age", "collect_status", "write_summary")
"""Stages of the first tier: nothing, or little, comes after them."""

STAGES = (
    *("make_demo_captions", "prepare_corpus", "ingest_session", "encode_session", "align_session"),
    *("draw_nulls", "collect_alignment", "summarise_alignment", "summarise_words", "write_scores"),
    *("read_judgments", "calibrate_model", "gather_predictors", "summarise_children", "fit_models"),
    *("sample_reference", "score_reference", "plot_null", "plot_intercepts"),
)
RULES = [*FIRST_TIER, *(pytest.param(rule, marks=pytest.mark.full) for rule in STAGES)]


@pytest.fixture
def project(tiny, tmp_path) -> Project:
    """A copy of the tiny project's finished run."""
    copy = faults.copy_of(tiny, tmp_path / "project")
    assert copy.planned() == {}
    return copy


@pytest.mark.parametrize("rule", RULES)
def test_kill_of_the_workflow(tiny, project, rule):
    outputs = faults.take_back(project, rule)
    run = faults.start(project)
    faults.wait_for_worker(project, rule.replace("_", "-"), run)
    faults.kill_run(project, run)
    faults.leave_half_written(outputs)
    assert is_locked(project.folder)
    refused = project.run()
    assert refused.returncode == 1
    assert "Directory cannot be locked" in refused.stdout + refused.stderr
    faults.clear_lock(project)
    faults.resume(project)
    faults.check_undisturbed(project, tiny)


@pytest.mark.parametrize("rule", RULES)
def test_kill_of_a_worker(tiny, project, rule):
    outputs = faults.take_back(project, rule)
    run = faults.start(project)
    faults.wait_for_worker(project, rule.replace("_", "-"), run).kill()
    said = faults.end(run)
    assert run.returncode == 1
    assert f"egoalign: 1 step failed:\n  {rule}" in said
    assert "ended without a word: it was killed, or its machine was lost\n    log: /" in said
    faults.leave_half_written(outputs)
    assert not is_locked(project.folder)
    faults.resume(project)
    faults.check_undisturbed(project, tiny)


def test_two_runs_at_once_in_one_folder(tiny, project):
    faults.take_back(project, "plot_age")
    first = faults.start(project)
    worker = faults.wait_for_worker(project, "plot-age", first)
    worker.suspend()
    second = project.run()
    assert second.returncode == 1
    said = second.stdout + second.stderr
    assert "Directory cannot be locked" in said
    assert "Traceback" not in said
    refused = project.egoalign("clear-lock")
    assert refused.returncode == 2
    assert f"{project.folder}: still at work: process {first.pid} (" in refused.stderr
    worker.resume()
    said = faults.end(first)
    assert first.returncode == 0, said
    faults.check_undisturbed(project, tiny)


def test_disk_full_while_writing(tiny, project):
    require_mount()
    faults.take_back(project, "gather_predictors")
    folder = project.results / "private" / "predictors"
    with faults.mounted(folder, "-t", "tmpfs", "-o", "size=16k", "tmpfs"):
        (folder / "other.txt").write_text("of another program")
        done = project.run()
        said = done.stdout + done.stderr
        assert done.returncode == 1
        assert (
            "egoalign gather-predictors: results/demo/private/predictors/utterances.parquet: the "
            "disk is full; free some space, and give the same command again" in said
        )
        assert "Traceback" not in said
        assert [path.name for path in folder.iterdir()] == ["other.txt"]
    faults.resume(project)
    faults.check_undisturbed(project, tiny)


def test_results_that_are_read_only(tiny, project):
    require_mount()
    faults.take_back(project, "plot_age")
    with faults.mounted(project.results, "-o", "bind,ro", str(project.results)):
        done = project.run()
        said = done.stdout + done.stderr
        assert done.returncode == 2
        assert (
            "egoalign: results/demo/private: the file system is mounted read-only; have it mounted "
            "for writing, and give the same command again" in said
        )
        assert "Traceback" not in said
    assert not is_locked(project.folder)
    faults.resume(project)
    faults.check_undisturbed(project, tiny)


def shift(paths: Iterable[Path], hours: float) -> None:
    """Give files the times of a machine whose clock differs (imitated)."""
    for path in paths:
        at = path.stat().st_mtime_ns + int(hours * 3600 * 10**9)
        os.utime(path, ns=(at, at))


@pytest.mark.full
def test_a_clock_that_is_behind(tiny, project):
    faults.take_back(project, "plot_age")
    shift((project.results / "align").rglob("*.parquet"), -48)
    faults.resume(project)
    faults.check_undisturbed(project, tiny)


def test_a_clock_that_is_ahead(tiny, project):
    faults.take_back(project, "collect_status")
    ahead = project.results / "encode/egoalign-demo/D03/s2.frame_embeddings.arrow"
    shift([ahead], 3)
    done = project.run()
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert f"than input {ahead.relative_to(project.folder)}" in said
    assert "This could indicate a clock skew problem in your network" in said
    assert "egoalign: 1 step failed:\n  collect_status\n" in said
    ahead.touch()
    faults.resume(project)
    faults.check_undisturbed(project, tiny)


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


def test_a_failed_session_is_counted_and_named(tiny, project):
    faults.take_back(project, "align_session")
    run = faults.start(project, "--keep-going")
    worker = faults.wait_for_worker(project, "align-session", run)
    child, session = faults.session_of(worker)
    worker.kill()
    said = faults.end(run)
    assert run.returncode == 1
    log = f"private/logs/align/align_session/egoalign-demo/{child}/{session}.log"
    told = f"""egoalign: 1 step failed:
  align_session egoalign-demo {child} {session}
    ended without a word: it was killed, or its machine was lost
    log: {project.results}/{log}
1 session of 5 failed; what became of every session so far:
  {project.results}/report/sessions_status.unfinished.csv
The whole log of every step is under {project.results}/private/logs
Mend the cause and give the same command again: finished work is kept.
  snakemake --cores 2 --rerun-incomplete """
    assert told in said
    rows = read_columns(project.results / "report/sessions_status.unfinished.parquet").to_pylist()
    assert len(rows) == 6
    (failed,) = [row for row in rows if row["status"] == "failed"]
    assert (failed["child_id"], failed["session_id"]) == (child, session)
    assert (failed["stage"], failed["reason"]) == ("align_session", "the step did not finish")
    assert failed["log"] == f"results/demo/{log}"
    faults.resume(project)
    faults.check_undisturbed(project, tiny)


@pytest.mark.full
def test_an_earlier_first_page_does_not_hide_a_failed_session(tiny, project):
    page = project.results / "report" / "summary.html"
    before = page.read_bytes()
    run = faults.start(project, "--forcerun", "align_session")
    worker = faults.wait_for_worker(project, "align-session", run)
    child, session = faults.session_of(worker)
    worker.kill()
    faults.end(run)
    assert run.returncode == 1
    text = (
        f"1 session of 5 failed in the last run ({child}/{session}). "
        "This page is of an earlier run; mend the cause and run again."
    )
    assert page.read_text().count(text) == 1
    faults.resume(project)
    assert page.read_bytes() == before
    faults.check_undisturbed(project, tiny)


LATE = '''"""Imitates a network file system where files appear seconds after a rename."""
import os, subprocess

rename = os.replace

def late(source, target):
    target = os.path.abspath(target)
    if "/figures/" not in target:
        return rename(source, target)
    rename(source, f"{source}.late")
    move = f"sleep {os.environ['LATE_S']}; mv \\"$0\\" \\"$1\\""
    subprocess.Popen(
        ["sh", "-c", move, f"{os.path.abspath(source)}.late", target],
        start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )

os.replace = late
'''


@pytest.fixture
def late_project(project, tmp_path, monkeypatch) -> Project:
    """A project in which figures appear three seconds after their step has ended."""
    (tmp_path / "late").mkdir()
    (tmp_path / "late" / "sitecustomize.py").write_text(LATE)
    monkeypatch.setenv("LATE_S", "3")
    return replace(project, more_modules=str(tmp_path / "late"))


def test_outputs_that_appear_late(tiny, late_project):
    faults.take_back(late_project, "plot_age")
    faults.resume(late_project, "--latency-wait", "60")
    faults.check_undisturbed(late_project, tiny)


@pytest.mark.full
def test_outputs_that_appear_too_late(tiny, project, late_project):
    faults.take_back(late_project, "plot_age")
    done = late_project.run("--latency-wait", "0")
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert "--latency-wait" in said
    time.sleep(4)
    faults.resume(project)
    faults.check_undisturbed(project, tiny)
