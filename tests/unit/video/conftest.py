"""The tools that make numbered videos, as a fixture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.video.clips import draw, read_number, trim_without_encoding, write_clip


@pytest.fixture(scope="session")
def clip_tools() -> dict[str, Callable[..., Any]]:
    """The functions of `clips`, for tests."""
    return {
        "draw": draw,
        "read_number": read_number,
        "write_clip": write_clip,
        "trim": trim_without_encoding,
    }
