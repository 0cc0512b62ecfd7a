"""The command `scan`: write `children.tsv` and `sessions.tsv` from a folder of recordings."""

from __future__ import annotations

import csv
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from egoalign.corpus.columns import CHILDREN, SESSIONS
from egoalign.corpus.read import join_paths
from egoalign.corpus.tsv import FORBIDDEN_ID_ENDINGS, MAX_ID_LENGTH, read_tsv
from egoalign.log import UserError, logger
from egoalign.tables import atomic_path

VIDEO_SUFFIXES = (".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm")
TRANSCRIPT_SUFFIXES = (".csv", ".tsv", ".json")
LAYOUTS = {
    "child-folders": re.compile(r"(?:.*/)?(?P<child>[^/]+)/(?P<session>[^/]+)\.[^/.]+"),
    "flat": re.compile(r"(?:.*/)?(?P<session>(?P<child>[^/_]+)_[^/]+)\.[^/.]+"),
}
FIELDS = {
    "{child}": "(?P<child>[^/]+?)",
    "{session}": "(?P<session>[^/]+?)",
    "**/": "(?:.*/)?",
    "*": "[^/]*",
}


@dataclass(frozen=True)
class Found:
    """One recording of a folder: ids, and paths from the folder."""

    child_id: str
    session_id: str
    video: str
    transcript: str | None
    source_name: str


@dataclass(frozen=True)
class Scan:
    """The recordings of a folder, and the files that could not be used."""

    recordings: list[Found]
    videos_without_transcript: list[str]
    transcripts_without_video: list[str]
    videos_outside_layout: list[str]


def make_id(name: str) -> str:
    """Return an id made from a name: what is not allowed becomes '-', accents are dropped."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", plain)
    for ending in FORBIDDEN_ID_ENDINGS:
        if plain.lower().endswith(ending):
            plain = f"{plain[: -len(ending)]}-{ending[1:]}"
    return plain.lstrip("._-")[:MAX_ID_LENGTH].rstrip(".-")


def scan_names(names: Iterable[str], layout: str) -> Scan:
    """Find children, sessions and transcripts in a list of file names.

    Parameters
    ----------
    names : iterable of str
        Paths from the folder, with '/'.
    layout : str
        ``child-folders``: the child is the folder that the video lies in. ``flat``: the child is
        the part of the video's name before the first ``_``. Otherwise a pattern of the path with
        ``{child}`` and ``{session}``, where ``*`` stands for anything within a name and ``**/``
        for any folders.

    Returns
    -------
    Scan
        A video has the transcript of the same name without suffix; where several have that name,
        the one whose folder has the same name as the video's.

    Raises
    ------
    UserError
        The layout is not known, names cannot stand in a table, or two become the same id.
    """
    pattern = _pattern(layout)
    names = sorted(names)
    videos = [name for name in names if PurePosixPath(name).suffix.lower() in VIDEO_SUFFIXES]
    transcripts = defaultdict(list)
    for name in names:
        if PurePosixPath(name).suffix.lower() in TRANSCRIPT_SUFFIXES:
            transcripts[PurePosixPath(name).stem].append(name)
    _refuse_names([*videos, *(name for group in transcripts.values() for name in group)])
    recordings, outside, children = [], [], []
    for video in videos:
        match = pattern.fullmatch(video)
        if match is None:
            outside.append(video)
            continue
        source_name = PurePosixPath(video).stem
        transcript = _transcript_of(video, transcripts[source_name])
        child_id, session_id = make_id(match["child"]), make_id(match["session"])
        children.append((child_id, match["child"]))
        recordings.append(Found(child_id, session_id, video, transcript, source_name))
    _refuse_collisions(recordings, children)
    used = {recording.transcript for recording in recordings}
    return Scan(
        recordings,
        [recording.video for recording in recordings if recording.transcript is None],
        [name for group in transcripts.values() for name in group if name not in used],
        outside,
    )


def scan(folder: str | Path, layout: str, out_dir: str | Path, root: str | Path = ".") -> None:
    """Write both corpus tables from a folder and tell what could not be paired.

    Parameters
    ----------
    folder : str or Path
        Where videos and transcripts lie, at any depth; hidden files are passed over.
    layout : str
        As for `scan_names`.
    out_dir : str or Path
        Where to write ``children.tsv`` and ``sessions.tsv``; tables with rows in them are kept.
    root : str or Path
        The config's ``corpus.root``: paths below it are written as they begin from there, others
        in full.

    Raises
    ------
    UserError
        The folder is missing or holds no video that fits the layout, or a table has rows already.
    """
    folder, out_dir = Path(folder), Path(out_dir)
    below = Path(root).resolve()
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; give the folder that holds the videos")
    for table in (CHILDREN, SESSIONS):
        path = out_dir / f"{table.name}.tsv"
        if path.exists() and read_tsv(path, table, problems=[]):
            raise UserError(f"{path}: has rows already; move it away or give another --out-dir")
    found = scan_names(_names(folder), layout)
    _tell("videos do not fit the layout", found.videos_outside_layout)
    if not found.recordings:
        raise UserError(
            f"{folder}: no video fits layout {layout!r}; expected files ending in "
            f"{', '.join(VIDEO_SUFFIXES)}; give another --layout"
        )
    _tell("videos have no transcript", found.videos_without_transcript)
    _tell("transcripts have no video, or it is not clear which", found.transcripts_without_video)

    def from_root(name: str) -> str:
        path = folder.resolve() / name
        return (path.relative_to(below) if path.is_relative_to(below) else path).as_posix()

    sessions = [
        {
            "child_id": recording.child_id,
            "session_id": recording.session_id,
            "video": join_paths([from_root(recording.video)]),
            "transcript": from_root(recording.transcript) if recording.transcript else "",
            "source_name": recording.source_name,
        }
        for recording in found.recordings
    ]
    children = [{"child_id": name} for name in dict.fromkeys(row["child_id"] for row in sessions)]
    _write(
        out_dir / "children.tsv", [name for name in CHILDREN.names if name != "age_days"], children
    )
    _write(out_dir / "sessions.tsv", SESSIONS.names, sessions)
    logger.info(
        "%d children, %d sessions: wrote %s and %s. Next: give birth_date and recording_date (or "
        "age_days) where you know them",
        len(children),
        len(sessions),
        out_dir / "children.tsv",
        out_dir / "sessions.tsv",
    )


def _pattern(layout: str) -> re.Pattern[str]:
    """Return the regular expression of a layout."""
    if layout in LAYOUTS:
        return LAYOUTS[layout]
    if any(layout.count(name) != 1 for name in ("{child}", "{session}")):
        raise UserError(
            f"--layout {layout!r}: expected {', '.join(LAYOUTS)}, or a pattern that holds "
            "{child} and {session} once, such as '{child}/{session}.mp4'"
        )
    parts = re.split(r"(\{child\}|\{session\}|\*\*/|\*)", layout)
    return re.compile("".join(FIELDS.get(part, re.escape(part)) for part in parts))


def _transcript_of(video: str, candidates: Sequence[str]) -> str | None:
    """Return the transcript that belongs to a video, or None where none or several could."""
    if len(candidates) > 1:
        near = PurePosixPath(video).parent.name
        candidates = [name for name in candidates if PurePosixPath(name).parent.name == near]
    return candidates[0] if len(candidates) == 1 else None


def _refuse_names(names: Iterable[str]) -> None:
    """Refuse names that a table of lines and tabs cannot hold."""
    bad = [name for name in names if re.search(r"[\t\r\n]|^\s", name)]
    if bad:
        raise UserError(
            f"names with tabs, line ends or leading blanks cannot stand in a table: {bad[:5]}; "
            "rename these files"
        )


def _refuse_collisions(recordings: Sequence[Found], children: Sequence[tuple[str, str]]) -> None:
    """Refuse names that become no id, or the same id, also but for upper and lower case."""
    problems = []
    names: dict[str, str] = {}
    for child_id, name in children:
        if names.setdefault(child_id.lower(), name) != name:
            problems.append(f"children {names[child_id.lower()]!r} and {name!r} become {child_id}")
    videos: dict[tuple[str, str], str] = {}
    for recording in recordings:
        key = (recording.child_id.lower(), recording.session_id.lower())
        if not all(key):
            problems.append(f"{recording.video}: no id can be made of this name")
        elif videos.setdefault(key, recording.video) != recording.video:
            problems.append(
                f"{videos[key]} and {recording.video} both become "
                f"{recording.child_id}/{recording.session_id}"
            )
    if problems:
        listed = list(dict.fromkeys(problems))
        raise UserError("\n  ".join(["names collide; rename them or give --layout", *listed]))


def _names(folder: Path) -> Iterator[str]:
    """Give the paths of all files below a folder that are not hidden."""
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if not name.startswith("."):
                yield (Path(place) / name).relative_to(folder).as_posix()


def _tell(what: str, names: Sequence[str]) -> None:
    """Warn of files that could not be used."""
    if names:
        logger.warning("%d %s:", len(names), what)
        for name in names:
            logger.warning("  %s", name)


def _write(path: Path, columns: Sequence[str], rows: Sequence[dict[str, str]]) -> None:
    """Write a table that `read_corpus` reads; cells without a value stay empty."""
    with atomic_path(path) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, dialect="excel-tab", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
