"""The packets of a video stream: when each is shown, and where decoding can begin."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import av.container
    import av.video.stream

NO_TIME = np.iinfo(np.int64).min
"""Stands in an array of ticks for a time that the file does not give."""

GRACE_S = 0.0005
"""A picture that appears this little after a second counts: containers round to milliseconds."""

REORDER = 17
"""Most pictures that can stand between a picture's place in the file and on screen, and one."""

AVI_HEAD = 8
"""Bytes from the beginning of a piece of an AVI file to its content."""


@dataclass(frozen=True, eq=False)
class Packets:
    """The video packets of a file in decoding order, and the pictures that they show.

    Attributes
    ----------
    pts, dts : ndarray of int64, shape (n,)
        Presentation and decoding times in ticks; `NO_TIME` where absent.
    key, discard : ndarray of bool, shape (n,)
        Whether decoding can begin at the packet; whether an edit list hides its picture.
    tick_s : float
        Length of a tick in seconds.
    pictures : ndarray of int64, shape (m,)
        Presentation times, ascending and distinct, of the pictures that are shown.
    turns : ndarray of int64, shape (n,), or None
        Given where the file stores no presentation times though its codec reorders (AVI): the
        number of each packet in the file's index, -1 where it is not there. ``pts`` then has the
        times of the first, second ... picture shown, whichever packets they come from.
    """

    pts: NDArray[np.int64]
    dts: NDArray[np.int64]
    key: NDArray[np.bool_]
    discard: NDArray[np.bool_]
    tick_s: float
    pictures: NDArray[np.int64]
    turns: NDArray[np.int64] | None = None

    @property
    def shown_s(self) -> NDArray[np.float64]:
        """Seconds at which each picture appears, from the first one."""
        return np.asarray((self.pictures - self.pictures[:1]) * self.tick_s, dtype=np.float64)

    def open_keys(self) -> NDArray[np.int64]:
        """Return the places of key packets whose group begins with pictures shown before them.

        Those may lean on the group before (an open group), so that decoding cannot always begin
        there. The first key packet is not among them, for nothing before it can be shown.
        """
        places = np.flatnonzero(self.key)
        if places.size == 0:
            return places
        earliest = np.minimum.reduceat(self.pts, places)
        is_open = earliest < self.pts[places]
        is_open[0] = False
        return np.asarray(places[is_open], dtype=np.int64)

    @property
    def picture_is_key(self) -> NDArray[np.bool_]:
        """Say of each picture whether it is that of a key packet, which decodes by itself.

        Of a file without presentation times it is not known which are, so none is.
        """
        if self.turns is not None:
            return np.zeros(len(self.pictures), dtype=bool)
        return np.isin(self.pictures, self.pts[self.key])

    @property
    def grace_s(self) -> float:
        """A picture that appears this little after a second counts as on screen then."""
        return min(self.tick_s / 2, GRACE_S)

    def picture_at(self, seconds: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the position in `pictures` of what is on screen at each second.

        That is the last picture that appears not later than the second. A little grace
        keeps rounding of the second from choosing the picture before.
        """
        found = np.searchsorted(self.shown_s, np.asarray(seconds) + self.grace_s, side="right")
        return np.asarray(np.maximum(found - 1, 0), dtype=np.int64)


def picture_streams(container: av.container.InputContainer) -> list[av.video.stream.VideoStream]:
    """Return the video streams that are not cover art."""
    from av.stream import Disposition

    return [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]


def without_ragged_end(packets: Packets) -> Packets:
    """Leave out the last pictures of a cut file where some between them are lost.

    Pictures are stored in another order than shown, so a cut leaves holes, in which the picture
    before would seem to stay on screen.
    """
    tail = packets.pictures[-REORDER:]
    if len(tail) < 2:
        return packets
    holes = np.flatnonzero(np.diff(tail) > 1.5 * np.median(np.diff(packets.pictures)))
    lost = len(tail) - 1 - int(holes[0]) if holes.size else 0
    return replace(packets, pictures=packets.pictures[: len(packets.pictures) - lost])


def read_packets(
    container: av.container.InputContainer, stream: av.video.stream.VideoStream
) -> tuple[list[tuple[int, int, bool, bool, int]], bool]:
    """Return (pts, dts, key, discard, byte) of each video packet, and whether the end was reached.

    The byte is where the packet's content begins in the file, -1 where that is not known.
    """
    import av

    rows = []
    try:
        for packet in container.demux(stream):
            if packet.size:
                rows.append(
                    (
                        NO_TIME if packet.pts is None else packet.pts,
                        NO_TIME if packet.dts is None else packet.dts,
                        packet.is_keyframe,
                        packet.is_discard,
                        -1 if packet.pos is None else packet.pos,
                    )
                )
    except av.error.FFmpegError:
        return rows, False
    return rows, True


def packet_table(rows: list[tuple[int, int, bool, bool, int]], tick_s: float) -> Packets:
    """Return the packet table; pictures before the first key packet can never be shown."""
    table = np.array(rows, dtype=np.int64).reshape(-1, 5)
    pts, dts = table[:, 0], table[:, 1]
    key, discard = table[:, 2].astype(bool), table[:, 3].astype(bool)
    pictures = np.empty(0, dtype=np.int64)
    if key.any():
        first = int(np.argmax(key))
        shown = ~discard & (pts != NO_TIME) & (np.arange(len(pts)) >= first) & (pts >= pts[first])
        pictures = np.unique(pts[shown])
    return Packets(pts, dts, key, discard, tick_s, pictures)


def in_turn(packets: Packets, places: list[int], stream: av.video.stream.VideoStream) -> Packets:
    """Return the packet table of a file that stores no presentation times, such as AVI.

    Each packet makes the decoder show a picture that is some ticks late, its reordering depth, and
    after the last packet come those still held back, but their places are not known where the
    file is cut. Its index, where there is one, tells which packets are lost or false.

    Parameters
    ----------
    packets : Packets
        The table by the demuxer's times.
    places : list of int
        Where each packet's content begins in the file, in bytes.
    stream : VideoStream
        The stream, after its packets are read.
    """
    depth = stream.codec_context.reorder_depth
    index = {entry.pos + AVI_HEAD: entry.timestamp for entry in stream.index_entries}
    turns = np.arange(len(places))
    ticks = packets.dts
    if not index.keys().isdisjoint(places):
        numbers = {place: number for number, place in enumerate(index)}
        turns = np.array([numbers.get(place, -1) for place in places])
        ticks = np.array(list(index.values()), dtype=np.int64)
    held = depth if ticks[-1] + 1 >= stream.frames else 0
    pts = np.append(ticks, ticks[-1] + 1 + np.arange(held))[depth:] - depth
    keys = turns[packets.key & (turns >= 0)]
    first = int(keys[0]) if keys.size else len(pts)
    return replace(packets, pts=pts, pictures=pts[first:], turns=turns)
