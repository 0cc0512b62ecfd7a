"""Generalised estimating equations with children as clusters: the same effects, fewer assumptions.

Effects are marginal (over the population, not for a given child), so that in a binomial model they
are smaller than those of the mixed model. Estimates are statsmodels', with an exchangeable working
correlation; the covariance is the one of Mancl & DeRouen (2001), for a sandwich of few clusters is
too small, with a t distribution of clusters less effects degrees of freedom.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from egoalign.log import UserError
from egoalign.vary.sums import least_squares
from egoalign.vary.terms import Family, ModelFrame, Reals

LEVEL = 0.95


@dataclass(frozen=True)
class GeeEffect:
    """A fixed effect: estimate, standard error, df of its t test, 95 % interval, two-sided p."""

    term: str
    estimate: float
    se: float
    df: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class GeeFit:
    """Marginal effects.

    Attributes
    ----------
    effects : tuple of GeeEffect
        One for each fixed effect.
    correlation : float
        Working correlation of two rows of a cluster.
    n_clusters : int
        Number of clusters.
    converged : bool
        statsmodels gave no warning.
    """

    effects: tuple[GeeEffect, ...]
    correlation: float
    n_clusters: int
    converged: bool


def fit_gee(frame: ModelFrame, clusters: NDArray[np.int64], family: Family) -> GeeFit:
    """Fit the fixed effects of a frame, with rows of a cluster correlated in some way.

    Parameters
    ----------
    frame : ModelFrame
        Its random terms are not used.
    clusters : numpy.ndarray
        Cluster of each row, from 0, shape (n,).
    family : str
        ``gaussian``, or ``binomial`` with the logit link.

    Raises
    ------
    UserError
        If there are not more clusters than effects, or one cluster alone determines an effect.
    """
    import statsmodels.api as sm
    from scipy import stats

    n_clusters, p = np.unique(clusters).size, frame.x.shape[1]
    if n_clusters <= p:
        raise UserError(
            f"GEE: {n_clusters} clusters for {p} fixed effects: expected more clusters than effects"
        )
    families = {"gaussian": sm.families.Gaussian(), "binomial": sm.families.Binomial()}
    model = sm.GEE(
        frame.y, frame.x, clusters, family=families[family], cov_struct=sm.cov_struct.Exchangeable()
    )
    # Without a start statsmodels fits a model by itself, which takes several times the memory.
    start = least_squares(frame.x, frame.y) if family == "gaussian" else None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = model.fit(cov_type="naive", start_params=start)
    correlation = float(model.cov_struct.dep_params)
    covariance = _mancl_derouen(frame, clusters, family, result.params, correlation)
    se = np.sqrt(np.diag(covariance))
    df = float(n_clusters - p)
    half = stats.t.ppf((1 + LEVEL) / 2, df) * se
    p_values = 2 * stats.t.sf(np.abs(result.params) / se, df)
    effects = tuple(
        GeeEffect(name, estimate, error, df, estimate - width, estimate + width, p_value)
        for name, estimate, error, width, p_value in zip(
            frame.names, result.params.tolist(), se.tolist(), half.tolist(), p_values.tolist(),
            strict=True,
        )
    )  # fmt: skip
    return GeeFit(effects, correlation, n_clusters, not caught)


def _mancl_derouen(
    frame: ModelFrame,
    clusters: NDArray[np.int64],
    family: Family,
    estimates: Reals,
    correlation: float,
) -> Reals:
    """Return the bias-reduced sandwich covariance.

    With D the derivative of the mean, V the working covariance and N = (sum D'V^-1 D)^-1, a
    cluster's residuals r are replaced by (I - D N D'V^-1)^-1 r. Since D'V^-1 of that equals
    (I - D'V^-1 D N)^-1 D'V^-1 r, matrices of effects by effects are enough; statsmodels' own has
    one of rows by rows for each cluster. V^-1 is known in closed form; its scale cancels.
    """
    linear = frame.x @ estimates
    mean = linear if family == "gaussian" else 1 / (1 + np.exp(-linear))
    variance = np.ones_like(mean) if family == "gaussian" else mean * (1 - mean)
    root = np.sqrt(variance)
    d = frame.x * (variance / root)[:, None]  # in units of the standard deviation
    r = (frame.y - mean) / root
    order = np.argsort(clusters, kind="stable")
    starts = np.flatnonzero(np.diff(clusters[order], prepend=-1))
    information, scores = [], []
    for rows in np.split(order, starts[1:]):
        own, rest, size = d[rows], r[rows], rows.size
        shrink = correlation / (1 + correlation * (size - 1))
        total = own.sum(axis=0)
        information.append((own.T @ own - shrink * np.outer(total, total)) / (1 - correlation))
        scores.append((own.T @ rest - shrink * total * rest.sum()) / (1 - correlation))
    naive = np.linalg.inv(np.sum(information, axis=0))
    try:
        corrected = [
            np.linalg.solve(np.eye(naive.shape[0]) - m @ naive, u)
            for m, u in zip(information, scores, strict=True)
        ]
    except np.linalg.LinAlgError:
        raise UserError(
            "GEE: one cluster alone determines an effect, so that its error cannot be known; "
            "leave the predictor that only one cluster has out of the formula"
        ) from None
    return np.asarray(naive @ np.sum([np.outer(u, u) for u in corrected], axis=0) @ naive)
