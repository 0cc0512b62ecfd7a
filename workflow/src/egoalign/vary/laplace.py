"""Logistic mixed models by maximum likelihood, with the Laplace approximation as in lme4's glmer.

The search has glmer's two stages: theta, with the fixed effects found along with the modes
(nAGQ = 0), then theta and fixed effects together (nAGQ = 1). Both use the exact gradient
(`egoalign.vary.laplace_deviance`). The second ends with Newton's steps from a Hessian by
differences of gradients, which gives the standard errors as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg, optimize

from egoalign.vary.boundary import boundary_findings
from egoalign.vary.laplace_blocks import Blocks
from egoalign.vary.laplace_deviance import Deviance, Mode
from egoalign.vary.separation import logistic_start
from egoalign.vary.terms import MixedFit, ModelFrame, Reals

MAX_ROWS = 100_000
"""Rows up to which theta and fixed effects are searched together; above, nAGQ = 0 is the end."""

FIRST_THETA = 0.5
"""Standard deviations at which the search begins, of columns of unit size."""

THETA_UNIT = 0.2
"""Size of the first steps in theta, of columns of unit size."""

SMALL_GRADIENT = 1e-4
"""A quasi-Newton search ends when no gradient, per approximate standard error, is larger."""

DIFFERENCE = 0.01
"""Step of the differences of gradients, in approximate standard errors."""

CONVERGED = 1e-8
"""The optimum is reached when a Newton step promises less than this in -2 log likelihood."""

MAX_NEWTON = 8

LARGE_THETA = 10.0
"""A standard deviation on the logit scale above this says that members hold only 0 or only 1."""

Objective = Callable[[Reals], tuple[float, Reals]]


def fit_laplace(frame: ModelFrame, start: MixedFit | None = None) -> MixedFit:
    """Fit a logistic mixed model; z tests, for there are no degrees of freedom.

    The covariance of the fixed effects is from the Hessian over theta and fixed effects together,
    as `glmer` reports it. Above `MAX_ROWS` rows the fixed effects are those of nAGQ = 0, with a
    note; their covariance then takes theta as known.

    Parameters
    ----------
    frame : ModelFrame
        A response of 0 and 1, and at least one random term.
    start : MixedFit, optional
        A fit of the same model to begin at.

    Raises
    ------
    UserError
        If predictors separate the response, so that estimates would be infinite.
    """
    model = _Model(frame)
    if start is None:
        theta, b = model.first_theta(), logistic_start(frame, model.deviance.x)
    else:
        theta, b = start.theta * model.theta_sizes, model.r @ start.estimates
    point = model.search_theta(theta, b)
    if frame.y.size > MAX_ROWS:
        note = (
            f"{frame.y.size} rows, more than {MAX_ROWS}: fixed effects as with nAGQ = 0, which may "
            "be a few per cent small; their standard errors take theta as known"
        )
        return model.result(point, model.given_theta(point), True, (note,))
    point, promise = model.search_together(point)
    notes = []
    if promise >= CONVERGED:
        notes.append(f"the search ended where a step still promised {promise:.2g} in deviance")
    covariance = model.from_hessian(point)
    if covariance is None:
        covariance = model.given_theta(point)
        notes.append("the Hessian is not positive definite: standard errors take theta as known")
    return model.result(point, covariance, promise < CONVERGED, tuple(notes))


def refit_laplace(fit: MixedFit, y: Reals) -> MixedFit:
    """Fit the same model to another response, beginning at the estimates.

    Parameters
    ----------
    fit : MixedFit
        By `fit_laplace`.
    y : numpy.ndarray
        0 and 1, shape (n,).
    """
    return fit_laplace(replace(fit.frame, y=y), start=fit)


@dataclass(frozen=True, eq=False)
class _Point:
    """Where a search stands.

    Attributes
    ----------
    parameters : numpy.ndarray
        theta, or theta and b, in the units of the search.
    mode : Mode
        The conditional mode there.
    unit : numpy.ndarray
        Square root of the inverse Hessian, approximately: columns are steps of about one standard
        error.
    hessian : numpy.ndarray or None
        In steps of `unit`, where it was found.
    """

    parameters: Reals
    mode: Mode
    unit: Reals
    hessian: Reals | None = None


class _Model:
    """A model in the units of its search.

    X is replaced by orthogonal columns of unit size (X = X~ R), columns of Z are divided by their
    root mean square, so that the search does not depend on the units of the predictors.
    """

    def __init__(self, frame: ModelFrame) -> None:
        self.frame = frame
        n = frame.y.size
        q, r = np.linalg.qr(frame.x)
        self.r = r / np.sqrt(n)
        self.sizes = [np.sqrt((term.z**2).mean(axis=0)) for term in frame.random]
        terms = tuple(
            replace(term, z=term.z / size)
            for term, size in zip(frame.random, self.sizes, strict=True)
        )
        self.deviance = Deviance(frame.y, q * np.sqrt(n), Blocks(terms))
        self.m = self.deviance.n_theta
        self.theta_sizes = self.deviance.theta(
            [np.repeat(size[:, None], size.size, axis=1) for size in self.sizes]
        )

    def first_theta(self) -> Reals:
        """Return where the search begins without a fit."""
        shapes = self.deviance.blocks.shapes
        return self.deviance.theta([FIRST_THETA * np.eye(k) for _, k in shapes])

    # The two searches

    def search_theta(self, theta: Reals, b: Reals) -> _Point:
        """Return the optimum of theta with the fixed effects found along with the modes."""
        last = self.deviance.mode(theta, b, np.zeros(self.deviance.blocks.size), move_b=True)

        def objective(parameters: Reals) -> tuple[float, Reals]:
            nonlocal last
            last = self.deviance.mode(parameters, last.b, last.v, move_b=True)
            return last.deviance, self.deviance.gradient(last, moved_b=True)[0]

        theta, unit = _quasi_newton(objective, theta, THETA_UNIT * np.eye(self.m))
        last = self.deviance.mode(theta, last.b, last.v, move_b=True)
        return _Point(theta, last, unit)

    def search_together(self, point: _Point) -> tuple[_Point, float]:
        """Return the optimum over theta and fixed effects, and what a further step promises."""
        last = point.mode

        def objective(parameters: Reals) -> tuple[float, Reals]:
            nonlocal last
            theta, b = parameters[: self.m], parameters[self.m :]
            last = self.deviance.mode(theta, b, last.v, move_b=False)
            return last.deviance, np.concatenate(self.deviance.gradient(last, moved_b=False))

        unit = linalg.block_diag(point.unit, np.linalg.cholesky(self.given_theta(point) / 2))
        parameters = np.concatenate([point.parameters, point.mode.b])
        parameters, unit = _quasi_newton(objective, parameters, unit)
        value, gradient = objective(parameters)
        promise = np.inf
        hessian = np.eye(parameters.size)
        for _ in range(MAX_NEWTON):
            at = last
            hessian = self._hessian(at, parameters, unit)
            curvatures, directions = np.linalg.eigh(hessian)
            slopes = directions.T @ (unit.T @ gradient)
            step = unit @ (directions @ (-slopes / np.maximum(np.abs(curvatures), 1e-6)))
            promise = float(0.5 * (slopes**2 / np.maximum(np.abs(curvatures), 1e-6)).sum())
            if curvatures[0] < -1e-3:  # a saddle, as a variance of zero may be
                promise = np.inf
                step = step + 0.5 * unit @ directions[:, 0]
            if promise < CONVERGED:
                break
            for _ in range(20):
                new_value, new_gradient = objective(parameters + step)
                if new_value < value:
                    break
                step = step / 2
            else:
                break
            parameters, value, gradient = parameters + step, new_value, new_gradient
        return _Point(parameters, last, unit, hessian), promise

    def _hessian(self, at: Mode, parameters: Reals, unit: Reals) -> Reals:
        """Return the Hessian by central differences of gradients, in steps of `unit`."""
        columns = []
        for direction in unit.T:
            ends = []
            for sign in (1.0, -1.0):
                theta, b = np.split(parameters + sign * DIFFERENCE * direction, [self.m])
                mode = self.deviance.mode(theta, b, at.v, move_b=False, system=at.system)
                gradient = np.concatenate(self.deviance.gradient(mode, moved_b=False))
                ends.append(unit.T @ gradient)
            columns.append((ends[0] - ends[1]) / (2 * DIFFERENCE))
        hessian = np.array(columns)
        return (hessian + hessian.T) / 2

    # What is reported

    def given_theta(self, point: _Point) -> Reals:
        """Return the covariance of the fixed effects with theta as known."""
        lower = point.mode.system.fixed
        return np.asarray(linalg.cho_solve((lower, True), np.eye(lower.shape[0])))

    def from_hessian(self, point: _Point) -> Reals | None:
        """Return the covariance of the fixed effects with theta as estimated."""
        assert point.hessian is not None
        if np.linalg.eigvalsh(point.hessian)[0] <= 0:
            return None
        whole = 2 * point.unit @ np.linalg.solve(point.hessian, point.unit.T)
        return whole[self.m :, self.m :]

    def result(
        self, point: _Point, covariance: Reals, converged: bool, notes: tuple[str, ...]
    ) -> MixedFit:
        """Return a fit in the units of the frame."""
        frame, mode, blocks = self.frame, point.mode, self.deviance.blocks
        factors = [t / size[:, None] for t, size in zip(mode.factors, self.sizes, strict=True)]
        signs = [np.where(np.diag(t) < 0, -1.0, 1.0) for t in factors]
        modes = [v @ t.T for v, t in zip(blocks.split(mode.v), factors, strict=True)]
        inverse = mode.system.random.selected_inverse().own()
        components = tuple(t @ t.T for t in factors)
        large = [
            f"{term.group}: effects have a standard deviation above {LARGE_THETA:g} on the logit "
            "scale, as where members hold only 0 or only 1; read with care"
            for term, t in zip(frame.random, mode.factors, strict=True)
            if np.abs(t).max() > LARGE_THETA
        ]
        to_raw = np.linalg.inv(self.r)
        return MixedFit(
            frame=frame,
            family="binomial",
            reml=False,
            estimates=to_raw @ mode.b,
            covariance=to_raw @ covariance @ to_raw.T,
            df=None,
            components=components,
            sigma=1.0,
            theta=self.deviance.theta([t * s for t, s in zip(factors, signs, strict=True)]),
            criterion=mode.deviance,
            n_parameters=self.m + mode.b.size,
            modes=tuple(modes),
            mode_covariances=tuple(
                np.einsum("ab,lbc,dc->lad", t, own, t)
                for t, own in zip(factors, inverse, strict=True)
            ),
            fitted=1 / (1 + np.exp(-mode.eta)),
            converged=converged,
            singular=boundary_findings(frame.random, components, 1.0),
            notes=(*notes, *large),
            engine="sparse engine: logistic with random effects, Laplace approximation",
        )


def _quasi_newton(objective: Objective, start: Reals, unit: Reals) -> tuple[Reals, Reals]:
    """Return the optimum by BFGS, and a square root of the approximate inverse Hessian there.

    Theta has no bounds: the deviance is the same for a column of T and its negative.
    """

    def in_units(z: Reals) -> tuple[float, Reals]:
        value, gradient = objective(start + unit @ z)
        return value, unit.T @ gradient

    found = optimize.minimize(
        in_units, np.zeros(start.size), jac=True, method="BFGS", options={"gtol": SMALL_GRADIENT}
    )
    return start + unit @ found.x, unit @ np.linalg.cholesky(found.hess_inv)
