"""The pictures of a task: taken from the recordings, made small, blurred where asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from PIL import Image

from egoalign.log import progress
from egoalign.privacy.blur import blurred
from egoalign.tables import FRAMES, MEDIA, atomic_path, read_table
from egoalign.validate.corpus_ids import SessionKey
from egoalign.video.recording import open_recording
from egoalign.video.vectors_file import is_vectors_file

QUALITY = 85
NO_PICTURES = "the session names embeddings in place of pictures"

PictureKey = tuple[str, str, float]
"""Child, session and grid second."""


def small(picture: Image.Image, short_side: int) -> Image.Image:
    """Return a picture whose shorter side has at most so many pixels."""
    share = short_side / min(picture.size)
    if share >= 1:
        return picture
    width, height = (max(round(side * share), 1) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


def write_picture(
    picture: Image.Image, path: Path, short_side: int, blur_px: int | None = None
) -> None:
    """Write a picture as JPEG, without any facts about it."""
    picture = small(picture.convert("RGB"), short_side)
    if blur_px is not None:
        picture = blurred(picture, blur_px)
    with atomic_path(path) as partial:
        picture.save(partial, "JPEG", quality=QUALITY)


def write_pictures(
    wanted: Mapping[PictureKey, Path],
    videos: Mapping[SessionKey, Sequence[str | Path]],
    video_folder: Path,
    short_side: int,
    blur_px: int | None,
) -> dict[PictureKey, str]:
    """Write the pictures on screen at grid seconds.

    Parameters
    ----------
    wanted : mapping
        Where to write the picture of a child, session and second.
    videos : mapping
        The files of each session.
    video_folder : Path
        Holds ``<child_id>/<session_id>.media.parquet`` and ``.frames.parquet``.
    short_side, blur_px : int
        As in the config.

    Returns
    -------
    dict
        Why there is no picture, for those that could not be had.
    """
    missing: dict[PictureKey, str] = {}
    sessions = sorted({(child, session) for child, session, _ in wanted})
    for child, session in progress(sessions, "recordings", len(sessions)):
        seconds = sorted(second for c, s, second in wanted if (c, s) == (child, session))
        paths = list(videos.get((child, session), ()))
        stem = video_folder / child / session
        media = read_table(MEDIA, Path(f"{stem}.media.parquet")).to_pylist()[0]
        frames = read_table(FRAMES, Path(f"{stem}.frames.parquet"), ["requested_s", "shown_s"])
        shown = pc.coalesce(frames["shown_s"], frames["requested_s"]).to_pylist()
        shown_s = dict(zip(frames["requested_s"].to_pylist(), shown, strict=True))
        for second, rgb, reason in _pictures(paths, seconds, shown_s, media, short_side):
            key = (child, session, second)
            if rgb is None:
                missing[key] = reason or NO_PICTURES
            else:
                write_picture(Image.fromarray(rgb), wanted[key], short_side, blur_px)
    return missing


def _pictures(
    paths: Sequence[str | Path],
    seconds: Sequence[float],
    shown_s: Mapping[float, float],
    media: Mapping[str, Any],
    side: int,
) -> Iterable[tuple[float, np.ndarray | None, str | None]]:
    """Yield the pixels at each second, or why there are none."""
    if len(paths) == 1 and is_vectors_file(Path(paths[0])):
        yield from ((second, None, NO_PICTURES) for second in seconds)
        return
    recording = open_recording(paths, media["frame_rate"])
    # The seconds at which the pictures were decoded for the model, so that people see the same.
    at = [shown_s.get(second, second) for second in seconds]
    for picture in recording.pictures(at, media["backend"] or "pyav", side):
        yield seconds[picture.index], picture.rgb, picture.reason
