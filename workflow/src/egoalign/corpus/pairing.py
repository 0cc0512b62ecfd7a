"""Which transcript and which RTTM file belong to a video, by name and place."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from egoalign.corpus.chapters import Recording
from egoalign.corpus.found import (
    TRANSCRIPT_SUFFIXES,
    VIDEO_SUFFIXES,
    Note,
    has_suffix,
    make_id,
)

WHISPER_SUFFIXES = (".json", ".tsv", ".vtt", ".srt", ".txt")
"""What Whisper writes of one recording, the fullest first."""

ALL_RTTM = "all.rttm"
"""The Voice Type Classifier's file of all recordings in a folder."""

DIARISED = "diarised"
"""Folder of transcripts with speakers; their times are cut to whole seconds."""


@dataclass(frozen=True)
class SideFiles:
    """The files beside the videos: transcripts and RTTM files by name, or by the child's id."""

    transcripts: dict[str, list[str]]
    rttm: dict[str, list[str]]
    rttm_of_child: dict[str, list[str]]

    @property
    def paths(self) -> list[str]:
        """All of them, in order."""
        groups = (self.transcripts, self.rttm, self.rttm_of_child)
        return sorted(name for group in groups for names in group.values() for name in names)

    def has_own(self, base: str) -> bool:
        """Say whether any transcript or RTTM file has this name."""
        return base in self.transcripts or base in self.rttm


def find_side_files(names: Iterable[str], base: Callable[[str], str]) -> SideFiles:
    """Return the transcripts and RTTM files among paths.

    Parameters
    ----------
    names : iterable of str
        All paths of the folder.
    base : callable
        From a file's name without suffix to the part by which files are paired. Where a name
        has two suffixes (``a.mp4.json``), the video's is left out too.
    """
    found = SideFiles(defaultdict(list), defaultdict(list), defaultdict(list))
    for name in names:
        path = PurePosixPath(name)
        stem = PurePosixPath(path.stem)
        key = base(stem.stem if has_suffix(stem.name, VIDEO_SUFFIXES) else path.stem)
        if has_suffix(name, TRANSCRIPT_SUFFIXES):
            found.transcripts[key].append(name)
        elif path.name.lower() == ALL_RTTM:
            found.rttm_of_child[make_id(path.parent.name)].append(name)
        elif has_suffix(name, (".rttm",)):
            found.rttm[key].append(name)
    return found


def pair(
    recordings: Sequence[Recording], files: SideFiles
) -> tuple[list[tuple[str | None, str | None]], dict[Note, list[str]]]:
    """Give each recording its transcript and its RTTM file.

    A file has the recording's name. Where several files or several recordings have that name,
    folders decide: best is a folder named like the child, then one named like the video's. What
    stays undecided is given to none.

    Returns
    -------
    pairs : list of (str or None, str or None)
        Transcript and RTTM file of each recording.
    notes : dict
        Files that no recording uses.
    """
    asking = Counter(base for recording in recordings for base in recording.bases)

    def named_like(recording: Recording, groups: dict[str, list[str]]) -> list[str]:
        """Return the files of this name in the best of folders."""
        names = [name for base in recording.bases for name in groups.get(base, [])]
        best = max((_closeness(recording, name) for name in names), default=0)
        if not best and any(asking[base] > 1 for base in recording.bases):
            return []
        return [name for name in names if _closeness(recording, name) == best]

    own = _given_once(recordings, [_single(named_like(r, files.rttm)) for r in recordings])
    rttm = [
        name or _single(files.rttm_of_child.get(make_id(recording.name.child), []))
        for recording, name in zip(recordings, own, strict=True)
    ]
    transcripts = _given_once(
        recordings,
        [
            _choose(named_like(recording, files.transcripts), recording, who is not None)
            for recording, who in zip(recordings, rttm, strict=True)
        ],
    )
    used = {*rttm, *transcripts}
    further = {
        name
        for recording, transcript in zip(recordings, transcripts, strict=True)
        for base in recording.bases
        for name in files.transcripts.get(base, [])
        if transcript is not None
    }
    notes: dict[Note, list[str]] = defaultdict(list)
    for name in files.paths:
        if name in used:
            continue
        if has_suffix(name, (".rttm",)):
            notes[Note.RTTM_ALONE].append(name)
        elif name in further:
            notes[Note.TRANSCRIPT_FURTHER].append(name)
        elif has_suffix(name, (".txt",)):
            notes[Note.TEXT_ALONE].append(name)
        else:
            notes[Note.TRANSCRIPT_ALONE].append(name)
    return list(zip(transcripts, rttm, strict=True)), notes


def _closeness(recording: Recording, name: str) -> int:
    """Return how well a file's folders fit a recording; 0 says not at all."""
    here, there = PurePosixPath(recording.entries[0].path).parent, PurePosixPath(name).parent
    like_child = recording.name.child in there.parts
    return 4 * like_child + 2 * (here.name == there.name) + (here == there)


def _given_once(recordings: Sequence[Recording], chosen: Sequence[str | None]) -> list[str | None]:
    """Leave a file that several recordings chose to the closest, or to none of equals."""
    claims: dict[str, list[int]] = defaultdict(list)
    for recording, name in zip(recordings, chosen, strict=True):
        if name is not None:
            claims[name].append(_closeness(recording, name))
    return [
        None
        if name is None
        or (len(claims[name]) > 1 and claims[name].count(max(claims[name])) > 1)
        or _closeness(recording, name) < max(claims[name])
        else name
        for recording, name in zip(recordings, chosen, strict=True)
    ]


def _choose(names: list[str], recording: Recording, has_rttm: bool) -> str | None:
    """Return the best of a recording's transcripts, or None where it is not clear which.

    Transcripts with speakers whose times are whole seconds give way where an RTTM file says who
    speaks. Then the video's full name counts, then anything before plain text, and of the files
    that Whisper writes together the fullest.
    """
    names = _prefer(names, lambda name: (DIARISED in PurePosixPath(name).parts) != has_rttm)
    names = _prefer(names, lambda name: PurePosixPath(name).stem == recording.entries[0].stem)
    names = _prefer(names, lambda name: not has_suffix(name, (".txt",)))
    together = len({PurePosixPath(name).with_suffix("") for name in names}) == 1
    if len(names) > 1 and together and all(has_suffix(name, WHISPER_SUFFIXES) for name in names):
        return min(names, key=lambda n: WHISPER_SUFFIXES.index(PurePosixPath(n).suffix.lower()))
    return _single(names)


def _single(names: Sequence[str]) -> str | None:
    """Return the one name, or None where there is none or several."""
    return names[0] if len(names) == 1 else None


def _prefer(names: list[str], wanted: Callable[[str], bool]) -> list[str]:
    """Return the files that are wanted, or all where none is."""
    return [name for name in names if wanted(name)] or names
