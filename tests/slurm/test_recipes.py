"""The recipes of workflow/profiles/README.md: each run, and what it asks of SLURM."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.slurm.run import check_equal, finished_copy, run_on_slurm
from tests.workflow.project import Project

pytestmark = [pytest.mark.full, pytest.mark.timeout(900), pytest.mark.usefixtures("cluster")]


def lacking(tiny: Project, folder: Path, pattern: str) -> tuple[Project, list[str]]:
    """Copy the finished tiny corpus without some files; return their names too."""
    project = finished_copy(tiny, folder)
    paths = sorted(project.results.glob(pattern))
    for path in paths:
        path.unlink()
    return project, [path.relative_to(project.folder).as_posix() for path in paths]


VECTORS = "encode/egoalign-demo/*/*.frame_embeddings.arrow"


def test_sessions_in_groups_are_one_job_with_one_gpu(tiny, tmp_path):
    project, targets = lacking(tiny, tmp_path / "project", VECTORS)
    flags = (
        *("--groups", "encode_session=encode", "--group-components", "encode=20"),
        *("--set-resource-scopes", "gpu=local", "--resources", "gpu=1"),
    )
    run = run_on_slurm(project, *flags, "--", *targets)
    assert run.code == 0, run.text
    assert [(job.facts["JobState"], job.gpus) for job in run.jobs] == [("COMPLETED", "gres:gpu:1")]
    check_equal(project, tiny)


def test_sessions_in_an_array(tiny, tmp_path):
    pattern = "align/egoalign-demo/*/*.lag_profile.parquet"
    project, targets = lacking(tiny, tmp_path / "project", pattern)
    run = run_on_slurm(
        project, "--slurm-array-jobs", "ingest_session,align_session", "--", *targets
    )
    assert run.code == 0, run.text
    jobs = run.of("align_session")
    assert [job.facts["JobState"] for job in jobs] == ["COMPLETED"] * 5
    arrays = [job.facts["ArrayJobId"] for job in jobs if "ArrayJobId" in job.facts]
    assert len(arrays) > len(set(arrays)) == 1
    check_equal(project, tiny)


def test_gpus_by_gres(tiny, tmp_path):
    project, targets = lacking(tiny, tmp_path / "project", VECTORS)
    profile = project.folder / "workflow/profiles/slurm/profile.yaml"
    text = profile.read_text()
    assert text.count(":gpu=1") == 2
    profile.write_text(text.replace(":gpu=1", ':gres="gpu:1"'))
    run = run_on_slurm(project, "--", targets[0])
    assert run.code == 0, run.text
    (job,) = run.of("encode_session")
    assert (job.facts["JobState"], job.facts["TresPerNode"]) == ("COMPLETED", "gres:gpu:1")


def test_a_run_within_one_gpu_job(tiny, tmp_path):
    project, targets = lacking(tiny, tmp_path / "project", VECTORS)
    command = ["workflow/profiles/slurm/sessions.sbatch", "--configfile", project.config, "--"]
    done = subprocess.run(
        ["sbatch", "--wait", "--output=sessions.log", *command, *targets],
        cwd=project.folder,
        env=project.environment(),
        capture_output=True,
        text=True,
    )
    said = done.stdout + done.stderr + (project.folder / "sessions.log").read_text()
    assert done.returncode == 0, said
    assert "5 of 5 steps (100%) done" in said
    check_equal(project, tiny)
