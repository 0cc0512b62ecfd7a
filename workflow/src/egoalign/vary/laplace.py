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

MIN_START = 0.1
"""Standard deviations given to begin at are raised to this."""

THETA_UNIT = 0.2
"""Size of the first steps in theta, of columns of unit size."""

SMALL_GRADIENT = 1e-4
"""A quasi-Newton search ends when no gradient, per approximate standard error, is larger."""

DIFFERENCE = 0.01
"""Step of the differences of gradients, in approximate standard errors."""

EXACT = 1e-8
"""Newton's steps end when the next one promises less than this in -2 log likelihood..."""

CONVERGED = 1e-6
"""...and the optimum is reached if it is less than this: within 0.001 standard errors."""

NEARLY_CONVERGED = 1e-5
"""The same for a search without Newton steps: estimates are then within 0.003 standard errors."""

MAX_NEWTON = 20
MAX_HALVINGS = 20

FLAT = 1e-6
"""Smallest curvature, in units of the search, that a Newton step divides by."""

SADDLE = 1e-3
"""A curvature below minus this is no optimum's..."""

SADDLE_STEP = 0.5
"""...and is left by a step of this size, in approximate standard errors."""

LARGE_SD = 10.0
"""A standard deviation on the logit scale, over the rows, above this says that members hold only 0
or only 1."""

Objective = Callable[[Reals], tuple[float, Reals]]


def fit_laplace(frame: ModelFrame, start: Reals | None = None, *, errors: bool = True) -> MixedFit:
    """Fit a logistic mixed model; z tests, for there are no degrees of freedom.

    The covariance of the fixed effects is from the Hessian over theta and fixed effects together,
    as `glmer` reports it. Above `MAX_ROWS` rows the fixed effects are those of nAGQ = 0, with a
    note; their covariance then takes theta as known.

    Parameters
    ----------
    frame : ModelFrame
        A response of 0 and 1, and at least one random term.
    start : numpy.ndarray, optional
        Theta to begin at, as in `MixedFit`.
    errors : bool
        Find the Hessian for the standard errors; without it they take theta as known, in about
        half the time.

    Raises
    ------
    UserError
        If predictors separate the response, so that estimates would be infinite.
    """
    model = _Model(frame)
    b = logistic_start(frame, model.deviance.x)
    theta = model.first_theta() if start is None else model.theta_of(start)
    return _fit(model, theta, b, errors)


def refit_laplace(fit: MixedFit, y: Reals, *, errors: bool = True) -> MixedFit:
    """Fit the same model to another response, beginning at the estimates.

    Parameters
    ----------
    fit : MixedFit
        By `fit_laplace`.
    y : numpy.ndarray
        0 and 1, shape (n,).
    errors : bool
        As for `fit_laplace`; a bootstrap of estimates needs none.
    """
    model = _Model(replace(fit.frame, y=y))
    return _fit(model, model.theta_of(fit.theta), model.r @ fit.estimates, errors)


def _fit(model: _Model, theta: Reals, b: Reals, errors: bool) -> MixedFit:
    """Fit a model, from where the search begins."""
    point = model.search_theta(theta, b)
    n = model.frame.y.size
    if n > MAX_ROWS:
        note = (
            f"{n} rows, more than {MAX_ROWS}: fixed effects as with nAGQ = 0, which may "
            "be a few per cent small; their standard errors take theta as known"
        )
        return model.result(point, model.given_theta(point), True, (note,))
    point, promise = model.search_together(point)
    if not errors:
        converged = promise < NEARLY_CONVERGED
        note = "standard errors take theta as known"
        return model.result(point, model.given_theta(point), converged, (note,))
    point, promise = model.refine(point)
    notes = []
    if promise >= CONVERGED:
        notes.append(f"the search ended where a step still promised {promise:.2g} in deviance")
    covariance = model.from_hessian(point)
    if covariance is None:
        covariance = model.given_theta(point)
        notes.append("the Hessian is not positive definite: standard errors take theta as known")
    return model.result(point, covariance, promise < CONVERGED, tuple(notes))


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

    X is replaced by orthogonal columns of unit size, X = X~ R, and so is the Z of each term, so
    that the search does not depend on units and zeros of the predictors. With Z = Z~ R the
    covariance of a term's effects is R^-1 T T' R^-1', for T of the search.
    """

    def __init__(self, frame: ModelFrame) -> None:
        self.frame = frame
        x, self.r = _unit_columns(frame.x)
        columns = [_unit_columns(term.z) for term in frame.random]
        self.to_raw = [np.linalg.inv(r) for _, r in columns]
        self.bases = [r for _, r in columns]
        terms = tuple(
            replace(term, z=z) for term, (z, _) in zip(frame.random, columns, strict=True)
        )
        self.deviance = Deviance(frame.y, x, Blocks(terms))
        self.m = self.deviance.n_theta

    def first_theta(self) -> Reals:
        """Return where the search begins without a fit."""
        shapes = self.deviance.blocks.shapes
        return self.deviance.theta([FIRST_THETA * np.eye(k) for _, k in shapes])

    def theta_of(self, raw: Reals) -> Reals:
        """Return the theta of the search for that of the frame's columns, off the boundary.

        At a standard deviation of exactly zero the gradient is zero whatever the data say.
        """
        factors = [
            _lower(r @ t) for r, t in zip(self.bases, self.deviance.factors(raw), strict=True)
        ]
        for factor in factors:
            np.fill_diagonal(factor, np.maximum(np.diag(factor), MIN_START))
        return self.deviance.theta(factors)

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
        objective = _Joint(self.deviance, point.mode)
        unit = linalg.block_diag(point.unit, np.linalg.cholesky(self.given_theta(point) / 2))
        parameters = np.concatenate([point.parameters, point.mode.b])
        parameters, unit = _quasi_newton(objective, parameters, unit)
        _, gradient = objective(parameters)
        promise = 0.5 * float(((unit.T @ gradient) ** 2).sum())
        return _Point(parameters, objective.mode, unit), promise

    def refine(self, point: _Point) -> tuple[_Point, float]:
        """Take Newton's steps from near the optimum; return it with its Hessian, and the promise.

        Where the Hessian has a negative curvature (a saddle, as a variance of zero may be), the
        step goes down it.
        """
        objective, parameters, unit = (
            _Joint(self.deviance, point.mode),
            point.parameters,
            point.unit,
        )
        value, gradient = objective(parameters)
        for _ in range(MAX_NEWTON):
            mode = objective.mode
            hessian = self._hessian(mode, parameters, unit)
            curvatures, directions = np.linalg.eigh(hessian)
            slopes = directions.T @ (unit.T @ gradient)
            sizes = np.maximum(np.abs(curvatures), FLAT)
            step = -unit @ (directions @ (slopes / sizes))
            promise = 0.5 * float((slopes**2 / sizes).sum())
            if curvatures[0] < -SADDLE:
                promise = np.inf
                step = step + SADDLE_STEP * unit @ directions[:, 0]
            if promise < EXACT:
                break
            for _ in range(MAX_HALVINGS):
                new_value, new_gradient = objective(parameters + step)
                if new_value < value:
                    break
                step = step / 2
            else:
                break
            parameters, value, gradient = parameters + step, new_value, new_gradient
        return _Point(parameters, mode, unit, hessian), promise

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
        factors = [raw @ t for raw, t in zip(self.to_raw, mode.factors, strict=True)]
        modes = [v @ t.T for v, t in zip(blocks.split(mode.v), factors, strict=True)]
        inverse = mode.system.random.selected_inverse().own()
        components = tuple(t @ t.T for t in factors)
        large = [
            f"{term.group}: effects have a standard deviation above {LARGE_SD:g} on the logit "
            "scale, as where members hold only 0 or only 1; read with care"
            for term, t in zip(frame.random, mode.factors, strict=True)
            if np.linalg.norm(t) > LARGE_SD
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
            theta=self.deviance.theta([_lower(t) for t in factors]),
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


def _unit_columns(matrix: Reals) -> tuple[Reals, Reals]:
    """Return orthogonal columns of unit size, and R that makes the matrix of them.

    Columns that depend on each other, as those of a random term may, are only divided by their
    size.
    """
    n, k = matrix.shape
    if np.linalg.matrix_rank(matrix) == k:
        q, r = np.linalg.qr(matrix)
        return q * np.sqrt(n), r / np.sqrt(n)
    sizes = np.sqrt((matrix**2).mean(axis=0))
    return matrix / sizes, np.diag(sizes)


def _lower(factor: Reals) -> Reals:
    """Return the lower triangle T with a diagonal not below 0 and T T' = factor factor'."""
    lower = np.linalg.qr(factor.T)[1].T
    return lower * np.where(np.diag(lower) < 0, -1.0, 1.0)


class _Joint:
    """The deviance and its gradient by theta and fixed effects, from mode to mode."""

    def __init__(self, deviance: Deviance, mode: Mode) -> None:
        self.deviance, self.mode = deviance, mode

    def __call__(self, parameters: Reals) -> tuple[float, Reals]:
        theta, b = np.split(parameters, [self.deviance.n_theta])
        self.mode = self.deviance.mode(theta, b, self.mode.v, move_b=False)
        gradient = self.deviance.gradient(self.mode, moved_b=False)
        return self.mode.deviance, np.concatenate(gradient)


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
