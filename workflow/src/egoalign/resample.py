"""Intervals by resampling whole clusters, and the area under the ROC curve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

FEW_CLUSTERS = 15
"""With fewer clusters than this, percentile intervals are known to be too narrow."""

MOST_PAIRED = 200
"""Up to so many clusters, the AUC of each pair of clusters is reckoned once and for all samples."""

Statistic = Callable[[np.ndarray], float]
"""A function of how often each cluster counts (whole numbers, shape (k,)) to one number."""


@dataclass(frozen=True)
class Batched:
    """A statistic that is computed for many samples at once.

    Attributes
    ----------
    of_samples : callable
        From how often each cluster counts in each sample, shape (s, k), to s numbers.
    """

    of_samples: Callable[[np.ndarray], np.ndarray]

    def __call__(self, counts: np.ndarray) -> float:
        """Return the statistic of one sample."""
        return float(self.of_samples(counts[None])[0])


@dataclass(frozen=True)
class Clusters:
    """What is drawn as a whole: a plural noun, each observation's cluster (n,), and how many."""

    unit: str
    codes: np.ndarray
    count: int

    def describe(self, samples: int) -> str:
        """Return how an interval from these clusters was made."""
        return f"percentile bootstrap over {self.count} {self.unit}, {samples} samples"

    @property
    def caution(self) -> str | None:
        """Return what a reader must know of the interval, or None."""
        if self.count == 1:
            return f"one of {self.unit} only: no interval"
        if self.count < FEW_CLUSTERS:
            return f"only {self.count} {self.unit}: the interval is likely too narrow"
        return None


def choose_clusters(levels: Sequence[tuple[str, Sequence[object] | np.ndarray]]) -> Clusters:
    """Return the first level that has at least two clusters, else the last.

    Parameters
    ----------
    levels : sequence of (str, sequence)
        From coarse to fine: a plural noun, and each observation's cluster at that level. Whole
        numbers in an array are told apart faster than other labels.
    """
    clusters = Clusters(levels[-1][0], np.zeros(0, dtype=np.int64), 0)
    for unit, labels in levels:
        if isinstance(labels, np.ndarray) and labels.dtype.kind == "i":
            distinct, codes = np.unique(labels, return_inverse=True)
            clusters = Clusters(unit, codes, distinct.size)
        else:
            position: dict[object, int] = {}
            codes = np.array([position.setdefault(label, len(position)) for label in labels], int)
            clusters = Clusters(unit, codes, len(position))
        if clusters.count >= 2:
            break
    return clusters


def bootstrap(
    statistic: Statistic, clusters: Clusters, samples: int, seed: int, level: float = 0.95
) -> tuple[float, float]:
    """Return the percentile interval of a statistic under resampling of clusters.

    Clusters are drawn with replacement, as many as there are; each brings all its observations
    (Davison & Hinkley 1997, section 3.8). Samples in which the statistic is not defined are left
    out; with fewer than two clusters both ends are NaN.

    Parameters
    ----------
    statistic : callable
        Takes how often each cluster counts, shape (k,), and returns one number.
    clusters : Clusters
        The k clusters.
    samples : int
        Bootstrap samples; with 0 both ends are NaN.
    seed : int
        Seed of the draws; the same seed draws the same clusters.
    level : float
        Coverage aimed at.
    """
    values = bootstrap_values(statistic, clusters, samples, seed)
    if not values.size:
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def bootstrap_values(
    statistic: Statistic, clusters: Clusters, samples: int, seed: int
) -> np.ndarray:
    """Return the statistic in the samples of `bootstrap`, those in which it is not defined aside.

    There are none with fewer than two clusters.
    """
    if clusters.count < 2 or not samples:
        return np.zeros(0)
    counts = _samples(clusters.count, samples, seed)
    if isinstance(statistic, Batched):
        values = statistic.of_samples(counts)
    else:
        values = np.array([statistic(sample) for sample in counts])
    return np.asarray(values[np.isfinite(values)])


@lru_cache(maxsize=2)
def _samples(count: int, samples: int, seed: int) -> np.ndarray:
    """Return how often each cluster counts in each sample: whole numbers, (samples, count)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(count, np.full(count, 1 / count), size=samples)


def measure(
    metric: str,
    statistic: Statistic,
    clusters: Clusters,
    samples: int,
    seed: int,
    chance: float | None = None,
) -> dict[str, Any]:
    """Return a statistic and its interval as a row of table metrics, without model and subset.

    Parameters
    ----------
    metric : str
        Its name.
    statistic, clusters, samples, seed
        As in `bootstrap`.
    chance : float, optional
        The value expected by chance.
    """
    n = clusters.codes.size
    estimate = statistic(np.ones(clusters.count, dtype=np.int64)) if n else float("nan")
    low, high = bootstrap(statistic, clusters, samples, seed)
    return {
        "metric": metric,
        "estimate": estimate if np.isfinite(estimate) else None,
        "ci_low": low if np.isfinite(low) else None,
        "ci_high": high if np.isfinite(high) else None,
        "chance": chance,
        "n": n,
        "interval": clusters.describe(samples) if np.isfinite(low) else None,
        "note": clusters.caution if n else "nothing to compute from",
    }


def mean_statistic(values: np.ndarray, clusters: Clusters) -> Statistic:
    """Return the mean of `values`, shape (n,), as a function of the clusters' counts."""
    sums = np.bincount(clusters.codes, values, minlength=clusters.count)
    sizes = np.bincount(clusters.codes, minlength=clusters.count)
    return Batched(lambda counts: _ratio(counts @ sums, counts @ sizes))


def sd_statistic(values: np.ndarray, clusters: Clusters) -> Statistic:
    """Return the standard deviation (n - 1) of `values`, shape (n,), as a function of counts."""
    center = values.mean() if values.size else 0.0
    sizes, sums, squares = (
        np.bincount(clusters.codes, (values - center) ** power, minlength=clusters.count)
        for power in (0, 1, 2)
    )

    def statistic(counts: np.ndarray) -> float:
        n, total, square = (float(counts @ part) for part in (sizes, sums, squares))
        return float(np.sqrt(max(square - total**2 / n, 0.0) / (n - 1))) if n > 1 else float("nan")

    return statistic


def sample_statistic(
    function: Callable[..., float], clusters: Clusters, *arrays: np.ndarray
) -> Statistic:
    """Return `function` of the resampled arrays, each of shape (n,), as a function of counts."""
    rows = np.arange(clusters.codes.size)

    def statistic(counts: np.ndarray) -> float:
        drawn = np.repeat(rows, counts[clusters.codes])
        return function(*(array[drawn] for array in arrays))

    return statistic


def auc_statistic(values: np.ndarray, positive: np.ndarray, clusters: Clusters) -> Statistic:
    """Return the AUC as a function of the clusters' counts.

    The values are ranked once, so that each bootstrap sample costs time linear in their number.

    Parameters
    ----------
    values : numpy.ndarray
        Values of both classes, shape (n,).
    positive : numpy.ndarray
        Which belong to the positive class, bool of shape (n,).
    clusters : Clusters
        The clusters of the n values.
    """
    levels, ranks = np.unique(values, return_inverse=True)
    positive_ranks, negative_ranks = ranks[positive], ranks[~positive]
    positive_codes, negative_codes = clusters.codes[positive], clusters.codes[~positive]

    if clusters.count <= MOST_PAIRED:
        return _auc_of_pairs(
            positive_ranks, negative_ranks, positive_codes, negative_codes, clusters.count
        )

    def statistic(counts: np.ndarray) -> float:
        positives, negatives = counts[positive_codes], counts[negative_codes]
        pairs = float(positives.sum()) * float(negatives.sum())
        if not pairs:
            return float("nan")
        at = np.bincount(negative_ranks, negatives, minlength=levels.size)
        below_or_half_tied = np.cumsum(at) - at / 2
        return float(positives @ below_or_half_tied[positive_ranks] / pairs)

    return statistic


def _auc_of_pairs(
    positive_ranks: np.ndarray,
    negative_ranks: np.ndarray,
    positive_codes: np.ndarray,
    negative_codes: np.ndarray,
    count: int,
) -> Statistic:
    """Return the AUC as a function of counts, from the wins of each cluster over each other."""
    top = int(max(positive_ranks.max(initial=-1), negative_ranks.max(initial=-1))) + 1
    wins = np.empty((count, count))
    for cluster in range(count):
        at = np.bincount(negative_ranks[negative_codes == cluster], minlength=top)
        below_or_half_tied = np.cumsum(at) - at / 2
        wins[:, cluster] = np.bincount(
            positive_codes, below_or_half_tied[positive_ranks], minlength=count
        )
    positives = np.bincount(positive_codes, minlength=count)
    negatives = np.bincount(negative_codes, minlength=count)

    def of_samples(counts: np.ndarray) -> np.ndarray:
        return _ratio(
            ((counts @ wins) * counts).sum(axis=1), (counts @ positives) * (counts @ negatives)
        )

    return Batched(of_samples)


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Return top over bottom, NaN where that is 0."""
    return np.divide(top, bottom, out=np.full(len(bottom), np.nan), where=bottom > 0)


def auc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Return the chance that a positive value exceeds a negative one, ties counting half.

    This is the area under the ROC curve, or the Mann-Whitney U over the number of pairs
    (Hanley & McNeil 1982). NaN where either class is empty.

    Parameters
    ----------
    positive, negative : numpy.ndarray
        Values of the two classes, shapes (p,) and (q,).
    """
    values = np.concatenate([positive, negative]).astype(np.float64)
    whole = Clusters("values", np.zeros(values.size, dtype=np.int64), 1)
    is_positive = np.arange(values.size) < len(positive)
    return auc_statistic(values, is_positive, whole)(np.ones(1, dtype=np.int64))
