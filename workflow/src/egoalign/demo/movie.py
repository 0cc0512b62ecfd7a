"""Write pictures and sound as real video files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from egoalign.demo.video_kinds import VideoKind

if TYPE_CHECKING:
    import av
    from av.container import OutputContainer

_CHUNK = 1024
_SOUND_BITS_PER_S = 48_000


def write_movie(
    paths: Sequence[Path],
    kind: VideoKind,
    pictures: Iterable[np.ndarray | None],
    n_pictures: int,
    size: tuple[int, int],
    fps: int,
    sound: np.ndarray,
    sample_rate: int,
) -> None:
    """Write a recording with B-frames, where its codec has them, and an audio track.

    Parameters
    ----------
    paths : sequence of Path
        Files to write, among which the pictures are shared out in order; a file's suffix names
        its container.
    kind : VideoKind
        How to store them.
    pictures : iterable of numpy.ndarray or None
        uint8 RGB of shape (h, w, 3); picture k is shown at second k / fps. None leaves a picture
        out, so that the one before stays on screen; a file's first must not be None.
    n_pictures : int
        How many there are, with those left out.
    size : tuple of int
        Width and height as shown, in pixels, both even.
    fps : int
        Pictures per second.
    sound : numpy.ndarray
        Mono samples, float32 of shape (n,), within [-1, 1].
    sample_rate : int
        Samples per second.
    """
    stream = iter(pictures)
    for path, (first, last) in zip(paths, kind.parts(n_pictures), strict=True):
        heard = sound[first * sample_rate // fps : last * sample_rate // fps]
        _write_file(path, kind, islice(stream, last - first), size, fps, heard, sample_rate)


def _write_file(
    path: Path,
    kind: VideoKind,
    pictures: Iterable[np.ndarray | None],
    size: tuple[int, int],
    fps: int,
    sound: np.ndarray,
    sample_rate: int,
) -> None:
    import av

    # Matroska would carry a random number else.
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        video = cast("av.VideoStream", container.add_stream(kind.codec, rate=fps))
        video.width, video.height = size[::-1] if kind.rotation_deg % 180 else size
        video.pix_fmt = "yuv420p"
        video.time_base = Fraction(1, fps)
        video.thread_count = 1
        video.options = dict(kind.options)
        if kind.tag:
            video.codec_context.codec_tag = kind.tag
        if kind.rotation_deg:
            # FFmpeg counts turns against the clock.
            video.set_display_rotation(-kind.rotation_deg)
        sound_stream = container.add_stream(kind.sound_codec, rate=sample_rate, layout="mono")
        audio = cast("av.AudioStream", sound_stream)
        audio.bit_rate = _SOUND_BITS_PER_S
        heard = 0
        for number, picture in enumerate(pictures):
            if picture is not None:
                turned = np.rot90(picture, kind.rotation_deg // 90)
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(turned), format="rgb24")
                frame.pts = number
                container.mux(video.encode(frame))
            until = min(len(sound), (number + 1) * sample_rate // fps)
            heard = _write_sound(container, audio, sound, heard, until)
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


def _write_sound(
    container: OutputContainer,
    audio: av.AudioStream,
    sound: np.ndarray,
    first: int,
    until: int,
) -> int:
    """Write samples from `first` on, whole chunks, at least up to `until`; return where it ends."""
    while first < until:
        container.mux(audio.encode(_audio_frame(sound, first, audio)))
        first += _CHUNK
    return first


def _audio_frame(sound: np.ndarray, first: int, audio: av.AudioStream) -> av.AudioFrame:
    """Return the samples from `first` on as a frame that knows its time."""
    import av

    frame = av.AudioFrame.from_ndarray(
        sound[None, first : first + _CHUNK].astype(np.float32), format="fltp", layout="mono"
    )
    frame.sample_rate = audio.sample_rate
    frame.pts = first
    frame.time_base = Fraction(1, audio.sample_rate)
    return frame
