"""Which decoder is right for a file."""

from __future__ import annotations

import importlib.util

import numpy as np

from egoalign.video.packets import Packets
from egoalign.video.probe import Probe

SAFE_CONTAINERS = ("mp4", "matroska")
SAFE_CODECS = ("h264", "hevc", "mpeg4", "vp8")
"""Where decord was found to give the picture asked for, given what is checked below."""

AHEAD_LIMIT_BYTES = 256_000_000
"""decord decodes ahead by up to a group of pictures at full size; more than this is too much."""

CLOSE_S = 2.0
"""Where key pictures are closer, PyAV saves much by skipping what decord decodes ahead."""


def choose_backend(probe: Probe, option: str = "auto", grid: str = "exact") -> tuple[str, str]:
    """Return the decoder for a readable video, and why.

    decord is chosen only where the packet table shows it right; `option` ``decord`` waives the
    limits of memory and speed but never that.

    Parameters
    ----------
    probe : Probe
        The file.
    option : str
        ``auto``, ``decord`` or ``pyav``.
    grid : str
        ``exact`` or ``keyframes``; decord cannot decode key frames alone.

    Returns
    -------
    backend, reason : str
        ``decord`` or ``pyav``, and a short phrase.
    """
    if option == "pyav":
        return "pyav", "asked for in the config"
    if grid == "keyframes":
        return "pyav", "key frames are decoded alone"
    objection = _objection(probe)
    if objection is None and option == "auto":
        objection = _memory_objection(probe) or _speed_objection(probe)
    if objection is not None:
        return "pyav", objection
    return "decord", "the packet table shows that decord is right"


def _objection(probe: Probe) -> str | None:
    """Say why decord might give a wrong picture or hang, or None."""
    if importlib.util.find_spec("decord") is None:
        return "decord is not installed"
    packets = probe.packets
    if packets is None:
        return "no packet table"
    if packets.turns is not None:
        return "the file has no presentation times"
    if not set((probe.container or "").split(",")) & set(SAFE_CONTAINERS):
        return f"decord is not trusted with container {probe.container}"
    if probe.video_codec not in SAFE_CODECS:
        return f"decord is not trusted with codec {probe.video_codec}"
    if probe.reason is not None:
        return "the file is damaged"
    if packets.discard.any():
        return "an edit list hides pictures"
    if len(packets.pictures) != len(packets.pts):
        return "presentation times are missing, repeated or before the first key picture"
    if not packets.key[0]:
        return "the first picture is not a key picture"
    if not _closed_groups(packets):
        return "groups of pictures lean on each other (open)"
    return None


def _closed_groups(packets: Packets) -> bool:
    """Say whether every key picture has the same place in decoding and in display."""
    display_rank = np.argsort(np.argsort(packets.pts, kind="stable"), kind="stable")
    places = np.flatnonzero(packets.key)
    return bool(np.array_equal(display_rank[places], places))


def _memory_objection(probe: Probe) -> str | None:
    """Say that decord would hold too many full pictures, or None."""
    if probe.packets is None or not probe.width or not probe.height:
        return "size unknown"
    places = np.flatnonzero(probe.packets.key)
    longest = int(np.diff(np.append(places, len(probe.packets.key))).max())
    ahead = longest * probe.width * probe.height * 3
    if ahead > AHEAD_LIMIT_BYTES:
        return f"decord would hold {ahead / 1e6:.0f} MB of pictures"
    return None


def _speed_objection(probe: Probe) -> str | None:
    """Say that PyAV is much quicker, or None."""
    assert probe.timeline is not None
    keys_s = probe.timeline.shown_s[probe.timeline.key]
    if keys_s.size > 1 and np.median(np.diff(keys_s)) < CLOSE_S:
        return "key frames are close, so PyAV skips what is not wanted"
    return None
