"""One way to the pictures of a video, whichever decoder gives them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from egoalign.log import logger
from egoalign.video.packets import Packets
from egoalign.video.probe import Probe

NOT_DECODED = "picture could not be decoded"
DECODER_NOTE = "decoder_note"
"""Key, in the metadata of a session's embeddings, of what was odd in decoding."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as shown, or the reason why there is none.

    ``index`` is the position in the seconds asked for; ``rgb`` is uint8, (height, width, 3).
    """

    index: int
    rgb: NDArray[np.uint8] | None
    reason: str | None


def decode(
    path: str | Path,
    probe: Probe,
    seconds: Sequence[float],
    backend: str = "pyav",
    short_side: int | None = None,
    notes: list[str] | None = None,
) -> Iterator[Picture]:
    """Yield the picture on screen at each second, in order, one at a time.

    A picture that cannot be decoded is given as missing, never as its neighbour. Where decord
    fails or hangs, PyAV goes on from there, and the log and `notes` say so.

    Parameters
    ----------
    path : str or Path
        The video.
    probe : Probe
        What `egoalign.video.probe.probe` found in it.
    seconds : sequence of float
        Seconds from the first picture, ascending.
    backend : str
        ``decord`` or ``pyav``, as `egoalign.video.backend.choose_backend` chose.
    short_side : int, optional
        Shorter side in pixels to which the pictures will be reduced; where given, large ones are
        given smaller, but not so small that it would show. Full size where left out.
    notes : list of str, optional
        Gets a line where another decoder had to help out.

    Yields
    ------
    Picture
        As many as there are seconds.
    """
    if probe.packets is None or not probe.readable:
        for index in range(len(seconds)):
            yield Picture(index, None, probe.reason or NOT_DECODED)
        return
    places = probe.packets.picture_at(np.asarray(seconds, dtype=np.float64))
    if np.any(np.diff(places) < 0):
        raise ValueError("seconds must ascend")
    distinct, uses = np.unique(places, return_counts=True)
    index = 0
    pictures = _distinct_pictures(path, probe.packets, distinct, backend, short_side, notes)
    for rgb, count in zip(pictures, uses.tolist(), strict=True):
        for _ in range(count):
            yield Picture(index, rgb, None if rgb is not None else NOT_DECODED)
            index += 1


def _distinct_pictures(
    path: str | Path,
    packets: Packets,
    places: NDArray[np.int64],
    backend: str,
    short_side: int | None,
    notes: list[str] | None,
) -> Iterator[NDArray[np.uint8] | None]:
    """Yield the pictures at ascending, distinct places of ``packets.pictures``."""
    from egoalign.video.pyav import shown_frames
    from egoalign.video.scale import RgbMaker

    to_rgb = RgbMaker(short_side)
    done = 0
    if backend == "decord" and len(places):
        from egoalign.video.decord_reader import DecordFailure, decord_pictures

        try:
            for rgb in decord_pictures(path, packets, places):
                yield to_rgb.smaller(rgb)
                done += 1
            return
        except DecordFailure as failure:
            note = f"decord gave up ({failure}); PyAV read the remaining pictures"
            logger.warning("%s: %s", path, note)
            if notes is not None and note not in notes:
                notes.append(note)
    for frame in shown_frames(path, packets, packets.pictures[places[done:]]):
        yield None if frame is None else to_rgb(frame)
