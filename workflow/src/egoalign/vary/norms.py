"""Norms: what people said of words, read from the table that the user names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from egoalign.config import NormsTable
from egoalign.log import UserError, logger
from egoalign.transcripts.delimited import Line, header_of, read_lines
from egoalign.transcripts.segments import number
from egoalign.transcripts.text import decode

SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""First bytes of .xlsx and .ods, and of .xls."""

DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
NO_VALUE = ("#n/a", "#null!", ".", "-")
"""What spreadsheet programs and SPSS write where there is no value, beside the usual NA."""


@dataclass(frozen=True)
class Layout:
    """A published table: its header's words, and the columns of word and values.

    Attributes
    ----------
    name : str
        The publication.
    word : str
        Column of the word.
    columns : mapping
        Of each predictor, the columns that may hold it; the first that is there counts.
    marks : tuple of str
        Columns that a table must have to be taken for this one.
    """

    name: str
    word: str
    columns: Mapping[str, tuple[str, ...]]
    marks: tuple[str, ...]


LAYOUTS = (
    Layout(
        "Brysbaert, Warriner & Kuperman (2014), concreteness of 40 thousand English lemmas",
        "Word",
        {"concreteness": ("Conc.M",)},
        ("Word", "Conc.M", "Conc.SD"),
    ),
    Layout(
        "Kuperman, Stadthagen-Gonzalez & Brysbaert (2012), age of acquisition of 30 thousand "
        "English words",
        "Word",
        {"age_of_acquisition": ("Rating.Mean",)},
        ("Word", "OccurTotal", "OccurNum", "Rating.Mean"),
    ),
    Layout(
        "the same for 51 thousand words, lemmas' values given to their forms",
        "Word",
        {"age_of_acquisition": ("AoA_Kup_lem", "AoA_Kup")},
        ("Word", "AoA_Kup"),
    ),
    Layout(
        "a plain table",
        "word",
        {"concreteness": ("concreteness",), "age_of_acquisition": ("age_of_acquisition", "aoa")},
        ("word",),
    ),
)
"""The layouts that are recognised, whatever their capitals; the first that fits counts."""


@dataclass(frozen=True)
class Norm:
    """The values of one predictor: by word as written, and by word without regard to capitals."""

    exact: Mapping[str, float]
    folded: Mapping[str, float]

    def of(self, word: str) -> float | None:
        """Return a word's value, or None; the word with the same capitals goes first."""
        found = self.exact.get(word)
        return self.folded.get(word.casefold()) if found is None else found


Norms = dict[str, Norm]
"""Norms by the name of the predictor."""


def read_norms(tables: Iterable[NormsTable]) -> Norms:
    """Read all tables of norms that the config names.

    Raises
    ------
    UserError
        A table cannot be read or recognised, or two have the same predictor.
    """
    norms: Norms = {}
    source: dict[str, str] = {}
    for table in tables:
        for name, norm in read_norms_table(table).items():
            if name in norms:
                raise UserError(
                    f"vary.predictors.norms: {source[name]} and {table.path} both have {name}; "
                    "give 'word' and 'columns' of one, without it or under another name"
                )
            norms[name], source[name] = norm, table.path
    return norms


def read_norms_table(table: NormsTable) -> Norms:
    """Read one table of norms, and log what was found in it.

    A word that stands there several times gets the mean of its values.

    Raises
    ------
    UserError
        The file is missing or a spreadsheet, its header is not recognised and no columns are
        named, a column is missing, or a value is no number.
    """
    path = Path(table.path)
    text = _text(path)
    word, columns, layout = _columns(table, text)
    needed = dict.fromkeys((word, *columns.values()), "name yours in vary.predictors.norms")
    given: dict[str, dict[str, list[float]]] = {name: {} for name in columns}
    without: dict[str, int] = dict.fromkeys(columns, 0)
    rows = 0
    for line in read_lines(text, str(path), needed):
        key = line.cells[word].strip()
        if not key:
            continue
        rows += 1
        for name, column in columns.items():
            value = _value(line, column)
            if value is None:
                without[name] += 1
            else:
                given[name].setdefault(key, []).append(value)
    logger.info("%s: %d rows, read as %s", path, rows, layout)
    for name, words in given.items():
        logger.info(
            "  %s (%s): %d words; %d rows without a value; %d words stand there several times",
            name,
            columns[name],
            len(words),
            without[name],
            sum(len(values) > 1 for values in words.values()),
        )
        if not words:
            raise UserError(f"{path}: column {columns[name]!r} holds no value; name another")
    return {name: _norm(words) for name, words in given.items()}


def _text(path: Path) -> str:
    """Return a file's text."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}); check vary.predictors.norms"
        ) from error
    if data.startswith(SPREADSHEETS):
        raise UserError(f"{path}: a spreadsheet; save its sheet as CSV and name that file")
    return decode(data)[0]


def _columns(table: NormsTable, text: str) -> tuple[str, dict[str, str], str]:
    """Return the columns of word and predictors as the file has them, and the layout's name."""
    if table.word is not None:
        return table.word, dict(table.columns), "named columns"
    header = header_of(text)
    written = {name.casefold(): name for name in reversed(header)}
    for layout in LAYOUTS:
        if not all(mark.casefold() in written for mark in layout.marks):
            continue
        columns = {
            name: written[there[0].casefold()]
            for name, candidates in layout.columns.items()
            if (there := [one for one in candidates if one.casefold() in written])
        }
        if columns:
            return written[layout.word.casefold()], columns, layout.name
    raise UserError(
        f"{table.path}: no known table of norms; columns found: {', '.join(header)}; say which "
        "hold what, such as {path: ..., word: Word, columns: {concreteness: Conc.M}}"
    )


def _value(line: Line, column: str) -> float | None:
    """Return a value, or None where there is none; a decimal comma is taken for a point."""
    cell = line.cells[column].strip()
    if cell.lower() in NO_VALUE:
        return None
    if DECIMAL_COMMA.fullmatch(cell):
        cell = cell.replace(",", ".")
    return number(cell, line.place, column)


def _norm(words: Mapping[str, Sequence[float]]) -> Norm:
    """Return the means of each word's values."""
    folded: dict[str, list[float]] = {}
    for word, values in words.items():
        folded.setdefault(word.casefold(), []).extend(values)
    return Norm(_means(words), _means(folded))


def _means(words: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {word: sum(values) / len(values) for word, values in words.items()}
