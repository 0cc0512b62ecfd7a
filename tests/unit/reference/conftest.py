"""The tiny model of the tests of encode, and pairs in every format."""

from __future__ import annotations

import pytest

from tests.unit.encode.conftest import tiny, tiny_model  # noqa: F401
from tests.unit.reference.made import Pairs, random_pairs


@pytest.fixture(scope="session")
def pairs() -> Pairs:
    """Return 24 pairs of a picture and a caption."""
    return random_pairs(24)
