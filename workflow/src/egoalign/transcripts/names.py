"""Names of recordings, of which labs keep several variants."""

from __future__ import annotations

import re

VIDEO_SUFFIX = re.compile(r"\.(?:mp4|mov|avi|mkv|m4v|webm|mts|lrv)$", re.IGNORECASE)
VARIANT = re.compile(r"(?:_(?:processed|rotated|blackout))+$", re.IGNORECASE)
"""What labs append to a recording's name where they make another file of it."""


def without_suffix(name: str) -> str:
    """Return a recording's name without the suffix of a video file; other dots stay."""
    return VIDEO_SUFFIX.sub("", name.strip())


def plain_name(name: str) -> str:
    """Return a recording's name without suffix and without marks such as ``_processed``."""
    return VARIANT.sub("", without_suffix(name))
