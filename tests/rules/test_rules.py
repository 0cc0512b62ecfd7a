"""Each rule's step alone: it needs nothing but the declared inputs, and makes the same again."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.workflow.compare import differences
from tests.workflow.project import Project

NOT_HERE = {"demo_corpus", "train_demo_model", "import_scores", "gather_given_predictors"}
"""A rule without a command; the training, and scores that are given, which have their own tests."""

AS_A_JOB = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
"""Snakemake gives these to every job of one thread: sums of other threads round otherwise."""


@dataclass(frozen=True)
class Job:
    """One job of a finished run: its command and files, from the project's folder."""

    command: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def rules_of(root: Path) -> list[str]:
    """Return the names of all rules, but for variants of another rule."""
    text = "".join(path.read_text() for path in (root / "workflow/rules").glob("*.smk"))
    return re.findall(r"^rule (\w+):", text, flags=re.MULTILINE)


MADE = [f"make_demo_session_{kind}" for kind in ("mp4_json", "mp4_csv", "mov_srt")]
"""The rules that a loop makes for the tiny corpus, one for each kind of recording."""

RULES = [
    *(rule for rule in rules_of(Path(__file__).parents[2]) if rule not in NOT_HERE),
    *MADE,
]


@pytest.fixture(scope="session")
def jobs(tiny: Project) -> dict[str, Job]:
    """The first job of each rule of the tiny corpus."""
    done = tiny.run("--detailed-summary")
    assert done.returncode == 0, done.stderr
    lines = done.stdout[done.stdout.index("output_file\t") :].splitlines()
    found: dict[str, Job] = {}
    for row in csv.DictReader(lines, dialect="excel-tab", quoting=csv.QUOTE_NONE):
        job = found.get(row["rule"])
        if job is None or job.command == row["shellcmd"]:
            found[row["rule"]] = Job(
                row["shellcmd"],
                tuple(name for name in row["input-file(s)"].split(",") if name not in ("", "-")),
                (*(job.outputs if job else ()), row["output_file"]),
            )
    return found


@pytest.mark.parametrize("rule", RULES)
def test_a_step_needs_no_more_than_its_inputs(rule, tiny, jobs, tmp_path):
    job = jobs[rule]
    assert job.outputs
    for name in job.inputs:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(tiny.folder / name, tmp_path / name)
    # Whether a log is there is all that the table of statuses tells of it.
    shutil.copytree(tiny.results / "private/logs", tmp_path / "results/demo/private/logs")
    for name in job.outputs:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        job.command,
        shell=True,
        cwd=tmp_path,
        env=tiny.environment() | AS_A_JOB,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert all((tmp_path / name).is_file() for name in job.outputs)
    assert differences(tmp_path, tiny.folder, list(job.outputs)) == []


def test_no_resource_asks_for_the_size_of_inputs(root):
    """Snakemake gives none to a job whose inputs are not there when the run is planned."""
    for path in (root / "workflow/rules").glob("*.smk"):
        assert not re.search(r"input\.size", path.read_text()), path.name
