"""Whether each conclusion survives other responses, fewer assumptions and other children."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from egoalign.log import UserError, progress
from egoalign.vary.gee import fit_gee
from egoalign.vary.inference import infer_effects
from egoalign.vary.subset import Clusters, fit_alike, resample, with_response
from egoalign.vary.terms import INTERCEPT, MixedFit, Reals

ALPHA = 0.05
"""An effect is claimed where its two-sided p is below this."""

LEVEL = 0.95
BOOTSTRAP = "cluster bootstrap"

FEWEST_FITTED = 0.9
"""Share of a bootstrap's refits that must succeed for its intervals to be given."""

Conclusion = Literal["positive", "negative", "none"]


@dataclass(frozen=True)
class Checked:
    """What one check says of one fixed effect.

    Attributes
    ----------
    check : str
        ``main``, a response, ``GEE`` or ``cluster bootstrap``.
    effect : str
        The fixed effect; never the intercept, whose sign is no conclusion.
    estimate, se, low, high, p : float
        In the units of the check's own response; NaN where the check gave none.
    conclusion : str or None
        ``positive`` or ``negative`` where p is below `ALPHA`, else ``none``.
    survives : bool or None
        Whether the conclusion is that of the main fit.
    note : str or None
        Why there is no conclusion, or how to read it.
    """

    check: str
    effect: str
    estimate: float
    se: float
    low: float
    high: float
    p: float
    conclusion: Conclusion | None
    survives: bool | None
    note: str | None = None


def check_robustness(
    fit: MixedFit,
    clusters: Clusters | None,
    responses: Mapping[str, Reals],
    n_draws: int,
    seed: int,
) -> list[Checked]:
    """Return what the main fit and each check say of every fixed effect.

    Parameters
    ----------
    fit : MixedFit
        The main fit.
    clusters : Clusters or None
        Children: clusters of the GEE and of the bootstrap, which are left out without them.
    responses : mapping
        Other responses over the frame's rows, shape (n,), NaN where missing: the mean score
        instead of the greatest, the difference from the length-matched null.
    n_draws : int
        Draws of the cluster bootstrap; 0 leaves it out.
    seed : int
        Seed of the draws.
    """
    rows = _of_fit("main", fit)
    if not rows:
        return []
    conclusions = {row.effect: row.conclusion for row in rows}
    for name, y in responses.items():
        rows += _tried(f"response {name}", fit, partial(_other_response, fit, name, y))
    if clusters is not None:
        rows += _tried("GEE", fit, partial(_gee, fit, clusters))
    if clusters is not None and n_draws:
        rows += _tried(BOOTSTRAP, fit, partial(_bootstrap, fit, clusters, n_draws, seed))
    return [
        replace(row, survives=row.conclusion == conclusions[row.effect])
        if row.conclusion is not None
        else row
        for row in rows
    ]


def _tried(check: str, fit: MixedFit, run: Callable[[], list[Checked]]) -> list[Checked]:
    """Return a check's rows; where it cannot be made, rows that say why."""
    try:
        return run()
    except UserError as error:
        return [_row(check, name, note=str(error)) for name in _effects(fit.frame.names)]


def _of_fit(check: str, fit: MixedFit) -> list[Checked]:
    """Return the effects of a fit of the same kind."""
    found = infer_effects(fit, LEVEL)
    note = None if fit.converged else "the search did not reach an optimum"
    return [
        _row(
            check,
            name,
            float(found.estimate[at]),
            float(found.se[at]),
            float(found.low[at]),
            float(found.high[at]),
            float(found.p[at]),
            note,
        )
        for at, name in enumerate(fit.frame.names)
        if name != INTERCEPT
    ]


def _other_response(fit: MixedFit, name: str, y: Reals) -> list[Checked]:
    """Return the effects on another response."""
    there = y[np.isfinite(y)]
    if fit.family == "binomial" and not np.isin(there, (0.0, 1.0)).all():
        raise UserError(f"column {name!r} holds other values than 0 and 1: no binomial response")
    if there.size and np.ptp(there) == 0:
        raise UserError(f"column {name!r} is {there[0]:g} in all rows used: nothing to explain")
    return _of_fit(
        f"response {name}", fit_alike(fit, with_response(fit.frame, name, y), errors=True)
    )


def _gee(fit: MixedFit, clusters: Clusters) -> list[Checked]:
    """Return marginal effects, with members of the clusters correlated in some way."""
    found = fit_gee(fit.frame, clusters.codes, fit.family)
    notes = [] if found.converged else ["statsmodels gave a warning"]
    if fit.family == "binomial":
        notes.append("marginal effects: nearer to 0 than those of the mixed model")
    return [
        _row("GEE", e.term, e.estimate, e.se, e.low, e.high, e.p, "; ".join(notes) or None)
        for e in found.effects
        if e.term != INTERCEPT
    ]


def _bootstrap(fit: MixedFit, clusters: Clusters, n_draws: int, seed: int) -> list[Checked]:
    """Return percentile intervals over refits to clusters drawn with replacement."""
    rng = np.random.default_rng(seed)
    q = len(clusters.levels)
    draws = np.full((n_draws, len(fit.frame.names)), np.nan)
    for row in progress(range(n_draws), "draws of the cluster bootstrap", n_draws):
        drawn = np.sort(rng.integers(0, q, size=q))
        try:
            again = fit_alike(fit, resample(fit.frame, clusters, drawn), errors=False)
        except UserError:
            continue
        found = dict(zip(again.frame.names, again.estimates, strict=True))
        draws[row] = [found.get(name, np.nan) for name in fit.frame.names]
    return [
        _from_draws(name, float(estimate), draws[:, at])
        for at, (name, estimate) in enumerate(zip(fit.frame.names, fit.estimates, strict=True))
        if name != INTERCEPT
    ]


def _from_draws(effect: str, estimate: float, draws: Reals) -> Checked:
    """Return one effect's percentile interval and bootstrap p."""
    n, there = draws.size, draws[np.isfinite(draws)]
    note = f"{there.size} of {n} draws could be fitted" if there.size < n else None
    if there.size < max(2, FEWEST_FITTED * n):
        return _row(BOOTSTRAP, effect, note=note)
    low, high = np.quantile(there, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    beyond = min(int((there <= 0).sum()), int((there >= 0).sum()))
    p = min(1.0, 2 * (beyond + 1) / (there.size + 1))
    return _row(BOOTSTRAP, effect, estimate, float(there.std(ddof=1)), low, high, p, note)


def _row(
    check: str,
    effect: str,
    estimate: float = math.nan,
    se: float = math.nan,
    low: float = math.nan,
    high: float = math.nan,
    p: float = math.nan,
    note: str | None = None,
) -> Checked:
    """Return a row with its conclusion."""
    conclusion: Conclusion | None = None
    if not math.isnan(p):
        conclusion = "none" if p >= ALPHA else "positive" if estimate > 0 else "negative"
    return Checked(check, effect, estimate, se, low, high, p, conclusion, None, note)


def _effects(names: tuple[str, ...]) -> list[str]:
    """Return the fixed effects without the intercept."""
    return [name for name in names if name != INTERCEPT]
