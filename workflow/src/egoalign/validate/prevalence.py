"""The share of aligned moments in a corpus, its uncertainty carried through.

A moment is one of an utterance's pictures; the utterances of a corpus count alike. Children are the
clusters: a bootstrap sample draws children, and with them both their judged pairs, to which
everything is fitted anew, and their moments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from egoalign.validate.calibration import Calibrator, Fit, Labelled, responses
from egoalign.validate.rater_error import RaterError
from egoalign.validate.thresholds import sorting

LEAST_SORTED = 0.05
"""With sensitivity + specificity - 1 below this a threshold tells nothing of the share."""


@dataclass(frozen=True)
class Moments:
    """m moments of a corpus.

    Attributes
    ----------
    predictors : numpy.ndarray
        As of the judged pairs, shape (m, p).
    child : numpy.ndarray
        int64: position of the child of each, shape (m,).
    weights : numpy.ndarray
        One over the number of the utterance's pictures, shape (m,).
    children : int
        Children of the corpus.
    """

    predictors: np.ndarray
    child: np.ndarray
    weights: np.ndarray
    children: int

    def share(self, values: np.ndarray, counts: np.ndarray) -> float:
        """Return the mean of `values`, shape (m,), with children counted as often as said."""
        sums = np.bincount(self.child, self.weights * values, minlength=self.children)
        sizes = np.bincount(self.child, self.weights, minlength=self.children)
        whole = float(counts @ sizes)
        return float(counts @ sums) / whole if whole > 0 else float("nan")


@dataclass(frozen=True)
class Refit:
    """What one bootstrap sample of children gives, or the whole (all counts 1).

    Attributes
    ----------
    counts : numpy.ndarray
        How often each child of the corpus counts.
    labelled : Labelled
        The judged pairs of the children drawn, as often as they were.
    response : numpy.ndarray
        Their responses.
    error : RaterError or None
        The raters' errors where they are modelled.
    """

    counts: np.ndarray
    labelled: Labelled
    response: np.ndarray
    error: RaterError | None


def draw_children(
    labelled: Labelled, children: int, samples: int, seed: int
) -> Iterator[np.ndarray]:
    """Yield how often each child counts in each bootstrap sample, shape (children,).

    Children with and without judged pairs are drawn apart, as many of each as there are, so that
    every sample has as many children to fit to as the whole; together where either are fewer
    than two.
    """
    judged = np.bincount(labelled.child, minlength=children) > 0
    groups = [np.flatnonzero(judged), np.flatnonzero(~judged)]
    if min(len(group) for group in groups) < 2:
        groups = [np.arange(children)]
    rng = np.random.default_rng(seed)
    for _ in range(samples):
        counts = np.zeros(children, dtype=np.int64)
        for group in groups:
            counts[group] = rng.multinomial(len(group), np.full(len(group), 1 / len(group)))
        yield counts


def whole(labelled: Labelled, children: int) -> Refit:
    """Return what all children together give."""
    response, error = responses(labelled)
    return Refit(np.ones(children, dtype=np.int64), labelled, response, error)


def refits(full: Refit, samples: int, seed: int) -> Iterator[Refit]:
    """Yield what each bootstrap sample of children gives, or leave it out if it has no answers."""
    own = full.labelled
    for counts in draw_children(own, len(full.counts), samples, seed):
        drawn = own.of(np.repeat(np.arange(len(own.child)), counts[own.child]))
        if not len(drawn.child):
            continue
        response, error = responses(drawn, full.error)
        if own.with_error and error is None:
            continue
        yield Refit(counts, drawn, response, error)


Estimator = Callable[[Refit, Moments], float]


def mean_calibrated(fit: Fit) -> Estimator:
    """Return the estimator that averages the calibrated probability over the moments.

    It is right where pairs of a given score are aligned as often among the judged ones, weighted,
    as in the corpus: for the population that was sampled.
    """

    def estimate(refit: Refit, moments: Moments) -> float:
        return moments.share(calibrate(refit, fit)(moments.predictors), refit.counts)

    return estimate


def calibrate(refit: Refit, fit: Fit) -> Calibrator:
    """Return the fit to a sample's judged pairs."""
    own = refit.labelled
    return fit(own.predictors, refit.response, own.weights)


def rogan_gladen_share(apparent: float, sensitivity: float, specificity: float) -> float:
    """Return the share that, sorted with such errors, would give the apparent share.

    (apparent + specificity - 1) / (sensitivity + specificity - 1), Rogan & Gladen (1978), American
    Journal of Epidemiology 107. Not held within 0 to 1; NaN where the denominator is
    below 0.05, for then the threshold hardly sorts.
    """
    sorted_ = sensitivity + specificity - 1
    return (apparent + specificity - 1) / sorted_ if sorted_ >= LEAST_SORTED else float("nan")


def rogan_gladen(threshold: float) -> Estimator:
    """Return Rogan and Gladen's estimator from the share of moments above a threshold.

    It is right where aligned moments of the corpus lie above the threshold as often as aligned
    judged pairs do, and others as rarely; how many are aligned may differ.
    """

    def estimate(refit: Refit, moments: Moments) -> float:
        own = refit.labelled
        sensitivity, specificity, _ = sorting(own.score > threshold, refit.response, own.weights)
        apparent = moments.share(
            (moments.predictors[:, 0] > threshold).astype(np.float64), refit.counts
        )
        return rogan_gladen_share(apparent, sensitivity, specificity)

    return estimate


def widened_interval(
    estimate: float,
    samples: np.ndarray,
    clusters: int,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    level: float = 0.95,
) -> tuple[float, float]:
    """Return a bootstrap percentile interval made wide enough for few clusters.

    Percentile intervals are too narrow with few clusters k, for two known reasons: the bootstrap
    variance of a mean is (k - 1) / k of the unbiased one, and its quantiles are near the normal's
    where Student's with k - 1 degrees of freedom are due (Hesterberg 2015, The American
    Statistician 69). The ends' distances from the estimate are therefore multiplied by
    t(k - 1) / z sqrt(k / (k - 1)): by 1.10 for 20 clusters, 1.44 for six. That of values within
    both `bounds` is done on the logit scale.

    Parameters
    ----------
    estimate : float
        From the whole sample.
    samples : numpy.ndarray
        From the bootstrap samples; those that are not finite are left out.
    clusters : int
        How many clusters were drawn.
    bounds : tuple of float
        What values can be; ends are held within.
    level : float
        Coverage aimed at.

    Returns
    -------
    tuple of float
        NaN for fewer than two clusters, or fewer than half of the samples finite.
    """
    from scipy.stats import norm, t

    finite = samples[np.isfinite(samples)]
    if (
        clusters < 2
        or not finite.size
        or finite.size * 2 < samples.size
        or not np.isfinite(estimate)
    ):
        return float("nan"), float("nan")
    tail = (1 + level) / 2
    factor = t.ppf(tail, clusters - 1) / norm.ppf(tail) * np.sqrt(clusters / (clusters - 1))
    ends = np.quantile(finite, [1 - tail, tail])
    low, high = bounds
    inside = np.isfinite(low) and np.isfinite(high)
    if inside and low < min(estimate, ends[0]) and max(estimate, ends[1]) < high:
        logits = [_logit((value - low) / (high - low)) for value in (estimate, *ends)]
        moved = [logits[0] + factor * (end - logits[0]) for end in logits[1:]]
        found = [low + (high - low) / (1 + np.exp(-value)) for value in moved]
        return float(found[0]), float(found[1])
    moved = [estimate + factor * (end - estimate) for end in ends]
    return float(np.clip(moved[0], low, high)), float(np.clip(moved[1], low, high))


def _logit(share: float) -> float:
    return float(np.log(share) - np.log1p(-share))
