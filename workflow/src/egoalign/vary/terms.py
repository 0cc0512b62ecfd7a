"""What a mixed model is fitted to, and what a fit of it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from egoalign.vary.reference_grid import Recipe

Family = Literal["gaussian", "binomial"]
INTERCEPT = "(Intercept)"

ROUNDING = 1e-12
"""What predictors leave of a response is rounding, below this share of its largest value."""

Reals = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RandomTerm:
    """Effects that vary over the levels of one grouping factor, correlated with each other.

    A term without correlations (``||``) is several of these, with the same group.

    Attributes
    ----------
    group : str
        The factor as the formula has it, for example ``child_id:session_id``.
    columns : tuple of str
        Names of what varies, k of them: ``(Intercept)``, ``age_within``.
    levels : tuple of str
        Names of the factor's levels that occur, q of them.
    codes : numpy.ndarray
        Level of each row, from 0, shape (n,).
    z : numpy.ndarray
        Values of the columns, shape (n, k).
    """

    group: str
    columns: tuple[str, ...]
    levels: tuple[str, ...]
    codes: NDArray[np.int64]
    z: Reals


@dataclass(frozen=True, eq=False)
class ModelFrame:
    """Response, fixed effects' design and random terms of n rows without missing values.

    Attributes
    ----------
    formula : str
        As it was asked for.
    response : str
        Name of the response.
    y : numpy.ndarray
        Shape (n,); 0 and 1 in a binomial model.
    names : tuple of str
        Names of the fixed effects' columns, p of them.
    x : numpy.ndarray
        Of full rank, shape (n, p).
    terms : tuple of str
        The formula's term that each column belongs to, p of them; ``(Intercept)`` for it.
    factors : dict
        Levels of each factor among the fixed effects, the reference first.
    random : tuple of RandomTerm
        Random terms, in the order of the formula.
    rows : numpy.ndarray
        Rows of the table that were used, shape (n,).
    notes : tuple of str
        What was left out, and why; what a reader should know.
    recipe : Recipe or None
        How the columns are made, for marginal means and type III tests.
    """

    formula: str
    response: str
    y: Reals
    names: tuple[str, ...]
    x: Reals
    terms: tuple[str, ...]
    factors: dict[str, tuple[str, ...]]
    random: tuple[RandomTerm, ...]
    rows: NDArray[np.int64]
    notes: tuple[str, ...] = ()
    recipe: Recipe | None = None


@dataclass(frozen=True, eq=False)
class MixedFit:
    """Estimates of a mixed model.

    Attributes
    ----------
    frame : ModelFrame
        What was fitted.
    family : str
        ``gaussian``, or ``binomial`` with the logit link.
    reml : bool
        Restricted likelihood instead of maximum likelihood; only Gaussian.
    estimates, covariance : numpy.ndarray
        Fixed effects, shape (p,), and their covariance, shape (p, p).
    df : numpy.ndarray or None
        Satterthwaite's degrees of freedom of each fixed effect, shape (p,); None for z tests.
    components : tuple of numpy.ndarray
        Covariance matrix of each random term, shape (k, k), in squared units of the response
        (of the linear predictor, in a binomial model).
    sigma : float
        Residual standard deviation; 1 in a binomial model.
    theta : numpy.ndarray
        Relative covariance factors: lower triangles column by column, term after term.
    criterion : float
        -2 log (restricted) likelihood, with lme4's constants.
    n_parameters : int
        Fixed effects, theta, and sigma where it is estimated.
    modes, mode_covariances : tuple of numpy.ndarray
        Conditional modes of each term, shape (q, k), and their conditional covariances given
        theta, shape (q, k, k), as lme4's ``ranef(condVar = TRUE)``.
    fitted : numpy.ndarray
        Expected response with the conditional modes, shape (n,).
    converged : bool
        The search ended in an optimum.
    singular : tuple of str
        What lies on the boundary, in words, one a finding.
    notes : tuple of str
        What a reader should know of the fit.
    engine : str
        What fitted it, and why.
    state : object
        What its engine keeps for further work on the fit.
    """

    frame: ModelFrame
    family: Family
    reml: bool
    estimates: Reals
    covariance: Reals
    df: Reals | None
    components: tuple[Reals, ...]
    sigma: float
    theta: Reals
    criterion: float
    n_parameters: int
    modes: tuple[Reals, ...]
    mode_covariances: tuple[Reals, ...]
    fitted: Reals
    converged: bool
    singular: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    engine: str = ""
    state: Any = field(default=None, repr=False)
