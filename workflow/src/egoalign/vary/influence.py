"""Diagnostics of a fit: its residuals, and what each child does to the fixed effects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from egoalign.log import UserError, progress
from egoalign.vary.subset import Clusters, fit_alike, subset
from egoalign.vary.terms import MixedFit, Reals

QUANTILES = {"Min": 0.0, "1Q": 0.25, "Median": 0.5, "3Q": 0.75, "Max": 1.0}
"""Scaled residuals that lme4's summary shows."""

BINS = 20
"""Bins of equally many rows in which residuals are held against fitted values."""

QQ_POINTS = 99
"""Quantiles, of equal steps in probability, that are held against the normal distribution's."""

FEWEST_LEFT = 2
"""Members that must be left when one is left out, for a variance between them."""


@dataclass(frozen=True)
class LeftOut:
    """The fixed effects without the rows of one member.

    Attributes
    ----------
    member : str
        Who is left out.
    n : int
        Number of its rows.
    change : dict
        Of each fixed effect: estimate without the member less that with all, in standard errors
        of the latter; NaN where it cannot be estimated without the member.
    note : str or None
        Why there is no fit, or what is odd of it.
    """

    member: str
    n: int
    change: dict[str, float]
    note: str | None = None


@dataclass(frozen=True)
class Bin:
    """Rows with similar fitted values: means of fitted values and residuals, and their number."""

    fitted: float
    residual: float
    se: float
    n: int


def scaled_residuals(fit: MixedFit) -> Reals:
    """Return residuals over their standard deviation, shape (n,): Pearson's.

    Residuals are of the fitted values with the conditional modes.
    """
    raw = fit.frame.y - fit.fitted
    if fit.family == "gaussian":
        return raw / fit.sigma
    return np.asarray(raw / np.sqrt(fit.fitted * (1 - fit.fitted)))


def residual_quantiles(fit: MixedFit) -> dict[str, float]:
    """Return the scaled residuals' `QUANTILES`."""
    found = np.quantile(scaled_residuals(fit), list(QUANTILES.values()))
    return dict(zip(QUANTILES, found.tolist(), strict=True))


def residuals_by_fitted(fit: MixedFit) -> list[Bin]:
    """Return mean residuals, in units of the response, of `BINS` bins by fitted value.

    In a right model each is near 0, within about two standard errors (Gelman & Hill 2007, 5.6).
    """
    order = np.argsort(fit.fitted, kind="stable")
    residuals = fit.frame.y - fit.fitted
    return [
        Bin(
            fitted=float(fit.fitted[rows].mean()),
            residual=float(residuals[rows].mean()),
            se=float(residuals[rows].std(ddof=1) / np.sqrt(rows.size)),
            n=rows.size,
        )
        for rows in np.array_split(order, min(BINS, order.size // 2))
    ]


def qq_points(fit: MixedFit) -> tuple[Reals, Reals]:
    """Return quantiles of the normal distribution and those of a Gaussian fit's scaled residuals.

    Both of shape (`QQ_POINTS`,), in standard deviations.
    """
    from scipy.stats import norm

    probability = np.arange(1, QQ_POINTS + 1) / (QQ_POINTS + 1)
    return np.asarray(norm.ppf(probability)), np.quantile(scaled_residuals(fit), probability)


def leave_one_out(fit: MixedFit, clusters: Clusters) -> Iterator[LeftOut]:
    """Refit without each member in turn, variances and all.

    Parameters
    ----------
    fit : MixedFit
        Of all rows.
    clusters : Clusters
        Whose members are left out.
    """
    n_members = len(clusters.levels)
    if n_members <= FEWEST_LEFT:
        raise UserError(
            f"influence: {clusters.name} has {n_members} members; expected more than {FEWEST_LEFT}"
        )
    se = dict(zip(fit.frame.names, np.sqrt(np.diag(fit.covariance)), strict=True))
    whole = dict(zip(fit.frame.names, fit.estimates, strict=True))
    for code in progress(range(n_members), f"refits without a {clusters.name}", n_members):
        out = clusters.codes == code
        member, n = clusters.levels[code], int(out.sum())
        try:
            again = fit_alike(fit, subset(fit.frame, np.flatnonzero(~out)), errors=False)
        except UserError as error:
            yield LeftOut(member, n, dict.fromkeys(whole, float("nan")), str(error))
            continue
        found = dict(zip(again.frame.names, again.estimates, strict=True))
        change = {
            name: float((found[name] - value) / se[name]) if name in found else float("nan")
            for name, value in whole.items()
        }
        note = None if again.converged else "the search without it did not reach an optimum"
        yield LeftOut(member, n, change, note)
