"""Exact REML for a linear model with intercepts of children and of sessions within them.

The inverse and determinant of the covariance are known in closed form (Sherman & Morrison 1950,
once for a session, once for a child), so that the criterion needs only sums over sessions: an
evaluation costs the same for a thousand utterances as for a million, and a variance of zero is a
point like any other. Notation of Bates, Maechler, Bolker & Walker (2015, section 3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np

GRID = (0.0, 0.03, 0.1, 0.3, 1.0, 3.0)
"""Relative standard deviations tried first, for children and for sessions; the search begins at
the best pair, so that it cannot end in a far local optimum."""

TOLERANCE = 1e-6
"""The optimum is accepted if no near point is better by more than this (in -2 log L)."""


@dataclass(frozen=True)
class Nested:
    """Estimates at the optimum.

    Attributes
    ----------
    estimates : numpy.ndarray
        Fixed effects, shape (p,).
    covariance : numpy.ndarray
        (X' V^-1 X)^-1 at the estimated variances, shape (p, p).
    child_sd, session_sd, residual_sd : float
        Standard deviations; zero for an intercept that is not in the model.
    log_likelihood : float
        Restricted log-likelihood.
    residuals : numpy.ndarray
        y - X b - predicted intercepts, shape (n,).
    converged : bool
        No point near the optimum is better.
    """

    estimates: np.ndarray
    covariance: np.ndarray
    child_sd: float
    session_sd: float
    residual_sd: float
    log_likelihood: float
    residuals: np.ndarray
    converged: bool


class Sums:
    """Sums over sessions of the columns of [X, y], and what is computed from them."""

    def __init__(
        self, x: np.ndarray, y: np.ndarray, child: np.ndarray, session: np.ndarray
    ) -> None:
        columns = np.column_stack([x, y])
        self.n, self.p = x.shape
        self.products = columns.T @ columns
        self.size = np.bincount(session).astype(np.float64)
        self.sums = np.column_stack([np.bincount(session, column) for column in columns.T])
        self.child_of = np.zeros(self.size.size, dtype=np.int64)
        self.child_of[session] = child

    def solve(
        self, theta: np.ndarray
    ) -> tuple[float, np.ndarray, np.ndarray, float, np.ndarray, np.ndarray]:
        """Return the fit at given relative standard deviations (child, session) = theta.

        Returns
        -------
        log_likelihood, estimates, covariance / s^2, s^2, child and session intercepts
        """
        child_ratio, session_ratio = np.square(theta)
        shrunk = 1 + session_ratio * self.size
        # Columns summed over each child after the sessions' part is taken out.
        totals = np.column_stack(
            [np.bincount(self.child_of, column / shrunk) for column in self.sums.T]
        )
        weight = np.bincount(self.child_of, self.size / shrunk)
        child_shrunk = 1 + child_ratio * weight
        weighted = (
            self.products
            - (self.sums.T * (session_ratio / shrunk)) @ self.sums
            - (totals.T * (child_ratio / child_shrunk)) @ totals
        )
        p = self.p
        inverse = np.linalg.inv(weighted[:p, :p])
        estimates = inverse @ weighted[:p, p]
        rest = float(weighted[p, p] - weighted[:p, p] @ estimates)
        variance = max(rest, 0.0) / (self.n - p)
        log_likelihood = -0.5 * (
            (self.n - p) * (1 + np.log(2 * np.pi * variance))
            + np.log(shrunk).sum()
            + np.log(child_shrunk).sum()
            + np.linalg.slogdet(weighted[:p, :p])[1]
        )
        contrast = np.append(-estimates, 1.0)
        child_effects = child_ratio / child_shrunk * (totals @ contrast)
        left = self.sums @ contrast - self.size * child_effects[self.child_of]
        session_effects = session_ratio / shrunk * left
        return float(log_likelihood), estimates, inverse, variance, child_effects, session_effects


def fit_nested(
    x: np.ndarray,
    y: np.ndarray,
    child: np.ndarray,
    session: np.ndarray,
    with_child: bool = True,
    with_session: bool = True,
) -> Nested:
    """Fit y = X b + child intercept + session intercept + residual by REML.

    Parameters
    ----------
    x : numpy.ndarray
        Fixed effects' design of full rank, shape (n, p), n > p.
    y : numpy.ndarray
        Response of mean near 0 and standard deviation near 1, shape (n,).
    child, session : numpy.ndarray
        Codes from 0 of each utterance's child and session, shape (n,); a session has one child.
    with_child, with_session : bool
        Which intercepts are in the model.
    """
    sums = Sums(x, y, child, session)
    theta, converged = _search(
        lambda theta: -2 * sums.solve(theta)[0], np.array([with_child, with_session])
    )
    log_likelihood, estimates, inverse, variance, child_effects, session_effects = sums.solve(theta)
    sd = float(np.sqrt(variance))
    fitted = x @ estimates + child_effects[child] + session_effects[session]
    return Nested(
        estimates,
        variance * inverse,
        float(theta[0]) * sd,
        float(theta[1]) * sd,
        sd,
        log_likelihood,
        y - fitted,
        converged,
    )


def _search(criterion: Callable[[np.ndarray], float], free: np.ndarray) -> tuple[np.ndarray, bool]:
    """Return the non-negative theta, shape (2,), of least criterion, and whether it is a minimum.

    The search uses no gradient: the criterion is even in theta, so its gradient at zero is zero
    whether or not zero is the optimum.

    Parameters
    ----------
    criterion : callable
        Of theta.
    free : numpy.ndarray
        Shape (2,), bool: which are searched; the others stay zero.
    """
    from scipy.optimize import minimize

    if not free.any():
        return np.zeros(2), True
    grid = np.array([pair for pair in product(GRID, GRID) if not np.any(np.array(pair)[~free])])
    best = grid[int(np.argmin([criterion(theta) for theta in grid]))]

    def inside(values: np.ndarray) -> np.ndarray:
        theta = np.zeros(2)
        theta[free] = np.abs(values)
        return theta

    # A second search from the first one's end: a collapsed simplex is the method's known failure.
    for _ in range(2):
        end = minimize(
            lambda values: criterion(inside(values)),
            best[free],
            method="Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 2000},
        )
        best = inside(end.x)
    steps = 1e-3 * np.maximum(best, 1e-2) * free
    near = [best + np.array(signs) * steps for signs in product((-1, 0, 1), repeat=2)]
    least = min(criterion(np.abs(theta)) for theta in near)
    return best, bool(criterion(best) - least <= TOLERANCE)
