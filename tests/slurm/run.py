"""Run a project through SLURM as labs do, and read from SLURM what was asked of it."""

from __future__ import annotations

import re
import shutil
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

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
    done: subprocess.CompletedProcess[str]
    jobs: list[SlurmJob]

    @property
    def text(self) -> str:
        """All that it printed."""
        return self.done.stdout + self.done.stderr

    def of(self, rule: str) -> list[SlurmJob]:
        """Return the jobs of a rule, in the order in which they were sent."""
        return [job for job in self.jobs if job.rule == rule]


def unfinished_copy(
    project: Project, folder: Path, keep: tuple[str, ...] = ("raw", "truth")
) -> Project:
    """Copy a finished run, and delete all of its results but the recordings and their truth."""
    shutil.copytree(project.folder, folder)
    copy = Project(folder, project.config)
    for path in copy.results.iterdir():
        if path.name not in keep:
            shutil.rmtree(path)
    for path in (copy.results / "truth").glob("*.evaluation.json"):
        path.unlink()
    return copy


def slurm_command(project: Project, name: str, *flags: str) -> list[str]:
    """Return the command that runs a project through SLURM; `name` leads its jobs' names."""
    return [
        *project.command("--profile", "workflow/profiles/slurm"),
        *("--jobs", "4", "--latency-wait", "20"),
        *("--slurm-status-command", "squeue"),
        *("--slurm-init-seconds-before-status-checks", str(WAIT_S)),
        *("--slurm-jobname-prefix", name),
        *flags,
    ]


def run_on_slurm(project: Project, *flags: str) -> Run:
    """Run a project to its end through SLURM."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    done = subprocess.run(
        slurm_command(project, name, *flags),
        cwd=project.folder,
        env=project.environment(),
        capture_output=True,
        text=True,
    )
    return Run(project, done, jobs_of(name))


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
