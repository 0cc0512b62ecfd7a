"""Run a project through SLURM as labs do, and read from SLURM what was asked of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from tests.workflow.compare import differences
from tests.workflow.project import Project

WAIT_S = 2
"""Seconds before Snakemake first asks what became of its jobs; a minute is usual."""


@dataclass(frozen=True)
class SlurmJob:
    """What SLURM knows of one job."""

    number: str
    rule: str
    facts: dict[str, str]

    @property
    def gpus(self) -> str:
        """What was asked for by ``--gpus``."""
        return self.facts.get("TresPerJob", "")


@dataclass(frozen=True)
class Run:
    """A run that has ended: the project, what it printed, and its jobs in SLURM."""

    project: Project
    code: int
    text: str
    jobs: list[SlurmJob]

    def of(self, rule: str) -> list[SlurmJob]:
        """Return the jobs of a rule, in the order in which they were sent."""
        return [job for job in self.jobs if job.rule == rule]


def unfinished_copy(project: Project, folder: Path) -> Project:
    """Copy a finished run, and delete all of its results but the recordings and their truth."""
    copy = finished_copy(project, folder)
    for path in copy.results.iterdir():
        if path.name not in ("raw", "truth"):
            shutil.rmtree(path)
    for path in (copy.results / "truth").glob("*.evaluation.json"):
        path.unlink()
    return copy


def finished_copy(project: Project, folder: Path) -> Project:
    """Copy a finished run with all that Snakemake knows of it."""
    shutil.copytree(project.folder, folder)
    return Project(folder, project.config)


def slurm_command(project: Project, name: str, *flags: str) -> list[str]:
    """Return the command that runs a project through SLURM; `name` leads its jobs' names."""
    return [
        *(*project.snakemake(), "--profile", "workflow/profiles/slurm"),
        *("--jobs", "4", "--latency-wait", "20"),
        *("--slurm-status-command", "squeue"),
        *("--slurm-init-seconds-before-status-checks", str(WAIT_S)),
        *("--slurm-jobname-prefix", name),
        *flags,
    ]


def start_on_slurm(
    project: Project, name: str, *flags: str, path: Path | None = None
) -> subprocess.Popen[str]:
    """Start a run through SLURM; programs in the folder `path` go before the others."""
    environment = project.environment()
    if path is not None:
        environment["PATH"] = os.pathsep.join([str(path), environment["PATH"]])
    return subprocess.Popen(
        slurm_command(project, name, *flags),
        cwd=project.folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def end_of(project: Project, name: str, run: subprocess.Popen[str], wait_s: float = 3000) -> Run:
    """Wait for a run to end."""
    text, _ = run.communicate(timeout=wait_s)
    return Run(project, run.returncode, text, jobs_of(name))


def run_on_slurm(project: Project, *flags: str, path: Path | None = None) -> Run:
    """Run a project to its end through SLURM."""
    name = new_name()
    return end_of(project, name, start_on_slurm(project, name, *flags, path=path))


def new_name() -> str:
    """Return a name that leads those of a run's jobs in SLURM."""
    return f"test-{uuid.uuid4().hex[:8]}"


def wait_for_job(name: str, state: str, wait_s: float = 300) -> SlurmJob:
    """Return the first job of a run when it is in a state, for example ``RUNNING``."""
    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        for job in jobs_of(name):
            if job.facts["JobState"] == state:
                return job
        time.sleep(0.2)
    raise AssertionError(f"no job of {name} was {state} within {wait_s:g} s")


def jobs_of(name: str) -> list[SlurmJob]:
    """Return the jobs of a run, finished ones included."""
    shown = subprocess.run(
        ["scontrol", "show", "job", "--oneliner"], capture_output=True, text=True, check=True
    ).stdout
    found = []
    for line in shown.splitlines():
        facts = dict(re.findall(r"(\S+?)=(\S*)", line))
        rule = re.match(r"rule_(\w+?)(?:_wildcards_|$)", facts.get("Comment", ""))
        if facts.get("JobName", "").startswith(f"{name}_") and rule:
            found.append(SlurmJob(facts["JobId"], rule[1], facts))
    return sorted(found, key=lambda job: int(job.number))


def check_equal(project: Project, local: Project) -> None:
    """Check that everything is there, is as in a local run, and nothing is left over."""
    assert project.outputs() == local.outputs()
    assert differences(project.results, local.results, local.outputs()) == []
    assert list(project.folder.rglob("*.partial*")) == []
