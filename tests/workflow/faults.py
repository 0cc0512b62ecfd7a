"""Making faults in copies of a finished project that are taken back to a stage."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil

from egoalign.doctor.lock import at_work
from tests.workflow.compare import differences
from tests.workflow.project import Project

PATIENCE_S = 600


def copy_of(project: Project, folder: Path) -> Project:
    """Copy a finished project with its results and what Snakemake noted of them."""
    shutil.copytree(project.folder, folder, symlinks=True)
    return replace(project, folder=folder)


def take_back(project: Project, rule: str, *targets: str) -> list[Path]:
    """Delete what a rule and everything after it have made; return the rule's files."""
    pending = [
        row for row in summary(project, "--forcerun", rule, *targets) if row["plan"] != "no update"
    ]
    for row in pending:
        (project.folder / row["output_file"]).unlink(missing_ok=True)
    own = [project.folder / row["output_file"] for row in pending if row["rule"] == rule]
    assert own, f"nothing of {rule} is planned"
    return own


def summary(project: Project, *flags: str) -> list[dict[str, str]]:
    """Return Snakemake's table of the files of a project, the rule of each and what is planned."""
    done = project.run("--dry-run", "--summary", *flags)
    assert done.returncode == 0, done.stdout + done.stderr
    header, *rows = (line.split("\t") for line in done.stdout.splitlines() if "\t" in line)
    return [dict(zip(header, row, strict=True)) for row in rows]


def start(project: Project, *flags: str) -> subprocess.Popen[str]:
    """Start the workflow in a process group of its own."""
    return subprocess.Popen(
        project.command(*flags),
        cwd=project.folder,
        env=project.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def end(run: subprocess.Popen[str]) -> str:
    """Wait for a run and return what it printed."""
    said, _ = run.communicate(timeout=PATIENCE_S)
    return said


def workers(project: Project, command: str = "") -> list[psutil.Process]:
    """Return the step processes at work in a project, of one subcommand or of all."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            is_step = words[1:3] == ["-m", "egoalign"] and words[3].startswith(command)
            if is_step and Path(process.cwd()) == project.folder:
                found.append(process)
        except (psutil.Error, OSError, IndexError):
            continue
    return found


def wait_for_worker(project: Project, command: str, run: subprocess.Popen[str]) -> psutil.Process:
    """Return the first process of a subcommand as soon as it is there."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = workers(project, command)
        if found:
            return found[0]
        if run.poll() is not None:
            raise AssertionError(f"the run ended before {command} began:\n{end(run)}")
        time.sleep(0.02)
    raise AssertionError(f"{command} did not begin")


def session_of(worker: psutil.Process) -> tuple[str, str]:
    """Return the child and session of a step."""
    words = worker.cmdline()
    row = json.loads(words[words.index("--row") + 1])
    return row["child_id"], row["session_id"]


def kill_run(project: Project, run: subprocess.Popen[str]) -> None:
    """Kill a run and all that it has started, at once."""
    os.killpg(run.pid, signal.SIGKILL)
    end(run)
    deadline = time.monotonic() + 30
    while at_work(project.folder):
        assert time.monotonic() < deadline, "steps outlive their run"
        time.sleep(0.05)


def leave_half_written(outputs: list[Path]) -> None:
    """Leave the temporary files of a step that was killed while it wrote (imitated)."""
    for path in outputs:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(f".{path.stem}.partial{path.suffix}").write_bytes(b"PAR1 half")


def resume(project: Project, *flags: str) -> str:
    """Give the command again, and expect it to come to its end."""
    done = project.run(*flags)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def clear_lock(project: Project) -> None:
    """Remove the lock of a killed run."""
    done = project.egoalign("clear-lock")
    assert done.returncode == 0, done.stderr
    assert "lock removed; now give the command of the run again" in done.stderr


def check_undisturbed(project: Project, tiny: Project) -> None:
    """Check that a project is as if nothing had happened: files, content, nothing left to do."""
    assert project.outputs() == tiny.outputs()
    assert differences(project.results, tiny.results, tiny.outputs()) == []
    assert [path for path in project.folder.rglob("*") if ".partial" in path.name] == []
    assert project.planned() == {}


@contextlib.contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    """Mount something on a folder for a while."""
    subprocess.run(["mount", *options, str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)
