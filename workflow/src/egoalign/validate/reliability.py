"""Whether people agree with each other: alpha, intraclass correlation, kappa, split halves.

Answers are a matrix, items by annotators, NaN where an annotator was not asked. Items may have a
weight, by which a bootstrap over items says how often each was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from egoalign.validate.measures import FEWEST_FOR_CORRELATION

Level = Literal["nominal", "ordinal", "interval"]
TINY = 1e-12
SPLITS = 50
"""Random splits into halves of which a reliability is the mean."""


@dataclass(frozen=True)
class Answers:
    """Answers to items with at least two of them, in the form that most measures want.

    Attributes
    ----------
    matrix : numpy.ndarray
        Answers, shape (items, annotators), NaN where there is none.
    values : numpy.ndarray
        The distinct answers in order, shape (v,).
    counts : numpy.ndarray
        How often each answer was given to each item, shape (items, v).
    """

    matrix: np.ndarray
    values: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, matrix: np.ndarray) -> Answers:
        """Leave out items with fewer than two answers, and count the others' answers."""
        kept = matrix[np.isfinite(matrix).sum(axis=1) >= 2]
        values = np.unique(kept[np.isfinite(kept)])
        counts = (
            np.stack([(kept == value).sum(axis=1) for value in values], axis=1, dtype=float)
            if values.size
            else np.zeros((0, 0))
        )
        return cls(kept, values, counts)

    @property
    def n_items(self) -> int:
        """Items with at least two answers."""
        return self.matrix.shape[0]

    @property
    def per_item(self) -> np.ndarray:
        """Answers to each item, shape (items,)."""
        return np.isfinite(self.matrix).sum(axis=1)


def krippendorff_alpha(answers: Answers, level: Level, weights: np.ndarray | None = None) -> float:
    """Return Krippendorff's alpha, 1 - D_o / D_e; NaN where all answers are equal.

    With o_ck the coincidences of the answers c and k within items, each item's pairs counted
    1 / (m - 1) times for its m answers, n_c their sums and n the sum of all (Krippendorff 2011,
    "Computing Krippendorff's Alpha-Reliability")::

        alpha = 1 - (n - 1) sum_ck o_ck d_ck / sum_ck n_c n_k d_ck

    The distance d is 0 or 1 (nominal), (c - k)^2 (interval), or the squared sum of the n_g from c
    to k, the two ends counted half (ordinal).

    Parameters
    ----------
    answers : Answers
        At least two an item.
    level : str
        What differences between answers mean.
    weights : numpy.ndarray, optional
        How often each item counts, shape (items,).
    """
    counts = answers.counts
    if not answers.n_items:
        return float("nan")
    w = np.ones(answers.n_items) if weights is None else weights
    each = w / (counts.sum(axis=1) - 1)
    together = counts.T @ (counts * each[:, None]) - np.diag(each @ counts)
    sums = together.sum(axis=1)
    distance = _distances(answers.values, sums, level)
    expected = float(sums @ distance @ sums)
    if expected <= 0:
        return float("nan")
    return 1 - (float(sums.sum()) - 1) * float((together * distance).sum()) / expected


def _distances(values: np.ndarray, sums: np.ndarray, level: Level) -> np.ndarray:
    """Return the squared distances between answers, shape (v, v)."""
    if level == "nominal":
        return 1.0 - np.eye(values.size)
    if level == "interval":
        return np.asarray((values[:, None] - values[None, :]) ** 2)
    middle = np.cumsum(sums) - sums / 2
    return np.asarray((middle[:, None] - middle[None, :]) ** 2)


@dataclass(frozen=True)
class VarianceParts:
    """Variances of items, of annotators, and of the rest."""

    items: float
    annotators: float
    rest: float

    def icc(self, k: float = 1.0) -> float:
        """Return ICC(2,k): the items' share in the variance of the mean of k annotators."""
        total = self.items + (self.annotators + self.rest) / k
        return self.items / total if total > 0 else float("nan")


def variance_parts(matrix: np.ndarray, weights: np.ndarray | None = None) -> VarianceParts:
    """Return the variance components of items crossed with annotators, both random.

    By Henderson's (1953) method 1: the four sums of squares of all answers, item means, annotator
    means and grand mean are set equal to what is expected of them. On a full matrix these are the
    estimates of the analysis of variance, and `VarianceParts.icc` is the ICC(2,1) and ICC(2,k) of
    Shrout & Fleiss (1979); it needs no full matrix. All are NaN where they cannot be told apart.

    Parameters
    ----------
    matrix : numpy.ndarray
        Answers, shape (items, annotators), NaN where there is none.
    weights : numpy.ndarray, optional
        How often each item counts, as so many different items, shape (items,).
    """
    nothing = VarianceParts(*(float("nan"),) * 3)
    there = np.isfinite(matrix)
    w = np.ones(matrix.shape[0]) if weights is None else weights
    w = np.where(there.any(axis=1), w, 0.0)
    n_item, n_annotator = there.sum(axis=1), w @ there
    n, used = float(w @ n_item), n_annotator > 0
    if n <= 0:
        return nothing
    # Deviations from the mean keep the four sums from being differences of great numbers.
    values = np.where(there, matrix, 0.0)
    values = np.where(there, values - (w @ values.sum(axis=1)) / n, 0.0)
    of_item, of_annotator = values.sum(axis=1), w @ values
    per_item = np.divide(1.0, n_item, out=np.zeros(n_item.size), where=n_item > 0)
    per_annotator = np.divide(1.0, n_annotator, out=np.zeros(used.size), where=used)
    sums = np.array(
        [
            float(w @ (values**2).sum(axis=1)),
            float(w @ (of_item**2 * per_item)),
            float(of_annotator**2 @ per_annotator),
            float(w @ of_item) ** 2 / n,
        ]
    )
    n_items, n_annotators = float(w.sum()), float(used.sum())
    expected = np.array(
        [
            [n, n, n, n],
            [n, n, n_items, n_items],
            [n, n_annotators, n, n_annotators],
            [n, (w @ n_item**2) / n, (n_annotator**2).sum() / n, 1.0],
        ]
    )
    if np.linalg.matrix_rank(expected / n, tol=1e-10) < 4:
        return nothing
    _, items, annotators, rest = np.linalg.solve(expected, sums)
    return VarianceParts(float(items), float(annotators), float(rest))


def fleiss_kappa(answers: Answers, weights: np.ndarray | None = None) -> float:
    """Return Fleiss' kappa, (P - P_e) / (1 - P_e); NaN where all answers are equal.

    P is the mean over items of the share of agreeing pairs, P_e the sum of squares of the shares of
    the answers (Fleiss 1971). Items may differ in their number of answers m; an item's share is
    then over its own m (m - 1) pairs.
    """
    if not answers.n_items:
        return float("nan")
    w = np.ones(answers.n_items) if weights is None else weights
    m = answers.counts.sum(axis=1)
    agreeing = (answers.counts * (answers.counts - 1)).sum(axis=1) / (m * (m - 1))
    observed = float(w @ agreeing) / float(w.sum())
    shares = (w @ answers.counts) / float(w @ m)
    expected = float(shares @ shares)
    return (observed - expected) / (1 - expected) if expected < 1 - 1e-12 else float("nan")


def cohen_kappa(one: np.ndarray, other: np.ndarray) -> float:
    """Return Cohen's (1960) kappa of two annotators' answers, shape (n,) each.

    NaN where there is no item, or both give one and the same answer to all.
    """
    if not one.size:
        return float("nan")
    values = np.union1d(one, other)
    first, second = (
        np.array([(given == value).mean() for value in values]) for given in (one, other)
    )
    observed, expected = float((one == other).mean()), float(first @ second)
    return (observed - expected) / (1 - expected) if expected < 1 - 1e-12 else float("nan")


def spearman_brown(r: float, times: float) -> float:
    """Return the reliability of the mean of `times` as many answers (Spearman 1910, Brown 1910)."""
    return times * r / (1 + (times - 1) * r)


@dataclass(frozen=True)
class Halves:
    """Means of both halves of each item's answers in many random splits.

    Attributes
    ----------
    first, second : numpy.ndarray
        Shape (splits, items).
    times : float
        How many times the answers of a half the whole has, on average.
    """

    first: np.ndarray
    second: np.ndarray
    times: float

    def reliability(self, weights: np.ndarray | None = None) -> float:
        """Return the reliability of the items' mean answers.

        It is the correlation of the halves over items, meaned over the splits, and stepped up by
        Spearman and Brown to the whole number of answers. NaN where it is not defined.
        """
        w = np.ones(self.first.shape[1]) if weights is None else weights
        if np.count_nonzero(w) < FEWEST_FOR_CORRELATION:
            return float("nan")
        shares = w / w.sum()
        one = self.first - (self.first @ shares)[:, None]
        other = self.second - (self.second @ shares)[:, None]
        scale = np.sqrt((one**2 @ shares) * (other**2 @ shares))
        known = scale > TINY
        r = ((one * other) @ shares)[known] / scale[known]
        return spearman_brown(float(r.mean()), self.times) if known.any() else float("nan")

    def ceiling(self, weights: np.ndarray | None = None) -> float:
        """Return the correlation with people's mean answers that a perfect score would have.

        It is the root of their reliability, 0 where that is below 0.
        """
        reliability = self.reliability(weights)
        return float(np.sqrt(max(reliability, 0.0))) if np.isfinite(reliability) else float("nan")


def split_halves(answers: Answers, splits: int, seed: int) -> Halves:
    """Split each item's answers at random into halves; of an odd number one is left out.

    Parameters
    ----------
    answers : Answers
        At least two an item.
    splits, seed : int
        How many splits, and the seed of their draws.
    """
    rng = np.random.default_rng(seed)
    m = answers.per_item
    half = m // 2
    shape = (splits, answers.n_items)
    first, second = np.zeros(shape), np.zeros(shape)
    there = np.isfinite(answers.matrix)
    for split in range(splits):
        order = np.where(there, rng.random(answers.matrix.shape), np.inf).argsort(axis=1)
        shuffled = np.take_along_axis(answers.matrix, order, axis=1)
        place = np.arange(answers.matrix.shape[1])[None, :]
        for means, within in (
            (first, place < half[:, None]),
            (second, (place >= half[:, None]) & (place < 2 * half[:, None])),
        ):
            means[split] = np.where(within, shuffled, 0.0).sum(axis=1) / half
    return Halves(first, second, float(m.mean() / half.mean()) if m.size else float("nan"))
