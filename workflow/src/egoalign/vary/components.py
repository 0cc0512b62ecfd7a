"""Standard deviations and correlations of a fit's random effects, with Wald intervals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from egoalign.vary.terms import MixedFit, Reals

Kind = Literal["sd", "correlation", "sigma"]


@dataclass(frozen=True)
class ComponentInterval:
    """One standard deviation or correlation, and its interval.

    Attributes
    ----------
    group : str
        The grouping factor; ``Residual`` for sigma.
    columns : tuple of str
        What varies: one column, or the two that are correlated; none for sigma.
    kind : str
        ``sd``, ``correlation`` or ``sigma``.
    estimate, low, high : float
        NaN where an end is not known.
    note : str
        What a reader should know of the interval.
    """

    group: str
    columns: tuple[str, ...]
    kind: Kind
    estimate: float
    low: float = float("nan")
    high: float = float("nan")
    note: str = ""


def components_of(fit: MixedFit) -> list[ComponentInterval]:
    """Return every standard deviation and correlation of a fit, without intervals.

    Term by term: standard deviations, then correlations column by column; sigma last, if the model
    has one.
    """
    found = []
    for term, covariance in zip(fit.frame.random, fit.components, strict=True):
        sds = np.sqrt(np.diag(covariance))
        for column, sd in zip(term.columns, sds, strict=True):
            found.append(ComponentInterval(term.group, (column,), "sd", float(sd)))
        for a, b in pairs(len(term.columns)):
            product = sds[a] * sds[b]
            correlation = float(covariance[a, b] / product) if product > 0 else float("nan")
            names = (term.columns[b], term.columns[a])
            found.append(ComponentInterval(term.group, names, "correlation", correlation))
    if fit.family == "gaussian":
        found.append(ComponentInterval("Residual", (), "sigma", fit.sigma))
    return found


def pairs(k: int) -> Iterator[tuple[int, int]]:
    """Yield (row, column) below the diagonal of a k x k matrix, column by column."""
    for column in range(k):
        for row in range(column + 1, k):
            yield row, column


def wald_intervals(fit: MixedFit, level: float = 0.95) -> list[ComponentInterval]:
    """Return intervals from the curvature of the criterion.

    On the scale of log sd and of Fisher's z of correlations, so that they stay within bounds; by
    the delta method from the covariance of (theta, sigma) that Satterthwaite's method uses. Those
    on the boundary have none.

    Parameters
    ----------
    fit : MixedFit
        Gaussian.
    level : float
        Of confidence.
    """
    from scipy.stats import norm

    from egoalign.vary.satterthwaite import VarianceOfVariance

    known = VarianceOfVariance(fit)
    place = known.free
    half = float(norm.ppf(0.5 + level / 2))
    values = np.append(known.point.theta[place], np.sqrt(known.point.sigma2))
    steps = 1e-6 * np.maximum(np.abs(values), 1e-2)

    def transformed(moved: Reals) -> Reals:
        theta = known.point.theta.copy()
        theta[place] = moved[:-1]
        return _transformed(fit, theta, float(moved[-1]), known)

    centre = transformed(values)
    jacobian = np.column_stack(
        [
            (transformed(values + step) - transformed(values - step)) / (2 * step.max())
            for step in np.diag(steps)
        ]
    )
    with np.errstate(invalid="ignore"):
        errors = np.sqrt(np.einsum("ij,jk,ik->i", jacobian, known.covariance, jacobian))
    found = []
    for one, middle, error in zip(components_of(fit), centre, errors, strict=True):
        low, high = middle - half * error, middle + half * error
        back = np.tanh if one.kind == "correlation" else np.exp
        ends = (float(back(low)), float(back(high)))
        bounded = one.estimate > 0 if one.kind != "correlation" else abs(one.estimate) < 1 - 1e-6
        if bounded and np.isfinite(error):
            found.append(replace(one, low=ends[0], high=ends[1], note="Wald, by the log of sd"))
        else:
            found.append(replace(one, note="on the boundary: no Wald interval"))
    return found


def _transformed(fit: MixedFit, theta: Reals, sigma: float, known: object) -> Reals:
    """Return log sds, Fisher's z of correlations and log sigma, in the order of `components_of`."""
    from egoalign.vary.penalised import factors_of

    sums = fit.state.sums
    out = []
    for factor in factors_of(theta, sums.blocks):
        covariance = factor @ factor.T
        sds = np.sqrt(np.diag(covariance))
        out += list(np.log(np.maximum(sigma * sds, 1e-300)))
        out += [
            np.arctanh(np.clip(covariance[a, b] / (sds[a] * sds[b]), -1 + 1e-15, 1 - 1e-15))
            for a, b in pairs(len(sds))
        ]
    out.append(np.log(sigma))
    # The units of the sums: logs of sds move by a constant, correlations not at all.
    shifts = []
    for scale in sums.z_scale:
        shifts += [*np.log(sums.y_scale / scale), *([0.0] * (scale.size * (scale.size - 1) // 2))]
    return np.array(out) + np.array([*shifts, np.log(sums.y_scale)])
