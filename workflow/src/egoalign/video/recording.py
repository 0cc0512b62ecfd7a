"""What a session's ``video`` names: one file, or several that were recorded one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from egoalign.video.decode import NOT_DECODED, Picture, decode
from egoalign.video.packets import GRACE_S
from egoalign.video.pictures_folder import PicturesFolder
from egoalign.video.probe import Probe, probe, unreadable
from egoalign.video.timeline import NOWHERE, Gap, Timeline, join
from egoalign.video.vectors_file import VectorsFile, is_vectors_file

NO_VIDEO = "no video named"
BETWEEN = ";"
"""Stands between the decoders of several files in table ``media``."""

RATE_TOLERANCE = 0.01
"""Files whose frame rates differ by more than this share are told apart."""


class Recording(Protocol):
    """Something that has pictures on one clock, which begins with its first picture.

    Attributes
    ----------
    probe : Probe
        What was found in the whole; its ``timeline`` says when which picture is shown.
    notes : list of str
        What a reader should know of the decoding, filled while pictures are taken.
    """

    @property
    def probe(self) -> Probe: ...  # noqa: D102

    @property
    def notes(self) -> list[str]: ...  # noqa: D102

    def pictures(
        self, seconds: Sequence[float], backend: str = "pyav", short_side: int | None = None
    ) -> Iterator[Picture]:
        """Yield the picture on screen at each second, in order, or the reason why there is none.

        Parameters
        ----------
        seconds : sequence of float
            Ascending seconds of the recording.
        backend : str
            The decoder, as table ``media`` has it.
        short_side : int, optional
            As `egoalign.video.decode.decode` takes it.
        """
        ...

    def media_row(
        self, child_id: str, session_id: str, backend: str = "auto", grid: str = "exact"
    ) -> dict[str, Any]:
        """Return the row of table ``media``; arguments as `Probe.media_row` takes them."""
        ...


def open_recording(
    paths: Sequence[str | Path | None], pictures_fps: float | None = None
) -> Recording:
    """Return the recording that a session's ``video`` names.

    Never raises for a bad file: the probe then says why it cannot be read.

    Parameters
    ----------
    paths : sequence of str, Path or None
        The files in order, or one folder of pictures, or one file of embeddings; none where the
        session has no video.
    pictures_fps : float, optional
        Rate of what has no times of its own: pictures in a folder, embeddings.
    """
    if not paths:
        return no_recording(NO_VIDEO)
    path = Path(paths[0] or "")
    if len(paths) == 1 and is_vectors_file(path):
        return VectorsFile.open(path, pictures_fps or 1.0)
    if len(paths) == 1 and path.is_dir() and paths[0]:
        return PicturesFolder.open(path, pictures_fps or 1.0)
    return VideoFiles.open(paths)


def no_recording(reason: str) -> Recording:
    """Return a recording of which nothing can be had."""
    return VideoFiles([], unreadable(reason))


@dataclass(frozen=True, eq=False)
class VideoFiles:
    """Video files in the order in which they were recorded, such as a camera's chapters.

    Each file begins where the one before it ends, by the times of that one's own pictures; one
    that is cut short or holds none ends where the file itself says that it should. A file whose
    length is not known so is the last that has a place on the clock.

    Attributes are those of `Recording`; `parts` are the files that have a place, with their
    probes.
    """

    parts: list[tuple[Path, Probe]]
    probe: Probe
    notes: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, paths: Sequence[str | Path | None]) -> VideoFiles:
        """Probe each file and lay them on one clock."""
        parts = [(Path(path or ""), probe(path)) for path in paths]
        if len(parts) == 1:
            _, found = parts[0]
            if found.timeline is not None:
                found = replace(found, duration_s=found.timeline.length_s)
            return cls(parts, found)
        return cls(*_together(parts))

    def pictures(
        self, seconds: Sequence[float], backend: str = "pyav", short_side: int | None = None
    ) -> Iterator[Picture]:
        """Yield the picture on screen at each second; see `Recording`."""
        timeline = self.probe.timeline
        if timeline is None:
            for index in range(len(seconds)):
                yield Picture(index, None, self.probe.reason or NOT_DECODED)
            return
        places = timeline.picture_at(np.asarray(seconds, dtype=np.float64))
        firsts = np.cumsum([0, *(found.n_pictures or 0 for _, found in self.parts)])
        part_of = np.searchsorted(firsts, places, side="right") - 1
        part_of[places == NOWHERE] = NOWHERE
        names = backend.split(BETWEEN)
        for part, members in groupby(range(len(seconds)), key=part_of.tolist().__getitem__):
            at = list(members)
            if part == NOWHERE:
                yield from (Picture(i, None, timeline.why_nowhere(seconds[i])) for i in at)
                continue
            path, found = self.parts[part]
            assert found.timeline is not None
            own_s = found.timeline.shown_s[places[at] - firsts[part]]
            decoder = names[part] if len(names) > 1 else backend
            for picture in decode(path, found, own_s.tolist(), decoder, short_side, self.notes):
                yield replace(picture, index=at[picture.index])

    def media_row(
        self, child_id: str, session_id: str, backend: str = "auto", grid: str = "exact"
    ) -> dict[str, Any]:
        """Return the row of table ``media``; see `Recording`."""
        if len(self.parts) == 1 or not self.probe.readable:
            return self.probe.media_row(child_id, session_id, backend, grid)
        rows = [found.media_row(child_id, session_id, backend, grid) for _, found in self.parts]
        whys = dict.fromkeys(row["backend_reason"] for row in rows if row["backend_reason"])
        return {
            **self.probe.media_row(child_id, session_id),
            "backend": BETWEEN.join(row["backend"] or "" for row in rows),
            "backend_reason": "; ".join(whys),
        }


def _together(parts: list[tuple[Path, Probe]]) -> tuple[list[tuple[Path, Probe]], Probe]:
    """Return the files that have a place on the clock, and the probe of the whole."""
    reasons: list[str] = []
    lines: list[Timeline] = []
    for number, (_, found) in enumerate(parts, start=1):
        where = f"file {number} of {len(parts)}"
        if found.reason:
            reasons.append(f"{where}: {found.reason}")
        if found.timeline is not None:
            lines.append(found.timeline)
        elif found.length_s:
            lines.append(_empty(found.length_s, reasons[-1]))
        if not found.length_s:
            if number < len(parts):
                reasons.append("its length is not known, so those after it have no place")
            break
    placed = parts[: len(lines)]
    good = [found for _, found in placed if found.readable]
    if not good:
        return placed, unreadable("; ".join(reasons))
    first = parts[0][1]
    reasons += _differences(good)
    timeline = join(lines)
    sizes = [found.size_bytes or 0 for _, found in parts]
    n_pictures = len(timeline.shown_s)
    whole = replace(
        good[0],
        reason="; ".join(reasons) or None,
        duration_s=timeline.length_s,
        n_pictures=n_pictures,
        frame_rate=n_pictures / sum(found.duration_s or 0.0 for found in good),
        variable_rate=any(found.variable_rate for found in good) or _rates_differ(good),
        container_start_s=first.container_start_s,
        video_start_s=first.video_start_s,
        audio_start_s=first.audio_start_s,
        size_bytes=sum(sizes),
        n_hidden=sum(found.n_hidden or 0 for found in good),
        length_s=timeline.length_s,
        packets=None,
        timeline=timeline,
    )
    return placed, whole


def _empty(length_s: float, reason: str) -> Timeline:
    """Return the timeline of a file without pictures."""
    none = np.empty(0)
    return Timeline(length_s, none, none.astype(bool), GRACE_S, (Gap(0.0, length_s, reason),))


def _differences(probes: Sequence[Probe]) -> list[str]:
    """Say in what the files differ that would be alike in one recording of one camera."""
    found = []
    if len({(probe.width, probe.height) for probe in probes}) > 1:
        found.append("the files differ in size")
    if _rates_differ(probes):
        found.append("the files differ in frame rate")
    return found


def _rates_differ(probes: Sequence[Probe]) -> bool:
    rates = [probe.frame_rate for probe in probes if probe.frame_rate]
    return bool(rates) and max(rates) > min(rates) * (1 + RATE_TOLERANCE)
