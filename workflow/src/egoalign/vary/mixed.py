"""Fit of a linear model with intercepts of children and of their sessions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from egoalign.vary.design import Design
from egoalign.vary.nested import Nested, fit_nested
from egoalign.vary.statsmodels_fit import fit_statsmodels

SINGULAR = 1e-3
"""A standard deviation below this share of the residual one is reported as none."""

FEW_CHILDREN = 5

MAX_ROWS = 10_000
"""Utterances up to which statsmodels is used; it holds a matrix of utterances by sessions."""

TOLERANCE = 1e-6
"""How much worse than the closed form's statsmodels' REML criterion (-2 log L) may be."""


@dataclass(frozen=True)
class Fit:
    """Estimates by restricted maximum likelihood.

    Attributes
    ----------
    estimates, covariance : numpy.ndarray
        Fixed effects, shape (p,), and their covariance, shape (p, p).
    child_sd, session_sd : float or None
        Standard deviations of the intercepts; None where not in the model.
    residual_sd : float
        Standard deviation within sessions.
    log_likelihood : float
        Restricted log-likelihood at the estimates.
    residuals : numpy.ndarray
        Response less fixed effects and predicted intercepts, shape (n,).
    engine : str
        What gave the estimates, and why if it was not statsmodels.
    notes : tuple of str
        Convergence, singularity and what could not be in the model.
    """

    estimates: np.ndarray
    covariance: np.ndarray
    child_sd: float | None
    session_sd: float | None
    residual_sd: float
    log_likelihood: float
    residuals: np.ndarray
    engine: str
    notes: tuple[str, ...]


def fit_mixed(design: Design) -> Fit:
    """Fit y = X b + child intercept + session intercept + residual by REML.

    The session's intercept is left out where no child has two sessions, the child's where there is
    one child. The response is standardised for the search and the results scaled back.
    The covariance of the fixed effects is (X' V^-1 X)^-1 at the estimated variances.

    The estimates are statsmodels' where its search, begun at the closed form's optimum, holds it;
    on the boundary, where statsmodels stops short, they are the closed form's.

    Parameters
    ----------
    design : Design
        The data; more utterances than predictors, and a response that varies.
    """
    notes: list[str] = []
    with_child = design.n_children >= 2
    with_session = design.n_sessions > max(design.n_children, 1)
    if not with_child:
        notes.append("one child: no child intercept")
    elif design.n_children < FEW_CHILDREN:
        notes.append(f"only {design.n_children} children: their spread is poorly determined")
    if not with_session:
        notes.append("no child has two sessions: no session intercept")
    scale = float(design.y.std())
    y = (design.y - design.y.mean()) / scale
    result = fit_nested(design.x, y, design.child, design.session, with_child, with_session)
    if not result.converged:
        notes.append("the optimiser did not reach the optimum: read with care")
    singular = [
        name
        for name, sd, present in (
            ("children", result.child_sd, with_child),
            ("sessions", result.session_sd, with_session),
        )
        if present and sd < SINGULAR * result.residual_sd
    ]
    notes += [
        f"singular fit: no variance between {name} beyond that within sessions" for name in singular
    ]
    if not (with_child or with_session):
        engine = "closed-form REML: no intercept of children or sessions"
    elif singular:
        engine = f"closed-form REML: boundary, no variance between {' and '.join(singular)}"
    else:
        result, engine = _by_statsmodels(design, y, result)
    estimates = result.estimates * scale
    estimates[0] += design.y.mean()
    n, p = design.x.shape
    return Fit(
        estimates,
        result.covariance * scale**2,
        result.child_sd * scale if with_child else None,
        result.session_sd * scale if with_session else None,
        result.residual_sd * scale,
        result.log_likelihood - (n - p) * float(np.log(scale)),
        result.residuals * scale,
        engine,
        tuple(notes),
    )


def _by_statsmodels(design: Design, y: np.ndarray, closed: Nested) -> tuple[Nested, str]:
    """Return statsmodels' fit if it holds the closed form's optimum, else the latter, and why."""
    if y.size > MAX_ROWS:
        return closed, (
            f"closed-form REML: {y.size} utterances, statsmodels is used up to {MAX_ROWS}"
        )
    fit = fit_statsmodels(design.x, y, design.child, design.session, closed)
    short = 2 * (closed.log_likelihood - fit.log_likelihood)
    if not short <= TOLERANCE:  # true of a NaN as well
        return closed, f"closed-form REML: statsmodels stopped short by {short:.3g} in -2 log L"
    if not fit.converged:
        return closed, "closed-form REML: statsmodels warned that it did not converge"
    return fit, "statsmodels MixedLM from the closed-form optimum"
