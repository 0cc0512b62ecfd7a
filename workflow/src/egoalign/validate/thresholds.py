"""Cut-offs of the score by a stated criterion, and how well any cut-off sorts pairs."""

from __future__ import annotations

from typing import Literal

import numpy as np

from egoalign.validate.calibration import Labelled

Criterion = Literal["youden", "precision", "equal_error"]
FEWEST_ABOVE = 5
"""Pairs that must lie above a cut-off before its precision is believed."""


def sorting(
    above: np.ndarray, response: np.ndarray, weights: np.ndarray
) -> tuple[float, float, float]:
    """Return sensitivity, specificity and precision of "above the cut-off means aligned".

    Parameters
    ----------
    above : numpy.ndarray
        bool, shape (n,).
    response : numpy.ndarray
        1 aligned, 0 not, or a number that is so on average; shape (n,).
    weights : numpy.ndarray
        Shape (n,).

    Returns
    -------
    tuple of float
        Each held within 0 to 1, NaN where there is nothing to sort.
    """
    aligned, other = weights * response, weights * (1 - response)
    return (
        _share(aligned[above].sum(), aligned.sum()),
        _share(other[~above].sum(), other.sum()),
        _share(aligned[above].sum(), weights[above].sum()),
    )


def choose_threshold(
    score: np.ndarray,
    response: np.ndarray,
    weights: np.ndarray,
    criterion: Criterion,
    precision: float = 0.8,
) -> float:
    """Return the cut-off that meets a criterion best on these pairs.

    Cut-offs lie half way between neighbouring scores; a pair is above if its score is greater.

    Parameters
    ----------
    score, response, weights : numpy.ndarray
        Shape (n,).
    criterion : str
        ``youden``: greatest sensitivity + specificity - 1 (Youden 1950); ``equal_error``: least
        difference of sensitivity and specificity; ``precision``: the lowest cut-off with at least
        five pairs above it at which the share of aligned pairs above is `precision` or more.
    precision : float
        The share asked for.

    Returns
    -------
    float
        NaN where no cut-off will do.
    """
    scores, place = np.unique(score, return_inverse=True)
    if scores.size < 2:
        return float("nan")
    aligned = np.bincount(place, weights * response)
    other = np.bincount(place, weights * (1 - response))
    n_above = np.bincount(place)[::-1].cumsum()[::-1][1:]
    aligned_above, other_above = (part[::-1].cumsum()[::-1][1:] for part in (aligned, other))
    if aligned.sum() <= 0 or other.sum() <= 0:
        return float("nan")
    sensitivity, specificity = aligned_above / aligned.sum(), 1 - other_above / other.sum()
    cuts = (scores[1:] + scores[:-1]) / 2
    if criterion == "youden":
        return float(cuts[np.argmax(sensitivity + specificity)])
    if criterion == "equal_error":
        return float(cuts[np.argmin(np.abs(sensitivity - specificity))])
    reached = aligned_above >= precision * (aligned_above + other_above)
    reached &= n_above >= FEWEST_ABOVE
    return float(cuts[np.argmax(reached)]) if reached.any() else float("nan")


def sort_out_of_fold(
    labelled: Labelled,
    response: np.ndarray,
    fold: np.ndarray,
    criterion: Criterion,
    precision: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Sort each pair by the cut-off that is best on the pairs of all other folds.

    Returns
    -------
    above : numpy.ndarray
        bool, shape (n,); False where no cut-off will do.
    cuts : numpy.ndarray
        The cut-off of each fold.
    """
    above = np.zeros(len(response), dtype=bool)
    cuts = []
    for left_out in np.unique(fold):
        out = fold == left_out
        own = labelled.of(~out)
        cut = choose_threshold(own.score, response[~out], own.weights, criterion, precision)
        above[out] = labelled.score[out] > cut
        cuts.append(cut)
    return above, np.array(cuts)


def _share(part: float, whole: float) -> float:
    return float(np.clip(part / whole, 0.0, 1.0)) if whole > 0 else float("nan")
