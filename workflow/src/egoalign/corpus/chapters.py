"""Copies of one recording, and the chapters into which a camera cuts a long one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from egoalign.corpus.found import Entry, Name, Note

Named = tuple[Entry, Name]
"""A video and what the layout read of it."""


@dataclass(frozen=True)
class Recording:
    """The videos of one recording in order, its name, and names that its files may have."""

    entries: tuple[Entry, ...]
    name: Name
    bases: tuple[str, ...]


def drop_copies(
    videos: Sequence[Named], base: Callable[[str], str], notes: dict[Note, list[str]]
) -> list[Named]:
    """Keep one video of each recording, and note the others.

    A folder of pictures gives way to a video, a plain copy to one that was blacked out or turned,
    and pieces to the whole. Two that are worth the same are both kept: their ids will collide.

    Parameters
    ----------
    videos : sequence of (Entry, Name)
        All videos that fit the layout.
    base : callable
        From a name without suffix to the part by which files are paired.
    notes : dict
        What was left out is added here.
    """
    bases = {base(entry.stem) for entry, _ in videos if not entry.is_folder}
    groups: dict[tuple[str, str], list[Named]] = defaultdict(list)
    for entry, name in videos:
        if entry.is_folder and base(entry.stem) in bases:
            notes[Note.PICTURES].append(entry.path)
        else:
            groups[name.child, name.session].append((entry, name))
    kept = []
    for group in groups.values():
        best = max(name.rank for _, name in group)
        for entry, name in group:
            if name.rank < best or (name.whole and (name.child, name.whole) in groups):
                notes[Note.COPY].append(entry.path)
            else:
                kept.append((entry, name))
    return kept


def join_chapters(
    videos: Sequence[Named],
    base: Callable[[str], str],
    has_own: Callable[[str], bool],
    notes: dict[Note, list[str]],
) -> list[Recording]:
    """Join chapters of one recording to one session with several videos in order.

    They are joined where the first is there, none between is missing, none is there twice, and
    no later one has a transcript of its own (its times would count from that chapter's start) or
    is a folder of pictures.

    Parameters
    ----------
    videos : sequence of (Entry, Name)
        One video for each recording or chapter.
    base : callable
        From a name without suffix to the part by which files are paired.
    has_own : callable
        Whether there is a transcript or an RTTM file of this part.
    notes : dict
        What was joined, and what could not be, is added here.
    """
    recordings = []
    groups: dict[tuple[str, ...], list[Named]] = defaultdict(list)
    for entry, name in videos:
        if name.group:
            groups[name.group].append((entry, name))
        else:
            recordings.append(_single(entry, name, base))
    for group in groups.values():
        group.sort(key=lambda video: (video[1].part, video[0].path))
        parts = [name.part for _, name in group]
        first = group[0][1]
        starts = first.lowest <= parts[0] <= 1
        in_turn = parts == list(range(parts[0], parts[0] + len(parts)))
        own = any(entry.is_folder or has_own(base(entry.stem)) for entry, _ in group[1:])
        if starts and in_turn and not own:
            whole = first.whole or first.session
            entries = tuple(entry for entry, _ in group)
            bases = tuple(dict.fromkeys((whole, base(entries[0].stem))))
            recordings.append(Recording(entries, replace(first, session=whole), bases))
            if len(group) > 1:
                listed = "; ".join(entry.path for entry in entries)
                notes[Note.JOINED].append(f"{whole}: {listed}")
        else:
            notes[Note.APART].extend(entry.path for entry, _ in group)
            recordings.extend(
                Recording((entry,), name, (base(entry.stem),)) for entry, name in group
            )
    return sorted(recordings, key=lambda recording: recording.entries[0].path)


def _single(entry: Entry, name: Name, base: Callable[[str], str]) -> Recording:
    """Return the recording of one video."""
    return Recording((entry,), name, (base(entry.stem),))
