"""How often raters err, and answers corrected for it.

The truth of a pair is not seen; only answers are. Two classes of pairs (aligned or not) and each
rater's probabilities of "no", "unsure" and "yes" within a class are found by EM (Dawid & Skene
1979, Applied Statistics 28). It takes answers to a pair to be independent
given its class, and errors not to depend on the score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

ANSWER_VALUES = np.array([0.0, 0.5, 1.0])
"""What "no", "unsure" and "yes" count."""
FEWEST_ANSWERS = 3
"""Answers to a pair from which errors can be told from truth without knowing either."""
FEWEST_PAIRS = 20
"""Pairs with so many answers that are needed."""
FEWEST_APART = 0.1
"""Raters whose mean answers to the two classes differ by less than this tell nothing of them."""
_FLOOR = 1e-6
_MOST_STEPS = 1000
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class RaterError:
    """What raters answer, by the truth.

    Attributes
    ----------
    answers : numpy.ndarray
        Probability of no, unsure and yes, shape (raters, 2, 3): not aligned, then aligned. One
        rater where all are taken to be alike.
    share : float
        Share of aligned pairs among those given, weights applied.
    """

    answers: np.ndarray
    share: float

    @property
    def sensitivity(self) -> np.ndarray:
        """Chance that a rater who is sure says yes to an aligned pair, shape (raters,)."""
        return self.answers[:, 1, 2] / (self.answers[:, 1, 2] + self.answers[:, 1, 0])

    @property
    def specificity(self) -> np.ndarray:
        """Chance that a rater who is sure says no to a pair that is not, shape (raters,)."""
        return self.answers[:, 0, 0] / (self.answers[:, 0, 2] + self.answers[:, 0, 0])


def can_be_modelled(counts: np.ndarray) -> bool:
    """Say whether there are enough pairs with three answers or more.

    With two answers a pair, shares of "yes" and of agreement are two numbers for three unknowns
    (sensitivity, specificity, share of aligned pairs): no data can tell them apart (Hui & Walter
    1980, Biometrics 36).

    Parameters
    ----------
    counts : numpy.ndarray
        How often each rater answered each pair no, unsure, yes: (pairs, raters, 3).
    """
    return int(np.sum(counts.sum(axis=(1, 2)) >= FEWEST_ANSWERS)) >= FEWEST_PAIRS


def estimate_rater_error(
    counts: np.ndarray, weights: np.ndarray, start: RaterError | None = None
) -> RaterError | None:
    """Find the raters' errors of greatest likelihood.

    Parameters
    ----------
    counts : numpy.ndarray
        How often each rater answered each pair no, unsure, yes: (pairs, raters, 3). Give the sum
        over raters, (pairs, 1, 3), to take all raters to be alike.
    weights : numpy.ndarray
        How often each pair counts, shape (pairs,).
    start : RaterError, optional
        Where the search begins; by default at the mean answers.

    Returns
    -------
    RaterError or None
        None where answers to the two classes hardly differ, so that nothing can be corrected.
    """
    raters = counts.shape[1]
    patterns, which = np.unique(counts.reshape(len(counts), -1), axis=0, return_inverse=True)
    weight = np.bincount(which.ravel(), weights, minlength=len(patterns))
    if start is None:
        values = np.tile(ANSWER_VALUES, raters)
        aligned = (patterns @ values + 0.5) / (patterns.sum(axis=1) + 1)
    else:
        aligned = _posterior(patterns, start)
    before = -np.inf
    for _ in range(_MOST_STEPS):
        found = _rates(patterns, weight, aligned, raters)
        logs = np.log(found.answers).transpose(1, 0, 2).reshape(2, -1) @ patterns.T
        logs += np.log([[1 - found.share], [found.share]])
        likelihood = float(weight @ np.logaddexp(*logs))
        aligned = expit(logs[1] - logs[0])
        if likelihood - before < _TOLERANCE * weight.sum():
            break
        before = likelihood
    apart = _mean_answers(found) @ np.array([-1.0, 1.0])
    return found if np.all(apart >= FEWEST_APART) else None


def corrected_answers(counts: np.ndarray, error: RaterError) -> np.ndarray:
    """Return numbers whose mean, over the raters' errors, is 1 for aligned pairs and 0 for others.

    With a the answers' values and m0, m1 their means for the two classes, the number of a pair is
    sum(a - m0) / sum(m1 - m0) over its answers. That is Rogan & Gladen's (1978) correction of a
    share, for one pair. It may lie outside 0 to 1; whatever is linear in it is right on average.

    Parameters
    ----------
    counts : numpy.ndarray
        As in `estimate_rater_error`; each pair has an answer.
    error : RaterError
        From the same raters.
    """
    low, high = _mean_answers(error).T
    answered = counts.sum(axis=2)
    return (counts.sum(axis=1) @ ANSWER_VALUES - answered @ low) / (answered @ (high - low))


def mean_answers(counts: np.ndarray) -> np.ndarray:
    """Return the plain mean of each pair's answers, "unsure" counting half."""
    total = counts.sum(axis=1)
    return (total @ ANSWER_VALUES) / total.sum(axis=1)


def _mean_answers(error: RaterError) -> np.ndarray:
    """Return each rater's mean answer to the two classes, shape (raters, 2)."""
    return error.answers @ ANSWER_VALUES


def _posterior(patterns: np.ndarray, error: RaterError) -> np.ndarray:
    """Return the chance that pairs of each pattern are aligned."""
    low, high = np.log(error.answers).transpose(1, 0, 2).reshape(2, -1) @ patterns.T
    return np.asarray(expit(high - low + np.log(error.share) - np.log1p(-error.share)))


def _rates(
    patterns: np.ndarray, weight: np.ndarray, aligned: np.ndarray, raters: int
) -> RaterError:
    """Return the answers' shares within the classes, given each pattern's chance to be aligned."""
    up = weight * aligned
    sums = np.array([weight - up, up]) @ patterns
    sums = sums.reshape(2, raters, 3).transpose(1, 0, 2) + _FLOOR
    share = float(up.sum() / weight.sum())
    share = min(max(share, _FLOOR), 1 - _FLOOR)
    return RaterError(sums / sums.sum(axis=2, keepdims=True), share)
