"""Recordings that are probably one and the same under two names."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from egoalign.corpus.found import Found

LEAST_BYTES = 200
"""Shorter transcripts say nothing: many recordings have only a header or no speech."""

SAME_LENGTH_S = 0.1
"""Lengths that differ by no more than this are the same."""


def find_duplicates(
    recordings: Sequence[Found], folder: Path
) -> tuple[list[tuple[Found, Found]], list[str]]:
    """Find recordings with the same length and the same transcript.

    Transcripts are compared by content, but for line ends and blanks around it. Where the files
    have the same size, the length is taken to be the same; only otherwise is the video opened.

    Parameters
    ----------
    recordings : sequence of Found
        Those without a transcript are not compared.
    folder : Path
        From where their paths are reckoned.

    Returns
    -------
    pairs : list of (Found, Found)
        A recording and the earlier one that it is a duplicate of.
    unread : list of str
        Files that could not be opened.
    """
    groups: dict[str, list[Found]] = defaultdict(list)
    unread: list[str] = []
    for recording in recordings:
        if recording.transcript is None:
            continue
        try:
            data = (folder / recording.transcript).read_bytes()
        except OSError:
            unread.append(recording.transcript)
            continue
        data = data.replace(b"\r\n", b"\n").strip()
        if len(data) >= LEAST_BYTES:
            groups[hashlib.sha256(data).hexdigest()].append(recording)
    pairs = []
    for group in groups.values():
        originals: list[Found] = []
        for recording in group:
            same = [other for other in originals if _same_length(recording, other, folder, unread)]
            if same:
                pairs.append((recording, same[0]))
            else:
                originals.append(recording)
    return pairs, sorted(set(unread))


def _same_length(one: Found, other: Found, folder: Path, unread: list[str]) -> bool:
    """Say whether two recordings last equally long; what cannot be opened is noted."""
    sizes = [_size_bytes(recording, folder) for recording in (one, other)]
    if sizes[0] == sizes[1] and sizes[0]:
        return True
    lengths = [_duration_s(recording, folder, unread) for recording in (one, other)]
    if lengths[0] is None or lengths[1] is None:
        return False
    return abs(lengths[0] - lengths[1]) <= SAME_LENGTH_S


def _size_bytes(recording: Found, folder: Path) -> int:
    """Return the size of all videos or pictures of a recording; what is not there has none."""
    paths = [folder / video for video in recording.videos]
    files = [file for path in paths for file in (path.iterdir() if path.is_dir() else [path])]
    return sum(file.stat().st_size for file in files if file.is_file())


def _duration_s(recording: Found, folder: Path, unread: list[str]) -> float | None:
    """Return the length that the containers of a recording's videos give, in seconds."""
    import av

    total = 0.0
    for video in recording.videos:
        try:
            with av.open(os.path.abspath(folder / video)) as container:
                duration = container.duration
        except (OSError, av.FFmpegError):
            duration = None
        if duration is None:
            unread.append(video)
            return None
        total += duration / av.time_base
    return total
