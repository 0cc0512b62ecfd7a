"""Fit of a model frame: which engine, and the same kind of result from each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from egoalign.log import UserError, logger
from egoalign.vary.terms import ROUNDING, Family, MixedFit, ModelFrame, Reals


def fit_frame(
    frame: ModelFrame,
    family: Family = "gaussian",
    reml: bool = True,
    start: Reals | None = None,
    with_df: bool = True,
) -> MixedFit:
    """Fit a linear or logistic (mixed) model.

    Without a random term statsmodels fits it (OLS, GLM); with one our sparse engine, which alone
    knows crossed factors and correlated slopes at the size of a corpus.

    Parameters
    ----------
    frame : ModelFrame
        The data.
    family : str
        ``gaussian``, or ``binomial`` with the logit link (Laplace's approximation).
    reml : bool
        Restricted likelihood, for Gaussian models.
    start : numpy.ndarray, optional
        Theta to begin with.
    with_df : bool
        Whether Satterthwaite's degrees of freedom are found; they cost about as much as the fit.

    Raises
    ------
    UserError
        The response is the same in all rows, or predictors explain all of it.
    """
    try:
        if family == "binomial":
            fit = _binomial(frame, start)
        elif frame.random:
            fit = _mixed(frame, reml, start)
        else:
            fit = _least_squares(frame, reml)
    except np.linalg.LinAlgError as error:
        raise UserError(
            f"{frame.formula}: {frame.y.size} rows do not determine the model ({error}); leave "
            "out terms"
        ) from error
    if with_df and family == "gaussian" and frame.names:
        from egoalign.vary.satterthwaite import degrees_of_freedom

        fit = replace(fit, df=degrees_of_freedom(fit, np.eye(len(frame.names))))
    # Refits, of which there are many, ask for no degrees of freedom: the choice is said once.
    (logger.info if with_df else logger.debug)("%s: fitted by %s", frame.formula, fit.engine)
    return fit


def refit(fit: MixedFit, y: Reals, with_df: bool = False) -> MixedFit:
    """Fit the same model to another response, shape (n,), with what is known of the design."""
    if fit.family == "gaussian" and fit.frame.random:
        from egoalign.vary.gaussian import refit_gaussian

        again = refit_gaussian(fit, y)
        if with_df:
            from egoalign.vary.satterthwaite import degrees_of_freedom

            again = replace(again, df=degrees_of_freedom(again, np.eye(len(fit.frame.names))))
        return again
    if fit.family == "binomial" and fit.frame.random:
        from egoalign.vary.laplace import refit_laplace

        return refit_laplace(fit, y, errors=False)
    return fit_frame(replace(fit.frame, y=y), fit.family, fit.reml, with_df=with_df)


def _mixed(frame: ModelFrame, reml: bool, start: Reals | None) -> MixedFit:
    """Fit a Gaussian mixed model."""
    from egoalign.vary.gaussian import fit_gaussian

    if np.ptp(frame.y) == 0:
        raise UserError(f"response {frame.response} is the same in all {frame.y.size} rows")
    return fit_gaussian(frame, reml, start)


def _binomial(frame: ModelFrame, start: Reals | None) -> MixedFit:
    """Fit a logistic model."""
    if frame.random:
        from egoalign.vary.laplace import fit_laplace

        return fit_laplace(frame, start)

    import statsmodels.api as sm

    from egoalign.vary.separation import logistic_start

    logistic_start(frame, frame.x)
    result = sm.GLM(frame.y, frame.x, family=sm.families.Binomial()).fit()
    return _without_groups(
        frame,
        "binomial",
        False,
        np.asarray(result.params),
        np.asarray(result.cov_params()),
        1.0,
        -2 * float(result.llf),
        np.asarray(result.fittedvalues),
        len(frame.names),
        "statsmodels GLM: no random term",
    )


def _least_squares(frame: ModelFrame, reml: bool) -> MixedFit:
    """Fit a linear model without random terms."""
    import statsmodels.api as sm

    result = sm.OLS(frame.y, frame.x).fit()
    n, p = frame.x.shape
    squares = float(result.ssr)
    nu = n - p if reml else n
    sigma2 = squares / nu
    if not np.sqrt(sigma2) > ROUNDING * np.abs(frame.y).max():
        raise UserError(
            f"{frame.formula}: the predictors explain all of {frame.response}; there is no residual"
        )
    criterion = nu * (1 + np.log(2 * np.pi * sigma2))
    if reml:
        criterion += float(np.linalg.slogdet(frame.x.T @ frame.x)[1])
    return _without_groups(
        frame,
        "gaussian",
        reml,
        np.asarray(result.params),
        np.asarray(result.normalized_cov_params) * sigma2,
        float(np.sqrt(sigma2)),
        float(criterion),
        np.asarray(result.fittedvalues),
        p + 1,
        "statsmodels OLS: no random term",
    )


def _without_groups(
    frame: ModelFrame,
    family: Family,
    reml: bool,
    estimates: Reals,
    covariance: Reals,
    sigma: float,
    criterion: float,
    fitted: Reals,
    n_parameters: int,
    engine: str,
) -> MixedFit:
    """Return a fit that has no random terms."""
    return MixedFit(
        frame=frame,
        family=family,
        reml=reml,
        estimates=estimates,
        covariance=covariance,
        df=None,
        components=(),
        sigma=sigma,
        theta=np.zeros(0),
        criterion=criterion,
        n_parameters=n_parameters,
        modes=(),
        mode_covariances=(),
        fitted=fitted,
        converged=True,
        engine=engine,
    )
