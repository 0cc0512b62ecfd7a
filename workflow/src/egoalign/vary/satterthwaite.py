"""Degrees of freedom by Satterthwaite's method, for tests of fixed effects.

The variance of an estimate is itself estimated; its own variance, by the delta method from the
curvature of the criterion in the variance parameters, gives the degrees of freedom of a t
distribution (Giesbrecht & Burns 1985; Fai & Cornelius 1996; as in lmerTest, Kuznetsova, Brockhoff &
Christensen 2017, J. Stat. Softw. 82(13)). Variance parameters on the boundary are taken as known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from egoalign.vary.penalised import FLOOR, Penalised, theta_places
from egoalign.vary.terms import MixedFit, Reals

STEP = 1e-4
"""Of the differences of the exact gradient, in theta for columns of root mean square 1."""

SAME_ROOT = 1e-10
"""Directions of a test with a smaller share of its variance than this are no directions."""


@dataclass(frozen=True)
class Test:
    """An F test: statistic, degrees of freedom of numerator and denominator, p."""

    statistic: float
    df1: float
    df2: float
    p: float


class VarianceOfVariance:
    """The covariance of the variance parameters (theta off the boundary, sigma) of a fit.

    Parameters
    ----------
    fit : MixedFit
        Gaussian, of our engine.
    """

    def __init__(self, fit: MixedFit) -> None:
        point: Penalised = fit.state
        self.fit, self.reml = fit, fit.reml
        places = theta_places(point.sums.blocks)
        diagonal = np.array([a == b for _, a, b in places])
        theta = point.theta
        self.free = np.flatnonzero(~(diagonal & (theta <= FLOOR)))
        # Derivatives need factors that are not singular.
        self.point = Penalised(
            point.order, np.where(diagonal, np.maximum(theta, FLOOR), theta), fit.reml
        )
        self.covariance = self._covariance()

    def _covariance(self) -> Reals:
        """Return twice the inverse of the criterion's Hessian in (theta, sigma)."""
        point, free = self.point, self.free
        m = free.size
        sigma2 = point.sigma2
        sigma = np.sqrt(sigma2)
        hessian = np.zeros((m + 1, m + 1))
        for column, place in enumerate(free):
            ends = []
            for sign in (1, -1):
                theta = point.theta.copy()
                theta[place] += sign * STEP
                moved = Penalised(point.order, theta, self.reml)
                ends.append(moved.derivatives(sigma2).gradient[free])
            hessian[:m, column] = (ends[0] - ends[1]) / (2 * STEP)
        hessian[:m, :m] = (hessian[:m, :m] + hessian[:m, :m].T) / 2
        along = point.directions()[:, free].T @ point.left_over
        hessian[:m, m] = hessian[m, :m] = 2 * along / sigma**3
        hessian[m, m] = 4 * point.nu / sigma2
        values, vectors = np.linalg.eigh(hessian)
        kept = values > np.sqrt(np.finfo(float).eps) * values.max()
        inverse: Reals = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
        return 2 * inverse

    def of(self, contrasts: Reals) -> Reals:
        """Return the degrees of freedom of linear combinations of the fixed effects.

        Parameters
        ----------
        contrasts : numpy.ndarray
            Shape (m, p).
        """
        point, sums = self.point, self.point.sums
        p = sums.p
        sigma2 = point.sigma2
        back = np.linalg.inv(sums.basis)
        combined = contrasts @ back
        spread = combined @ point.x_inverse
        unscaled = np.einsum("mp,mp->m", spread, combined)
        seen = point.vx[:, :p] @ spread.T
        gradient = np.empty((len(contrasts), self.free.size + 1))
        places = theta_places(sums.blocks)
        for column, place in enumerate(self.free):
            term, a, b = places[place]
            block = sums.blocks[term]
            own = seen[block.columns].reshape(block.q, block.k, -1)
            along = np.einsum("j,qjm->qm", point.factors[term][:, b], own)
            gradient[:, column] = 2 * sigma2 * np.sum(own[:, a] * along, axis=0)
        gradient[:, -1] = 2 * np.sqrt(sigma2) * unscaled
        of_variance = np.einsum("mi,ij,mj->m", gradient, self.covariance, gradient)
        with np.errstate(divide="ignore"):
            df: Reals = 2 * np.square(sigma2 * unscaled) / of_variance
        return df


def degrees_of_freedom(fit: MixedFit, contrasts: Reals) -> Reals:
    """Return the degrees of freedom of linear combinations of the fixed effects.

    Parameters
    ----------
    fit : MixedFit
        Gaussian.
    contrasts : numpy.ndarray
        Shape (m, p).

    Returns
    -------
    numpy.ndarray
        Shape (m,). Without random terms those of the residual; infinite in a binomial model.
    """
    n, p = fit.frame.x.shape
    if fit.family != "gaussian":
        return np.full(len(contrasts), np.inf)
    if not fit.frame.random:
        return np.full(len(contrasts), float(n - p))
    return VarianceOfVariance(fit).of(np.asarray(contrasts, dtype=np.float64))


def f_test(fit: MixedFit, contrasts: Reals) -> Test:
    """Test that several linear combinations of the fixed effects are all zero.

    Parameters
    ----------
    fit : MixedFit
        Gaussian: F with Satterthwaite's degrees of freedom (Fai & Cornelius 1996). Binomial: Wald's
        chi squared over its degrees of freedom, those of the denominator infinite.
    contrasts : numpy.ndarray
        Shape (r, p).
    """
    from scipy.stats import chi2, f

    contrasts = np.asarray(contrasts, dtype=np.float64)
    values, vectors = np.linalg.eigh(contrasts @ fit.covariance @ contrasts.T)
    kept = values > SAME_ROOT * values.max()
    values, vectors = values[kept], vectors[:, kept]
    rows = vectors.T @ contrasts
    squares = np.square(rows @ fit.estimates) / values
    rank = squares.size
    statistic = float(squares.mean())
    if fit.family != "gaussian":
        return Test(statistic, rank, np.inf, float(chi2.sf(squares.sum(), rank)))
    df = degrees_of_freedom(fit, rows)
    if rank == 1 or np.allclose(df, df[0], rtol=1e-8):
        df2 = float(df[0])
    else:
        expected = float(np.sum(df[df > 2] / (df[df > 2] - 2)))
        df2 = 2 * expected / (expected - rank) if expected > rank else 2.0
    return Test(statistic, rank, df2, float(f.sf(statistic, rank, df2)))
