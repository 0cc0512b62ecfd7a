"""How the variance is shared out: intraclass correlations and R squared of a mixed model."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from egoalign.vary.terms import MixedFit, RandomTerm, Reals

LOGIT_VARIANCE = math.pi**2 / 3
"""Residual variance of a logistic model on its latent scale: that of the logistic distribution."""


@dataclass(frozen=True)
class VarianceShares:
    """Variances in squared units of the response (of the logit, in a binomial model).

    Attributes
    ----------
    fixed : float
        Variance over the rows (n - 1) of what the fixed effects predict.
    random : tuple of float
        Mean over the rows of each random term's variance.
    residual : float
        Residual variance; pi^2 / 3 in a binomial model.
    """

    fixed: float
    random: tuple[float, ...]
    residual: float

    @property
    def unexplained(self) -> float:
        """Variance of what the fixed effects leave: random terms and residual."""
        return sum(self.random) + self.residual

    @property
    def total(self) -> float:
        """Sum of all variances."""
        return self.fixed + self.unexplained

    @property
    def icc(self) -> tuple[float, ...]:
        """Intraclass correlation of each random term: its share of what fixed effects leave."""
        return tuple(variance / self.unexplained for variance in self.random)

    @property
    def r2_marginal(self) -> float:
        """Share of the total that the fixed effects explain."""
        return self.fixed / self.total

    @property
    def r2_conditional(self) -> float:
        """Share of the total that fixed effects and random terms explain."""
        return (self.fixed + sum(self.random)) / self.total


def variance_shares(fit: MixedFit) -> VarianceShares:
    """Return the variances of fixed effects, each random term, and residual.

    R squared is that of Nakagawa & Schielzeth (2013, Methods in Ecology and Evolution 4: 133);
    where an effect of a number varies, a term's variance is its mean over the rows, z' Sigma z
    (Johnson 2014, same journal 5: 944). A binomial model's are on the logit's latent scale.

    Parameters
    ----------
    fit : MixedFit
        Of either family, with or without random terms.
    """
    predicted = fit.frame.x @ fit.estimates
    return VarianceShares(
        fixed=float(np.var(predicted, ddof=1)),
        random=tuple(
            _mean_variance(term, component)
            for term, component in zip(fit.frame.random, fit.components, strict=True)
        ),
        residual=fit.sigma**2 if fit.family == "gaussian" else LOGIT_VARIANCE,
    )


def _mean_variance(term: RandomTerm, component: Reals) -> float:
    """Return the mean over the rows of z' Sigma z."""
    return float(np.sum(component * (term.z.T @ term.z)) / len(term.z))
