"""After every fault: a clear message, a resume that completes, results as undisturbed, no remains.

docs/reliability.md lists the faults, which of them are real here and which imitated.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from egoalign.doctor.lock import is_locked
from egoalign.tables import read_columns
from tests.means import require_mount
from tests.workflow import faults
from tests.workflow.project import Project


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
