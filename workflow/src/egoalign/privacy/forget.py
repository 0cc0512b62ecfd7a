"""Remove all that was made of one child or one recording, and look whether anything remains."""

from __future__ import annotations

import base64
import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from egoalign.config import load_config
from egoalign.log import UserError
from egoalign.privacy.contents import Picture, Text, pieces_of
from egoalign.privacy.zone import EFFECTIVE_CONFIG, files_below
from egoalign.provenance.files import FOLDER
from egoalign.provenance.record import ENVIRONMENTS
from egoalign.tables import PRIVATE_ZONE, TABLES, ZONE_MARK, read_columns

ENGINE = Path(".snakemake")
"""The workflow engine's own folder, beside the Snakefile: its records name recordings."""

ENGINE_RECORDS = ("metadata", "incomplete", "log", "slurm_logs", "auxiliary", "iocache")

OURS = (
    *("align", "benchmarks", "corpus", "encode", "figures", PRIVATE_ZONE, "provenance", "raw"),
    *("reference", "report", "stats", "truth", "validate", "vary", "video"),
)
"""Folders of the results that hold what steps made; anything else there is not ours to remove."""

OF_NOBODY = (
    f"{PRIVATE_ZONE}/{ZONE_MARK}",
    f"{PRIVATE_ZONE}/{EFFECTIVE_CONFIG}",
    f"{FOLDER}/{ENVIRONMENTS}/",
    *(f"{place}reference/" for place in ("", f"{PRIVATE_ZONE}/", f"{FOLDER}/")),
)
"""How paths begin that hold nothing of the corpus: packages, captioned pictures of other sets."""

SESSION_FOLDERS = ("video", f"{PRIVATE_ZONE}/transcripts", f"{PRIVATE_ZONE}/split")
"""Folders of the results that hold one folder a child and nothing else."""

TABLE_FILE = re.compile(r"(\.(media|frames|utterances|words|content_words))?\.\w+$")
"""How the names of files in these folders end, after the recording's id."""

FILE_ENDS = "|".join(
    [
        *TABLES,
        *("parquet", "arrow", "csv", "tsv", "json", "log"),
        *("mp4", "mov", "mkv", "webm"),
        "html",
    ]
)
"""What may follow an id and a dot, where it is no part of a longer id."""

KEYS = ("child_id", "session_id")


@dataclass(frozen=True)
class Forgotten:
    """A child, or one recording of a child, that is to be forgotten."""

    child_id: str
    session_id: str | None = None

    def __str__(self) -> str:
        """Return the id as it is given on the command line."""
        return self.child_id if self.session_id is None else f"{self.child_id}/{self.session_id}"

    def is_mentioned(self, text: str) -> bool:
        """Whether a text names it."""
        return bool(self._mention.search(text))

    @cached_property
    def _mention(self) -> re.Pattern[str]:
        child, begin = re.escape(self.child_id), r"(?<![A-Za-z0-9._-])"
        end = rf"(?![A-Za-z0-9_-]|\.(?!(?:{FILE_ENDS})\b)[A-Za-z0-9_-])"
        if self.session_id is not None:
            # As in a path, in `child:session`, in a row of a CSV, or in JSON.
            session = re.escape(self.session_id)
            return re.compile(rf"{begin}{child}[^A-Za-z0-9]{{1,4}}{session}{end}")
        if len(self.child_id) < 3 or self.child_id.isdigit():
            # Such an id stands in any text by chance: only as a folder, or as the name of a page,
            # it surely means the child.
            return re.compile(rf"/{child}(?:/|\.html\b)")
        return re.compile(f"{begin}{child}{end}")


def find_forgotten(results: str | Path, name: str) -> Forgotten:
    """Return the child or recording that a command names.

    Parameters
    ----------
    results : str or Path
        The folder of the results.
    name : str
        ``child_id``, ``child_id/session_id``, or a ``session_id`` that only one child has.

    Raises
    ------
    UserError
        These are no results, there is no such child or recording among them, or recordings of
        several children have that id.
    """
    if not (Path(results) / PRIVATE_ZONE / ZONE_MARK).is_file():
        raise UserError(
            f"{results}: no private zone in it ('{PRIVATE_ZONE}/{ZONE_MARK}'); name the folder of "
            "the results of a run by --results"
        )
    sessions = _sessions(Path(results))
    child, _, session = name.partition("/")
    if child in sessions and (not session or session in sessions[child]):
        return Forgotten(child, session or None)
    owners = [one for one, own in sessions.items() if name in own]
    if len(owners) == 1:
        return Forgotten(owners[0], name)
    if owners:
        several = " or ".join(f"'{one}/{name}'" for one in owners)
        raise UserError(f"'{name}' is a recording of several children; expected {several}")
    given = Forgotten(child, session or None)
    if remains(results, given):  # of an earlier removal that was cut short
        return given
    known = [*sessions, *(f"{one}/{own}" for one in sessions for own in sessions[one])]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    raise UserError(
        f"{results}: no child or recording '{name}'{hint} Expected an id of sessions.tsv: a "
        "child's, or child/session"
    )


def files_to_remove(results: str | Path, forgotten: Forgotten) -> list[Path]:
    """Return the files that hold or were made from what is to be forgotten.

    Those are its own files, and all that belongs to no single recording: tables and figures of the
    corpus hold a part of everybody.

    Parameters
    ----------
    results : str or Path
        The folder of the results.
    forgotten : Forgotten
        What is to be forgotten.
    """
    results = Path(results)
    sessions = _sessions(results)
    folders = [(results, results / place) for place in OURS]
    folders += [(folder, folder) for folder in _folders_elsewhere(results)]
    return [
        path
        for root, folder in folders
        for path in files_below(folder)
        if not _stays(path.relative_to(root), forgotten, sessions)
    ]


def _stays(path: Path, forgotten: Forgotten, sessions: dict[str, set[str]]) -> bool:
    """Whether a file of the results is of others only, or of no recording at all."""
    own = [
        session
        for session in sessions.get(path.parent.name, ())
        if path.name.startswith(f"{session}.")
    ]
    if not own:
        return path.as_posix().startswith(OF_NOBODY) and not path.name.startswith("comparison.")
    if path.parent.name != forgotten.child_id:
        return True
    return forgotten.session_id not in (None, max(own, key=len))


def forget(results: str | Path, forgotten: Forgotten, engine: Path = ENGINE) -> int:
    """Remove all that was made of a child or recording; return how many files that were.

    Parameters
    ----------
    results : str or Path
        The folder of the results.
    forgotten : Forgotten
        What to forget.
    engine : Path
        The engine's folder.
    """
    results = Path(results)
    paths = files_to_remove(results, forgotten)
    removed = {path.absolute() for path in paths}
    # The engine's records first: while files are there, it is known what they were.
    records = [
        path
        for path in _engine_records(engine)
        if _recorded(path, engine) in removed or _names_it(path, forgotten)
    ]
    for path in (*records, *paths):
        path.unlink()
    for folder in sorted({path.parent for path in paths}, reverse=True):
        while folder.is_dir() and folder != results and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent
    return len(paths) + len(records)


def remains(results: str | Path, forgotten: Forgotten, engine: Path = ENGINE) -> list[str]:
    """Return where a child or recording still stands: one line a file, none if it is forgotten.

    Parameters
    ----------
    results : str or Path
        The folder of the results, all of which is looked through, the private zone too.
    forgotten : Forgotten
        What should be forgotten.
    engine : Path
        The engine's folder.
    """
    results = Path(results)
    found = []
    for folder in (results, *_folders_elsewhere(results)):
        for path in files_below(folder):
            if forgotten.is_mentioned(f"/{path.relative_to(folder).as_posix()}"):
                found.append(f"{path}: its name")
            else:
                found += [f"{path}: {place}" for place in _places(path, forgotten)][:1]
    found += [
        f"{path}: a record of the engine"
        for path in _engine_records(engine)
        if _names_it(path, forgotten)
    ]
    return found


def _places(path: Path, forgotten: Forgotten) -> Iterator[str]:
    """Yield the places of a file that name what should be forgotten."""
    try:
        if _has_row(path, forgotten):
            yield "a row"
    except (pa.ArrowException, UserError):
        yield "a table that cannot be read, so that it may hold anybody; delete it"
        return
    for piece in pieces_of(path):
        if isinstance(piece, Picture):
            continue
        texts = [piece.text] if isinstance(piece, Text) else piece.values
        if any(map(forgotten.is_mentioned, texts)):
            yield piece.place or "its text"


def _has_row(path: Path, forgotten: Forgotten) -> bool:
    """Whether a table has a row of it, by the columns of ids."""
    table = _ids(path)
    if table is None or "child_id" not in table.column_names:
        return False
    own = pc.equal(table["child_id"], forgotten.child_id)
    if forgotten.session_id is not None:
        if "session_id" not in table.column_names:
            return False
        own = pc.and_(own, pc.equal(table["session_id"], forgotten.session_id))
    return bool(pc.any(own).as_py())


def _ids(path: Path) -> pa.Table | None:
    """Return a table with its ids as text, or None where a file is no table."""
    if path.suffix in (".parquet", ".arrow"):
        table = read_columns(path)
        names = [name for name in KEYS if name in table.column_names]
        return pa.table({name: table[name].cast(pa.string()) for name in names})
    if path.suffix in (".csv", ".tsv"):
        text = pa_csv.ConvertOptions(column_types=dict.fromkeys(KEYS, pa.string()))
        parse = pa_csv.ParseOptions(
            delimiter="\t" if path.suffix == ".tsv" else ",", newlines_in_values=True
        )
        try:
            return pa_csv.read_csv(path, parse_options=parse, convert_options=text)
        except pa.ArrowInvalid:
            return None
    return None


def _sessions(results: Path) -> dict[str, set[str]]:
    """Return the recordings of every child of which the results know."""
    sessions: dict[str, set[str]] = {}
    table = results / "corpus" / "sessions.parquet"
    if table.is_file():
        for row in read_columns(table, KEYS).to_pylist():
            sessions.setdefault(row["child_id"], set()).add(row["session_id"])
    for place in SESSION_FOLDERS:
        for path in sorted((results / place).glob("*/*")):
            sessions.setdefault(path.parent.name, set()).add(TABLE_FILE.sub("", path.name))
    return sessions


def _folders_elsewhere(results: Path) -> list[Path]:
    """Return the folders of logs and benchmarks that the config has laid outside the results."""
    config = results / PRIVATE_ZONE / EFFECTIVE_CONFIG
    given = load_config(config).pathvars if config.is_file() else {}
    folders = [Path(folder) for name, folder in given.items() if name != "results"]
    return [one for one in folders if not one.absolute().is_relative_to(results.absolute())]


def _engine_records(engine: Path) -> list[Path]:
    """Return the files in which the engine keeps what it did."""
    return [
        path
        for folder in ENGINE_RECORDS
        for path in sorted((engine / folder).rglob("*"))
        if path.is_file()
    ]


def _recorded(path: Path, engine: Path) -> Path | None:
    """Return the output that a record is of: its name is that path, coded and cut into folders."""
    coded = "".join(part.removeprefix("@") for part in path.relative_to(engine).parts[1:])
    try:
        return (engine.parent / base64.b64decode(coded, validate=True).decode()).absolute()
    except ValueError:
        return None


def _names_it(path: Path, forgotten: Forgotten) -> bool:
    """Whether a record of the engine names what is to be forgotten."""
    return forgotten.is_mentioned(path.as_posix()) or forgotten.is_mentioned(
        path.read_text(encoding="utf-8", errors="replace")
    )
