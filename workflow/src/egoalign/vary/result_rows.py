"""Rows of the tables of results, of a fit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from egoalign.vary.inference import infer_effects
from egoalign.vary.influence import (
    LeftOut,
    qq_points,
    residual_quantiles,
    residuals_by_fitted,
)
from egoalign.vary.likelihood_ratio import ModelTest, aic, bic, term_label
from egoalign.vary.marginal_means import Contrast, MarginalMean
from egoalign.vary.robustness import Checked
from egoalign.vary.terms import MixedFit
from egoalign.vary.variance import variance_shares

if TYPE_CHECKING:
    from egoalign.vary.components import ComponentInterval

Row = dict[str, Any]


def fit_rows(fit: MixedFit) -> list[Row]:
    """Return the row of table MODEL_FITS."""
    shares = variance_shares(fit)
    return [
        {
            "formula": fit.frame.formula,
            "family": fit.family,
            "estimation": "REML" if fit.reml else "ML",
            "n": fit.frame.y.size,
            "n_parameters": fit.n_parameters,
            "criterion": fit.criterion,
            "aic": aic(fit),
            "bic": bic(fit),
            "r2_marginal": shares.r2_marginal,
            "r2_conditional": shares.r2_conditional,
            "icc": sum(shares.icc) if fit.frame.random else None,
            "converged": fit.converged,
            "singular": "; ".join(fit.singular) or None,
            "engine": fit.engine,
            "notes": "; ".join((*fit.frame.notes, *fit.notes)) or None,
        }
    ]


def effect_rows(fit: MixedFit) -> list[Row]:
    """Return rows of table MODEL_EFFECTS."""
    found = infer_effects(fit)
    parts = ("estimate", "se", "df", "statistic", "p", "low", "high")
    spreads = fit.frame.x.std(axis=0, ddof=1)
    return [
        {"term": term, "effect": name, "spread": known(spreads[at])}
        | {part: known(getattr(found, part)[at]) for part in parts}
        for at, (term, name) in enumerate(zip(fit.frame.terms, fit.frame.names, strict=True))
    ]


def component_rows(intervals: Iterable[ComponentInterval]) -> list[Row]:
    """Return rows of table MODEL_COMPONENTS."""
    rows = []
    for each in intervals:
        column, other = (*each.columns, None, None)[:2]
        rows.append(
            {
                "kind": each.kind,
                "group": each.group,
                "column": column,
                "other": other,
                "estimate": known(each.estimate),
                "low": known(each.low),
                "high": known(each.high),
                "note": each.note or None,
            }
        )
    return rows


def variance_rows(fit: MixedFit) -> list[Row]:
    """Return rows of table MODEL_VARIANCE."""
    shares = variance_shares(fit)
    rows: list[Row] = [{"component": "Fixed effects", "variance": shares.fixed}]
    for term, variance, icc in zip(fit.frame.random, shares.random, shares.icc, strict=True):
        rows.append(
            {
                "component": term_label(term),
                "group": term.group,
                "n_levels": len(term.levels),
                "variance": variance,
                "icc": icc,
            }
        )
    rows.append({"component": "Residual", "variance": shares.residual})
    return [row | {"share": row["variance"] / shares.total} for row in rows]


def random_effect_rows(fit: MixedFit) -> list[Row]:
    """Return rows of table MODEL_RANDOM_EFFECTS."""
    rows = []
    for term, modes, covariances in zip(
        fit.frame.random, fit.modes, fit.mode_covariances, strict=True
    ):
        counts = np.bincount(term.codes, minlength=len(term.levels))
        variances = np.diagonal(covariances, axis1=1, axis2=2)
        sds = np.sqrt(np.maximum(variances, 0.0))
        for level, n, own, spread in zip(
            term.levels, counts.tolist(), modes.tolist(), sds.tolist(), strict=True
        ):
            rows += [
                {"group": term.group, "level": level, "column": c, "mode": m, "sd": sd, "n": n}
                for c, m, sd in zip(term.columns, own, spread, strict=True)
            ]
    return rows


def tested_rows(tests: Iterable[ModelTest]) -> list[Row]:
    """Return rows of table MODEL_TESTS."""
    return [_plain(asdict(test)) for test in tests]


def mean_rows(means: Iterable[MarginalMean]) -> list[Row]:
    """Return rows of table MODEL_MEANS."""
    return [_plain(asdict(mean)) for mean in means]


def contrast_rows(contrasts: Iterable[Contrast]) -> list[Row]:
    """Return rows of table MODEL_CONTRASTS."""
    return [_plain(asdict(contrast)) for contrast in contrasts]


def diagnostic_rows(fit: MixedFit, left_out: Sequence[LeftOut]) -> list[Row]:
    """Return rows of table MODEL_DIAGNOSTICS."""
    rows: list[Row] = [
        {"kind": "residual_quantile", "item": name, "value": value}
        for name, value in residual_quantiles(fit).items()
    ]
    rows += [
        {
            "kind": "residuals_by_fitted",
            "item": str(number),
            "x": each.fitted,
            "value": each.residual,
            "se": known(each.se),
            "n": each.n,
        }
        for number, each in enumerate(residuals_by_fitted(fit), start=1)
    ]
    if fit.family == "gaussian":
        normal, own = qq_points(fit)
        rows += [
            {"kind": "normal_quantiles", "item": str(number), "x": x, "value": value}
            for number, (x, value) in enumerate(zip(normal.tolist(), own.tolist(), strict=True), 1)
        ]
    for each in left_out:
        rows += [
            {
                "kind": "left_out",
                "item": each.member,
                "effect": effect,
                "value": known(change),
                "n": each.n,
                "note": each.note,
            }
            for effect, change in each.change.items()
        ]
    return rows


def robustness_rows(checked: Iterable[Checked]) -> list[Row]:
    """Return rows of table MODEL_ROBUSTNESS."""
    return [_plain(asdict(each)) for each in checked]


def known(value: float) -> float | None:
    """Return a number, or None where it is not known or infinite."""
    value = float(value)
    return value if math.isfinite(value) else None


def _plain(row: Row) -> Row:
    """Return a row with None in place of numbers that are not known."""
    return {
        name: known(value) if isinstance(value, float) else value for name, value in row.items()
    }
