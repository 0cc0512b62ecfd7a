"""The kinds of video that the demo's children have, as cameras, phones and the web leave them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

PICTURE_GROUP = 24
"""Pictures from one key frame to the next."""

Options = tuple[tuple[str, str], ...]
"""Names and values of an encoder's options."""

_GROUP = ("g", str(PICTURE_GROUP))
_H264: Options = (("preset", "ultrafast"), ("crf", "27"), ("bf", "2"), _GROUP)
# Its own threads are switched off, for a rule's job has one.
_X265 = f"log-level=error:pools=none:frame-threads=1:bframes=2:keyint={PICTURE_GROUP}"
_HEVC: Options = (("preset", "ultrafast"), ("crf", "22"), ("x265-params", _X265))
_SPEED = (("deadline", "realtime"), ("cpu-used", "8"), ("row-mt", "0"))
_VP9: Options = (*_SPEED, ("b", "0"), ("crf", "28"), _GROUP)


@dataclass(frozen=True)
class VideoKind:
    """How the recordings of a child are stored.

    Attributes
    ----------
    suffix : str
        End of the file names; it decides the container.
    codec, sound_codec : str
        Names of FFmpeg's encoders.
    options : Options
        Options of the picture encoder.
    tag : str or None
        Four letters that name the codec in the container, where there is a choice.
    rotation_deg : int
        Clockwise turn that a player must give to the stored pictures.
    n_files : int
        Files of one recording, played one after another.
    lost_share : float
        Share of the pictures that are not stored, which makes the frame rate vary.
    """

    suffix: str = "mp4"
    codec: str = "libx264"
    options: Options = _H264
    tag: str | None = None
    sound_codec: str = "aac"
    rotation_deg: int = 0
    n_files: int = 1
    lost_share: float = 0.0

    def file_names(self, stem: str) -> tuple[str, ...]:
        """Return the names of a recording's files in order."""
        if self.n_files == 1:
            return (f"{stem}.{self.suffix}",)
        return tuple(f"{stem}_{part}.{self.suffix}" for part in range(1, self.n_files + 1))

    def parts(self, n_pictures: int) -> list[tuple[int, int]]:
        """Return each file's first picture and the one after its last."""
        edges = [number * n_pictures // self.n_files for number in range(self.n_files + 1)]
        return list(pairwise(edges))


VIDEO_KINDS = {
    "plain": VideoKind(),
    "turned": VideoKind(rotation_deg=90),
    "hevc": VideoKind("mov", "libx265", _HEVC, tag="hvc1"),
    "web": VideoKind("webm", "libvpx-vp9", _VP9, sound_codec="libopus"),
    "uneven": VideoKind("mkv", lost_share=0.3),
    "chapters": VideoKind(n_files=2),
}
