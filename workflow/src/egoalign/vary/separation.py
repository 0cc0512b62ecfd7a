"""Whether predictors tell a response of 0 and 1 apart so well that their effects are infinite."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from egoalign.log import UserError
from egoalign.vary.terms import INTERCEPT, ModelFrame, Reals

MAX_STEPS = 30
"""Each step of an estimate that goes to infinity adds about 1 to the logit."""

SPAN = 12.0
"""A predictor that moves the logit by more than this over the data..."""

SMALL_Z = 0.5
"""...with an estimate that is smaller than this many standard errors, has no finite effect."""


def logistic_start(frame: ModelFrame, x: Reals) -> Reals:
    """Return the fixed effects without the random ones, by iteratively reweighted least squares.

    Parameters
    ----------
    frame : ModelFrame
        A response of 0 and 1.
    x : numpy.ndarray
        The frame's x in well conditioned columns of the same span, shape (n, p).

    Raises
    ------
    UserError
        If they are infinite: some predictor separates the zeros from the ones (Albert & Anderson
        1984).
    """
    b = np.zeros(x.shape[1])
    information = np.eye(x.shape[1])
    for _ in range(MAX_STEPS):
        mean = expit(x @ b)
        weights = mean * (1 - mean)
        information = x.T @ (weights[:, None] * x)
        gradient = x.T @ (frame.y - mean)
        step = np.linalg.lstsq(information, gradient, rcond=1e-15)[0]
        b = b + step
        if gradient @ step < 1e-8:
            break
    _refuse_separation(frame, x, b, information)
    return b


def _refuse_separation(frame: ModelFrame, x: Reals, b: Reals, information: Reals) -> None:
    """Refuse estimates that went far without becoming certain."""
    to_raw = np.linalg.lstsq(frame.x, x, rcond=None)[0]
    estimates = to_raw @ b
    variances = np.einsum("ij,jk,ik->i", to_raw, np.linalg.pinv(information), to_raw)
    spans = np.abs(estimates) * np.where(
        np.array(frame.names) == INTERCEPT, 1.0, np.ptp(frame.x, axis=0)
    )
    infinite = (spans > SPAN) & (np.abs(estimates) < SMALL_Z * np.sqrt(variances))
    if not infinite.any():
        return
    named = [name for name, bad in zip(frame.names, infinite, strict=True) if bad]
    predictors = [name for name in named if name != INTERCEPT] or named
    raise UserError(
        f"response {frame.response} is separated by {' and '.join(predictors)}: some of its values "
        "have only 0 or only 1, so that the effect is infinite; leave the predictor out, or join "
        "its levels"
    )
