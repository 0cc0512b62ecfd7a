"""Columns of a design: contrasts of factors, and which interactions are coded in full, as R has it.

A factor is coded by contrasts where the term without it is part of an earlier term, else by a
column for each level; without an intercept the first factor is coded in full. This is the rule of
Chambers & Hastie (1992, section 2.3.1) as in R's ``model.matrix``, and so is the order of columns,
but that variables within an interaction stand in the order of the main effects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from egoalign.vary.formula import Term
from egoalign.vary.terms import INTERCEPT, Reals
from egoalign.vary.variables import Factor, Numbers


@dataclass(frozen=True, eq=False)
class Coded:
    """A factor and how it is coded.

    Attributes
    ----------
    factor : Factor
        Its levels in the order of their columns, the reference first.
    sums : bool
        Sum contrasts, each level less the mean of all levels, the last one left out; else
        treatment contrasts, each level less the first.
    """

    factor: Factor
    sums: bool = False

    def columns(self, name: str, full: bool) -> list[tuple[str, Reals]]:
        """Return names and values of the factor's columns, each of shape (n,)."""
        levels, codes = self.factor.levels, self.factor.codes
        places = range(len(levels))
        if not full:
            places = places[:-1] if self.sums else places[1:]
        last = (codes == len(levels) - 1).astype(np.float64) if self.sums and not full else 0.0
        return [(f"{name}[{levels[at]}]", (codes == at).astype(np.float64) - last) for at in places]


@dataclass(frozen=True, eq=False)
class DesignColumn:
    """A column of a design: its name, its term and its values, shape (n,)."""

    name: str
    term: Term
    values: Reals


def design_columns(
    terms: Sequence[Term], intercept: bool, variables: Mapping[str, Numbers | Coded], n: int
) -> list[DesignColumn]:
    """Return the columns of the intercept and of each term.

    Parameters
    ----------
    terms : sequence of Term
        Main effects before interactions.
    intercept : bool
        Begin with a column of ones.
    variables : mapping
        Values of each variable over n rows.
    n : int
        Number of rows.
    """
    columns = [DesignColumn(INTERCEPT, (), np.ones(n))] if intercept else []
    in_full = full_factors(
        terms, intercept, {name for name, each in variables.items() if isinstance(each, Coded)}
    )
    for term in terms:
        products: list[tuple[str, Reals]] = []
        for name in term:
            own = _variable_columns(name, variables[name], (term, name) in in_full)
            if not products:
                products = own
            else:  # the first variable's columns vary fastest
                products = [
                    (f"{left}:{right}", values * factor)
                    for right, factor in own
                    for left, values in products
                ]
        columns += [DesignColumn(name, term, values) for name, values in products]
    return columns


def full_factors(
    terms: Sequence[Term], intercept: bool, factors: set[str]
) -> set[tuple[Term, str]]:
    """Return the factors that are coded with a column for each level, with their terms."""
    full = set()
    for place, term in enumerate(terms):
        for name in term:
            rest = set(term) - {name}
            margin = not rest or any(rest <= set(earlier) for earlier in terms[:place])
            if name in factors and not margin:
                full.add((term, name))
    if not intercept:
        first = [(term, name) for term in terms for name in term if name in factors][:1]
        full.update(first)
    return full


def _variable_columns(name: str, variable: Numbers | Coded, full: bool) -> list[tuple[str, Reals]]:
    """Return names and values of one variable's columns."""
    if isinstance(variable, Coded):
        return variable.columns(name, full)
    columns = list(variable.values.T)
    if len(columns) == 1:
        return [(name, columns[0])]
    return [(f"{name}[{degree}]", column) for degree, column in enumerate(columns, start=1)]
