"""How far two distributions of scores lie apart, in bits."""

from __future__ import annotations

import numpy as np

from egoalign.resample import Clusters, Statistic

BINS = 20
"""Bins of equal width between the least and the greatest of the values compared."""

SPLITS = 10
"""Random halvings over which the excess of a divergence is averaged."""


def jensen_shannon(a: np.ndarray, b: np.ndarray, bins: int | np.ndarray = BINS) -> float:
    """Return the Jensen-Shannon divergence of two samples' histograms, in bits.

    With P and Q the shares of values in each bin and M their mean, it is (KL(P|M) + KL(Q|M)) / 2
    with logarithms to base 2 (Lin 1991, equation 3.3 with equal weights): 0 for equal histograms,
    1 where no bin holds values of both. From finite samples it is above 0 even if both come from
    one distribution, the more so the fewer values and the more bins there are.

    Parameters
    ----------
    a, b : numpy.ndarray
        Values of the two samples, shapes (n,) and (m,).
    bins : int or numpy.ndarray
        Number of bins of equal width between the least and the greatest value of both samples, or
        the k + 1 rising edges of k bins. The last bin holds its upper edge; values beyond the
        edges are an error.

    Returns
    -------
    float
        From 0 to 1; NaN where either sample is empty.

    Raises
    ------
    ValueError
        A value is not finite, or lies beyond the edges.
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if not a.size or not b.size:
        return float("nan")
    edges = bin_edges(np.concatenate([a, b]), bins) if isinstance(bins, int) else bins
    return divergence_of_counts(
        *(np.bincount(bin_places(v, edges), minlength=edges.size - 1) for v in (a, b))
    )


def divergence_of_counts(p: np.ndarray, q: np.ndarray) -> float:
    """Return the Jensen-Shannon divergence in bits of two histograms of shape (k,), not negative.

    NaN where either holds nothing.
    """
    if not p.sum() or not q.sum():
        return float("nan")
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    parts = (part[part > 0] @ np.log2(part[part > 0] / middle[part > 0]) for part in (p, q))
    return float(min(max(sum(parts) / 2, 0.0), 1.0))


def bin_edges(values: np.ndarray, bins: int) -> np.ndarray:
    """Return the edges, (bins + 1,), of bins of equal width that hold all values, shape (n,).

    Raises
    ------
    ValueError
        A value is not finite.
    """
    if not np.isfinite(values).all():
        raise ValueError("a value is not finite")
    low, high = (values.min(), values.max()) if values.size else (0.0, 0.0)
    # Values that are all equal need bins of some width.
    return np.linspace(low, high if high > low else low + 1.0, bins + 1)


def bin_places(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the bin of each value, from 0; a bin holds its lower edge, the last its upper too.

    Raises
    ------
    ValueError
        A value is not finite, or lies beyond the edges.
    """
    if values.size and not (values.min() >= edges[0] and values.max() <= edges[-1]):
        raise ValueError(f"values beyond the edges {edges[0]:g} to {edges[-1]:g}")
    places = np.searchsorted(edges, values, side="right") - 1
    return np.minimum(places, edges.size - 2)


def excess_statistics(
    true: np.ndarray,
    null: np.ndarray,
    clusters: Clusters,
    seed: int,
    bins: int = BINS,
    splits: int = SPLITS,
) -> tuple[Statistic, Statistic]:
    """Return the divergence of true from null scores beyond that of null from null, and the latter.

    The n observations are halved at random into A and B of equal size. The true scores of A are
    compared with the null scores of B, and so are the null scores of A with the null scores of B;
    the excess is the first less the second. All samples are equally large and none shares an
    observation with the one that it is compared with, so the excess of scores that are distributed
    as their null is 0 on average, whatever the number of values. It is averaged over `splits`
    halvings.

    Parameters
    ----------
    true, null : numpy.ndarray
        Score and one null score of each observation, shape (n,).
    clusters : Clusters
        The clusters of the n observations.
    seed : int
        Seed of the halvings.
    bins : int
        Bins of equal width over all 2 n values.
    splits : int
        Halvings.

    Returns
    -------
    excess, null_from_null : Statistic
        Functions of the clusters' counts, in bits; NaN with fewer than two observations.
    """
    n = true.size
    edges = bin_edges(np.concatenate([true, null]), bins)
    true_places, null_places = bin_places(true, edges), bin_places(null, edges)
    rng = np.random.default_rng(seed)
    halvings = [np.split(rng.permutation(n)[: n // 2 * 2], 2) for _ in range(splits)]

    def divergences(counts: np.ndarray) -> np.ndarray:
        """Return the mean divergences of true from null, and of null from null."""
        weights = counts[clusters.codes].astype(np.float64)

        def histogram(places: np.ndarray, half: np.ndarray) -> np.ndarray:
            return np.bincount(places[half], weights[half], minlength=bins)

        found = np.empty((splits, 2))
        for row, (first, second) in enumerate(halvings):
            other = histogram(null_places, second)
            for column, places in enumerate((true_places, null_places)):
                found[row, column] = divergence_of_counts(histogram(places, first), other)
        mean: np.ndarray = found.mean(axis=0)
        return mean

    def excess(counts: np.ndarray) -> float:
        from_null, own = divergences(counts)
        return float(from_null - own)

    def null_from_null(counts: np.ndarray) -> float:
        return float(divergences(counts)[1])

    return excess, null_from_null
