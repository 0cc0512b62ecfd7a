"""The lock of a killed run: removed only where nothing works."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from egoalign.cli import main
from egoalign.doctor.lock import LOCKS, NOTE, at_work, is_locked, note_run


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    (tmp_path / LOCKS).mkdir(parents=True)
    (tmp_path / LOCKS / "0.output.lock").write_text("results/a\n")
    return tmp_path


def test_a_lock_is_removed_where_nothing_works(locked, capsys):
    note_run(locked)
    assert main(["clear-lock", "--folder", str(locked)]) == 0
    assert not is_locked(locked)
    assert "lock removed; now give the command of the run again" in capsys.readouterr().err
    assert main(["clear-lock", "--folder", str(locked)]) == 0
    assert "no lock here; nothing to do" in capsys.readouterr().err


def test_a_step_at_work_keeps_the_lock(locked, capsys):
    code = "import time; time.sleep(60)"
    step = subprocess.Popen([sys.executable, "-c", code, "egoalign", "encode-session"], cwd=locked)
    try:
        assert main(["clear-lock", "--folder", str(locked)]) == 2
        said = capsys.readouterr().err
        assert f"still at work: process {step.pid} (" in said
        assert "wait until it has ended" in said
        assert is_locked(locked)
    finally:
        step.kill()
        step.wait()
    assert at_work(locked) == []


def test_a_run_of_another_machine_is_asked_about(locked, capsys):
    note = {"host": "node7", "pid": 1, "started": 0.0}
    (locked / NOTE).write_text(json.dumps(note))
    assert main(["clear-lock", "--folder", str(locked)]) == 2
    said = capsys.readouterr().err
    assert f"the run was started on node7, and this is {socket.gethostname()}" in said
    assert "add --ended-on node7" in said
    assert main(["clear-lock", "--folder", str(locked), "--ended-on", "node7"]) == 0
    assert not is_locked(locked)


def test_slurm_jobs_of_the_folder_keep_the_lock(locked, capsys, monkeypatch):
    programs = locked / "programs"
    programs.mkdir()
    (programs / "squeue").write_text(f"#!/bin/sh\necho '41|/elsewhere'; echo '42|{locked}'\n")
    (programs / "squeue").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    assert main(["clear-lock", "--folder", str(locked)]) == 2
    assert "still at work: SLURM job 42 (scancel 42); wait until" in capsys.readouterr().err
    assert is_locked(locked)
