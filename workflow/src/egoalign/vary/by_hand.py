"""Fit a model to any table, from the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from egoalign.log import UserError, logger
from egoalign.tables import atomic_path, write_table
from egoalign.vary.formula import near_or_all
from egoalign.vary.frame import build_frame
from egoalign.vary.results import RESULT_TABLES, ResultOptions, fit_and_describe
from egoalign.vary.terms import Family, Reals
from egoalign.vary.variables import Factor, read_column

MISSING = ("", "NA", "NaN", "nan", "null", "None")
"""Cells of a CSV that are missing values."""

SCALES = ("center", "standardize")
SEPARATORS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True)
class Asked:
    """A model asked for by hand.

    Attributes
    ----------
    formula : str
        In lme4's notation.
    family : str
        ``gaussian`` or ``binomial``.
    reml : bool
        Restricted likelihood, in a Gaussian model.
    contrasts, scale : mapping
        As for `egoalign.vary.frame.build_frame`.
    also : sequence of str
        Columns that are other responses, for the robustness table.
    """

    formula: str
    family: Family
    reml: bool
    contrasts: Mapping[str, str]
    scale: Mapping[str, str]
    also: Sequence[str] = ()


def fit_model_by_hand(path: Path, asked: Asked, options: ResultOptions, out: Path | None) -> str:
    """Fit a model to a table in a file; return the summary, and write the tables to a folder.

    Parameters
    ----------
    path : Path
        CSV (comma), TSV or Parquet, with a header.
    asked : Asked
        The model.
    options : ResultOptions
        What is reported besides the fit.
    out : Path or None
        Folder for the summary and the tables, as Parquet and CSV.

    Raises
    ------
    UserError
        If the file cannot be read, or the model cannot be fitted to it.
    """
    data = read_any_table(path)
    try:
        frame = build_frame(
            data,
            asked.formula,
            family=asked.family,
            contrasts=asked.contrasts,
            scale=asked.scale,
        )
        responses = {name: other_response(data, name)[frame.rows] for name in asked.also}
        options = replace(options, responses=responses)
        results = fit_and_describe(frame, asked.family, asked.reml, options)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    if out is not None:
        for table in RESULT_TABLES:
            file = out / f"{table.name}.parquet"
            write_table(table, results.tables[table.name], file, csv=file.with_suffix(".csv"))
        with atomic_path(out / "summary.txt") as partial:
            partial.write_text(results.summary, encoding="utf-8")
        logger.info("%d tables and the summary are in %s", len(RESULT_TABLES), out)
    return results.summary


def read_any_table(path: Path) -> pa.Table:
    """Read a table by the ending of its name: ``.csv``, ``.tsv`` or ``.parquet``.

    Raises
    ------
    UserError
        If there is no such file, or it is not what its ending says.
    """
    ending = path.suffix.lower()
    if ending not in (*SEPARATORS, ".parquet"):
        raise UserError(f"{path}: expected a table that ends in .csv, .tsv or .parquet")
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    try:
        if ending == ".parquet":
            with pq.ParquetFile(path) as file:
                data = file.read()
        else:
            data = pa_csv.read_csv(
                path,
                parse_options=pa_csv.ParseOptions(delimiter=SEPARATORS[ending]),
                convert_options=pa_csv.ConvertOptions(
                    null_values=list(MISSING), strings_can_be_null=True
                ),
            )
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}: not a {ending[1:]} table ({reason})") from error
    twice = sorted({name for name in data.column_names if data.column_names.count(name) > 1})
    if twice:
        raise UserError(f"{path}: two columns are called {twice[0]!r}; expected each name once")
    return data


def named_options(words: Sequence[str], option: str, values: Sequence[str] = ()) -> dict[str, str]:
    """Return ``NAME=VALUE`` words as a dictionary.

    Raises
    ------
    UserError
        If a word is no such pair, a name comes twice, or a value is not one of `values`.
    """
    found: dict[str, str] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not (name and sign and value):
            raise UserError(f"--{option} {word}: expected NAME=VALUE, such as --{option} age=..")
        if name in found:
            raise UserError(f"--{option}: {name} is given twice")
        if values and value not in values:
            raise UserError(f"--{option} {word}: expected {' or '.join(values)} after '='")
        found[name] = value
    return found


def other_response(data: pa.Table, name: str) -> Reals:
    """Return a column of numbers, NaN where missing."""
    if name not in data.column_names:
        raise UserError(
            f"--also {name}: the table has no such column;"
            f"{near_or_all(name, data.column_names, 'it has')}"
        )
    column = read_column(name, data[name])
    if isinstance(column, Factor):
        raise UserError(f"--also {name}: it holds {', '.join(column.levels[:3])}: expected numbers")
    return np.where(column.missing, np.nan, column.values[:, 0])
