"""What a video file holds, read without decoding more than its first pictures."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from egoalign.video.packets import (
    NO_TIME,
    Packets,
    in_turn,
    packet_table,
    picture_streams,
    read_packets,
    without_ragged_end,
)
from egoalign.video.timeline import Gap, Timeline

if TYPE_CHECKING:
    import av.container
    import av.video.stream

JITTER_S = 0.002
"""Intervals between pictures may differ by this much (rounding of a container's clock)."""

EARLY_S = 1.0
"""A file whose last picture is missing by more than this ends early."""

TEXT_FORMATS = ("tty",)
"""Demuxers that would draw a text file as if it were a video."""

NOT_IN_MEDIA = ("length_s", "packets", "timeline")
"""Fields of a probe that table ``media`` leaves out."""


@dataclass(frozen=True)
class Probe:
    """What a probe found. Where `readable` is false, `reason` says why and the rest may be None.

    Units: seconds, pixels, degrees clockwise, bytes. `container_start_s`, `video_start_s` (first
    picture shown) and `audio_start_s` (first sound) are on the container's clock; width and height
    are as shown, after rotation; `n_hidden` counts pictures that an edit list hides. `length_s` is
    the length that the file would have if nothing of it were lost, None where that is not known.
    """

    readable: bool
    reason: str | None = None
    duration_s: float | None = None
    n_pictures: int | None = None
    frame_rate: float | None = None
    variable_rate: bool | None = None
    container_start_s: float | None = None
    video_start_s: float | None = None
    audio_start_s: float | None = None
    width: int | None = None
    height: int | None = None
    rotation_deg: int | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    container: str | None = None
    size_bytes: int | None = None
    n_hidden: int | None = None
    length_s: float | None = None
    packets: Packets | None = field(default=None, repr=False)
    timeline: Timeline | None = field(default=None, repr=False)

    @property
    def speech_shift_s(self) -> float:
        """Seconds to add to a transcript's times, which count from the first sound.

        Zero where the file has no sound or no picture.
        """
        if self.audio_start_s is None or self.video_start_s is None:
            return 0.0
        return self.audio_start_s - self.video_start_s

    def media_row(
        self, child_id: str, session_id: str, backend: str = "auto", grid: str = "exact"
    ) -> dict[str, Any]:
        """Return the row of table ``media``, with the decoder chosen for this file.

        Parameters
        ----------
        child_id, session_id : str
            The session.
        backend, grid : str
            As `egoalign.video.backend.choose_backend` takes them.
        """
        from egoalign.video.backend import choose_backend

        chosen, why = choose_backend(self, backend, grid) if self.readable else (None, None)
        return {
            "child_id": child_id,
            "session_id": session_id,
            **{name: value for name, value in vars(self).items() if name not in NOT_IN_MEDIA},
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
    if path is None:
        return unreadable("video missing")
    path = Path(path)
    if not path.exists():
        return unreadable("video missing" + ": a link to nothing" * path.is_symlink())
    if not path.is_file():
        return unreadable("video unreadable: it is a folder, not a file")
    size = path.stat().st_size
    if size == 0:
        return unreadable("video unreadable: the file is empty", size_bytes=0)
    import av

    try:
        with av.open(os.path.abspath(path)) as container:
            return _probe_container(path, container, size)
    except (av.error.FFmpegError, OSError) as error:
        why = error.strerror or type(error).__name__
        return unreadable(f"video unreadable: {why}", size_bytes=size)


def _probe_container(path: Path, container: av.container.InputContainer, size: int) -> Probe:
    known: dict[str, Any] = {"container": container.format.name, "size_bytes": size}
    known |= _clock(container)
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
    rows, clean_end = read_packets(container, stream)
    if not rows:
        return unreadable("no picture could be decoded", **known)
    packets = packet_table(rows, float(stream.time_base))
    rate = stream.average_rate if (packets.pts == NO_TIME).all() else None
    if rate:
        packets = replace(packets, dts=np.arange(len(rows)), tick_s=1 / float(rate))
    if rate or (container.format.name == "avi" and stream.codec_context.codec.reorder):
        packets = in_turn(packets, [row[-1] for row in rows], stream)
    if not packets.pictures.size:
        return unreadable("video unreadable: its pictures carry no times", **known)
    claimed_s = _claimed_length_s(stream)
    ends_early = claimed_s is not None and packets.shown_s[-1] + EARLY_S < claimed_s
    if ends_early or not clean_end:
        packets = without_ragged_end(packets)
    known |= {"packets": packets, **_timing(packets, stream)}
    look = _first_look(path, packets)
    if look is None:
        return unreadable("no picture could be decoded", **known)
    reason, known["length_s"] = None, known["duration_s"]
    if rate:
        reason = f"file has no times: its pictures are taken as {rate} a second"
    if not clean_end:
        reason = "file is damaged: reading stopped before its end"
        known["length_s"] = None if claimed_s is None else known["duration_s"]
    if ends_early:
        reason = f"file ends early: {known['duration_s']:.1f} of {claimed_s:.1f} s"
        known["length_s"] = claimed_s
    timeline = _timeline(packets, known["duration_s"], known["length_s"], reason)
    return Probe(readable=True, reason=reason, timeline=timeline, **known, **look)


def _clock(container: av.container.InputContainer) -> dict[str, float | None]:
    """Return where the container's clock begins and how long the container says that it is."""
    import av

    return {
        "container_start_s": _of_ticks(container.start_time, av.time_base),
        "length_s": _of_ticks(container.duration, av.time_base),
    }


def _of_ticks(ticks: int | None, per_second: int) -> float | None:
    return None if ticks is None else ticks / per_second


def _timeline(
    packets: Packets, duration_s: float, length_s: float | None, reason: str | None
) -> Timeline:
    """Return when the pictures of a file are shown, with a gap where its end is lost."""
    end_s = max(length_s or 0.0, duration_s)
    gaps = (Gap(duration_s, end_s, reason or ""),) if end_s > duration_s else ()
    return Timeline(end_s, packets.shown_s, packets.picture_is_key, packets.grace_s, gaps)


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
        "n_hidden": int(packets.discard.sum()),
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


def _first_look(path: Path, packets: Packets, tries: int = 5) -> dict[str, Any] | None:
    """Decode one picture, trying several across the file; return its size and rotation."""
    from egoalign.video.pyav import shown_frames
    from egoalign.video.scale import rotation

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
