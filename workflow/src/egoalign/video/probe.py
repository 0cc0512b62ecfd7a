"""What a video file holds, read without decoding more than its first pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import av.container
    import av.video.stream

NO_TIME = np.iinfo(np.int64).min
"""Stands in an array of ticks for a time that the file does not give."""

JITTER_S = 0.002
"""Intervals between pictures may differ by this much (rounding of a container's clock)."""

GRACE_S = 0.0005
"""A picture that appears this little after a second counts: containers round to milliseconds."""

EARLY_S = 1.0
"""A file whose last picture is missing by more than this ends early."""

REORDER = 17
"""Most pictures that can stand between a picture's place in the file and on screen, and one."""

AVI_HEAD = 8
"""Bytes from the beginning of a piece of an AVI file to its content."""

TEXT_FORMATS = ("tty",)
"""Demuxers that would draw a text file as if it were a video."""


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

    def picture_at(self, seconds: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the position in `pictures` of what is on screen at each second.

        That is the last picture that appears not later than the second. A little grace
        keeps rounding of the second from choosing the picture before.
        """
        grace_s = min(self.tick_s / 2, GRACE_S)
        found = np.searchsorted(self.shown_s, np.asarray(seconds) + grace_s, side="right")
        return np.asarray(np.maximum(found - 1, 0), dtype=np.int64)


@dataclass(frozen=True)
class Probe:
    """What a probe found. Where `readable` is false, `reason` says why and the rest may be None.

    Units: seconds, pixels, degrees clockwise, bytes. `video_start_s` (first picture shown) and
    `audio_start_s` (first sound) are on the container's clock; width and height are as shown,
    after rotation.
    """

    readable: bool
    reason: str | None = None
    duration_s: float | None = None
    n_pictures: int | None = None
    frame_rate: float | None = None
    variable_rate: bool | None = None
    video_start_s: float | None = None
    audio_start_s: float | None = None
    width: int | None = None
    height: int | None = None
    rotation_deg: int | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    container: str | None = None
    size_bytes: int | None = None
    packets: Packets | None = None

    @property
    def speech_shift_s(self) -> float:
        """Seconds to add to a transcript's times, which count from the first sound.

        Zero where the file has no sound or no picture.
        """
        if self.audio_start_s is None or self.video_start_s is None:
            return 0.0
        return self.audio_start_s - self.video_start_s

    def media_row(self, child_id: str, session_id: str, backend: str = "auto") -> dict[str, Any]:
        """Return the row of table ``media``, with the decoder chosen for this file.

        Parameters
        ----------
        child_id, session_id : str
            The session.
        backend : str
            ``auto``, ``decord`` or ``pyav``, as in the config.
        """
        from egoalign.video.backend import choose_backend

        row = {name: value for name, value in vars(self).items() if name != "packets"}
        chosen, why = choose_backend(self, backend) if self.readable else (None, None)
        return {
            "child_id": child_id,
            "session_id": session_id,
            **row,
            "backend": chosen,
            "backend_reason": why,
        }


def unreadable(reason: str, **known: Any) -> Probe:
    """Return the probe of a video from which no picture can be had."""
    return Probe(readable=False, reason=reason, **known)


def probe(path: str | Path | None) -> Probe:
    """Look into a video file: streams, times of every packet, and whether pictures decode.

    All packets are read, none but the first pictures' are decoded. Never raises for a bad file.

    Parameters
    ----------
    path : str, Path or None
        The video; None stands for a session without one.

    Returns
    -------
    Probe
        ``readable`` is false, with a reason, where no picture can be had. A readable file may
        carry a reason too, which then says what is odd.
    """
    if path is None or not Path(path).exists():
        return unreadable("video missing")
    path = Path(path)
    if not path.is_file():
        return unreadable("video unreadable: it is a folder, not a file")
    size = path.stat().st_size
    if size == 0:
        return unreadable("video unreadable: the file is empty", size_bytes=0)
    import av

    try:
        with av.open(str(path)) as container:
            return _probe_container(path, container, size)
    except (av.error.FFmpegError, OSError) as error:
        why = error.strerror or type(error).__name__
        return unreadable(f"video unreadable: {why}", size_bytes=size)


def picture_streams(container: av.container.InputContainer) -> list[av.video.stream.VideoStream]:
    """Return the video streams that are not cover art."""
    from av.stream import Disposition

    return [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]


def _probe_container(path: Path, container: av.container.InputContainer, size: int) -> Probe:
    known: dict[str, Any] = {"container": container.format.name, "size_bytes": size}
    sound = container.streams.audio[0] if container.streams.audio else None
    if sound is not None:
        known["audio_codec"] = sound.codec_context.codec.canonical_name
        if sound.start_time is not None and sound.time_base is not None:
            known["audio_start_s"] = float(sound.start_time * sound.time_base)
    streams = picture_streams(container)
    if container.format.name in TEXT_FORMATS or not streams:
        return unreadable("no video stream", **known)
    stream = streams[0]
    if stream.codec_context is None or stream.time_base is None:
        return unreadable("video unreadable: no decoder for its codec", **known)
    known["video_codec"] = stream.codec_context.codec.canonical_name
    rows, clean_end = _read_packets(container, stream)
    if not rows:
        return unreadable("no picture could be decoded", **known)
    packets = _packet_table(rows, float(stream.time_base))
    if container.format.name == "avi" and stream.codec_context.codec.reorder:
        packets = _in_turn(packets, [row[-1] for row in rows], stream)
    if not packets.pictures.size:
        return unreadable("video unreadable: its pictures carry no times", **known)
    claimed_s = _claimed_length_s(stream)
    ends_early = claimed_s is not None and packets.shown_s[-1] + EARLY_S < claimed_s
    if ends_early or not clean_end:
        packets = _without_ragged_end(packets)
    known |= {"packets": packets, **_timing(packets, stream)}
    look = _first_look(path, packets)
    if look is None:
        return unreadable("no picture could be decoded", **known)
    reason = None if clean_end else "file is damaged: reading stopped before its end"
    if ends_early:
        reason = f"file ends early: {known['duration_s']:.1f} of {claimed_s:.1f} s"
    return Probe(readable=True, reason=reason, **known, **look)


def _timing(packets: Packets, stream: av.video.stream.VideoStream) -> dict[str, Any]:
    """Return the fields of `Probe` that follow from the times of the pictures."""
    shown_s = packets.shown_s
    steps_s = np.diff(shown_s)
    if steps_s.size:
        step_s = float(np.median(steps_s))
    else:
        step_s = 1 / float(stream.average_rate) if stream.average_rate else 0.0
    duration_s = float(shown_s[-1]) + step_s
    return {
        "n_pictures": len(shown_s),
        "duration_s": duration_s,
        "frame_rate": len(shown_s) / duration_s if duration_s else None,
        "variable_rate": bool(steps_s.size and np.abs(steps_s - step_s).max() > JITTER_S),
        "video_start_s": float(packets.pictures[0]) * packets.tick_s,
    }


def _claimed_length_s(stream: av.video.stream.VideoStream) -> float | None:
    """Return the length that the file gives for the stream, where it gives one."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    # Matroska has it as a tag, "00:00:10.000000000".
    match = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    if match is None:
        return None
    hours, minutes, seconds = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _without_ragged_end(packets: Packets) -> Packets:
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


def _read_packets(
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


def _packet_table(rows: list[tuple[int, int, bool, bool, int]], tick_s: float) -> Packets:
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


def _in_turn(packets: Packets, places: list[int], stream: av.video.stream.VideoStream) -> Packets:
    """Return the packet table of an AVI file, which stores no presentation times.

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


def _first_look(path: Path, packets: Packets, tries: int = 5) -> dict[str, Any] | None:
    """Decode one picture, trying several across the file; return its size and rotation."""
    from egoalign.video.pyav import rotation, shown_frames

    for position in _spread(len(packets.pictures), tries):
        target = packets.pictures[position : position + 1]
        for frame in shown_frames(path, packets, target):
            if frame is not None:
                turn = rotation(frame)
                width, height = frame.width, frame.height
                if turn % 180:
                    width, height = height, width
                return {"width": width, "height": height, "rotation_deg": turn}
    return None


def _spread(count: int, tries: int) -> Iterator[int]:
    """Yield up to `tries` distinct positions from 0 to ``count - 1``, evenly apart."""
    yield from dict.fromkeys(np.linspace(0, count - 1, tries).astype(int).tolist())
