"""Whether predictors tell a response of 0 and 1 apart so well that their effects are infinite."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from egoalign.log import UserError
from egoalign.vary.terms import ModelFrame, Reals

MAX_STEPS = 30
"""Each step of an estimate that goes to infinity adds about 1 to the logit."""

FAR = 12.0
"""A logit farther from 0 than this..."""

SMALL_Z = 0.5
"""...but by less than this many of its standard errors, is on its way to infinity."""


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
    logits = x @ b
    far = np.abs(logits) > FAR
    inverse = np.linalg.pinv(information)
    errors = np.sqrt(np.einsum("ij,jk,ik->i", x[far], inverse, x[far]))
    if not np.any(np.abs(logits[far]) < SMALL_Z * errors):
        return
    to_raw = np.linalg.lstsq(frame.x, x, rcond=None)[0]
    moved = np.abs(to_raw @ b) * np.ptp(frame.x, axis=0)
    predictors = [name for name, by in zip(frame.names, moved, strict=True) if by > FAR]
    raise UserError(
        f"response {frame.response} is separated by {' and '.join(predictors or frame.names)}: "
        "some of its values have only 0 or only 1, so that the effect is infinite; leave the "
        "predictor out, or join its levels"
    )
