"""A SLURM of one node, and the tiny corpus run through it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.means import require_slurm
from tests.slurm.run import Run, run_on_slurm, unfinished_copy
from tests.workflow.project import Project

SCRIPT = Path(__file__).with_name("cluster.sh")


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    """A cluster that runs while tests need it."""
    require_slurm()
    started = subprocess.run([SCRIPT, "start"], capture_output=True, text=True)
    assert started.returncode == 0, started.stdout + started.stderr
    yield
    subprocess.run([SCRIPT, "stop"], check=True)


@pytest.fixture(scope="session")
def by_slurm(cluster: None, tiny: Project, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The tiny corpus, run through SLURM from its recordings on."""
    project = unfinished_copy(tiny, tmp_path_factory.mktemp("slurm") / "project")
    return run_on_slurm(project)
