"""What clusters do to jobs. Each fault is real, but for memory: this cluster does not limit it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.slurm.run import (
    Run,
    check_equal,
    end_of,
    finished_copy,
    new_name,
    run_on_slurm,
    start_on_slurm,
    wait_for_job,
)
from tests.workflow.project import Project

pytestmark = pytest.mark.timeout(1200)

STAGES = {
    "ingest_session": "video/D01/*.media.parquet",
    "encode_session": "encode/egoalign-demo/D01/*.frame_embeddings.arrow",
    "align_session": "align/egoalign-demo/D01/*.alignment.parquet",
    "draw_nulls": "align/egoalign-demo/nulls.parquet",
    "calibrate_model": "validate/egoalign-demo/calibration.parquet",
    "fit_models": "vary/egoalign-demo/fits.parquet",
    "plot_age": "figures/egoalign-demo/age.png",
    "collect_status": "report/sessions_status.parquet",
}
"""A rule of every stage, and a file that it makes."""

FIRST_TIER = "encode_session"

WAITS = """
import pathlib, sys, time
mark = pathlib.Path("first-time")
if {command!r} in sys.argv and not mark.exists():
    mark.touch()
    {action}
"""
"""Put into the package's __init__.py, which is no part of the code's digest."""


@pytest.fixture
def lacking(cluster, tiny, tmp_path):
    """Copy the finished tiny corpus without one file, and disturb the step that makes it."""

    def make(rule: str, action: str = "time.sleep(600)") -> tuple[Project, str]:
        project = finished_copy(tiny, tmp_path / "project")
        path = next(project.results.glob(STAGES[rule]))
        path.unlink()
        start = project.folder / "workflow/src/egoalign/__init__.py"
        lines = WAITS.format(command=rule.replace("_", "-"), action=action)
        start.write_text(start.read_text() + lines)
        return project, path.relative_to(project.folder).as_posix()

    return make


def states(run: Run, rule: str) -> list[str]:
    return [job.facts["JobState"] for job in run.of(rule)]


@pytest.mark.parametrize(
    "rule",
    [
        FIRST_TIER,
        *(pytest.param(rule, marks=pytest.mark.full) for rule in STAGES if rule != FIRST_TIER),
    ],
)
def test_a_job_that_is_killed_fails_and_a_second_run_completes(rule, lacking, tiny):
    project, target = lacking(rule)
    name = new_name()
    run = start_on_slurm(project, name, "--retries", "0", target)
    job = wait_for_job(name, "RUNNING")
    end = time.monotonic() + 120
    while not (project.folder / "first-time").exists():
        assert time.monotonic() < end, "the step did not begin"
        time.sleep(0.1)
    subprocess.run(["scancel", "--signal=KILL", "--full", job.number], check=True)
    ended = end_of(project, name, run)
    assert ended.code == 1
    assert set(states(ended, rule)) <= {"FAILED", "CANCELLED"}, ended.text
    assert not (project.folder / target).exists()
    again = run_on_slurm(project, target)
    assert again.code == 0, again.text
    assert states(again, rule) == ["COMPLETED"]
    check_equal(project, tiny)


@pytest.mark.full
def test_jobs_wait_while_the_node_is_drained_and_go_on_when_it_is_back(lacking, tiny):
    project, target = lacking("encode_session", "pass")
    node = socket.gethostname().split(".")[0]
    set_state = ["scontrol", "update", f"nodename={node}"]
    subprocess.run([*set_state, "state=drain", "reason=test"], check=True)
    name = new_name()
    try:
        run = start_on_slurm(project, name, target)
        job = wait_for_job(name, "PENDING")
        time.sleep(10)
        assert wait_for_job(name, "PENDING").number == job.number
        assert run.poll() is None
        assert not (project.folder / target).exists()
    finally:
        subprocess.run([*set_state, "state=resume"], check=True)
    ended = end_of(project, name, run)
    assert ended.code == 0, ended.text
    assert states(ended, "encode_session") == ["COMPLETED"]
    check_equal(project, tiny)


@pytest.mark.full
def test_a_job_over_its_time_is_tried_again_with_twice_as_much(lacking, tiny):
    project, target = lacking("encode_session")
    rules = project.folder / "workflow/rules/encode.smk"
    text = rules.read_text()
    assert "runtime=minutes(20, per_hour=90)" in text
    rules.write_text(text.replace("minutes(20, per_hour=90)", "minutes(1)"))
    ended = run_on_slurm(project, target)
    assert ended.code == 0, ended.text
    assert states(ended, "encode_session") == ["TIMEOUT", "COMPLETED"]
    limits = [job.facts["TimeLimit"] for job in ended.of("encode_session")]
    assert limits == ["00:01:00", "00:02:00"]
    check_equal(project, tiny)


@pytest.mark.full
def test_a_job_out_of_memory_is_tried_again_with_twice_as_much(lacking, tiny, tmp_path):
    """Imitated: the job is killed, and a squeue before the real one says OUT_OF_MEMORY of it."""
    project, target = lacking("encode_session", "import os; os.kill(os.getpid(), 9)")
    real, shim = shutil.which("squeue"), tmp_path / "bin" / "squeue"
    shim.parent.mkdir()
    said = tmp_path / "said"
    shim.write_text(f'#!/bin/sh\n{real} "$@" | sed s/FAILED/OUT_OF_MEMORY/ | tee -a "{said}"\n')
    shim.chmod(0o755)
    ended = run_on_slurm(project, target, path=Path(shim.parent))
    assert ended.code == 0, ended.text
    assert "OUT_OF_MEMORY" in said.read_text()
    assert states(ended, "encode_session") == ["FAILED", "COMPLETED"]
    memory = [job.facts["MinMemoryNode"] for job in ended.of("encode_session")]
    assert memory == ["6001M", "12001M"]
    check_equal(project, tiny)
