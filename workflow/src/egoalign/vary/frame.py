"""From a table and a formula to what is fitted; what cannot be fitted is said in one line.

Rows with a missing value in a column that the formula uses are left out, with a note. Everything
after that (levels, means for scaling, polynomials) is of the rows used.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from egoalign.log import UserError
from egoalign.vary.coding import Coded, DesignColumn, design_columns
from egoalign.vary.formula import (
    Bar,
    Column,
    Formula,
    Operation,
    Term,
    columns_of,
    near_or_all,
    parse_formula,
)
from egoalign.vary.reference_grid import make_recipe
from egoalign.vary.repeats import repeated_response
from egoalign.vary.terms import INTERCEPT, Family, ModelFrame, RandomTerm, Reals
from egoalign.vary.variables import Factor, Numbers, Variable, as_factor, evaluate, read_column

COLLINEAR = 1e-7
"""A column is a combination of others if less than this share of its length is outside them (as
the rank in R's ``lm`` and lme4)."""

IN_COMBINATION = 1e-6
"""Columns with a smaller share in such a combination are not named."""

SPANNED = 1e-9
"""A random effect of which the fixed effects leave less than this share of squares is theirs."""

FEW_MEMBERS = 5
"""A group with fewer members gets a note: their variance is hardly determined."""

Contrasts = Mapping[str, str | Mapping[str, Any]]
Scaling = Mapping[str, str | Mapping[str, float]]


def build_frame(
    data: pa.Table,
    formula: str | Formula,
    *,
    family: Family = "gaussian",
    contrasts: Contrasts | None = None,
    scale: Scaling | None = None,
) -> ModelFrame:
    """Return response, design and random terms of a formula over a table.

    Columns of numbers stay numbers; strings, bools and dictionaries are factors. Factors have
    treatment contrasts, with the first level in sorted order as the reference, unless `contrasts`
    says otherwise; those of the random terms are coded in the same way.

    Parameters
    ----------
    data : pyarrow.Table
        One row an observation.
    formula : str or Formula
        In lme4's notation, see `egoalign.vary.formula`.
    family : str
        ``gaussian``, with a numeric response, or ``binomial``, with one of 0 and 1, of true and
        false, or a comparison.
    contrasts : mapping, optional
        For a factor of the formula: the reference level; or ``sum``, so that the intercept is the
        mean over levels; or ``{"levels": [...], "coding": "treatment" or "sum"}`` for an order of
        the levels, the reference first (in sum coding the last has no column).
    scale : mapping, optional
        For a variable of the formula, as it is written there: ``center`` (less the mean),
        ``standardize`` (and divided by the standard deviation, n - 1), or
        ``{"center": v, "scale": v}``.

    Raises
    ------
    UserError
        If the table has not what the formula asks for, or a model of it could not be fitted.
    """
    text = str(formula)
    formula = parse_formula(formula) if isinstance(formula, str) else formula
    _check_columns(formula, data.column_names)
    _check_known("scale", scale or {}, formula, data.column_names)
    _check_known("contrasts", contrasts or {}, formula, data.column_names)
    columns = {name: read_column(name, data[name]) for name in formula.columns}
    rows, notes = _complete_rows(columns, data.num_rows)
    columns = {name: variable.at(rows) for name, variable in columns.items()}
    _check_finite(columns)

    y = _response(formula, columns, family)
    values = {name: evaluate(each, columns) for name, each in formula.expressions.items()}
    values |= {name: _scaled(name, values[name], way, notes) for name, way in _of(scale, values)}
    variables = {
        name: _coded(name, each, (contrasts or {}).get(name), notes)
        for name, each in values.items()
    }
    for name, variable in variables.items():
        _check_varies(name, variable)

    whole = design_columns(formula.terms, formula.intercept, variables, rows.size)
    design = _independent(whole, variables, notes)
    if not design and not formula.bars:
        raise UserError(f"formula '{text}' has no effect: expected at least an intercept, 1")
    if rows.size <= len(design):
        raise UserError(
            f"{rows.size} rows for {len(design)} fixed effects: expected more rows than effects"
        )
    random = tuple(_random_term(bar, columns, variables, family, notes) for bar in formula.bars)
    _check_told_apart(formula.bars, random, design)
    warning = _repeated(data, formula)
    return ModelFrame(
        formula=text,
        response=str(formula.response),
        y=y,
        names=tuple(column.name for column in design),
        x=np.column_stack([column.values for column in design])
        if design
        else np.zeros((rows.size, 0)),
        terms=tuple(_term_name(column.term) for column in design),
        factors={
            name: each.factor.levels
            for name, each in variables.items()
            if isinstance(each, Coded) and any(name in term for term in formula.terms)
        },
        random=random,
        rows=rows,
        notes=(*notes, *([warning] if warning else [])),
        recipe=make_recipe(formula.terms, formula.intercept, variables, whole, design),
    )


def _check_columns(formula: Formula, names: list[str]) -> None:
    """Refuse columns that the table has not."""
    for name in formula.columns:
        if name not in names:
            raise UserError(
                f"formula '{formula}': the table has no column {name!r};"
                f"{near_or_all(name, names, 'it has')}"
            )


def _complete_rows(columns: dict[str, Variable], n: int) -> tuple[NDArray[np.int64], list[str]]:
    """Return the rows without a missing value, and a note of those left out."""
    if n == 0:
        raise UserError("the table has no rows: expected observations to fit a model to")
    counts = {name: int(variable.missing.sum()) for name, variable in columns.items()}
    for name, count in counts.items():
        if count == n:
            raise UserError(
                f"column {name!r} is missing in all {n} rows: leave it out of the formula"
            )
    lacking = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
    keep = ~np.any([variable.missing for variable in columns.values()], axis=0)
    rows = np.flatnonzero(keep)
    if not rows.size:
        raise UserError(f"no row has all of the formula's columns; missing: {lacking}")
    left_out = n - rows.size
    return rows, [f"{left_out} of {n} rows are left out for a missing value ({lacking})"] * (
        left_out > 0
    )


def _check_finite(columns: dict[str, Variable]) -> None:
    """Refuse infinite numbers."""
    for name, variable in columns.items():
        if isinstance(variable, Numbers):
            bad = int(np.isinf(variable.values).sum())
            if bad:
                raise UserError(
                    f"column {name!r} is infinite in {bad} rows: expected finite numbers; "
                    "make them missing, or leave the rows out"
                )


def _response(formula: Formula, columns: dict[str, Variable], family: Family) -> Reals:
    """Return the response, checked for the family."""
    name = str(formula.response)
    response = evaluate(formula.response, columns)
    if isinstance(response, Factor):
        if family != "binomial" or not set(response.levels) <= {"false", "true"}:
            expected = "numbers" if family == "gaussian" else "0 and 1, or true and false"
            hint = "" if family == "gaussian" else f'; or write {name} == "{response.levels[-1]}"'
            raise UserError(
                f"response {name} holds {', '.join(response.levels[:3])}: expected {expected}{hint}"
            )
        y = (np.array(response.levels)[response.codes] == "true").astype(np.float64)
    elif response.values.shape[1] != 1:
        raise UserError(f"response {name} has several columns: expected one")
    else:
        y = response.values[:, 0]
    values = np.unique(y)
    if family == "binomial" and not np.isin(values, (0.0, 1.0)).all():
        odd = next(value for value in values if value not in (0.0, 1.0))
        raise UserError(
            f"response {name} of a binomial model holds {odd:g}: expected 0 and 1; "
            f"or write a comparison, such as {name} > {np.median(y):.3g}"
        )
    if values.size == 1:
        raise UserError(
            f"response {name} is {values[0]:g} in all {y.size} rows used: there is nothing to "
            "explain; expected a response that varies"
        )
    return y


def _of(options: Mapping[str, Any] | None, values: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Return the options of what is there."""
    return [(name, option) for name, option in (options or {}).items() if name in values]


def _check_known(
    option: str, given: Mapping[str, Any], formula: Formula, columns: list[str]
) -> None:
    """Refuse options of what is neither in the formula nor in the table.

    Those of other columns of the table are not used: options may be shared by several models.
    """
    for name in given:
        within = [
            written
            for written, expression in formula.expressions.items()
            if written != name and name in columns_of(expression)
        ]
        if name not in formula.expressions and within:
            raise UserError(
                f"{option} of {name!r}: the formula has it as {within[0]}; name that instead"
            )
        if name not in formula.expressions and name not in columns:
            names = [*formula.expressions, *columns]
            raise UserError(
                f"{option} of {name!r}: neither the formula nor the table has it;"
                f"{near_or_all(name, dict.fromkeys(names), 'there are')}"
            )


def _scaled(name: str, variable: Variable, way: Any, notes: list[str]) -> Numbers:
    """Return numbers centred and divided as asked for, and note by what."""
    if isinstance(variable, Factor):
        raise UserError(f"scale of {name!r}: it is a factor; expected numbers")
    values = variable.values
    if way in ("center", "standardize"):
        center = values.mean(axis=0)
        divisor = values.std(axis=0, ddof=1) if way == "standardize" else np.ones_like(center)
    elif isinstance(way, Mapping) and set(way) <= {"center", "scale"}:
        center = np.full(values.shape[1], float(way.get("center", 0.0)))
        divisor = np.full(values.shape[1], float(way.get("scale", 1.0)))
    else:
        raise UserError(
            f"scale of {name!r} is {way!r}: expected center, standardize, or center and scale with "
            "numbers"
        )
    if not (np.isfinite(center).all() and np.isfinite(divisor).all() and (divisor > 0).all()):
        raise UserError(
            f"scale of {name!r} divides by {divisor[0]:g}: expected a number above zero, and a "
            "predictor that varies"
        )
    divided = f", divided by {divisor[0]:.6g}" if np.any(divisor != 1) else ""
    notes.append(f"{name} is less {center[0]:.6g}{divided}")
    return Numbers((values - center) / divisor)


def _coded(name: str, variable: Variable, option: Any, notes: list[str]) -> Numbers | Coded:
    """Return a factor with its levels in order and its coding; numbers as they are."""
    if isinstance(variable, Numbers):
        if option is not None:
            raise UserError(
                f"contrasts of {name!r}: it holds numbers; write factor({name}) to have levels"
            )
        return variable
    levels = list(variable.levels)
    coding = "sum" if option == "sum" else "treatment"
    if isinstance(option, Mapping):
        if not set(option) <= {"levels", "coding"} or option.get("coding", coding) not in (
            "treatment",
            "sum",
        ):
            raise UserError(
                f"contrasts of {name!r} are {dict(option)!r}: expected levels, and coding "
                "treatment or sum"
            )
        coding = option.get("coding", coding)
        levels = [str(level) for level in option.get("levels", levels)]
    elif isinstance(option, str) and option != "sum":
        levels = [option, *(level for level in levels if level != option)]
    elif option not in (None, "sum"):
        raise UserError(f"contrasts of {name!r} are {option!r}: expected a level, sum or levels")
    absent = [level for level in levels if level not in variable.levels]
    if absent and isinstance(option, str):
        raise UserError(
            f"contrasts of {name!r}: no row used has level {option!r};"
            f"{near_or_all(option, variable.levels, 'its levels are')}"
        )
    forgotten = [level for level in variable.levels if level not in levels]
    if forgotten or len(set(levels)) < len(levels):
        raise UserError(
            f"contrasts of {name!r}: expected each level once, with {', '.join(variable.levels)}"
        )
    if absent:
        notes.append(f"no row used has {name} {', '.join(absent)}")
        levels = [level for level in levels if level in variable.levels]
    place = np.array([levels.index(level) for level in variable.levels])
    return Coded(Factor(tuple(levels), place[variable.codes]), coding == "sum")


def _check_varies(name: str, variable: Numbers | Coded) -> None:
    """Refuse a predictor with one value."""
    if isinstance(variable, Coded):
        found = variable.factor.levels[0] if len(variable.factor.levels) == 1 else None
    else:
        first = variable.values[0]
        found = f"{first[0]:g}" if (variable.values == first).all() else None
    if found is not None:
        raise UserError(
            f"predictor {name} has one value ({found}) in all rows used: it cannot have an effect; "
            "leave it out of the formula"
        )


def _independent(
    design: list[DesignColumn], variables: dict[str, Numbers | Coded], notes: list[str]
) -> list[DesignColumn]:
    """Return the columns, less those that empty cells of an interaction of factors leave over.

    Other columns that are a combination of those before are refused: which of the predictors is
    meant is for the user to say.
    """
    kept: list[DesignColumn] = []
    basis: list[Reals] = []
    for column in design:
        length = float(np.linalg.norm(column.values))
        rest = column.values / (length or 1.0)
        for _ in range(2):  # twice, so that rounding leaves it orthogonal
            for vector in basis:
                rest = rest - (vector @ rest) * vector
        left = float(np.linalg.norm(rest))
        if left > COLLINEAR:
            basis.append(rest / left)
            kept.append(column)
        elif _has_empty_cell(column.term, variables):
            notes.append(f"{column.name} is left out: not every combination of levels occurs")
        else:
            raise UserError(_collinear(column, kept))
    return kept


def _has_empty_cell(term: Term, variables: dict[str, Numbers | Coded]) -> bool:
    """Return whether the levels of two or more factors do not occur in all combinations."""
    factors = [each.factor for name in term if isinstance(each := variables[name], Coded)]
    if len(factors) < 2:
        return False
    cells = np.unique(np.column_stack([factor.codes for factor in factors]), axis=0)
    return cells.shape[0] < math.prod(len(factor.levels) for factor in factors)


def _collinear(column: DesignColumn, kept: list[DesignColumn]) -> str:
    """Return of which columns another is a combination."""
    if not np.any(column.values):
        return f"predictor {column.name} is 0 in all rows used: leave it out of the formula"
    matrix = np.column_stack([each.values / np.linalg.norm(each.values) for each in kept])
    values = column.values / np.linalg.norm(column.values)
    shares = np.linalg.lstsq(matrix, values, rcond=None)[0]
    names = [
        each.name for each, share in zip(kept, shares, strict=True) if abs(share) > IN_COMBINATION
    ]
    return (
        f"predictor {column.name} is a combination of {' and '.join(names)}: their effects cannot "
        "be told apart; leave one of them out of the formula"
    )


def _check_told_apart(
    bars: Sequence[Bar], random: Sequence[RandomTerm], design: Sequence[DesignColumn]
) -> None:
    """Refuse random terms whose variance nothing determines.

    The likelihood is flat where the fixed effects tell all members apart (REML sees only what they
    leave), and where two terms have the same members.
    """
    few = any(len(term.levels) <= len(design) for term in random)
    basis = np.linalg.qr(np.column_stack([each.values for each in design]))[0] if few else None
    for place, (bar, term) in enumerate(zip(bars, random, strict=True)):
        same = [n for n in range(place) if _same_members(random[n], term)]
        for number, name in enumerate(term.columns):
            other = next((bars[n] for n in same if name in random[n].columns), None)
            if other is not None:
                raise UserError(
                    f"{bar}: {name} varies over the same members as in {other}: their variances "
                    "cannot be told apart; leave one of them out of the formula"
                )
            # More members than effects cannot all be told apart by these.
            if basis is None or len(term.levels) > len(design):
                continue
            if _left(term, number, basis) < SPANNED:
                raise UserError(
                    f"{bar}: the fixed effects tell all {len(term.levels)} members of "
                    f"{bar.group_name} apart, and nothing is left to find a variance of {name} in; "
                    "leave out the term, or predictors that differ between members only"
                )


def _same_members(one: RandomTerm, other: RandomTerm) -> bool:
    """Say whether two grouping factors part the rows in the same way, whatever the names."""
    q = len(one.levels)
    return q == len(other.levels) and np.unique(one.codes * q + other.codes).size == q


def _left(term: RandomTerm, number: int, basis: Reals) -> float:
    """Return the share of a term's columns that the fixed effects leave, of their squares.

    `basis` is an orthonormal one of the fixed effects, shape (n, p).
    """
    z = term.z[:, number]
    q = len(term.levels)
    within = [np.bincount(term.codes, weights=each * z, minlength=q) for each in basis.T]
    whole = float(z @ z)
    return 1 - float(np.sum(np.square(within))) / whole if whole > 0 else 0.0


def _random_term(
    bar: Bar,
    columns: dict[str, Variable],
    variables: dict[str, Numbers | Coded],
    family: Family,
    notes: list[str],
) -> RandomTerm:
    """Return a random term, its group checked."""
    group = _crossed([as_factor(columns[name]) for name in bar.group])
    n, q = group.codes.size, len(group.levels)
    design = design_columns(bar.terms, bar.intercept, variables, n)
    k = len(design)
    if q == 1:
        raise UserError(
            f"{bar}: group {bar.group_name} has one member ({group.levels[0]}) in the rows used; "
            "a variance between members needs several: leave the term out"
        )
    if q * k > n or (family == "gaussian" and q * k == n):
        effects = "members" if k == 1 else f"effects of {q} members"
        raise UserError(
            f"{bar}: {q * k} {effects} of {bar.group_name} for {n} rows: they cannot be told from "
            "the residuals; leave the term out, or use a group with several rows a member"
        )
    if q < FEW_MEMBERS:
        notes.append(f"{bar.group_name} has {q} members: their variance is poorly determined")
    return RandomTerm(
        group=bar.group_name,
        columns=tuple(column.name for column in design),
        levels=group.levels,
        codes=group.codes,
        z=np.column_stack([column.values for column in design]),
    )


def _crossed(factors: list[Factor]) -> Factor:
    """Return the combinations of levels that occur, as one factor."""
    whole = factors[0]
    for factor in factors[1:]:
        width = len(factor.levels)
        pairs, codes = np.unique(whole.codes * width + factor.codes, return_inverse=True)
        levels = tuple(
            f"{whole.levels[pair // width]}:{factor.levels[pair % width]}" for pair in pairs
        )
        whole = Factor(levels, codes.astype(np.int64))
    return whole


def _repeated(data: pa.Table, formula: Formula) -> str | None:
    """Return the warning of a response that repeats, where the response is of one number column."""
    response = (
        formula.response.left if isinstance(formula.response, Operation) else formula.response
    )
    if not isinstance(response, Column):
        return None
    return repeated_response(data, response.name, formula)


def _term_name(term: Term) -> str:
    """Return a term as the formula has it."""
    return ":".join(term) or INTERCEPT
