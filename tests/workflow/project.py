"""A copy of the project in a folder of its own, a tiny corpus in it, and how to run it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]

TINY = {"children": 3, "sessions": [1, 3], "duration_s": [20, 20], "raters": 4, "captions": 60}


SIDECARS = {"logs", "benchmarks", "provenance", "exports"}
"""Folders of what differs between equal runs (times, hosts and paths), and what exports leave."""


@dataclass
class Project:
    """A copy of the project: its folder, the config file to run, where the results lie.

    Modules in `more_modules` come before all others.
    """

    folder: Path
    config: str
    below: str = "results/demo"
    more_modules: str = ""

    @property
    def results(self) -> Path:
        """The folder of the results."""
        return self.folder / self.below

    def command(self, *flags: str) -> list[str]:
        """Return the command that runs the workflow on two cores."""
        usual = ("--cores", "2", "--rerun-incomplete", "--quiet", "rules")
        return [*self.snakemake(*usual), *flags]

    def snakemake(self, *flags: str) -> list[str]:
        """Return Snakemake's own command with the config."""
        return [sys.executable, "-m", "snakemake", *flags, "--configfile", self.config]

    def environment(self) -> dict[str, str]:
        """Return an environment in which this folder's own package is used."""
        path = [str(self.folder / "workflow" / "src"), str(Path(sys.executable).parent)]
        return os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, [self.more_modules, path[0]])),
            "PATH": os.pathsep.join([path[1], os.environ["PATH"]]),
        }

    def run(self, *flags: str) -> subprocess.CompletedProcess[str]:
        """Run the workflow to its end."""
        return subprocess.run(
            self.command(*flags),
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
        )

    def egoalign(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one subcommand."""
        return subprocess.run(
            [sys.executable, "-m", "egoalign", *arguments],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
        )

    def planned(self, *flags: str) -> dict[str, int]:
        """Return how many jobs of each rule a dry run plans."""
        done = self.run("--dry-run", *flags)
        assert done.returncode == 0, done.stdout + done.stderr
        text = done.stdout + done.stderr
        if "Nothing to be done" in text:
            return {}
        table = text.split("Job stats:")[1]
        rows = re.findall(r"^(\w+)\s+(\d+)$", table, flags=re.MULTILINE)
        return {rule: int(count) for rule, count in rows if rule != "total"}

    def outputs(self) -> list[str]:
        """Return the files below the results, without logs, benchmarks and records of jobs."""
        paths = (path for path in self.results.rglob("*") if path.is_file())
        names = (path.relative_to(self.results) for path in paths)
        return sorted(name.as_posix() for name in names if not SIDECARS & {*name.parts[:2]})


def copy_project(folder: Path) -> Path:
    """Copy what a run needs: the Snakefile, the workflow, the configs and the demo's model."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("Snakefile", "CITATION.cff"):
        shutil.copy(ROOT / name, folder)
    quiet = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("workflow", "config", "envs"):
        shutil.copytree(ROOT / name, folder / name, ignore=quiet)
    return folder


def demo_project(folder: Path) -> Project:
    """Copy the project, to run the demo corpus in it."""
    return Project(copy_project(folder), "config/demo/config.yaml")


def tiny_project(folder: Path) -> Project:
    """Copy the project and lay out the tiny corpus: 3 children, 1 to 3 recordings of 20 s."""
    copy_project(folder)
    values = yaml.safe_load((ROOT / "config" / "demo" / "config.yaml").read_text())
    values["demo"] |= TINY
    values["corpus"] = {
        "children": "config/tiny/children.tsv",
        "sessions": "config/tiny/sessions.tsv",
    }
    values["vary"]["min_utterances"] = 10
    for model in values["vary"]["models"]:
        model["draws"] = 5
    values["vary"]["predictors"]["context"]["path"] = "config/tiny/context.csv"
    values["vary"]["predictors"]["norms"] = [{"path": "config/tiny/norms.csv"}]
    values["align"] = {"nulls": {"draws": 50}}
    (folder / "config" / "tiny").mkdir()
    project = Project(folder, "config/tiny/config.yaml")
    (folder / project.config).write_text(yaml.safe_dump(values))
    made = project.egoalign(
        "make-demo-tables", "--options", json.dumps(values["demo"]), "--out-dir", "config/tiny"
    )
    assert made.returncode == 0, made.stderr
    return project
