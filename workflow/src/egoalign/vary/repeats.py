"""Whether the response is that of a larger unit, written once for each of its parts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from egoalign.vary.formula import Formula, parse_formula
from egoalign.vary.variables import as_factor, read_column

MIN_UNITS = 10
"""Units of two or more rows that must agree before it is said: fewer may agree by chance."""


def repeated_response(data: pa.Table, response: str, formula: str | Formula) -> str | None:
    """Return a warning where the response repeats within a unit that is not in the formula.

    Rows of one unit are not independent: a table of words with the utterance's score needs an
    effect of the utterance, or one row an utterance. A unit is a column of text or whole numbers,
    by itself or within one of the formula's groups (ids of utterances may begin anew in each
    session), in which at least `MIN_UNITS` units have two or more rows and none of them two values
    of the response.

    Parameters
    ----------
    data : pyarrow.Table
        The table.
    response : str
        A column of numbers in it.
    formula : str or Formula
        The model.
    """
    formula = parse_formula(formula) if isinstance(formula, str) else formula
    y = read_column(response, data[response])
    rows = np.flatnonzero(~y.missing)
    _, values = np.unique(as_factor(y.at(rows)).codes, return_inverse=True)
    groups = {
        bar.group_name: np.unique(
            np.column_stack([_codes(data, name, rows) for name in bar.group]),
            axis=0,
            return_inverse=True,
        )[1]
        for bar in formula.bars
    }
    if any(_repeats(codes, values) for codes in groups.values()):
        return None  # the formula has an effect of the unit
    for name in _unused(data, formula):
        own = _codes(data, name, rows)
        for within, codes in [
            ("", own),
            *((f" within {g}", _pairs(groups[g], own)) for g in groups),
        ]:
            if _repeats(codes, values):
                return (
                    f"{response} is the same in all rows of each {name}{within}, which has no "
                    f"effect in the formula: rows are not independent; add (1 | {name}) or use one "
                    f"row for each {name}"
                )
    return None


def _unused(data: pa.Table, formula: Formula) -> Iterator[str]:
    """Yield columns of text or whole numbers that are not in the formula."""
    for field in data.schema:
        kind = field.type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        named = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        if field.name not in formula.columns and (named or pa.types.is_integer(kind)):
            yield field.name


def _codes(data: pa.Table, name: str, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the level of each row; those without one are units of their own."""
    variable = read_column(name, data[name]).at(rows)
    codes = as_factor(variable).codes
    lone = np.flatnonzero(variable.missing)
    codes[lone] = codes.max(initial=0) + 1 + np.arange(lone.size)
    return codes


def _pairs(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a code of each combination."""
    return left * (right.max(initial=0) + 1) + right


def _repeats(codes: NDArray[np.int64], values: NDArray[np.int64]) -> bool:
    """Return whether enough units have several rows and no unit has two values."""
    order = np.argsort(codes, kind="stable")
    same_unit = np.diff(codes[order]) == 0
    if np.any(same_unit & (np.diff(values[order]) != 0)):
        return False
    sizes = np.unique(codes, return_counts=True)[1]
    return int((sizes > 1).sum()) >= MIN_UNITS
