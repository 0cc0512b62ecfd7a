"""How a person may choose, given what a model says: two models of choices, and their fit.

Both have a lapse rate: with that probability a person guesses without looking. Both are fitted to
how often each outcome was chosen for each item, in many samples at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

MOST_STEPS = 60
MOST_HALVINGS = 20
LONGEST_STEP = 3.0
SMALL_STEP = 1e-5
LAPSE_PRIOR = (0.5, 9.5)
"""The prior of the lapse rate weighs as much as ten answers to plain items, half of one a lapse."""

LINE_PRIOR_SD = 5.0
"""Of the other parameters, in logits a standard deviation of the score; keeps them finite where
people are right exactly above some score."""


class ChoiceModel(Protocol):
    """Probabilities of the outcomes; the last parameter is the logit of the lapse rate."""

    @property
    def start(self) -> np.ndarray:
        """Parameters to begin with, shape (p,)."""

    def probabilities(self, at: np.ndarray) -> np.ndarray:
        """Return the probabilities of the outcomes, shape (samples, outcomes, items)."""

    def slopes(self, at: np.ndarray) -> np.ndarray:
        """Return their derivatives by the parameters, shape (samples, p, outcomes, items)."""


@dataclass(frozen=True)
class Curve:
    """Right or wrong by a logistic curve over a score.

    P(right) = g + (1 - g)(1 - l) F(a + b z), F logistic (Wichmann & Hill 2001, with a guess rate
    that is known): with probability l a person guesses without looking, else finds the true pair
    with probability F, and otherwise guesses. Parameters: a, b, logit of l.

    Attributes
    ----------
    z : numpy.ndarray
        Standardised score, shape (items,).
    guess : float
        The guess rate g.
    """

    z: np.ndarray
    guess: float

    @property
    def start(self) -> np.ndarray:
        """Parameters to begin with."""
        return np.array([0.5, 1.0, -3.0])

    def probabilities(self, at: np.ndarray) -> np.ndarray:
        """Return the probabilities of right and wrong."""
        lapse, found = self._parts(at)
        right = self.guess + (1 - self.guess) * (1 - lapse) * found
        return np.stack([right, 1 - right], axis=1)

    def slopes(self, at: np.ndarray) -> np.ndarray:
        """Return their derivatives by the parameters."""
        lapse, found = self._parts(at)
        span = 1 - self.guess
        by_line = span * (1 - lapse) * found * (1 - found)
        right = [by_line, by_line * self.z, -span * lapse * (1 - lapse) * found]
        return np.stack([np.stack([one, -one], axis=1) for one in right], axis=1)

    def _parts(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the lapse rate, shape (samples, 1), and F, shape (samples, items)."""
        return logistic(at[:, 2, None]), logistic(at[:, 0, None] + at[:, 1, None] * self.z)


@dataclass(frozen=True)
class Alternatives:
    """Which of m alternatives is chosen, by the cosines of all of them.

    P(k) = l / m + (1 - l) exp(b s_k) / sum_j exp(b s_j), the conditional logit (McFadden 1974) with
    lapses. Parameters: b, logit of l.

    Attributes
    ----------
    cosines : numpy.ndarray
        Shape (items, m), the true pair first.
    only_right : bool
        Which distractor was chosen is not known: the outcomes are right and wrong.
    """

    cosines: np.ndarray
    only_right: bool

    @property
    def start(self) -> np.ndarray:
        """Parameters to begin with."""
        return np.array([1.0, -3.0])

    def probabilities(self, at: np.ndarray) -> np.ndarray:
        """Return the probabilities of the alternatives, or of right and wrong."""
        lapse, share = self._parts(at)
        p = lapse / share.shape[1] + (1 - lapse) * share
        if self.only_right:
            return np.concatenate([p[:, :1], 1 - p[:, :1]], axis=1)
        return np.asarray(p)

    def slopes(self, at: np.ndarray) -> np.ndarray:
        """Return their derivatives by the parameters."""
        lapse, share = self._parts(at)
        cosines = self.cosines.T
        mean = (share * cosines).sum(axis=1, keepdims=True)
        by_slope = (1 - lapse) * share * (cosines - mean)
        by_lapse = (1 / share.shape[1] - share) * lapse * (1 - lapse)
        parts = [by_slope, by_lapse]
        if self.only_right:
            parts = [np.concatenate([one[:, :1], -one[:, :1]], axis=1) for one in parts]
        return np.stack(parts, axis=1)

    def _parts(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the lapse rate (samples, 1, 1), and shares without lapses (samples, m, items)."""
        line = at[:, 0, None, None] * self.cosines.T
        share = np.exp(line - line.max(axis=1, keepdims=True))
        return logistic(at[:, 1, None, None]), share / share.sum(axis=1, keepdims=True)


def logistic(x: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-x)) without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))


def fit(model: ChoiceModel, counts: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
    """Return the parameters of greatest posterior density in each sample, shape (samples, p).

    By Fisher scoring with step halving, under weak priors: beta on the lapse rate (`LAPSE_PRIOR`),
    normal with mean 0 on the others (`LINE_PRIOR_SD`).

    Parameters
    ----------
    model : ChoiceModel
        What is fitted.
    counts : numpy.ndarray
        How often each outcome was chosen for each item, shape (samples, outcomes, items).
    start : numpy.ndarray, optional
        Parameters to begin with, shape (p,).
    """
    at = np.tile(model.start if start is None else start, (counts.shape[0], 1))
    value = _log_posterior(model, at, counts)
    active = np.arange(counts.shape[0])
    for _ in range(MOST_STEPS):
        step = _step(model, at[active], counts[active])
        size = np.ones(active.size)
        waiting = np.arange(active.size)
        for _ in range(MOST_HALVINGS):
            rows = active[waiting]
            tried = at[rows] + size[waiting, None] * step[waiting]
            new = _log_posterior(model, tried, counts[rows])
            better = new >= value[rows]
            at[rows[better]], value[rows[better]] = tried[better], new[better]
            waiting = waiting[~better]
            size[waiting] /= 2
            if not waiting.size:
                break
        moved = np.abs(size[:, None] * step).max(axis=1) > SMALL_STEP
        moved[waiting] = False
        active = active[moved]
        if not active.size:
            break
    return at


def _log_posterior(model: ChoiceModel, at: np.ndarray, counts: np.ndarray) -> np.ndarray:
    p = model.probabilities(at)
    likelihood = (counts * np.log(np.maximum(p, 1e-12))).sum(axis=(1, 2))
    lapse, look = -np.logaddexp(0, -at[:, -1]), -np.logaddexp(0, at[:, -1])
    line = (at[:, :-1] ** 2).sum(axis=1) / (2 * LINE_PRIOR_SD**2)
    return np.asarray(likelihood + LAPSE_PRIOR[0] * lapse + LAPSE_PRIOR[1] * look - line)


def _step(model: ChoiceModel, at: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the step of Fisher scoring, shape (samples, p), not longer than `LONGEST_STEP`."""
    p = np.maximum(model.probabilities(at), 1e-12)
    samples, n_parameters = at.shape
    slopes = model.slopes(at).reshape(samples, n_parameters, -1)
    gradient = (slopes @ (counts / p).reshape(samples, -1, 1))[:, :, 0]
    weight = (counts.sum(axis=1, keepdims=True) / p).reshape(samples, 1, -1)
    information = (slopes * weight) @ slopes.transpose(0, 2, 1)
    rate = logistic(at[:, -1])
    line = np.arange(n_parameters - 1)
    gradient[:, line] -= at[:, line] / LINE_PRIOR_SD**2
    gradient[:, -1] += LAPSE_PRIOR[0] - sum(LAPSE_PRIOR) * rate
    information[:, line, line] += 1 / LINE_PRIOR_SD**2
    information[:, -1, -1] += sum(LAPSE_PRIOR) * rate * (1 - rate) + 1e-9
    step = np.linalg.solve(information, gradient[:, :, None])[:, :, 0]
    longest = np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-300)
    return np.asarray(step * np.minimum(1.0, LONGEST_STEP / longest))
