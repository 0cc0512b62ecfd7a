"""A SLURM of one node, and the tiny corpus run through it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.means import require_slurm
from tests.slurm.run import Run, run_on_slurm, unfinished_copy
from tests.workflow.project import Project

SCRIPT = Path(__file__).with_name("cluster.sh")

SCORES = (
    "align/egoalign-demo/summary.parquet",
    "reference/egoalign-demo/captioned-photos.pairs.parquet",
    "report/config.yaml",
)
"""What the first tier makes: a rule of each kind, in few jobs."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A cluster while tests of one file need it; one that others started is left to them."""
    require_slurm()
    # A machine can have but one.
    with FileLock(Path(tempfile.gettempdir(), "egoalign-slurm.lock")):
        started = subprocess.run([SCRIPT, "start"], capture_output=True, text=True)
        assert started.returncode == 0, started.stdout + started.stderr
        yield
        if "running already" not in started.stdout:
            subprocess.run([SCRIPT, "stop"], check=True)


@pytest.fixture(scope="module")
def by_slurm(cluster: None, tiny: Project, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The tiny corpus, run through SLURM from its recordings to its scores."""
    project = unfinished_copy(tiny, tmp_path_factory.mktemp("slurm") / "project")
    return run_on_slurm(project, *(f"results/demo/{name}" for name in SCORES))


@pytest.fixture(scope="module")
def demo_by_slurm(cluster: None, demo: Project, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The demo corpus, run through SLURM from its recordings on."""
    project = unfinished_copy(demo, tmp_path_factory.mktemp("slurm") / "demo")
    return run_on_slurm(project)
