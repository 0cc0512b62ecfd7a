"""The probability that a pair is aligned, given its score: fits, and how good they are.

A response is 1 for an aligned pair and 0 for another, or any number that is so on average (a share
of answers, or an answer corrected for the raters' errors). All that is computed here is linear in
the responses, so that such numbers do as well as the truth would.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from scipy.special import expit, logit

from egoalign.validate.rater_error import (
    RaterError,
    can_be_modelled,
    corrected_answers,
    estimate_rater_error,
    mean_answers,
)

PRIOR_SD = 5.0
"""Slopes in standard deviations of their predictor have this normal prior, which keeps them finite
where scores part the classes wholly; so has the intercept."""
FEWEST_PER_BIN = 10


@dataclass(frozen=True)
class Labelled:
    """n pairs of an utterance and a picture that people judged.

    Attributes
    ----------
    predictors : numpy.ndarray
        The score, then any others: shape (n, p).
    child : numpy.ndarray
        int64: position of each pair's child among those of the corpus.
    weights : numpy.ndarray
        Inverse inclusion probabilities up to a factor.
    counts : numpy.ndarray or None
        How often each rater said no, unsure, yes: (n, raters, 3), one rater where all are taken to
        be alike. None where answers are no such three.
    means : numpy.ndarray
        Mean answers as they are, from 0 to 1.
    with_error : bool
        Whether raters' errors are modelled.
    """

    predictors: np.ndarray
    child: np.ndarray
    weights: np.ndarray
    counts: np.ndarray | None
    means: np.ndarray
    with_error: bool = False

    @property
    def score(self) -> np.ndarray:
        """The scores, shape (n,)."""
        return np.asarray(self.predictors[:, 0])

    def of(self, rows: np.ndarray) -> Labelled:
        """Return some of the pairs."""
        return replace(
            self,
            predictors=self.predictors[rows],
            child=self.child[rows],
            weights=self.weights[rows],
            counts=None if self.counts is None else self.counts[rows],
            means=self.means[rows],
        )


def labelled_pairs(
    predictors: np.ndarray,
    child: np.ndarray,
    counts: np.ndarray,
    weights: np.ndarray | None = None,
    model_error: bool = True,
) -> Labelled:
    """Return pairs that were answered with no, unsure or yes.

    Parameters
    ----------
    predictors, child, counts, weights
        As in `Labelled`; without weights all pairs count alike.
    model_error : bool
        Model the raters' errors if there are answers enough.
    """
    return Labelled(
        predictors,
        child,
        np.ones(len(child)) if weights is None else weights,
        counts,
        mean_answers(counts),
        model_error and can_be_modelled(counts),
    )


def responses(
    labelled: Labelled, start: RaterError | None = None
) -> tuple[np.ndarray, RaterError | None]:
    """Return each pair's response, corrected for the raters' errors where these are modelled.

    Parameters
    ----------
    labelled : Labelled
        The pairs.
    start : RaterError, optional
        Errors of the whole sample, from which the search of a bootstrap sample begins.
    """
    if not labelled.with_error or labelled.counts is None:
        return labelled.means, None
    error = estimate_rater_error(labelled.counts, np.ones(len(labelled.means)), start)
    if error is None:
        return labelled.means, None
    return corrected_answers(labelled.counts, error), error


class Calibrator(Protocol):
    """Something that tells the probability from predictors of shape (n, p)."""

    def __call__(self, predictors: np.ndarray) -> np.ndarray:
        """Return probabilities, shape (n,)."""


@dataclass(frozen=True)
class Logistic:
    """A logistic function of all predictors.

    Attributes
    ----------
    intercept : float
    slopes : numpy.ndarray
        Shape (p,), for the predictors in their own units.
    """

    intercept: float
    slopes: np.ndarray

    def __call__(self, predictors: np.ndarray) -> np.ndarray:
        """Return probabilities, shape (n,)."""
        return np.asarray(expit(self.intercept + predictors @ self.slopes))


@dataclass(frozen=True)
class Isotonic:
    """A rising function of the score alone: straight between its knots, level beyond them."""

    scores: np.ndarray
    values: np.ndarray

    def __call__(self, predictors: np.ndarray) -> np.ndarray:
        """Return probabilities, shape (n,)."""
        return np.interp(predictors[:, 0], self.scores, self.values)


Fit = Callable[[np.ndarray, np.ndarray, np.ndarray], Calibrator]


def fit_logistic(
    predictors: np.ndarray, response: np.ndarray, weights: np.ndarray, prior_sd: float = PRIOR_SD
) -> Logistic:
    """Fit a logistic function by greatest weighted likelihood with a weak prior.

    It makes sum w (log(1 + exp(h)) - y h) + sum b^2 / (2 prior_sd^2) least, where h is linear in
    the predictors and b its coefficients with predictors standardised. That is convex and has one
    minimum for any real y, and its gradient has mean zero at the truth if y is right on average.

    Parameters
    ----------
    predictors : numpy.ndarray
        Shape (n, p).
    response, weights : numpy.ndarray
        Shape (n,); weights are scaled to mean 1.
    prior_sd : float
        Standard deviation of the prior; infinite for none.
    """
    used = weights > 0
    x, y, w = predictors[used], response[used], weights[used]
    w = w / w.mean()
    centre = np.average(x, axis=0, weights=w)
    scale = np.sqrt(np.average((x - centre) ** 2, axis=0, weights=w))
    scale = np.where(scale > 1e-12 * np.maximum(1.0, np.abs(centre)), scale, np.inf)
    design = np.column_stack([np.ones(len(y)), (x - centre) / scale])
    penalty = np.eye(design.shape[1]) / prior_sd**2
    line = np.zeros(design.shape[1])

    def loss(at: np.ndarray) -> float:
        eta = design @ at
        return float(w @ (np.logaddexp(0.0, eta) - y * eta) + at @ penalty @ at / 2)

    value = loss(line)
    for _ in range(100):
        p = expit(design @ line)
        gradient = design.T @ (w * (p - y)) + penalty @ line
        curvature = (design * (w * np.maximum(p * (1 - p), 1e-12))[:, None]).T @ design + penalty
        step = np.linalg.solve(curvature, gradient)
        length = 1.0
        while loss(line - length * step) > value and length > 1e-8:
            length /= 2
        line = line - length * step
        before, value = value, loss(line)
        if before - value < 1e-12 * max(1.0, abs(value)):
            break
    slopes = line[1:] / scale
    return Logistic(float(line[0] - slopes @ centre), slopes)


def fit_isotonic(predictors: np.ndarray, response: np.ndarray, weights: np.ndarray) -> Isotonic:
    """Fit the rising function of the score with the least weighted squares, within 0 to 1.

    Pool-adjacent-violators by SciPy (Barlow, Bartholomew, Bremner & Brunk 1972); cutting the
    result off at 0 and 1 gives the best function within these bounds (Robertson, Wright & Dykstra
    1988, chapter 1). Equal scores have one value.

    Parameters
    ----------
    predictors : numpy.ndarray
        Shape (n, p); the first column is the score.
    response, weights : numpy.ndarray
        Shape (n,).
    """
    from scipy.optimize import isotonic_regression

    used = weights > 0
    scores, place = np.unique(predictors[used, 0], return_inverse=True)
    weight = np.bincount(place, weights[used])
    mean = np.bincount(place, weights[used] * response[used]) / weight
    return Isotonic(scores, np.clip(isotonic_regression(mean, weights=weight).x, 0.0, 1.0))


FITS: dict[str, Fit] = {"logistic": fit_logistic, "isotonic": fit_isotonic}


def fold_of_children(child: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Return the fold of each pair, shape (n,): a child is never parted.

    With at most `folds` children each is a fold of its own; else they are dealt out at random.
    """
    children, place = np.unique(child, return_inverse=True)
    dealt = np.arange(len(children)) % folds
    return np.random.default_rng(seed).permutation(dealt)[place]


def out_of_fold(labelled: Labelled, response: np.ndarray, fit: Fit, fold: np.ndarray) -> np.ndarray:
    """Return each pair's probability by the fit to the pairs of all other folds, shape (n,)."""
    probability = np.empty(len(response))
    for left_out in np.unique(fold):
        out = fold == left_out
        found = fit(labelled.predictors[~out], response[~out], labelled.weights[~out])
        probability[out] = found(labelled.predictors[out])
    return probability


def bins_of(probability: np.ndarray, bins: int) -> np.ndarray:
    """Return the bin of each pair, from 0: at most `bins` of equal numbers of pairs.

    There are fewer where a bin would hold fewer than ten pairs; equal probabilities are never
    parted, the one on an edge going to the lower bin.
    """
    count = max(1, min(bins, len(probability) // FEWEST_PER_BIN))
    edges = np.unique(np.quantile(probability, np.arange(1, count) / count))
    return np.unique(np.searchsorted(edges, probability, side="left"), return_inverse=True)[1]


def measures(
    probability: np.ndarray, response: np.ndarray, weights: np.ndarray, bin_of: np.ndarray
) -> dict[str, float]:
    """Say how good probabilities are that were told without the responses.

    Parameters
    ----------
    probability, response, weights : numpy.ndarray
        Shape (n,).
    bin_of : numpy.ndarray
        int64, shape (n,): the bin of each pair.

    Returns
    -------
    dict
        With bins b of weight W_b (summing to 1), mean probability p_b and mean response y_b, and
        overall mean y:

        - ``ece``: sum W_b abs(p_b - y_b) (Naeini, Cooper & Hauskrecht 2015);
        - ``brier``: mean of p^2 - 2 p y + y, which is (p - y)^2 for y of 0 or 1, and its parts
          (Murphy 1973) ``brier_reliability`` sum W_b (p_b - y_b)^2, ``brier_resolution``
          sum W_b (y_b - y)^2, ``brier_uncertainty`` y (1 - y) and ``brier_within``, what the
          bins leave (Stephenson, Coelho & Jolliffe 2008): brier = reliability - resolution +
          uncertainty + within;
        - ``log_loss``: mean of -y log p - (1 - y) log(1 - p), p held within 1 / (2 n) of 0 and 1;
        - ``calibration_slope``, ``calibration_intercept``: of the logistic regression of y on
          logit p (Cox 1958); 1 and 0 are ideal.
    """
    w = weights / weights.sum()
    total = np.bincount(bin_of, w)
    filled = total > 0
    share = total[filled]
    p_b, y_b = (np.bincount(bin_of, w * x)[filled] / share for x in (probability, response))
    y = float(w @ response)
    brier = float(w @ (probability**2 - 2 * probability * response + response))
    parts = {
        "brier_reliability": float(share @ (p_b - y_b) ** 2),
        "brier_resolution": float(share @ (y_b - y) ** 2),
        "brier_uncertainty": y * (1 - y),
    }
    held = np.clip(probability, 0.5 / len(w), 1 - 0.5 / len(w))
    line = fit_logistic(logit(held)[:, None], response, weights)
    return {
        "ece": float(share @ np.abs(p_b - y_b)),
        "brier": brier,
        **parts,
        "brier_within": brier
        - parts["brier_reliability"]
        + parts["brier_resolution"]
        - parts["brier_uncertainty"],
        "log_loss": float(-w @ (response * np.log(held) + (1 - response) * np.log1p(-held))),
        "calibration_slope": float(line.slopes[0]),
        "calibration_intercept": line.intercept,
    }


def ece_if_right(
    probability: np.ndarray,
    response: np.ndarray,
    weights: np.ndarray,
    bin_of: np.ndarray,
    seed: int,
    draws: int = 200,
) -> float:
    """Return the mean expected calibration error of probabilities that are right.

    It is above zero, since bins hold few pairs. Responses are drawn as p + sqrt(f) (z - p), where z
    is 1 with probability p and 0 else, and f, the mean square of the given responses about p over
    the mean of p (1 - p), gives them the spread that raters give the responses.

    Parameters
    ----------
    probability, response, weights, bin_of
        As in `measures`.
    seed, draws : int
        Of the responses drawn.
    """
    w = weights / weights.sum()
    plain = float(w @ (probability * (1 - probability)))
    spread = np.sqrt(w @ (response - probability) ** 2 / plain) if plain > 0 else 0.0
    rng = np.random.default_rng(seed)
    found = np.empty(draws)
    for draw in range(draws):
        off = spread * ((rng.random(len(w)) < probability) - probability)
        found[draw] = np.abs(np.bincount(bin_of, w * off)).sum()
    return float(found.mean())
