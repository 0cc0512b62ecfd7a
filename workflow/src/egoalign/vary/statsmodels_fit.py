"""Fit of the mixed model by statsmodels, from a known optimum."""

from __future__ import annotations

import warnings

import numpy as np

from egoalign.vary.nested import Nested


def fit_statsmodels(
    x: np.ndarray, y: np.ndarray, child: np.ndarray, session: np.ndarray, start: Nested
) -> Nested:
    """Fit y = X b + child intercept + session intercept + residual by REML with MixedLM.

    Children are the groups and sessions a variance component within them; with one intercept its
    factor is the groups. The covariance of the fixed effects is the inverse of their block of the
    information, (X' V^-1 X)^-1; statsmodels' own table inverts the whole observed information.

    Parameters
    ----------
    x, y, child, session : numpy.ndarray
        As for `egoalign.vary.nested.fit_nested`.
    start : Nested
        Where the search begins. An intercept of standard deviation 0 is not in the model; one of
        the two is positive.

    Returns
    -------
    Nested
        statsmodels' estimates; `converged` is False if it gave a warning.
    """
    from statsmodels.regression.mixed_linear_model import MixedLM, MixedLMParams
    from statsmodels.tools.sm_exceptions import ModelWarning

    sds = [sd for sd in (start.child_sd, start.session_sd) if sd > 0]
    # statsmodels takes a variance below 0.01 for zero, whatever the unit of the response.
    unit = min(sds)
    model = MixedLM(
        y / unit,
        x,
        groups=child if start.child_sd > 0 else session,
        exog_re=np.ones((y.size, 1)),
        exog_vc=_sessions_within_children(child, session) if len(sds) == 2 else None,
    )
    ratios = np.square(sds) / start.residual_sd**2
    parameters = MixedLMParams.from_components(
        start.estimates / unit, cov_re=ratios[:1, None], vcomp=ratios[1:]
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = model.fit(start_params=parameters, reml=True, method="lbfgs")
        n, p = x.shape
        information = -model.hessian(result.params_object)[0][:p, :p]
        residuals = np.asarray(result.resid)
    fitted = [unit * float(np.sqrt(v)) for v in (result.cov_re[0, 0], *result.vcomp)]
    return Nested(
        estimates=result.fe_params * unit,
        covariance=np.linalg.inv(information) * unit**2,
        child_sd=fitted[0] if start.child_sd > 0 else 0.0,
        session_sd=fitted[-1] if start.session_sd > 0 else 0.0,
        residual_sd=float(np.sqrt(result.scale)) * unit,
        log_likelihood=float(result.llf) - (n - p) * float(np.log(unit)),
        residuals=residuals * unit,
        converged=not any(issubclass(warning.category, ModelWarning) for warning in caught),
    )


def _sessions_within_children(child: np.ndarray, session: np.ndarray) -> object:
    """Return statsmodels' description of a variance component of sessions, children the groups."""
    from statsmodels.regression.mixed_linear_model import VCSpec

    own = [session[child == code] for code in np.unique(child)]
    present = [np.unique(sessions) for sessions in own]
    names = [[str(code) for code in codes] for codes in present]
    matrices = [
        (sessions[:, None] == codes).astype(np.float64)
        for sessions, codes in zip(own, present, strict=True)
    ]
    return VCSpec(["session"], [names], [matrices])
