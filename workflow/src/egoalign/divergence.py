"""How far two distributions of scores lie apart."""

from __future__ import annotations

import numpy as np

from egoalign.resample import Batched, Clusters, Statistic

BINS = 32
"""Bins of the divergence, equally full of true and null scores together."""

SWAPS = 20
"""Times that true and null are exchanged at random for the value that no difference would give."""


def bin_edges(true: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Return the inner edges of `BINS` bins that hold equally many of both together.

    Parameters
    ----------
    true, null : numpy.ndarray
        Scores, shape (n,).

    Returns
    -------
    numpy.ndarray
        Rising, at most ``BINS - 1`` of them; fewer where many scores are equal.
    """
    if not true.size:
        return np.zeros(0)
    both = np.concatenate([true, null])
    return np.unique(np.quantile(both, np.arange(1, BINS) / BINS, method="inverted_cdf"))


def jensen_shannon(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the Jensen-Shannon divergence in bits of pairs of histograms (Lin 1991).

    Parameters
    ----------
    one, other : numpy.ndarray
        Counts, shape (..., b).

    Returns
    -------
    numpy.ndarray
        Shape (...): the entropy of the mean of both less the mean of their entropies; 0 where
        both are the same, 1 where they share no bin, NaN where one is empty.
    """
    p, q = _shares(one), _shares(other)
    return _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2


def divergence_statistic(
    true: np.ndarray, null: np.ndarray, edges: np.ndarray, clusters: Clusters, seed: int
) -> Statistic:
    """Return the divergence of true from null scores, less its value by chance.

    Histograms of few scores differ though their sources do not. That much is found by exchanging
    true and null score within utterances, each with even chance, and is subtracted: the mean over
    `SWAPS` such exchanges, of as many scores.

    Parameters
    ----------
    true, null : numpy.ndarray
        Scores of the same n utterances.
    edges : numpy.ndarray
        Inner edges of the bins.
    clusters : Clusters
        The clusters of the n utterances.
    seed : int
        Seed of the exchanges.

    Returns
    -------
    callable
        A function of how often each cluster counts.
    """
    bins = edges.size + 1

    def histograms(values: np.ndarray) -> np.ndarray:
        cells = clusters.codes * bins + np.searchsorted(edges, values, side="left")
        counts = np.bincount(cells, minlength=clusters.count * bins)
        return counts.reshape(clusters.count, bins).astype(np.float64)

    of_true, of_null = histograms(true), histograms(null)
    rng = np.random.default_rng(seed)
    swapped = np.stack(
        [histograms(np.where(rng.random(true.size) < 0.5, true, null)) for _ in range(SWAPS)]
    )

    def of_samples(counts: np.ndarray) -> np.ndarray:
        one, other = counts @ of_true, counts @ of_null
        some = np.tensordot(counts, swapped, axes=(1, 1))
        chance = jensen_shannon(some, (one + other)[:, None] - some).mean(axis=1)
        return jensen_shannon(one, other) - chance

    return Batched(of_samples)


def _shares(counts: np.ndarray) -> np.ndarray:
    """Return counts over their sum, NaN where that is 0."""
    whole = counts.sum(axis=-1, keepdims=True)
    return np.divide(counts, whole, out=np.full(counts.shape, np.nan), where=whole > 0)


def _entropy(p: np.ndarray) -> np.ndarray:
    """Return the entropy in bits over the last axis."""
    # Where p is 0 or NaN, the logarithm is put to 0; NaN stays NaN by the product.
    return -(p * np.log2(p, out=np.zeros_like(p), where=p > 0)).sum(axis=-1)
