"""Write pictures and sound as a real video file: H.264 and AAC in MP4."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import av

_PICTURE_GROUP_S = 3
_CHUNK = 1024


def write_movie(
    path: Path,
    pictures: Iterable[np.ndarray],
    size: tuple[int, int],
    fps: int,
    sound: np.ndarray,
    sample_rate: int,
) -> None:
    """Write a video with B-frames and an audio track.

    Parameters
    ----------
    path : Path
        File to write; its suffix names the container.
    pictures : iterable of numpy.ndarray
        uint8 RGB of shape (h, w, 3); picture k is shown at second k / fps.
    size : tuple of int
        Width and height in pixels, both even.
    fps : int
        Pictures per second.
    sound : numpy.ndarray
        Mono samples, float32 of shape (n,), within [-1, 1].
    sample_rate : int
        Samples per second.
    """
    import av

    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=fps)
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        video.time_base = Fraction(1, fps)
        video.thread_count = 1
        video.options = {
            "preset": "ultrafast",
            "crf": "27",
            "bf": "2",
            "g": str(_PICTURE_GROUP_S * fps),
        }
        audio = container.add_stream("aac", rate=sample_rate, layout="mono")
        audio.bit_rate = 48_000
        heard = 0
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number
            container.mux(video.encode(frame))
            while heard < min(len(sound), (number + 1) * sample_rate // fps):
                container.mux(audio.encode(_audio_frame(sound, heard, sample_rate)))
                heard += _CHUNK
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


def _audio_frame(sound: np.ndarray, first: int, sample_rate: int) -> av.AudioFrame:
    """Return the samples from `first` on as a frame that knows its time."""
    import av

    frame = av.AudioFrame.from_ndarray(
        sound[None, first : first + _CHUNK].astype(np.float32), format="fltp", layout="mono"
    )
    frame.sample_rate = sample_rate
    frame.pts = first
    frame.time_base = Fraction(1, sample_rate)
    return frame
