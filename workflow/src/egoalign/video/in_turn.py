"""Exact pictures of a file that stores no presentation times (AVI, raw streams).

The times that such pictures are stamped with are guesses. But the decoder gives them in the order
of showing, one for each packet that it is fed, late by its reordering depth. So the turn of the
packet, counted from the start of the file, tells that of the picture, even where others are lost.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from egoalign.video.packets import Packets, picture_streams

if TYPE_CHECKING:
    from av import VideoFrame
    from av.packet import Packet


def shown_in_turn(
    path: str | Path, packets: Packets, targets: NDArray[np.int64]
) -> Iterator[VideoFrame | None]:
    """Yield the frame of each presentation time, or None where it cannot be decoded.

    Decodes from the start of the file.

    Parameters
    ----------
    path : str or Path
        The video.
    packets : Packets
        Its packet table, with ``turns``.
    targets : ndarray of int64, shape (n,)
        Presentation times in ticks, ascending, each one of ``packets.pictures``.
    """
    frames = _numbered(path, packets)
    number, frame = -1, None
    for target in np.searchsorted(packets.pts, targets).tolist():
        while number < target:
            number, frame = next(frames, (len(packets.pts), None))
        yield frame if number == target else None


def _numbered(path: str | Path, packets: Packets) -> Iterator[tuple[int, VideoFrame]]:
    """Yield the pictures that can be believed, each with its number in the order of showing.

    After an error or a lost packet nothing is believed until the picture of a later key packet
    appears: what is shown before it may lean on what is lost.
    """
    import av

    assert packets.turns is not None
    turns = [*packets.turns.tolist(), len(packets.pts)]
    with av.open(os.path.abspath(path)) as container:
        stream = picture_streams(container)[0]
        context = stream.codec_context
        context.thread_count = 1
        context.options = {"err_detect": "explode"}
        broken, awaited, before = True, None, -1
        try:
            for turn, packet in zip(turns, _with_end(container.demux(stream)), strict=False):
                broken = broken or turn != before + 1
                before = turn
                if packet is not None:
                    if packet.is_keyframe and broken and turn >= 0:
                        broken, awaited = False, turn
                    broken = broken or packet.is_corrupt
                    packet.pts = turn  # which the decoder hands on to the packet's picture
                if broken:
                    continue
                try:
                    frames = context.decode(packet)
                except av.error.FFmpegError:
                    broken = True
                    continue
                for number, frame in enumerate(frames, start=turn - context.reorder_depth):
                    if frame.pts == awaited:
                        awaited = None
                    if awaited is None and not frame.is_corrupt:
                        yield number, frame
        except av.error.FFmpegError:
            return


def _with_end(packets: Iterator[Packet]) -> Iterator[Packet | None]:
    """Yield the packets that hold something, then None, which asks for the pictures held back."""
    yield from (packet for packet in packets if packet.size)
    yield None
