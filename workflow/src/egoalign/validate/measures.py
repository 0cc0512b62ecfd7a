"""Measures of agreement between a score and an answer, with weights, and with intervals.

A weight says how many of the population an item stands for. A bootstrap sample multiplies the
weights by how often each item was drawn, so that one function serves both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from egoalign.resample import Clusters, Statistic, bootstrap_values

FEWEST_FOR_CORRELATION = 3
ENOUGH_CLUSTERS = 15
"""From this many clusters on, the percentile bootstrap is trusted."""

Measure = Callable[[np.ndarray, np.ndarray, np.ndarray], float]
"""A function of values x, values y and weights, each of shape (n,), to one number."""


def weighted_mean(x: np.ndarray, _: np.ndarray, weights: np.ndarray) -> float:
    """Return the mean of `x`, shape (n,); NaN where all weights are 0."""
    total = float(weights.sum())
    return float(weights @ x) / total if total > 0 else float("nan")


def pearson(x: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Return Pearson's correlation of two arrays of shape (n,); NaN where one does not vary."""
    w = np.ones(x.size) if weights is None else weights
    if np.count_nonzero(w) < FEWEST_FOR_CORRELATION:
        return float("nan")
    total = w.sum()
    dx, dy = x - (w @ x) / total, y - (w @ y) / total
    scale = float(np.sqrt((w @ dx**2) * (w @ dy**2)))
    tiny = 1e-12 * total * max(1.0, float(np.abs(x).max()) * float(np.abs(y).max()))
    return float(w @ (dx * dy)) / scale if scale > tiny else float("nan")


def ranks(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return weighted ranks, shape (n,): the weight below and half of that of equal values.

    With whole weights these are the mid-ranks, less 1/2, of the sample in which each value stands
    as often as its weight says.
    """
    values, place = np.unique(x, return_inverse=True)
    at = np.bincount(place, weights, minlength=values.size)
    return np.asarray((np.cumsum(at) - at / 2)[place])


def spearman(x: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Return Spearman's correlation: Pearson's of the ranks, ties given their mean rank."""
    w = np.ones(x.size) if weights is None else weights
    return pearson(ranks(x, w), ranks(y, w), w)


def auc(x: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Return the chance that a value with y = 1 exceeds one with y = 0, ties counting half.

    NaN where a class is empty (Hanley & McNeil 1982).
    """
    w = np.ones(x.size) if weights is None else weights
    positive, negative = w * (y == 1), w * (y == 0)
    pairs = float(positive.sum()) * float(negative.sum())
    return float(positive @ ranks(x, negative)) / pairs if pairs > 0 else float("nan")


def average_precision(x: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Return the mean precision over the positives, when items are taken from the top score down.

    AP is the sum over distinct scores of (recall gained there) x (precision down to there), so that
    items of equal score come together. NaN where no item is positive.
    """
    w = np.ones(x.size) if weights is None else weights
    values, place = np.unique(-x, return_inverse=True)
    positive = np.bincount(place, w * (y == 1), minlength=values.size)
    everything = np.bincount(place, w * ((y == 1) | (y == 0)), minlength=values.size)
    total = float(positive.sum())
    if total <= 0:
        return float("nan")
    taken = np.cumsum(everything)
    precision = np.divide(np.cumsum(positive), taken, out=np.zeros(values.size), where=taken > 0)
    return float(positive @ precision) / total


def delong_se(x: np.ndarray, y: np.ndarray) -> float:
    """Return the standard error of the AUC for independent items (DeLong et al. 1988, eq. 4-6).

    The chance of each positive to exceed a negative one varies by S10 over the p positives, that of
    each negative by S01 over the q negatives; the variance is S10 / p + S01 / q. NaN where a class
    has fewer than two items.
    """
    positive, negative = x[y == 1], x[y == 0]
    if min(positive.size, negative.size) < 2:
        return float("nan")
    over = ranks(x, (y == 0).astype(float))[y == 1] / negative.size
    under = 1 - ranks(x, (y == 1).astype(float))[y == 0] / positive.size
    return float(np.sqrt(over.var(ddof=1) / positive.size + under.var(ddof=1) / negative.size))


@dataclass(frozen=True)
class Interval:
    """A 95 % interval, how it was made, what a reader must know of it, and the p of no effect."""

    low: float
    high: float
    made: str | None
    caution: str | None = None
    p: float = float("nan")


def no_interval(why: str | None = None) -> Interval:
    """Return the interval that there is none, and why."""
    return Interval(float("nan"), float("nan"), None, why)


NO_INTERVAL = no_interval()


def cluster_interval(
    statistic: Statistic,
    clusters: Clusters,
    samples: int,
    seed: int,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> Interval:
    """Return the interval of a statistic of clustered items, and its two-sided p of being 0.

    With 15 clusters or more the interval is that of the expanded percentile bootstrap over clusters
    (Hesterberg 2015, section 4.3): it takes the percentiles of a normal deviate t(k - 1) sqrt(k /
    (k - 1)), so that for a mean it is as wide as the t interval. With fewer it is the estimate plus
    and minus t(k - 1) times the standard error of the jackknife that leaves out one cluster at a
    time (Efron & Stein 1981; of few clusters MacKinnon, Nielsen & Webb 2023), cut at the bounds of
    the measure. p is that of the estimate over its standard error, by bootstrap or jackknife, with
    t(k - 1): the share of samples beyond 0 could not be small enough for many tests.

    Parameters
    ----------
    statistic : callable
        Takes how often each cluster counts, shape (k,), and returns one number.
    clusters : Clusters
        The k clusters.
    samples, seed : int
        Of the bootstrap.
    bounds : (float, float)
        Least and greatest value that the measure can have.
    """
    k = clusters.count
    if k < 2:
        return no_interval(clusters.caution)
    from scipy.special import ndtr, stdtr, stdtrit

    estimate = statistic(np.ones(k, dtype=np.int64))
    deviate = float(stdtrit(k - 1, 0.975))
    if k >= ENOUGH_CLUSTERS:
        values = bootstrap_values(statistic, clusters, samples, seed)
        if not values.size:
            return no_interval("not defined in any bootstrap sample: no interval")
        wider = np.sqrt(k / (k - 1))
        beyond = float(ndtr(-deviate * wider))
        low, high = np.quantile(values, [beyond, 1 - beyond])
        made, caution = f"expanded {clusters.describe(samples)}", None
        se = float(values.std() * wider)
    else:
        without = np.array([statistic(1 - one) for one in np.eye(k, dtype=np.int64)])
        if not np.isfinite(without).all():
            return no_interval(f"not defined without one of the {k} {clusters.unit}: no interval")
        se = float(np.sqrt((k - 1) / k * np.sum((without - without.mean()) ** 2)))
        low = max(estimate - deviate * se, bounds[0])
        high = min(estimate + deviate * se, bounds[1])
        made = f"t({k - 1}) with the jackknife over {k} {clusters.unit}"
        caution = f"only {k} {clusters.unit}: the interval is rough"
    p = float(2 * stdtr(k - 1, -abs(estimate) / se)) if se > 0 else float("nan")
    return Interval(float(low), float(high), made, caution, p)


def delong_interval(x: np.ndarray, y: np.ndarray) -> Interval:
    """Return the interval of the AUC for independent items: plus and minus 1.96 standard errors."""
    estimate, se = auc(x, y), delong_se(x, y)
    if not np.isfinite(se):
        return no_interval("a class has fewer than 2 items: no interval")
    made = f"DeLong, {x.size} independent items"
    return Interval(max(estimate - 1.96 * se, 0.0), min(estimate + 1.96 * se, 1.0), made)


def statistic_of(
    measure: Measure, x: np.ndarray, y: np.ndarray, weights: np.ndarray, clusters: Clusters
) -> Statistic:
    """Return a measure as a function of how often each cluster counts."""

    def statistic(counts: np.ndarray) -> float:
        return measure(x, y, weights * counts[clusters.codes])

    return statistic


def row(
    metric: str,
    estimate: float,
    interval: Interval,
    n: int,
    chance: float | None = None,
    notes: Sequence[str | None] = (),
) -> dict[str, Any]:
    """Return a row of table metrics without model and subset."""
    said = [*notes, interval.caution] if n else ["nothing to compute from"]
    return {
        "metric": metric,
        "estimate": finite(estimate),
        "ci_low": finite(interval.low),
        "ci_high": finite(interval.high),
        "chance": chance,
        "n": n,
        "interval": interval.made if np.isfinite(interval.low) else None,
        "note": joined(said),
    }


def finite(value: float) -> float | None:
    """Return a number, or None where it is not one."""
    return float(value) if np.isfinite(value) else None


def joined(notes: Sequence[str | None]) -> str | None:
    """Return the notes that there are as one, or None."""
    return "; ".join(note for note in notes if note) or None
