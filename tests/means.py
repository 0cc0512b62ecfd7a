"""What a test needs beyond the environment: where it is lacking, the test is listed as NOT RUN."""

from __future__ import annotations

import shutil

import pytest

NOT_RUN = "NOT RUN: "


def require_program(*names: str) -> str:
    """Return the path of the first of `names` that is installed, or list the test as NOT RUN."""
    for name in names:
        path = shutil.which(name)
        if path:
            return path
    pytest.skip(f"{NOT_RUN}needs {' or '.join(names)}")
