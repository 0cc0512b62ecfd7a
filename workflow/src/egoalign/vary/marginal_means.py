"""Estimated marginal means of a factor's levels, and their pairwise contrasts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from egoalign.vary.inference import Inference, infer
from egoalign.vary.reference_grid import reference_grid
from egoalign.vary.terms import MixedFit, Reals

Scale = Literal["response", "logit", "probability"]


@dataclass(frozen=True)
class MarginalMean:
    """Expected response of one level; numbers are NaN where the rows do not determine it.

    `df` is infinite for intervals of the normal distribution.
    """

    factor: str
    level: str
    scale: Scale
    estimate: float
    se: float
    df: float
    low: float
    high: float


@dataclass(frozen=True)
class Contrast:
    """Expected response of a level less that of another.

    `p` is of this contrast alone, `p_holm` is corrected for all contrasts of the factor.
    """

    factor: str
    level: str
    other: str
    scale: Scale
    estimate: float
    se: float
    df: float
    statistic: float
    p: float
    p_holm: float
    low: float
    high: float


def marginal_means(
    fit: MixedFit, factor: str, level: float = 0.95
) -> tuple[list[MarginalMean], list[Contrast]]:
    """Return the marginal means of a factor and the contrasts of all pairs of its levels.

    As R's emmeans: the mean over all combinations of the other factors' levels, each counting the
    same, with numbers at their means. Random effects are at 0. Tests and intervals are those of
    `egoalign.vary.inference.infer`. P values are corrected by Holm's (1979) method over the
    factor's contrasts. In a binomial model each is given as logit, and as probability: of a mean
    the bounds are those of the logit transformed, of a contrast the standard error is by the delta
    method.

    Parameters
    ----------
    fit : MixedFit
        Of a frame with a recipe.
    factor : str
        One of `fit.frame.factors`.
    level : float
        Level of the intervals; contrasts' intervals are not corrected.
    """
    names = fit.frame.factors[factor]
    rows, estimable = reference_grid(fit.frame, factor)
    means = infer(fit, rows, level)
    pairs = list(combinations(range(len(names)), 2))
    first, second = (np.array(side) for side in zip(*pairs, strict=True))
    known = estimable[first] & estimable[second]
    contrasts = infer(fit, rows[first] - rows[second], level)
    own: Scale = "response" if fit.family == "gaussian" else "logit"
    mean_rows = _means(factor, names, own, means, estimable)
    contrast_rows = _contrasts(factor, names, pairs, own, contrasts, known)
    if fit.family == "binomial":
        probability = _expit(means.estimate)
        slope = probability * (1 - probability)
        mean_rows += _means(
            factor,
            names,
            "probability",
            Inference(
                estimate=probability,
                se=slope * means.se,
                df=means.df,
                statistic=means.statistic,
                p=means.p,
                low=_expit(means.low),
                high=_expit(means.high),
            ),
            estimable,
        )
        contrast_rows += _contrasts(
            factor,
            names,
            pairs,
            "probability",
            _differences(
                probability[first] - probability[second],
                slope[first, None] * rows[first] - slope[second, None] * rows[second],
                fit,
                level,
            ),
            known,
        )
    return mean_rows, contrast_rows


def holm(p: Reals) -> Reals:
    """Return p values corrected by Holm's step-down method; NaN stays, and is not counted."""
    corrected = np.full(p.shape, np.nan)
    there = np.flatnonzero(~np.isnan(p))
    order = there[np.argsort(p[there], kind="stable")]
    factors = np.arange(order.size, 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(factors * p[order]), 1.0)
    return corrected


def _differences(difference: Reals, gradients: Reals, fit: MixedFit, level: float) -> Inference:
    """Return z tests of differences of probabilities, by the delta method."""
    from scipy.stats import norm

    se = np.sqrt(np.einsum("ij,jk,ik->i", gradients, fit.covariance, gradients))
    half_width = norm.ppf((1 + level) / 2) * se
    return Inference(
        estimate=difference,
        se=se,
        df=np.full(se.shape, np.inf),
        statistic=difference / se,
        p=2 * norm.sf(np.abs(difference / se)),
        low=difference - half_width,
        high=difference + half_width,
    )


def _means(
    factor: str, names: tuple[str, ...], scale: Scale, means: Inference, known: NDArray[np.bool_]
) -> list[MarginalMean]:
    """Return one row a level."""
    return [
        MarginalMean(
            factor=factor,
            level=name,
            scale=scale,
            **{
                key: float(getattr(means, key)[at]) if known[at] else float("nan")
                for key in ("estimate", "se", "df", "low", "high")
            },
        )
        for at, name in enumerate(names)
    ]


def _contrasts(
    factor: str,
    names: tuple[str, ...],
    pairs: list[tuple[int, int]],
    scale: Scale,
    contrasts: Inference,
    known: NDArray[np.bool_],
) -> list[Contrast]:
    """Return one row a pair of levels."""
    corrected = holm(np.where(known, contrasts.p, np.nan))
    return [
        Contrast(
            factor=factor,
            level=names[a],
            other=names[b],
            scale=scale,
            p_holm=float(corrected[at]),
            **{
                key: float(getattr(contrasts, key)[at]) if known[at] else float("nan")
                for key in ("estimate", "se", "df", "statistic", "p", "low", "high")
            },
        )
        for at, (a, b) in enumerate(pairs)
    ]


def _expit(logit: Reals) -> Reals:
    """Return the probability of a logit."""
    from scipy.special import expit

    return np.asarray(expit(logit))
