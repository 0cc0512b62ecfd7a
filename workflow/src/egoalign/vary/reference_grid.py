"""Expected responses of combinations of levels that a table need not hold: the reference grid.

As R's package emmeans has it (Lenth; Searle, Speed & Milliken 1980): every combination of the
factors' levels, numbers at their means over the rows used. A number is a variable as the formula
has it: of ``log(x)`` the mean of the logarithms is taken, of ``poly(x, 2)`` that of each column.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from egoalign.vary.coding import Coded, DesignColumn, design_columns
from egoalign.vary.formula import Term
from egoalign.vary.terms import ModelFrame, Reals
from egoalign.vary.variables import Factor, Numbers

ESTIMABLE = 1e-8
"""How far a combination of effects may be from what the rows determine."""


@dataclass(frozen=True, eq=False)
class Recipe:
    """How columns of a design are made of variables, for values that are not in the table.

    Attributes
    ----------
    terms : tuple of Term
        Fixed terms besides the intercept.
    intercept : bool
        There is an intercept.
    numbers : dict
        Mean of each numeric variable, shape (k,).
    factors : dict
        Coding of each factor, one row a level.
    left_out : dict
        Of each column that is left out, what it is as a combination of those kept, shape (p,).
    """

    terms: tuple[Term, ...]
    intercept: bool
    numbers: dict[str, Reals]
    factors: dict[str, Coded]
    left_out: dict[str, Reals]

    def design(
        self,
        codes: Mapping[str, NDArray[np.int64]],
        numbers: Mapping[str, Reals],
        n: int,
        sums: bool | None = None,
    ) -> list[DesignColumn]:
        """Return all columns for given levels, shape (n,), and numbers, shape (n, k).

        `sums` asks for sum contrasts of all factors instead of each one's own.
        """
        variables: dict[str, Numbers | Coded] = {
            name: Coded(
                Factor(coded.factor.levels, codes[name]), coded.sums if sums is None else sums
            )
            for name, coded in self.factors.items()
        }
        variables |= {name: Numbers(values) for name, values in numbers.items()}
        return design_columns(self.terms, self.intercept, variables, n)


def make_recipe(
    terms: tuple[Term, ...],
    intercept: bool,
    variables: Mapping[str, Numbers | Coded],
    design: Sequence[DesignColumn],
    kept: Sequence[DesignColumn],
) -> Recipe:
    """Return the recipe of a design, of its variables over the rows used.

    Parameters
    ----------
    terms, intercept
        As the formula has them.
    variables : mapping
        Values over the rows.
    design, kept : sequence of DesignColumn
        All columns, and those that are linearly independent.
    """
    used = {name for term in terms for name in term}
    there = {column.name for column in kept}
    left_out = {}
    for column in design:
        if column.name not in there:
            matrix = np.column_stack([each.values for each in kept])
            shares = np.linalg.lstsq(matrix, column.values, rcond=None)[0]
            left_out[column.name] = shares.astype(np.float64)
    return Recipe(
        terms=terms,
        intercept=intercept,
        numbers={
            name: each.values.mean(axis=0)
            for name, each in variables.items()
            if name in used and isinstance(each, Numbers)
        },
        factors={
            name: Coded(Factor(each.factor.levels, np.arange(len(each.factor.levels))), each.sums)
            for name, each in variables.items()
            if name in used and isinstance(each, Coded)
        },
        left_out=left_out,
    )


def reference_grid(frame: ModelFrame, factor: str) -> tuple[Reals, NDArray[np.bool_]]:
    """Return the combination of fixed effects that is each level's marginal mean.

    Parameters
    ----------
    frame : ModelFrame
        With its recipe.
    factor : str
        One of `frame.factors`; the others are averaged, each level counting the same.

    Returns
    -------
    rows : numpy.ndarray
        Shape (levels, p).
    estimable : numpy.ndarray
        Whether the rows of the table determine it: not where a combination of levels with no row
        would be needed. Shape (levels,).
    """
    recipe = _recipe(frame)
    others = [name for name in recipe.factors if name != factor]
    names = [factor, *others]
    sizes = [range(len(recipe.factors[name].factor.levels)) for name in names]
    cells = _cells(sizes)
    codes = {name: cells[:, at] for at, name in enumerate(names)}
    numbers = {
        name: np.broadcast_to(mean, (len(cells), mean.size))
        for name, mean in recipe.numbers.items()
    }
    columns = {each.name: each.values for each in recipe.design(codes, numbers, len(cells))}
    means = {
        name: values.reshape(len(sizes[0]), -1).mean(axis=1) for name, values in columns.items()
    }
    rows = np.column_stack([means[name] for name in frame.names])
    estimable = np.ones(len(rows), dtype=bool)
    for name, combination in recipe.left_out.items():
        estimable &= np.abs(rows @ combination - means[name]) < ESTIMABLE
    return rows, estimable


def reference_line(frame: ModelFrame, name: str, values: Reals) -> Reals | None:
    """Return the combination of fixed effects that is expected at each value of a number.

    Parameters
    ----------
    frame : ModelFrame
        With its recipe.
    name : str
        A numeric variable of the fixed effects, of one column.
    values : numpy.ndarray
        In the variable's units, shape (m,).

    Returns
    -------
    numpy.ndarray or None
        Shape (m, p): factors averaged, each level counting the same, other numbers at their means.
        None where a combination of levels with no row would be needed.
    """
    recipe = _recipe(frame)
    sizes = [range(len(each.factor.levels)) for each in recipe.factors.values()]
    cells = _cells(sizes)
    n = values.size * len(cells)
    codes = {each: np.tile(cells[:, at], values.size) for at, each in enumerate(recipe.factors)}
    numbers = {each: np.broadcast_to(mean, (n, mean.size)) for each, mean in recipe.numbers.items()}
    numbers[name] = np.repeat(values, len(cells))[:, None]
    means = {
        each.name: each.values.reshape(values.size, -1).mean(axis=1)
        for each in recipe.design(codes, numbers, n)
    }
    rows = np.column_stack([means[each] for each in frame.names])
    for each, combination in recipe.left_out.items():
        if np.any(np.abs(rows @ combination - means[each]) >= ESTIMABLE):
            return None
    return rows


def type_three_contrasts(frame: ModelFrame) -> dict[str, Reals] | None:
    """Return the combinations of fixed effects that type III tests hold to be zero, by term.

    They are the term's effects in sum contrasts of all factors: what the term adds when the other
    factors' levels count the same and numbers that it interacts with are 0. So they do not depend
    on the contrasts that the model was fitted with.

    Returns
    -------
    dict or None
        Of each term, shape (r, p); None where combinations of levels without a row leave these
        tests without a meaning that does not depend on the coding.
    """
    recipe = _recipe(frame)
    if recipe.left_out:
        return None
    if not recipe.terms:
        return {}
    # Both designs over points that determine all effects; one is the other times a matrix.
    rng = np.random.default_rng(0)
    sizes = [range(len(each.factor.levels)) for each in recipe.factors.values()]
    cells = _cells(sizes).repeat(1 + len(frame.names), axis=0)
    codes = {name: cells[:, at] for at, name in enumerate(recipe.factors)}
    numbers = {
        name: rng.normal(size=(len(cells), mean.size)) for name, mean in recipe.numbers.items()
    }
    own = np.column_stack([e.values for e in recipe.design(codes, numbers, len(cells))])
    in_sums = recipe.design(codes, numbers, len(cells), sums=True)
    change = np.linalg.lstsq(np.column_stack([e.values for e in in_sums]), own, rcond=None)[0]
    change[np.abs(change) < ESTIMABLE] = 0.0
    contrasts: dict[str, list[Reals]] = {}
    for column, row in zip(in_sums, change, strict=True):
        if column.term:
            contrasts.setdefault(":".join(column.term), []).append(row)
    return {term: np.array(rows) for term, rows in contrasts.items()}


def _cells(sizes: Sequence[range]) -> NDArray[np.int64]:
    """Return all combinations of levels, shape (cells, factors); one of no factors."""
    cells = list(itertools.product(*sizes))
    return np.array(cells, dtype=np.int64).reshape(len(cells), len(sizes))


def _recipe(frame: ModelFrame) -> Recipe:
    """Return the frame's recipe."""
    if frame.recipe is None:
        raise ValueError("this frame was not made by build_frame: it has no recipe")
    return frame.recipe
