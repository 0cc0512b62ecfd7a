"""A finished run to make faults in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workflow import faults
from tests.workflow.project import Project


@pytest.fixture
def project(tiny: Project, tmp_path: Path) -> Project:
    """A copy of the tiny project's finished run."""
    copy = faults.copy_of(tiny, tmp_path / "project")
    assert copy.planned() == {}
    return copy
