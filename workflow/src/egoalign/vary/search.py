"""Search of the covariance factors: Newton's method with average information, within bounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from egoalign.vary.penalised import FLOOR, Eliminated, Penalised, theta_places
from egoalign.vary.terms import Reals

DECREMENT = 1e-9
"""The search ends when the next step promises less than this (in -2 log L)."""

ROUNDING = 1e-14
"""Nor can a step be judged that promises less than this share of the criterion."""

MAX_STEPS = 60
HALVINGS = 25

POLISHED = 2000
"""Random effects left, up to which a search that stops short of this goes on without derivatives.
"""

FIRST = 0.5
"""Where the search begins: diagonal of T, for columns of root mean square 1."""


@dataclass(frozen=True)
class Found:
    """The end of a search: the model there, whether it is an optimum, and the number of steps."""

    point: Penalised
    converged: bool
    steps: int


def search(order: Eliminated, reml: bool, start: Reals | None = None) -> Found:
    """Return the model at the least criterion.

    Parameters
    ----------
    order : Eliminated
        The model.
    reml : bool
        Restricted likelihood.
    start : numpy.ndarray, optional
        Theta to begin with, in the sums' units.
    """
    places = theta_places(order.sums.blocks)
    diagonal = np.array([a == b for _, a, b in places])
    theta = np.where(diagonal, FIRST, 0.0) if start is None else start.copy()
    theta[diagonal] = np.maximum(np.abs(theta[diagonal]), FLOOR)
    point = Penalised(order, theta, reml)
    settled, promised, steps = False, np.inf, 0
    while steps < MAX_STEPS:
        steps += 1
        derived = point.derivatives()
        free = ~(diagonal & (theta <= FLOOR) & (derived.gradient > 0))
        step, promised = _newton_step(derived.gradient, derived.hessian, free)
        settled = promised < max(DECREMENT, ROUNDING * abs(point.criterion))
        moved = None if settled else _shorter(order, point, step, diagonal, reml)
        if moved is None:
            break
        point, theta = moved, moved.theta
    point = _on_the_boundary(order, point, diagonal, reml)
    if settled or order.r > POLISHED:
        return Found(point, settled or promised < np.sqrt(DECREMENT), steps)
    # A narrow curved valley: a variance near zero whose correlation goes to 1 or -1.
    point, converged = _polish(order, point, diagonal, reml)
    return Found(point, converged, steps)


def _newton_step(gradient: Reals, hessian: Reals, free: np.ndarray) -> tuple[Reals, float]:
    """Return the step over the free elements and what it promises (half the decrement)."""
    step = np.zeros_like(gradient)
    if not free.any():
        return step, 0.0
    values, vectors = np.linalg.eigh(hessian[np.ix_(free, free)])
    # A direction of negative or no curvature is followed downhill as if it curved upward.
    values = np.maximum(np.abs(values), 1e-8 * max(1.0, float(np.abs(values).max())))
    part = vectors.T @ gradient[free]
    step[free] = -vectors @ (part / values)
    return step, float(0.5 * np.sum(np.square(part) / values))


def _shorter(
    order: Eliminated, point: Penalised, step: Reals, diagonal: np.ndarray, reml: bool
) -> Penalised | None:
    """Return the first better point along the step, halved as often as need be."""
    for halving in range(HALVINGS):
        theta = point.theta + step * 0.5**halving
        theta[diagonal] = np.maximum(theta[diagonal], FLOOR)
        if np.array_equal(theta, point.theta):
            return None
        tried = Penalised(order, theta, reml)
        if tried.criterion < point.criterion:
            return tried
    return None


def _on_the_boundary(
    order: Eliminated, point: Penalised, diagonal: np.ndarray, reml: bool
) -> Penalised:
    """Return the point with floors put to zero."""
    low = diagonal & (point.theta <= FLOOR)
    return Penalised(order, np.where(low, 0.0, point.theta), reml) if low.any() else point


def _polish(
    order: Eliminated, point: Penalised, diagonal: np.ndarray, reml: bool
) -> tuple[Penalised, bool]:
    """Search once more without derivatives (COBYQA: Ragonneau & Zhang 2023), bounds included."""
    from scipy.optimize import Bounds, minimize

    lower = np.where(diagonal, 0.0, -np.inf)
    best = point
    for radius in (0.05, 0.002):
        end = minimize(
            lambda theta: (
                Penalised(order, np.asarray(theta, float), reml).criterion - point.criterion
            ),
            best.theta,
            method="COBYQA",
            bounds=Bounds(lower, np.inf),
            options={
                "initial_tr_radius": radius,
                "final_tr_radius": 1e-7,
                "maxfev": 60 * point.theta.size,
                "scale": False,
            },
        )
        tried = Penalised(order, np.where(diagonal, np.maximum(end.x, 0.0), end.x), reml)
        if tried.criterion < best.criterion:
            best = tried
    return best, bool(end.success) or end.status == 0
