"""From the columns of a table to the variables of a formula: numbers, or factors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from egoalign.log import UserError
from egoalign.vary.formula import Call, Column, Expression, Number, Operation, Text
from egoalign.vary.terms import Reals


@dataclass(frozen=True, eq=False)
class Numbers:
    """A numeric variable.

    Attributes
    ----------
    values : numpy.ndarray
        Shape (n, k): several columns where it is a polynomial; NaN where missing.
    """

    values: Reals

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Rows without a value, shape (n,)."""
        return np.asarray(np.isnan(self.values).any(axis=1))

    def at(self, rows: NDArray[np.int64]) -> Numbers:
        """Return some of the rows."""
        return Numbers(self.values[rows])


@dataclass(frozen=True, eq=False)
class Factor:
    """A variable of levels.

    Attributes
    ----------
    levels : tuple of str
        Sorted: as text, or as numbers where they are.
    codes : numpy.ndarray
        Level of each row from 0, -1 where missing, shape (n,).
    """

    levels: tuple[str, ...]
    codes: NDArray[np.int64]

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Rows without a value, shape (n,)."""
        return self.codes < 0

    def at(self, rows: NDArray[np.int64]) -> Factor:
        """Return some of the rows, with the levels that occur in them."""
        codes = self.codes[rows]
        counts = np.bincount(codes[codes >= 0], minlength=len(self.levels))
        used = np.flatnonzero(counts)
        place = np.full(len(self.levels) + 1, -1, dtype=np.int64)
        place[used] = np.arange(used.size)
        return Factor(tuple(self.levels[code] for code in used), place[codes])


Variable = Numbers | Factor


def read_column(name: str, column: pa.ChunkedArray) -> Variable:
    """Return a column as numbers, or as a factor where it holds strings, bools or a dictionary.

    Raises
    ------
    UserError
        If it holds something else, such as lists or dates.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = kind.value_type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Numbers(column.cast(pa.float64()).to_numpy().astype(np.float64)[:, None])
    if pa.types.is_null(kind):
        return Numbers(np.full((len(column), 1), np.nan))
    if pa.types.is_boolean(kind):
        column = pc.if_else(column, "true", "false")
    elif not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise UserError(
            f"column {name!r} is of type {kind}: expected numbers, strings or true and false"
        )
    encoded = pc.dictionary_encode(column).combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):  # of no rows
        return Factor((), np.zeros(0, dtype=np.int64))
    names = np.array(encoded.dictionary.to_pylist(), dtype=object)
    order = np.argsort(names)
    place = np.empty(names.size + 1, dtype=np.int64)
    place[order] = np.arange(names.size)
    place[-1] = -1
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return Factor(tuple(names[order]), place[codes])


def as_factor(variable: Variable) -> Factor:
    """Return numbers as a factor, its levels in the order of the numbers."""
    if isinstance(variable, Factor):
        return variable
    values, codes = np.unique(variable.values[:, 0], return_inverse=True)
    return Factor(tuple(str(Number(value)) for value in values.tolist()), codes.astype(np.int64))


def evaluate(expression: Expression, columns: Mapping[str, Variable]) -> Variable:
    """Return the values of an expression over columns without missing values.

    `scale` and `center` use the mean and the standard deviation (n - 1) of the rows given.

    Raises
    ------
    UserError
        If arithmetic is asked of a factor, or gives no finite number (log of a negative one).
    """
    match expression:
        case Column(name):
            return columns[name]
        case Call("factor", (Column(name),)):
            return as_factor(columns[name])
        case Operation(operator, left, Text(level)):
            return _compare_level(expression, operator, evaluate(left, columns), level)
    values = _numbers(expression, columns)
    bad = int((~np.isfinite(values)).any(axis=1).sum())
    if bad:
        raise UserError(
            f"{expression} is not a finite number in {bad} of {values.shape[0]} rows: "
            "leave them out of the table, or use another function (log1p, abs)"
        )
    return Numbers(values)


def _compare_level(whole: Expression, operator: str, factor: Variable, level: str) -> Numbers:
    """Return 1 where a factor has, or has not, a level."""
    if isinstance(factor, Numbers):
        raise UserError(f"{whole}: the column holds numbers, expected a number without quotes")
    if operator not in ("==", "!="):
        raise UserError(f"{whole}: levels have no order; expected == or !=")
    if level not in factor.levels:
        raise UserError(f"{whole}: no such level; there are {', '.join(factor.levels)}")
    equal = factor.codes == factor.levels.index(level)
    return Numbers((equal if operator == "==" else ~equal).astype(np.float64)[:, None])


def _numbers(expression: Expression, columns: Mapping[str, Variable]) -> Reals:
    """Return an expression's numbers, shape (n, k); a lone number has shape (1, 1)."""
    match expression:
        case Number(value):
            return np.full((1, 1), value)
        case Column(name):
            variable = columns[name]
            if isinstance(variable, Factor):
                raise UserError(
                    f"column {name!r} holds {', '.join(variable.levels[:3])}: expected numbers "
                    "where the formula does arithmetic"
                )
            return variable.values
        case Call("poly", (argument, Number(degree))):
            return _polynomial(expression, _numbers(argument, columns)[:, 0], int(degree))
        case Call(function, (argument,)):
            with np.errstate(all="ignore"):
                return _CALLS[function](_numbers(argument, columns))
        case Operation(operator, left, right):
            with np.errstate(all="ignore"):
                result = _OPERATIONS[operator](_numbers(left, columns), _numbers(right, columns))
            return result.astype(np.float64)
    raise UserError(f"{expression}: expected numbers")


def _scale(x: Reals) -> Reals:
    """Return x less its mean, divided by its standard deviation."""
    return (x - x.mean()) / x.std(ddof=1)


def _polynomial(whole: Expression, x: Reals, degree: int) -> Reals:
    """Return orthonormal polynomials of x without the constant, as R's ``poly``.

    Columns are orthogonal to each other and to the constant, of length 1, and rise with x^k.
    """
    if np.unique(x).size <= degree:
        raise UserError(f"{whole}: expected more than {degree} different values")
    powers = (x - x.mean())[:, None] ** np.arange(degree + 1)
    q, r = np.linalg.qr(powers)
    return (q * np.sign(np.diag(r)))[:, 1:]


_CALLS: dict[str, Callable[[Reals], Reals]] = {
    "I": lambda x: x,
    "abs": np.abs,
    "center": lambda x: x - x.mean(),
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "log1p": np.log1p,
    "log2": np.log2,
    "scale": _scale,
    "sqrt": np.sqrt,
}

_OPERATIONS: dict[str, Callable[[Reals, Reals], NDArray]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
    "<": np.less,
    "<=": np.less_equal,
    "==": np.equal,
    "!=": np.not_equal,
    ">=": np.greater_equal,
    ">": np.greater,
}
