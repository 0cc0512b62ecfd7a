from __future__ import annotations

import subprocess
import sys


def test_lock_conda_and_apptainer_follow_pyproject(root):
    done = subprocess.run(
        [sys.executable, root / "envs" / "export.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lock_holds_public_versions_only(root):
    lock = (root / "envs" / "requirements.lock.txt").read_text()
    lines = [line for line in lock.splitlines() if not line.startswith("#")]
    assert all("==" in line for line in lines)
    assert not any(sign in lock for sign in ("+cu", "+cpu", "://", " @ ", "--index", "file:"))


def test_licences_are_listed_of_the_packages_of_the_lock(root):
    done = subprocess.run(
        [sys.executable, root / "envs" / "licences.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
