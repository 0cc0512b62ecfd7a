"""Profile likelihood intervals of standard deviations and correlations, as lme4's ``confint``.

The deviance (maximum likelihood) is minimised over all other parameters while one is held; the
interval holds the values at which it rises by less than the quantile of chi squared with one degree
of freedom (Bates et al. 2015, section 5.1). Unlike intervals from curvature they are not symmetric
and may reach zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from egoalign.vary.components import ComponentInterval, components_of, pairs
from egoalign.vary.penalised import FLOOR, Eliminated, Penalised, theta_places
from egoalign.vary.search import search
from egoalign.vary.sums import Block
from egoalign.vary.terms import MixedFit, Reals

PRECISION = 1e-4
"""Of an interval's end, relative to its distance from the estimate."""

WIDEST = 40
"""Steps outward, each half as long again, after which an end is given up."""

COMPLEX_STEP = 1e-30

FARTHEST = 100.0
"""Largest standard deviation that is looked at, in those of the response (columns of size 1)."""


class Spherical:
    """Standard deviations, angles of the correlations, and sigma, in place of theta and sigma.

    Row a of a term's factor is its standard deviation times a unit vector with a angles; the cosine
    of the first angle is the correlation with the term's first column (Pinheiro & Bates 1996).
    """

    def __init__(self, order: Eliminated) -> None:
        self.order = order
        self.blocks: tuple[Block, ...] = order.sums.blocks
        self.places = theta_places(self.blocks)
        self.diagonal = np.array([a == b for _, a, b in self.places])
        self.names: list[tuple[int, str, int, int]] = []
        for term, block in enumerate(self.blocks):
            self.names += [(term, "sd", a, a) for a in range(block.k)]
            self.names += [(term, "angle", a, b) for a, b in pairs(block.k)]
        self.names.append((-1, "sigma", 0, 0))
        # The response's own spread is 1; far outside it the factors are no longer definite.
        self.ranges: dict[str, tuple[float, float]] = {
            "sd": (0.0, FARTHEST),
            "angle": (0.0, float(np.pi)),
            "sigma": (1 / FARTHEST, FARTHEST),
        }

    @property
    def bounds(self) -> list[tuple[float, float]]:
        """Lower and upper bound of each parameter."""
        return [self.ranges[kind] for _, kind, _, _ in self.names]

    def absolute(self, values: np.ndarray) -> np.ndarray:
        """Return sigma times theta of the parameters, shape (m,); also of complex ones."""
        own = dict(zip(self.names, values, strict=True))
        out = []
        for term, a, b in self.places:
            element = own[term, "sd", a, a]
            for c in range(b):
                element = element * np.sin(own[term, "angle", a, c])
            if b < a:
                element = element * np.cos(own[term, "angle", a, b])
            out.append(element)
        return np.array(out)

    def of(self, point: Penalised) -> Reals:
        """Return the parameters of a fitted model."""
        sigma = float(np.sqrt(point.sigma2))
        values: list[float] = []
        for factor in point.factors:
            rows = sigma * factor
            sds = np.sqrt(np.square(rows).sum(axis=1))
            values += list(sds)
            for a, b in pairs(len(sds)):
                left = np.sqrt(np.square(rows[a, b:]).sum())
                values.append(float(np.arccos(np.clip(rows[a, b] / left, -1, 1))) if left else 0.0)
        return np.array([*values, sigma])

    def deviance(self, values: Reals) -> tuple[float, Reals]:
        """Return -2 log likelihood, less a constant, and its gradient, shape (m + 1,)."""
        sigma = float(values[-1])
        theta = self.absolute(values) / sigma
        theta = np.where(self.diagonal, np.maximum(theta, FLOOR), theta)
        point = Penalised(self.order, theta, False)
        n = point.sums.n
        deviance = point.log_det_v + 2 * n * np.log(sigma) + point.rest / sigma**2
        by_theta = point.derivatives(sigma**2).gradient
        along = np.column_stack(
            [
                np.imag(self.absolute(values + 1j * COMPLEX_STEP * unit)) / COMPLEX_STEP
                for unit in np.eye(values.size)
            ]
        )
        gradient = along.T @ by_theta / sigma
        gradient[-1] += 2 * n / sigma - 2 * point.rest / sigma**3 - by_theta @ theta / sigma
        return float(deviance), gradient


def profile_intervals(fit: MixedFit, level: float = 0.95) -> list[ComponentInterval]:
    """Return the profile likelihood interval of each standard deviation and correlation.

    An interval that reaches a bound (0, or a correlation of 1) ends there. Correlations among the
    second and further columns of a term are not profiled.

    Parameters
    ----------
    fit : MixedFit
        Gaussian, of our engine; the estimates stay its own, by REML or not.
    level : float
        Of confidence.
    """
    from scipy.stats import chi2

    order: Eliminated = fit.state.order
    spherical = Spherical(order)
    best = spherical.of(search(order, False, fit.state.theta).point)
    best, least = _minimise(spherical, best, None)
    rise = float(chi2.ppf(level, 1))
    sums = order.sums
    found = []
    for number, one in enumerate(components_of(fit)):
        term, kind, a, b = spherical.names[number]
        if kind == "angle" and b > 0:
            found.append(replace(one, note="not profiled: no correlation with the first column"))
            continue
        ends, notes = [], []
        for sign in (-1, 1):
            end = _end(spherical, best, least, number, sign, rise)
            ends.append(float("nan") if end is None else end)
            if end is None:
                notes.append(f"no {'lower' if sign < 0 else 'upper'} end was found")
        if kind == "angle":
            ends = [float(np.cos(ends[1])), float(np.cos(ends[0]))]
        else:
            unit = sums.y_scale / (sums.z_scale[term][a] if kind == "sd" else 1.0)
            ends = [end * unit for end in ends]
        note = "; ".join(["profile likelihood", *notes])
        found.append(replace(one, low=ends[0], high=ends[1], note=note))
    return found


def _minimise(spherical: Spherical, start: Reals, held: int | None) -> tuple[Reals, float]:
    """Return the parameters of least deviance, one of them held, and the deviance there."""
    from scipy.optimize import minimize

    free = np.array([number for number in range(start.size) if number != held])

    def along(part: Reals) -> tuple[float, Reals]:
        values = start.copy()
        values[free] = part
        deviance, gradient = spherical.deviance(values)
        return deviance, gradient[free]

    end = minimize(
        along,
        start[free],
        jac=True,
        method="L-BFGS-B",
        bounds=[spherical.bounds[number] for number in free],
        options={"ftol": 1e-11, "gtol": 1e-5, "maxiter": 200},
    )
    values = start.copy()
    values[free] = end.x
    return values, float(end.fun)


def _end(
    spherical: Spherical, best: Reals, least: float, number: int, sign: int, rise: float
) -> float | None:
    """Return where the profile of one parameter has risen by so much, or its bound, or None."""
    from scipy.optimize import brentq

    bound = spherical.bounds[number][sign > 0]
    # Warm starts: neighbours' other parameters.
    others = {"values": best.copy()}

    def excess(value: float) -> float:
        values = others["values"].copy()
        values[number] = value
        values, deviance = _minimise(spherical, values, number)
        others["values"] = values
        # The root of the rise is nearly linear, so that few steps find where it is reached.
        return float(np.sqrt(max(deviance - least, 0.0)) - np.sqrt(rise))

    if sign * (best[number] - bound) >= 0:
        return bound
    step = _first_step(excess, float(best[number]), sign, rise, bound)
    inner = float(best[number])
    for _ in range(WIDEST):
        outer = inner + sign * step
        if sign * (outer - bound) >= 0:
            outer = bound
        if excess(outer) >= 0:
            width = max(abs(outer - float(best[number])), 1e-6)
            return float(brentq(excess, inner, outer, xtol=PRECISION * width))
        if outer == bound:
            return float(bound)
        inner, step = outer, 1.5 * step
    return None


def _first_step(
    excess: Callable[[float], float], centre: float, sign: int, rise: float, bound: float
) -> float:
    """Return about how far the end is, from the rise a little beside the estimate."""
    small = 0.05 * max(abs(centre), 0.05)
    place = centre + sign * small
    if sign * (place - bound) >= 0:
        return small
    risen = excess(place) + np.sqrt(rise)
    return small * float(np.clip(np.sqrt(rise) / max(risen, 1e-4), 0.5, 100.0))
