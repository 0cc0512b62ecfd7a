"""Look through results for what must not stand outside the private zone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from PIL import Image

from egoalign.config import Config, load_config
from egoalign.corpus.read import read_corpus
from egoalign.log import UserError, logger
from egoalign.privacy.contents import Picture, Text, Values, pieces_of
from egoalign.privacy.gate import LEAVING_SUFFIXES, RECORDED
from egoalign.privacy.needles import LEAST_LETTERS, Needles, words_of
from egoalign.privacy.zone import EFFECTIVE_CONFIG, files_below
from egoalign.provenance.files import file_digest
from egoalign.tables import (
    LAB_SCORES,
    PRIVATE_ZONE,
    TABLES,
    ZONE_MARK,
    Holds,
    read_columns,
    read_metadata,
)

DEMO_FOLDERS = (RECORDED, "truth", "cache")
"""What the demo makes and fetches is nobody's: recordings, what is true of them, photographs."""

USUAL_SUFFIXES = (*LEAVING_SUFFIXES, ".yaml", ".tsv", ".md")
FIGURES = "figures"
EXPORTS = "exports"
"""Folder in the private zone: of each export the key of its ids, and figures drawn for it."""

SOFTWARE = "egoalign"
"""What our figures say that they were made by."""

LEAST_GROUND = 0.3
"""One colour fills more than this share of a figure, and less of a picture of a room."""

SPOKEN = (Holds.TEXT, Holds.LEMMA)


@dataclass(frozen=True)
class Finding:
    """One thing that must not be there: the file, the place in it, and what it is."""

    file: str
    place: str
    what: str

    def __str__(self) -> str:
        """Return one line."""
        return f"{self.file}{f' ({self.place})' if self.place else ''}: {self.what}"


def scan_results(
    results: str | Path, names: Iterable[str] = (), bundle: str | Path | None = None
) -> list[Finding]:
    """Return what stands outside the private zone of some results and must not.

    Parameters
    ----------
    results : str or Path
        The folder of the results.
    names : iterable of str
        Further names to look for; those of the recordings are looked for anyhow.
    bundle : str or Path, optional
        A folder or file to look through instead, such as an export of these results.

    Raises
    ------
    UserError
        There is no private zone.
    """
    results = Path(results)
    zone = results / PRIVATE_ZONE
    if not (zone / ZONE_MARK).is_file():
        raise UserError(
            f"{results}: no private zone in it ('{PRIVATE_ZONE}/{ZONE_MARK}'); name the folder of "
            "the results of a run"
        )
    config = _effective_config(zone)
    needles = Needles(
        [*names, *_names_of_recordings(zone, config)],
        _spoken(zone, (Holds.TEXT,)),
        [word for word in _spoken(zone, SPOKEN) if " " not in word],
    )
    drawn = [*(results / FIGURES).rglob("*.png"), *(zone / EXPORTS).rglob("*.png")]
    figures = {file_digest(path) for path in drawn if _is_drawn(path)}
    if bundle is not None:
        bundle = Path(bundle)
        paths = files_below(bundle) if bundle.is_dir() else [bundle]
        root = bundle if bundle.is_dir() else bundle.parent
        return [one for path in paths for one in _findings(path, root, needles, figures)]
    skipped = (PRIVATE_ZONE, *(DEMO_FOLDERS if config and config.demo else ()))
    found = []
    for path in files_below(results):
        file = path.relative_to(results)
        if file.parts[0] in skipped:
            continue
        if path.suffix not in USUAL_SUFFIXES:
            what = f"a file '{path.suffix}', which no step makes here"
            found.append(Finding(file.as_posix(), "", what))
        found += _findings(path, results, needles, figures)
    return found


def _findings(path: Path, root: Path, needles: Needles, figures: set[str]) -> Iterator[Finding]:
    """Yield what is found in one file."""
    file = path.relative_to(root).as_posix()
    for what in needles.find(file):
        yield Finding(file, "its name", what)
    for piece in pieces_of(path):
        if isinstance(piece, Picture):
            if piece.digest not in figures:
                yield Finding(file, piece.place, f"{piece.what} that is no figure")
        elif isinstance(piece, Text):
            for what in needles.find(piece.text):
                yield Finding(file, piece.place, what)
        else:
            yield from _in_column(file, piece, needles)


def _in_column(file: str, column: Values, needles: Needles) -> Iterator[Finding]:
    """Yield what is found among the values of a column, each once."""
    if needles.is_column_of_words(column.values):
        yield Finding(file, column.place, "a column of words that were said")
    for what in dict.fromkeys(what for value in column.values for what in needles.find(value)):
        yield Finding(file, column.place, what)


def _effective_config(zone: Path) -> Config | None:
    """Return the config of the results, where they hold one."""
    path = zone / EFFECTIVE_CONFIG
    return load_config(path) if path.is_file() else None


def _spoken(zone: Path, kinds: Sequence[Holds]) -> Iterator[str]:
    """Yield the distinct texts of the columns of such kinds in the private zone."""
    for path in sorted(zone.rglob("*.parquet")):
        table = TABLES.get(read_metadata(path).get("egoalign_table", ""))
        names = [one.name for one in table.columns if one.holds in kinds] if table else []
        for column in read_columns(path, names).columns if names else ():
            yield from (text for text in pc.unique(column).to_pylist() if isinstance(text, str))


def _names_of_recordings(zone: Path, config: Config | None) -> Iterator[str]:
    """Yield names, files and dates of recordings and children; none that serve as ids too."""
    names: set[str] = set()
    ids: set[str] = set()
    for path in sorted((zone / "scores").glob("*.csv")):
        wanted = pa_csv.ConvertOptions(include_columns=[LAB_SCORES.columns[1].name])
        names |= set(pa_csv.read_csv(path, convert_options=wanted)[0].cast("string").to_pylist())
    try:
        if config is not None:
            options = config.corpus
            corpus = read_corpus(options.children, options.sessions, options.root)
            for session in corpus.sessions:
                ids |= {session.child_id, session.session_id}
                files = [Path(file) for file in session.files()]
                names |= {session.source_name or "", str(session.recording_date or "")}
                names |= {text for file in files for text in (file.name, file.stem)}
            names |= {str(child.birth_date or "") for child in corpus.children}
    except UserError as error:
        logger.warning("names of recordings are not looked for but those in scores: %s", error)
    known = {word for one in ids for word in words_of(one)}
    yield from sorted(name for name in names if _is_telling(Path(name).stem, known))


def _is_telling(name: str, known: set[str]) -> bool:
    """Whether a name has a word of its own, and not ids and small numbers only."""
    return any(len(word) >= LEAST_LETTERS and word not in known for word in words_of(name))


def _is_drawn(path: Path) -> bool:
    """Whether a PNG was drawn by us and looks drawn."""
    with Image.open(path) as picture:
        drawn = picture.info.get("Software") == SOFTWARE
        colours = picture.convert("RGB").getcolors(maxcolors=1 << 24) or []
        ground = max((count for count, _ in colours), default=0)
        return drawn and ground >= LEAST_GROUND * picture.width * picture.height
