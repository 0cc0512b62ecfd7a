"""Whether the response is that of a larger unit, written once for each of its parts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from egoalign.vary.formula import Formula, parse_formula
from egoalign.vary.variables import Factor, read_column

MIN_UNITS = 10
"""Units of two or more rows that must agree before it is said: fewer may agree by chance."""

FIRST_LOOK = 16
"""One unit in so many is looked at first, which mostly tells that they do not agree."""


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
    variable = read_column(response, data[response])
    rows = np.flatnonzero(~variable.missing)
    variable = variable.at(rows)
    y = variable.codes if isinstance(variable, Factor) else variable.values[:, 0]
    groups = {}
    for bar in formula.bars:
        codes = np.zeros(rows.size, dtype=np.int64)
        for name in bar.group:
            codes = _pairs(codes, _codes(data, name, rows))
        groups[bar.group_name] = codes
    if any(_repeats(codes, y) for codes in groups.values()):
        return None  # the formula has an effect of the unit
    for name in _unused(data, formula):
        own = _codes(data, name, rows)
        places = {"": own} | {group: _pairs(codes, own) for group, codes in groups.items()}
        for group, codes in places.items():
            if _repeats(codes, y):
                within, unit = (f" within {group}", f"{group}:{name}") if group else ("", name)
                return (
                    f"{response} is the same in all rows of each {name}{within}, which has no "
                    f"effect in the formula: rows are not independent; add (1 | {unit}) or use one "
                    "row for each"
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
    missing = variable.missing
    if isinstance(variable, Factor):
        codes = variable.codes
    else:
        codes = np.unique(variable.values[:, 0], return_inverse=True)[1].astype(np.int64)
    codes[missing] = codes.max(initial=0) + 1 + np.arange(int(missing.sum()))
    return codes


def _pairs(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a code of each combination."""
    return left * (right.max(initial=0) + 1) + right


def _repeats(codes: NDArray[np.int64], y: NDArray) -> bool:
    """Return whether enough units have several rows and no unit has two values."""
    some = codes % FIRST_LOOK == 0
    if not _agree(codes[some], y[some])[0]:
        return False
    agree, n_repeated = _agree(codes, y)
    return agree and n_repeated >= MIN_UNITS


def _agree(codes: NDArray[np.int64], y: NDArray) -> tuple[bool, int]:
    """Return whether all rows of each unit have one value, and how many units have several rows."""
    order = np.argsort(codes)
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    sizes = np.diff(starts, append=codes.size)
    return bool((y[order] == np.repeat(y[order[starts]], sizes)).all()), int((sizes > 1).sum())
