"""Likelihood-ratio tests between nested models, type III F tests, AIC and BIC."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from egoalign.log import UserError
from egoalign.vary.formula import near_or_all
from egoalign.vary.reference_grid import type_three_contrasts
from egoalign.vary.terms import INTERCEPT, MixedFit, ModelFrame, RandomTerm

BOUNDARY_NOTE = "a variance cannot be below 0: p is too large, for one variance up to twice"
EMPTY_CELLS_NOTE = "not every combination of levels occurs: the test depends on the coding"
OTHER_TOLERANCE = 1e-6
"""How far the larger model's criterion may be above the smaller one's, relative to its size."""


@dataclass(frozen=True)
class ModelTest:
    """Test of a term.

    Attributes
    ----------
    term : str
        What is tested: a fixed term, or a random one as the formula has it.
    kind : str
        ``type III F``, ``type III Wald``, ``likelihood ratio``, or ``likelihood ratio (REML)``.
    statistic, df1, df2, p : float
        F and its degrees of freedom, or chi squared and its own; `df2` is infinite for chi squared.
    aic_change, bic_change : float or None
        Criterion of the model without the term less that of the model; positive says that the term
        is worth its parameters.
    note : str or None
        How to read it.
    """

    term: str
    kind: str
    statistic: float
    df1: float
    df2: float
    p: float
    aic_change: float | None = None
    bic_change: float | None = None
    note: str | None = None


def aic(fit: MixedFit) -> float:
    """Return Akaike's criterion, of the (restricted) likelihood, as lme4 does."""
    return fit.criterion + 2 * fit.n_parameters


def bic(fit: MixedFit) -> float:
    """Return Schwarz's criterion, of the (restricted) likelihood and n rows, as lme4 does."""
    return fit.criterion + math.log(fit.frame.y.size) * fit.n_parameters


def compare(smaller: MixedFit, larger: MixedFit, term: str, note: str | None = None) -> ModelTest:
    """Test whether a model is worse than one that it is nested in.

    Parameters
    ----------
    smaller, larger : MixedFit
        Fits of the same response by the same criterion; with different fixed effects, by maximum
        likelihood, for restricted likelihoods of different fixed effects cannot be compared.
    term : str
        What the smaller one leaves out.
    note : str, optional
        How to read the test.

    Raises
    ------
    UserError
        If they are not of the same rows and response, not by a criterion that can be compared, or
        not nested.
    """
    from scipy.stats import chi2

    if not np.array_equal(smaller.frame.y, larger.frame.y):
        raise UserError(
            f"likelihood-ratio test of {term}: the models are of {smaller.frame.y.size} and "
            f"{larger.frame.y.size} rows or other responses; expected the same"
        )
    if smaller.reml != larger.reml or (larger.reml and smaller.frame.names != larger.frame.names):
        raise UserError(
            f"likelihood-ratio test of {term}: models with different fixed effects cannot be "
            "compared by REML; fit both by maximum likelihood"
        )
    df = larger.n_parameters - smaller.n_parameters
    statistic = smaller.criterion - larger.criterion
    if df <= 0 or statistic < -OTHER_TOLERANCE * (1 + abs(larger.criterion)):
        raise UserError(
            f"likelihood-ratio test of {term}: {df} parameters more and a -2 log likelihood "
            f"{statistic:.4g} less; expected a smaller model nested in a larger one"
        )
    statistic = max(statistic, 0.0)
    return ModelTest(
        term=term,
        kind="likelihood ratio (REML)" if larger.reml else "likelihood ratio",
        statistic=statistic,
        df1=df,
        df2=math.inf,
        p=float(chi2.sf(statistic, df)),
        aic_change=aic(smaller) - aic(larger),
        bic_change=bic(smaller) - bic(larger),
        note=note,
    )


def type_three_tests(fit: MixedFit) -> list[ModelTest]:
    """Test each fixed term, as lmerTest's type III ``anova``; Wald's chi squared if binomial.

    See `egoalign.vary.reference_grid.type_three_contrasts` for what is held to be zero.
    """
    from egoalign.vary.satterthwaite import f_test

    contrasts, note = type_three_contrasts(fit.frame), None
    if contrasts is None:
        note = EMPTY_CELLS_NOTE
        columns = np.array(fit.frame.terms)
        contrasts = {
            term: np.eye(columns.size)[columns == term]
            for term in dict.fromkeys(fit.frame.terms)
            if term != INTERCEPT
        }
    tests = []
    for term, rows in contrasts.items():
        found = f_test(fit, rows)
        gaussian = fit.family == "gaussian"
        tests.append(
            ModelTest(
                term=term,
                kind="type III F" if gaussian else "type III Wald",
                statistic=found.statistic if gaussian else found.statistic * found.df1,
                df1=found.df1,
                df2=found.df2,
                p=found.p,
                note=note,
            )
        )
    return tests


def drop_each(fit: MixedFit, terms: Sequence[str] | None = None) -> Iterator[ModelTest]:
    """Yield a likelihood-ratio test of each term that can be left out.

    Fixed terms that are part of no larger one are tested by maximum likelihood, both models
    refitted. Random terms are tested by the fit's own criterion: first the slopes of a term, of
    one variable at a time, its intercept stays; a term without slopes as a whole (as lmerTest's
    ``ranova``). A model is not held against one of nothing.

    Parameters
    ----------
    fit : MixedFit
        Of a frame with a recipe.
    terms : sequence of str, optional
        Only these, as the tests name them.

    Raises
    ------
    UserError
        One of `terms` cannot be left out.
    """
    from egoalign.vary.fit import fit_frame

    droppable = _droppable(fit.frame)
    random = list(_without_random(fit.frame))
    if terms is not None:
        there = [*droppable, *(name for name, _ in random)]
        for term in terms:
            if term not in there:
                raise UserError(
                    f"formula '{fit.frame.formula}': {term!r} cannot be left out and tested;"
                    f"{near_or_all(term, there, 'what can is')}"
                )
        droppable = [name for name in droppable if name in terms]
        random = [(name, frame) for name, frame in random if name in terms]
    if droppable:
        larger = (
            fit
            if not fit.reml
            else fit_frame(fit.frame, fit.family, reml=False, start=fit.theta, with_df=False)
        )
        for term in droppable:
            smaller = fit_frame(
                without_fixed(fit.frame, term), fit.family, reml=False, with_df=False
            )
            yield compare(smaller, larger, term)
    for name, frame in random:
        smaller = fit_frame(frame, fit.family, fit.reml, with_df=False)
        yield compare(smaller, fit, name, BOUNDARY_NOTE)


def without_fixed(frame: ModelFrame, term: str) -> ModelFrame:
    """Return the frame without the columns of a fixed term."""
    kept = np.array([own != term for own in frame.terms])
    return replace(
        frame,
        formula=f"{frame.formula} - {term}",
        x=frame.x[:, kept],
        names=tuple(name for name, keep in zip(frame.names, kept, strict=True) if keep),
        terms=tuple(own for own in frame.terms if own != term),
        recipe=None,
    )


def term_label(term: RandomTerm) -> str:
    """Return a random term as a formula has it: ``(1 + age_within | child_id)``."""
    parts = dict.fromkeys("1" if name == INTERCEPT else _variable(name) for name in term.columns)
    names = list(parts) if "1" in parts else ["0", *parts]
    return f"({' + '.join(names)} | {term.group})"


def _droppable(frame: ModelFrame) -> list[str]:
    """Return the fixed terms that are part of no larger one, unless there is nothing else."""
    if frame.recipe is None:
        raise ValueError("this frame was not made by build_frame: it has no recipe")
    terms = [term for term in frame.recipe.terms if ":".join(term) in frame.terms]
    names = [":".join(a) for a in terms if not any(set(a) < set(b) for b in terms)]
    return [name for name in names if set(frame.terms) != {name}]


def _without_random(frame: ModelFrame) -> Iterator[tuple[str, ModelFrame]]:
    """Yield what is left out of the random terms, and the frame without it."""
    for place, term in enumerate(frame.random):
        slopes = dict.fromkeys(_variable(name) for name in term.columns if name != INTERCEPT)
        own = [_variable(name) for name in term.columns]
        pieces = list(slopes) if INTERCEPT in own or len(slopes) > 1 else [None]
        for piece in pieces or [None]:
            formula = f"{frame.formula}, without {piece or term_label(term)}"
            if piece is None:
                if len(frame.random) == 1 and not frame.names:
                    continue  # nothing would be left
                rest = frame.random[:place] + frame.random[place + 1 :]
                name = term_label(term)
            else:
                kept = np.array([variable != piece for variable in own])
                less = replace(
                    term,
                    columns=tuple(c for c, keep in zip(term.columns, kept, strict=True) if keep),
                    z=term.z[:, kept],
                )
                rest = (*frame.random[:place], less, *frame.random[place + 1 :])
                name = f"{piece} in {term_label(term)}"
            yield name, replace(frame, formula=formula, random=rest)


def _variable(column: str) -> str:
    """Return a column's term: its name without levels in brackets."""
    return re.sub(r"\[[^\]]*\]", "", column)
