"""A folder of pictures as a recording: at one a second, ``00012.jpg`` is that of second 12."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from egoalign.video.decode import NOT_DECODED, Picture
from egoalign.video.numbered import LONGEST_S, numbered_timeline
from egoalign.video.probe import Probe, unreadable
from egoalign.video.timeline import NOWHERE

NUMBERED = re.compile(r"([0-9]+)\.(?:jpe?g|png)", re.IGNORECASE)
FORMATS = ("JPEG", "PNG")
NO_PICTURE = "no picture has this number"
SHARED = "several pictures have this number"
BROKEN = "picture file is broken"
AS_THEY_ARE = "pictures of a folder are read one by one"


@dataclass(frozen=True, eq=False)
class PicturesFolder:
    """Pictures whose names are their numbers; see `egoalign.video.recording.Recording`.

    `files` are those that have a place on the clock, in order.
    """

    files: Sequence[Path]
    probe: Probe
    notes: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, folder: Path, per_second: float) -> PicturesFolder:
        """List a folder and look into its first whole picture.

        Parameters
        ----------
        folder : Path
            Files such as ``00012.jpg``; the number over `per_second` is the picture's second.
        per_second : float
            Pictures a second.
        """
        files, why_missing, remarks = _by_number(folder)
        if not files:
            return cls((), unreadable("; ".join(["folder holds no numbered pictures", *remarks])))
        last_s = max(files) / per_second
        if last_s > LONGEST_S:
            return cls((), unreadable(f"picture numbers reach second {last_s:.0f}; not counted"))
        size = next((size for size in map(_size, files.values()) if size), None)
        if size is None:
            return cls((), unreadable("no picture of the folder can be decoded"))
        timeline = numbered_timeline(
            np.array(list(files), dtype=np.int64), per_second, why_missing, NO_PICTURE
        )
        n_missing = max(files) + 1 - len(files)
        if n_missing:
            remarks.append(f"{n_missing} numbers have no picture")
        found = Probe(
            readable=True,
            reason="; ".join(remarks) or None,
            duration_s=timeline.length_s,
            n_pictures=len(files),
            frame_rate=per_second,
            variable_rate=False,
            width=size[0],
            height=size[1],
            container="folder of pictures",
            timeline=timeline,
        )
        return cls(list(files.values()), found)

    def pictures(
        self, seconds: Sequence[float], backend: str = "pyav", short_side: int | None = None
    ) -> Iterator[Picture]:
        """Yield the picture of each second, upright; see `Recording`."""
        timeline = self.probe.timeline
        if timeline is None:
            for index in range(len(seconds)):
                yield Picture(index, None, self.probe.reason or NOT_DECODED)
            return
        rgb, held = None, NOWHERE
        places = timeline.picture_at(np.asarray(seconds, dtype=np.float64)).tolist()
        for index, place in enumerate(places):
            if place == NOWHERE:
                yield Picture(index, None, timeline.why_nowhere(seconds[index]) or NO_PICTURE)
                continue
            if place != held:
                rgb, held = _read(self.files[place]), place
            yield Picture(index, rgb, None if rgb is not None else BROKEN)

    def media_row(
        self, child_id: str, session_id: str, backend: str = "auto", grid: str = "exact"
    ) -> dict[str, Any]:
        """Return the row of table ``media``; there is no decoder to choose."""
        row = self.probe.media_row(child_id, session_id, "pyav")
        reason = AS_THEY_ARE if self.probe.readable else None
        return row | {"backend": None, "backend_reason": reason}


def _by_number(folder: Path) -> tuple[dict[int, Path], Mapping[int, str], list[str]]:
    """Return the pictures by number, why some are not among them, and remarks."""
    found: dict[int, list[Path]] = defaultdict(list)
    n_others = 0
    for path in sorted(folder.iterdir()):
        match = NUMBERED.fullmatch(path.name)
        if match:
            found[int(match[1])].append(path)
        elif not path.name.startswith("."):
            n_others += 1
    remarks = []
    if n_others:
        remarks.append(f"{n_others} files that are not named by a number are passed over")
    if found and min(found) == 1:
        remarks.append("numbers begin at 1; where that is the start, give transcript_offset_s")
    shared = {number: SHARED for number, paths in found.items() if len(paths) > 1}
    files = {number: found[number][0] for number in sorted(found) if number not in shared}
    return files, shared, remarks


def _read(path: Path) -> NDArray[np.uint8] | None:
    """Return a picture upright as uint8 (height, width, 3), or None where it is broken."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path, formats=FORMATS) as image:
            return np.array(ImageOps.exif_transpose(image).convert("RGB"))
    except Exception:
        # Which exception a damaged file raises depends on its format and on where the damage is.
        return None


def _size(path: Path) -> tuple[int, int] | None:
    """Return width and height of a picture as shown, or None where it is broken."""
    rgb = _read(path)
    return None if rgb is None else (rgb.shape[1], rgb.shape[0])
