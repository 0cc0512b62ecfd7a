"""Fit of a Gaussian mixed model by (restricted) maximum likelihood."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import numpy as np

from egoalign.log import UserError
from egoalign.vary.boundary import boundary_findings
from egoalign.vary.penalised import Eliminated, Penalised, factors_of
from egoalign.vary.search import Found, search
from egoalign.vary.sums import Design, Sums, sums_of, with_response
from egoalign.vary.terms import ROUNDING, MixedFit, ModelFrame, Reals

ENGINE = "sparse penalised least squares of egoalign (average-information Newton)"

NO_RESIDUAL = 1e-5
"""Least residual standard deviation, in that of what the fixed effects leave of the response."""


def fit_gaussian(frame: ModelFrame, reml: bool = True, start: Reals | None = None) -> MixedFit:
    """Fit y = X b + Z u + e; the fit's `state` is the `Penalised` at the optimum.

    Parameters
    ----------
    frame : ModelFrame
        With at least one random term.
    reml : bool
        Restricted likelihood.
    start : numpy.ndarray, optional
        Theta to begin with, as `MixedFit.theta` has it.

    Raises
    ------
    UserError
        Predictors, or predictors and groups, explain all of the response.
    """
    sums = sums_of(frame)
    if sums.y_scale < ROUNDING * np.abs(frame.y).max():
        raise UserError(
            f"{frame.formula}: the predictors explain all of {frame.response}; there is no residual"
        )
    order = Eliminated(sums)
    first = None if start is None else rescaled(start, sums, to_sums=True)
    found = search(order, reml, first)
    if found.point.sigma2 < NO_RESIDUAL**2:
        raise UserError(
            f"{frame.formula}: predictors and groups explain all of {frame.response}; there is no "
            "residual"
        )
    return result(frame, found)


def refit_gaussian(known: MixedFit, y: Reals) -> MixedFit:
    """Fit the same model to another response, shape (n,); Z'Z is not made again."""
    point: Penalised = known.state
    order, frame = point.order, known.frame
    design = Design(frame, order.sums.basis * np.sqrt(order.sums.n))
    sums = with_response(order.sums, y, design)
    found = search(with_sums(order, sums), known.reml, point.theta)
    return result(replace(frame, y=y), found)


def with_sums(order: Eliminated, sums: Sums) -> Eliminated:
    """Return the same elimination with sums of another response."""
    other = copy(order)
    other.sums = sums
    return other


def rescaled(theta: Reals, sums: Sums, to_sums: bool) -> Reals:
    """Return theta for columns of Z as they are, of that for the scaled ones, or back."""
    out, place = [], 0
    for block, scale in zip(sums.blocks, sums.z_scale, strict=True):
        for column in range(block.k):
            part = theta[place : place + block.k - column]
            own = scale[column:]
            out.append(part * own if to_sums else part / own)
            place += part.size
    return np.concatenate(out)


def result(frame: ModelFrame, found: Found) -> MixedFit:
    """Return the fit in the units of the data."""
    point = found.point
    sums = point.sums
    unit = sums.y_scale
    sigma2 = point.sigma2
    back = np.linalg.inv(sums.basis) if sums.p else np.zeros((0, 0))
    estimates = back @ (sums.offset + unit * point.b)
    covariance = np.asarray(sigma2 * unit**2 * back @ point.x_inverse @ back.T, np.float64)
    theta = rescaled(point.theta, sums, to_sums=False)
    raw = factors_of(theta, sums.blocks)
    components = tuple(sigma2 * unit**2 * factor @ factor.T for factor in raw)
    modes = tuple(
        unit * part / scale
        for part, scale in zip(
            point.blocks_of(point.solved[:, sums.p] - point.solved[:, : sums.p] @ point.b),
            sums.z_scale,
            strict=True,
        )
    )
    fitted = frame.x @ estimates
    for term, mode in zip(frame.random, modes, strict=True):
        fitted = fitted + np.einsum("nk,nk->n", term.z, mode[term.codes])
    sigma = float(np.sqrt(sigma2)) * unit
    singular = boundary_findings(frame.random, components, sigma)
    notes = [f"singular fit: {finding}" for finding in singular]
    if not found.converged:
        notes.append("the search did not reach an optimum: read with care")
    return MixedFit(
        frame=frame,
        family="gaussian",
        reml=point.reml,
        estimates=estimates,
        covariance=covariance,
        df=None,
        components=components,
        sigma=sigma,
        theta=theta,
        criterion=float(point.criterion),
        n_parameters=sums.p + sums.n_theta + 1,
        modes=modes,
        mode_covariances=_mode_covariances(point),
        fitted=fitted,
        converged=found.converged,
        singular=singular,
        notes=tuple(notes),
        engine=f"{ENGINE}, {found.steps} steps",
        state=point,
    )


def _mode_covariances(point: Penalised) -> tuple[Reals, ...]:
    """Return the conditional covariance of each level's effects, shape (q, k, k) a term."""
    unit = point.sigma2 * point.sums.y_scale**2
    return tuple(
        unit * part / np.outer(scale, scale)
        for part, scale in zip(point.level_covariances(), point.sums.z_scale, strict=True)
    )
