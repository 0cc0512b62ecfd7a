"""Estimate, standard error, degrees of freedom, test and interval of combinations of effects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from egoalign.vary.terms import MixedFit, Reals


@dataclass(frozen=True, eq=False)
class Inference:
    """Results of m combinations of fixed effects, each of shape (m,).

    Attributes
    ----------
    estimate, se : numpy.ndarray
        In the units of the linear predictor.
    df : numpy.ndarray
        Degrees of freedom; infinite where the test is of the normal distribution.
    statistic, p : numpy.ndarray
        Estimate over standard error, and the two-sided probability.
    low, high : numpy.ndarray
        Bounds of the interval.
    """

    estimate: Reals
    se: Reals
    df: Reals
    statistic: Reals
    p: Reals
    low: Reals
    high: Reals


def infer(fit: MixedFit, combinations: Reals, level: float = 0.95) -> Inference:
    """Test combinations of fixed effects against 0.

    Gaussian models have t tests: with Satterthwaite's degrees of freedom, or n - p without random
    terms. Binomial models have z tests.

    Parameters
    ----------
    fit : MixedFit
        The fit.
    combinations : numpy.ndarray
        One a row, shape (m, p).
    level : float
        Level of the intervals.
    """
    from scipy.stats import t

    estimate = combinations @ fit.estimates
    se = np.sqrt(np.einsum("ij,jk,ik->i", combinations, fit.covariance, combinations))
    df = _degrees_of_freedom(fit, combinations)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = estimate / se
    half_width = t.ppf((1 + level) / 2, df) * se
    return Inference(
        estimate=estimate,
        se=se,
        df=df,
        statistic=statistic,
        p=2 * t.sf(np.abs(statistic), df),
        low=estimate - half_width,
        high=estimate + half_width,
    )


def infer_effects(fit: MixedFit, level: float = 0.95) -> Inference:
    """Test each fixed effect against 0."""
    return infer(fit, np.eye(fit.estimates.size), level)


def _degrees_of_freedom(fit: MixedFit, combinations: Reals) -> Reals:
    """Return the degrees of freedom of each combination's test."""
    if fit.df is not None and np.array_equal(combinations, np.eye(fit.estimates.size)):
        return fit.df
    from egoalign.vary.satterthwaite import degrees_of_freedom

    return degrees_of_freedom(fit, combinations)
