"""Parametric bootstrap: the model fitted again to responses drawn from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from egoalign.log import progress
from egoalign.vary.components import ComponentInterval, components_of
from egoalign.vary.fit import refit
from egoalign.vary.terms import MixedFit, Reals


@dataclass(frozen=True)
class Bootstrap:
    """Estimates from responses drawn from a fitted model.

    Attributes
    ----------
    estimates : numpy.ndarray
        Fixed effects, shape (draws, p).
    components : numpy.ndarray
        Standard deviations and correlations in the order of `components_of`, (draws, m).
    n_singular, n_failed : int
        Fits on the boundary, which are kept, and fits that did not converge, which are not.
    """

    estimates: Reals
    components: Reals
    n_singular: int
    n_failed: int


def draw_response(fit: MixedFit, rng: np.random.Generator) -> Reals:
    """Return a response drawn from the fitted model, random effects drawn anew, shape (n,)."""
    frame = fit.frame
    expected = frame.x @ fit.estimates
    for term, covariance in zip(frame.random, fit.components, strict=True):
        values, vectors = np.linalg.eigh(covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        effects = rng.standard_normal((len(term.levels), len(term.columns))) @ root.T
        expected = expected + np.einsum("nk,nk->n", term.z, effects[term.codes])
    if fit.family == "binomial":
        share = 1 / (1 + np.exp(-expected))
        return (rng.random(expected.size) < share).astype(np.float64)
    return np.asarray(expected + fit.sigma * rng.standard_normal(expected.size), np.float64)


def parametric_bootstrap(fit: MixedFit, n: int, seed: int) -> Bootstrap:
    """Fit the model again to `n` responses drawn from it.

    Parameters
    ----------
    fit : MixedFit
        With random terms.
    n : int
        Draws.
    seed : int
        Of all draws.
    """
    rng = np.random.default_rng(seed)
    estimates, components = [], []
    n_singular = n_failed = 0
    for _ in progress(range(n), "draws", n):
        again = refit(fit, draw_response(fit, rng))
        if not again.converged:
            n_failed += 1
            continue
        n_singular += bool(again.singular)
        estimates.append(again.estimates)
        components.append([one.estimate for one in components_of(again)])
    p, m = len(fit.frame.names), len(components_of(fit))
    return Bootstrap(
        np.array(estimates).reshape(-1, p),
        np.array(components).reshape(-1, m),
        n_singular,
        n_failed,
    )


def bootstrap_intervals(
    fit: MixedFit, drawn: Bootstrap, level: float = 0.95
) -> list[ComponentInterval]:
    """Return percentile intervals of the standard deviations and correlations.

    Parameters
    ----------
    fit : MixedFit
        What was drawn from.
    drawn : Bootstrap
        Of `parametric_bootstrap`.
    level : float
        Of confidence.
    """
    from dataclasses import replace

    ends = np.array([0.5 - level / 2, 0.5 + level / 2])
    found = []
    for place, one in enumerate(components_of(fit)):
        values = drawn.components[:, place]
        values = values[np.isfinite(values)]
        if values.size < 2:
            found.append(replace(one, note="no bootstrap interval: too few fits"))
            continue
        low, high = np.quantile(values, ends)
        note = f"parametric bootstrap, percentiles of {values.size} fits"
        found.append(replace(one, low=float(low), high=float(high), note=note))
    return found
