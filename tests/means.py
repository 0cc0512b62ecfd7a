"""What a test needs beyond the environment: where it is lacking, the test is listed as NOT RUN."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile

import pytest

NOT_RUN = "NOT RUN: "


def require_program(*names: str) -> str:
    """Return the path of the first of `names` that is installed, or list the test as NOT RUN."""
    for name in names:
        path = shutil.which(name)
        if path:
            return path
    pytest.skip(f"{NOT_RUN}needs {' or '.join(names)}")


def require_r(*packages: str) -> str:
    """Return the path of Rscript with these packages, or list the test as NOT RUN."""
    program = require_program("Rscript")
    for name in packages:
        asked = [program, "-e", f"stopifnot(requireNamespace('{name}', quietly = TRUE))"]
        if subprocess.run(asked, capture_output=True, check=False).returncode:
            pytest.skip(f"{NOT_RUN}needs the R package {name}")
    return program


def require_mount() -> None:
    """List the test as NOT RUN where this process may not mount file systems."""
    with tempfile.TemporaryDirectory() as folder:
        asked = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
        if not shutil.which("mount") or subprocess.run(asked, capture_output=True).returncode:
            pytest.skip(f"{NOT_RUN}needs the right to mount file systems")
        subprocess.run(["umount", folder], check=True)


def require_slurm() -> None:
    """List the test as NOT RUN where no SLURM can be started: that needs its programs, and root."""
    for name in ("slurmctld", "slurmd", "munged"):
        require_program(name)
    if os.geteuid() != 0:
        pytest.skip(f"{NOT_RUN}needs root, to start SLURM")
