"""Exact pictures with PyAV, whatever the codec, container, edit list or group structure.

Decoding starts only at the key packet from which the wanted picture can be rebuilt, and a picture
is taken only by its own presentation time. After an error in a packet nothing is believed until
the next key packet, for a decoder would go on from damaged pictures.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from egoalign.video.in_turn import shown_in_turn
from egoalign.video.packets import NO_TIME, Packets, picture_streams

if TYPE_CHECKING:
    from av import VideoFrame
    from av.packet import Packet

SEEK_AHEAD = 8
"""Seek where more packets than this lie between the last one read and the key packet needed."""


def shown_frames(
    path: str | Path, packets: Packets, targets: NDArray[np.int64]
) -> Iterator[VideoFrame | None]:
    """Yield the frame of each presentation time, or None where it cannot be decoded.

    Parameters
    ----------
    path : str or Path
        The video.
    packets : Packets
        Its packet table.
    targets : ndarray of int64, shape (n,)
        Presentation times in ticks, ascending, each one of ``packets.pictures``.
    """
    if packets.turns is not None:
        yield from shown_in_turn(path, packets, targets)
        return
    reader = _Reader(path, packets)
    wanted = targets.tolist()
    try:
        for target, following in zip(wanted, [*wanted[1:], None], strict=True):
            yield reader.frame(target, following)
    finally:
        reader.close()


def _time(frame: VideoFrame | None) -> int:
    """Return a frame's presentation time in ticks; `NO_TIME`, which is before all, without one."""
    return NO_TIME if frame is None or frame.pts is None else frame.pts


class _Reader:
    """A decoder that remembers where it stands, so that ascending times are cheap."""

    def __init__(self, path: str | Path, packets: Packets) -> None:
        # Whole, so that no name is taken for a protocol.
        self.path = os.path.abspath(path)
        self.packets = packets
        # Where each packet stands in decoding order, to know where a seek has landed.
        pairs = zip(packets.pts.tolist(), packets.dts.tolist(), strict=True)
        self.order = {pair: place for place, pair in enumerate(pairs)}
        keys = np.flatnonzero(packets.key & (packets.pts != NO_TIME))
        self.keys = keys[np.argsort(packets.pts[keys], kind="stable")]
        self.entries = self.keys
        self.closed = self.keys[~np.isin(self.keys, packets.open_keys())]
        self.entry = -1
        self.container: Any = None
        self.seeks = True
        self.frames: Iterator[VideoFrame] = iter(())
        self.running = False
        self.current: VideoFrame | None = None
        self.read = self.fed = -1
        self.bad: set[int] = set()

    def close(self) -> None:
        if self.container is not None:
            self.container.close()
            self.container = None

    def frame(self, target: int, following: int | None) -> VideoFrame | None:
        """Return the frame shown from `target` on, or None; `following` is asked for next.

        Where a key packet holds the picture and the next one needs another, the packet is decoded
        alone.
        """
        key = self._key_of(target)
        alone = self.packets.pts[key] == target
        alone = alone and (following is None or self._key_of(following) != key)
        frame = self._attempt(target, alone)
        if frame is None and alone:
            self.running = False
            frame = self._attempt(target)
        if frame is None and self.entry not in self.closed:
            # Some decoders cannot begin cleanly in an open group: begin only in closed ones.
            self.entries = self.closed
            self.running = False
            frame = self._attempt(target)
        return frame

    def _attempt(self, target: int, alone: bool = False) -> VideoFrame | None:
        if not self.running or _time(self.current) < target:
            key = self._key_of(target)
            if not self.running or key > self.fed + SEEK_AHEAD:
                self._start_at(key, alone)
            self.current = next((f for f in self.frames if _time(f) >= target), None)
        frame = self.current
        if frame is None or frame.pts != target or frame.is_corrupt or target in self.bad:
            return None
        return frame

    def _key_of(self, target: int) -> int:
        """Return the last entry, in order of presentation, not later than `target`.

        A picture shown before the key packet that precedes it in the file (open group) may lean
        on the group before; choosing by presentation time begins there.
        """
        place = np.searchsorted(self.packets.pts[self.entries], target, side="right") - 1
        return int(self.entries[max(int(place), 0)])

    def _start_at(self, key: int, alone: bool) -> None:
        """Begin decoding with packet `key`, and end with it where it is wanted alone."""
        import av

        if self.container is None:
            self._open()
        self.running = not alone
        ahead = key - self.read
        if ahead > 0 and (ahead <= SEEK_AHEAD or not self.seeks):
            self.stream.codec_context.flush_buffers()
            if self._run_from(key, alone):
                return
        for place in self.keys[self.keys <= key][::-1][: 2 if self.seeks else 0]:
            dts, pts = int(self.packets.dts[place]), int(self.packets.pts[place])
            try:
                self.container.seek(pts if dts == NO_TIME else dts, stream=self.stream)
            except av.error.FFmpegError:
                continue
            if self._run_from(key, alone):
                return
        # Some containers (MPEG-TS) seek inexactly: read from the start, and from there on.
        self.seeks = False
        self._open()
        self._run_from(key, alone)

    def _open(self) -> None:
        import av

        self.close()
        self.container = av.open(self.path)
        self.stream = picture_streams(self.container)[0]
        context = self.stream.codec_context
        context.thread_count = 1
        context.options = {"err_detect": "explode"}
        self.read = -1

    def _run_from(self, key: int, alone: bool) -> bool:
        """Skip packets before `key` and prepare the frames from it on; false if it is passed."""
        packets = self._packets()
        self.frames = iter(())
        self.current = None
        for place, packet in packets:
            if place > key:
                return False
            if place == key:
                self.frames = self._decode(place, packet, iter(()) if alone else packets)
                self.entry = self.fed = key
                self.bad = set()
                return True
        return False

    def _packets(self) -> Iterator[tuple[int, Packet]]:
        import av

        try:
            for packet in self.container.demux(self.stream):
                if packet.size:
                    pts = NO_TIME if packet.pts is None else packet.pts
                    dts = NO_TIME if packet.dts is None else packet.dts
                    # After a seek some demuxers know the decoding time of a packet less well.
                    place = self.order.get((pts, dts))
                    if place is None:
                        same = np.flatnonzero(self.packets.pts == pts)
                        place = int(same[0]) if pts != NO_TIME and same.size == 1 else -1
                    self.read = place if place >= 0 else self.read
                    yield place, packet
        except av.error.FFmpegError:
            return

    def _decode(
        self, place: int, packet: Packet, rest: Iterator[tuple[int, Packet]]
    ) -> Iterator[VideoFrame]:
        """Feed packets and yield frames; keep in `bad` the pictures not to be believed."""
        import av

        context = self.stream.codec_context
        start = key_pts = self.packets.pts[place]
        broken = after_break = False
        while True:
            if self.packets.key[place] and place >= 0:
                key_pts, after_break, broken = self.packets.pts[place], broken, False
            leading = packet.pts is not None and packet.pts < key_pts
            doubtful = broken or (leading and after_break)
            if not doubtful and place >= 0:
                try:
                    doubtful = packet.is_corrupt
                    if not doubtful:
                        yield from context.decode(packet)
                except av.error.FFmpegError:
                    doubtful = True
            # Pictures shown before the key packet that decoding began with are never asked for.
            if doubtful and packet.pts is not None and packet.pts >= start:
                self.bad.add(packet.pts)
                broken = broken or not leading
            self.fed = max(place, self.fed) if place >= 0 else self.fed
            following = next(rest, None)
            if following is None:
                break
            place, packet = following
        self.fed = len(self.packets.pts)
        try:
            yield from context.decode(None)
        except av.error.FFmpegError:
            return
