"""What a scan finds: names as a layout reads them, recordings, and notes for the person."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import PurePosixPath

from egoalign.corpus.tsv import FORBIDDEN_ID_ENDINGS, MAX_ID_LENGTH
from egoalign.log import UserError
from egoalign.video.pictures_folder import NUMBERED

VIDEO_SUFFIXES = (
    *(".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".mts", ".m2ts", ".ts", ".mpg", ".mpeg"),
    *(".3gp", ".wmv", ".flv", ".insv"),
)
TRANSCRIPT_SUFFIXES = (
    *(".csv", ".tsv", ".json", ".srt", ".vtt", ".cha", ".eaf", ".textgrid", ".txt"),
)


class Note(StrEnum):
    """What a person is told about files of a folder; the value is the sentence."""

    OUTSIDE = "videos do not fit the layout"
    PICTURES_OUTSIDE = "folders of pictures do not fit the layout"
    NO_FILE = "recordings of the metadata have no file here"
    NO_VIDEO = "recordings of the metadata are no video"
    NOT_ENTERED = "folders are links and were not entered; give them as FOLDER"
    VIDEO_ALONE = "recordings have no transcript"
    TRANSCRIPT_ALONE = "transcripts have no video, or it is not clear which"
    TEXT_ALONE = "text files (.txt) have no video; they are taken for no transcripts"
    RTTM_ALONE = "RTTM files have no video, or it is not clear which"
    TRANSCRIPT_FURTHER = "transcripts are not used, for their recording has a better one"
    COPY = "videos are not used, for another copy of the recording is"
    PICTURES = "folders of pictures are not used, for their video is there"
    JOINED = "recordings were joined from chapters"
    APART = (
        "chapters stay sessions of their own (the first or one between is missing, one is there "
        "twice, or a later one has its own transcript)"
    )
    UNDATED = "recordings have no day in their name, or two"
    SAME_CHILD = "pairs of ids are probably one child under an old and a new name"
    UNREAD = "files could not be opened to look for duplicates"
    DUPLICATE = "recordings are probable duplicates (same length and same transcript)"


@dataclass(frozen=True)
class Entry:
    """A video file or a folder of pictures: path from the folder scanned, and name."""

    path: str
    is_folder: bool = False

    @property
    def stem(self) -> str:
        """The name without a file's suffix; a folder has none, whatever dots it has."""
        path = PurePosixPath(self.path)
        return path.name if self.is_folder else path.stem


@dataclass(frozen=True)
class Name:
    """What a layout reads from the place and name of a video.

    Attributes
    ----------
    child, session : str
        What the ids are made of.
    day : date or None
        Day of recording, where the name tells it.
    rank : int
        Of several copies of one session, the highest is used.
    group : tuple of str
        What the chapters of one recording share; empty where there are no chapters.
    part, lowest : int
        Number of the chapter, and the lowest one that a recording can begin with.
    whole : str
        The session that the joined chapters make; empty for that of the first chapter.
    """

    child: str
    session: str
    day: date | None = None
    rank: int = 0
    group: tuple[str, ...] = ()
    part: int = 0
    lowest: int = 1
    whole: str = ""


@dataclass(frozen=True)
class Found:
    """One recording of a folder: ids, and paths from the folder."""

    child_id: str
    session_id: str
    videos: tuple[str, ...]
    transcript: str | None
    rttm: str | None
    recording_date: date | None
    source_name: str
    exclude_reason: str | None = None


@dataclass(frozen=True)
class Scan:
    """The recordings of a folder, what is known of children, and notes on files."""

    recordings: list[Found]
    children: list[dict[str, str]]
    notes: dict[Note, list[str]] = field(default_factory=lambda: defaultdict(list))


def make_id(name: str) -> str:
    """Return an id made from a name: what is not allowed becomes '-', accents are dropped."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", plain)
    for ending in FORBIDDEN_ID_ENDINGS:
        if plain.lower().endswith(ending):
            plain = f"{plain[: -len(ending)]}-{ending[1:]}"
    return plain.lstrip("._-")[:MAX_ID_LENGTH].rstrip(".-")


def has_suffix(name: str, suffixes: Sequence[str]) -> bool:
    """Say whether a path ends in one of these suffixes, in upper or lower case."""
    return posixpath.splitext(name)[1].lower() in suffixes


def find_entries(names: Sequence[str]) -> list[Entry]:
    """Return the videos and the folders of numbered pictures among paths, in order.

    A folder counts where it holds at least two JPEG or PNG files whose names are numbers.
    """
    pictures: dict[str, int] = defaultdict(int)
    for name in names:
        place, file = posixpath.split(name)
        if NUMBERED.fullmatch(file):
            pictures[place] += 1
    folders = [Entry(name, True) for name, n in pictures.items() if n > 1 and name]
    videos = [Entry(name) for name in names if has_suffix(name, VIDEO_SUFFIXES)]
    return sorted([*videos, *folders], key=lambda entry: entry.path)


def refuse_names(names: Iterable[str]) -> None:
    """Refuse names that a table of lines and tabs in UTF-8 cannot hold."""
    bad = [name for name in names if re.search(r"[\t\r\n\ud800-\udfff]|^\s|\s$", name)]
    if bad:
        raise UserError(
            "names with tabs, line ends, blanks at either end or bytes that are no UTF-8 cannot "
            f"stand in a table: {', '.join(ascii(name) for name in bad[:5])}; rename these files"
        )


def refuse_collisions(
    recordings: Sequence[Found], children: Iterable[tuple[str, str]], places: str
) -> None:
    """Refuse names that become no id, or the same id, also but for upper and lower case.

    Parameters
    ----------
    recordings : sequence of Found
        Sessions as they would be written.
    children : iterable of (str, str)
        Id and name of each child.
    places : str
        What to mend, for the message.
    """
    problems = []
    names: dict[str, str] = {}
    for child_id, name in children:
        if names.setdefault(child_id.lower(), name) != name:
            problems.append(f"children {names[child_id.lower()]!r} and {name!r} become {child_id}")
    videos: dict[tuple[str, str], str] = {}
    for recording in recordings:
        video = recording.videos[0]
        key = (recording.child_id.lower(), recording.session_id.lower())
        if not all(key):
            problems.append(f"{video}: no id can be made of this name")
        elif key in videos:
            problems.append(
                f"{videos[key]} and {video} both become {recording.child_id}/{recording.session_id}"
            )
        else:
            videos[key] = video
    if problems:
        listed = list(dict.fromkeys(problems))
        raise UserError("\n  ".join([f"names collide; {places}", *listed]))
