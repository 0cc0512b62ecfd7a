"""Looking at one video by hand: its probe, and its pictures as files."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from egoalign.log import UserError
from egoalign.tables import atomic_path
from egoalign.video.recording import open_recording


def describe(path: str | Path) -> list[str]:
    """Return the probe of a video as lines of ``name: value``.

    Raises
    ------
    UserError
        There is no such file.
    """
    if not Path(path).exists():
        raise UserError(f"{path}: no such file; give the path of a video")
    row = open_recording([path]).media_row("", "")
    return [f"{name}: {value}" for name, value in row.items() if not name.endswith("_id")]


def parse_seconds(text: str) -> list[float]:
    """Return the seconds in a comma-separated list.

    Raises
    ------
    UserError
        A part is not a number, or is below zero.
    """
    try:
        seconds = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise UserError(f"--at {text}: expected seconds such as 3.0,7.5 ({error})") from error
    if not all(math.isfinite(second) and second >= 0 for second in seconds):
        raise UserError(f"--at {text}: expected seconds from 0 on, such as 3.0,7.5")
    return seconds


def write_pictures(
    path: str | Path, seconds: Sequence[float], folder: str | Path, backend: str = "auto"
) -> Iterator[str]:
    """Write ``<stem>_<second>.png`` for each second; yield a line about each as it is done.

    Raises
    ------
    UserError
        No picture can be had from the file, or a second lies beyond its end.
    """
    from PIL import Image

    recording = open_recording([path])
    looked = recording.probe
    if not looked.readable or looked.duration_s is None:
        raise UserError(f"{path}: {looked.reason}; give a video that plays")
    seconds = sorted(seconds)
    if seconds[-1] > looked.duration_s:
        raise UserError(
            f"{path}: second {seconds[-1]:g} lies beyond its end; "
            f"the video lasts {looked.duration_s:.2f} s"
        )
    chosen = recording.media_row("", "", backend)["backend"]
    for picture in recording.pictures(seconds, chosen or "pyav"):
        second = seconds[picture.index]
        if picture.rgb is None:
            yield f"{second:g} s: {picture.reason}"
            continue
        target = Path(folder) / f"{Path(path).stem}_{second:08.3f}.png"
        with atomic_path(target) as partial:
            Image.fromarray(picture.rgb).save(partial)
        yield f"{second:g} s: {target}"
