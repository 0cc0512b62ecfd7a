"""The REML solver against closed forms, brute force and statsmodels."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egoalign.vary.nested import Sums, fit_nested


def simulate(
    seed: int, n_children: int, n_sessions: int, n: int, sds: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return x, y, child and session of an unbalanced table with residual sd 1."""
    rng = np.random.default_rng(seed)
    child_of = rng.integers(0, n_children, n_sessions)
    child_of[:n_children] = np.arange(n_children)
    session = rng.integers(0, n_sessions, n)
    session[:n_sessions] = np.arange(n_sessions)
    child = child_of[session]
    x = np.column_stack([np.ones(n), rng.normal(size=n), rng.random(n) < 0.4])
    effects = sds[0] * rng.normal(size=n_children)[child]
    effects += sds[1] * rng.normal(size=n_sessions)[session]
    y = x @ np.array([0.5, 0.3, -0.2]) + effects + rng.normal(size=n)
    return x, y, child, session


def dense_likelihood(
    x: np.ndarray,
    y: np.ndarray,
    child: np.ndarray,
    session: np.ndarray,
    child_sd: float,
    session_sd: float,
    residual_sd: float,
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the restricted log-likelihood, estimates and their covariance by plain matrices."""
    n, p = x.shape
    v = child_sd**2 * (child[:, None] == child) + session_sd**2 * (session[:, None] == session)
    v = v + residual_sd**2 * np.eye(n)
    inverse = np.linalg.inv(v)
    information = x.T @ inverse @ x
    estimates = np.linalg.solve(information, x.T @ inverse @ y)
    rest = y - x @ estimates
    determinants = np.linalg.slogdet(v)[1] + np.linalg.slogdet(information)[1]
    likelihood = -0.5 * ((n - p) * np.log(2 * np.pi) + determinants + rest @ inverse @ rest)
    return float(likelihood), estimates, np.linalg.inv(information)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.floats(0, 2), st.floats(0, 2))
def test_criterion_equals_plain_matrices(seed: int, child: float, session: float) -> None:
    data = simulate(seed, 4, 9, 60, (0.5, 0.5))
    likelihood, estimates, inverse, variance, *_ = Sums(*data).solve(np.array([child, session]))
    sd = np.sqrt(variance)
    expected = dense_likelihood(*data, child * sd, session * sd, sd)
    assert likelihood == pytest.approx(expected[0], abs=1e-8)
    assert estimates == pytest.approx(expected[1], abs=1e-9)
    assert variance * inverse == pytest.approx(expected[2], abs=1e-9)


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.sampled_from([(0.0, 0.0), (0.4, 0.0), (0.0, 0.4), (0.6, 0.3)]))
def test_no_point_of_a_fine_grid_is_better(seed: int, sds: tuple[float, float]) -> None:
    data = simulate(seed, 6, 15, 200, sds)
    fit = fit_nested(*data)
    assert fit.converged
    sums = Sums(*data)
    grid = np.concatenate([[0.0], np.geomspace(1e-3, 5, 40)])
    best = max(sums.solve(np.array([a, b]))[0] for a in grid for b in grid)
    assert fit.log_likelihood >= best - 1e-7


def test_one_balanced_factor_equals_analysis_of_variance() -> None:
    """Searle, Casella & McCulloch (1992, section 3.8): REML is ANOVA where that is positive."""
    rng = np.random.default_rng(1)
    groups, size = 12, 20
    child = np.repeat(np.arange(groups), size)
    y = 0.7 * rng.normal(size=groups)[child] + rng.normal(size=child.size)
    fit = fit_nested(np.ones((y.size, 1)), y, child, child, with_session=False)
    means = y.reshape(groups, size).mean(axis=1)
    within = ((y - means[child]) ** 2).sum() / (groups * (size - 1))
    between = size * means.var(ddof=1)
    assert between > within
    assert fit.residual_sd**2 == pytest.approx(within, rel=1e-6)
    assert fit.child_sd**2 == pytest.approx((between - within) / size, rel=1e-6)
    assert fit.estimates[0] == pytest.approx(y.mean(), abs=1e-9)
    assert np.sqrt(fit.covariance[0, 0]) == pytest.approx(np.sqrt(between / y.size), rel=1e-6)
    assert fit.session_sd == 0


def test_balanced_nested_factors_equal_analysis_of_variance() -> None:
    rng = np.random.default_rng(2)
    children, per_child, size = 10, 4, 15
    session = np.repeat(np.arange(children * per_child), size)
    child = session // per_child
    y = rng.normal(size=children)[child] + 0.6 * rng.normal(size=40)[session]
    y = y + rng.normal(size=session.size)
    fit = fit_nested(np.ones((y.size, 1)), y, child, session)
    session_means = y.reshape(-1, size).mean(axis=1)
    child_means = session_means.reshape(children, per_child).mean(axis=1)
    within = ((y - session_means[session]) ** 2).sum() / (children * per_child * (size - 1))
    of_sessions = size * session_means.reshape(children, per_child).var(axis=1, ddof=1).mean()
    of_children = size * per_child * child_means.var(ddof=1)
    assert of_children > of_sessions > within
    assert fit.residual_sd**2 == pytest.approx(within, rel=1e-6)
    assert fit.session_sd**2 == pytest.approx((of_sessions - within) / size, rel=1e-6)
    expected = (of_children - of_sessions) / (size * per_child)
    assert fit.child_sd**2 == pytest.approx(expected, rel=1e-6)


def test_without_groups_it_is_least_squares() -> None:
    x, y, child, session = simulate(3, 4, 9, 80, (0, 0))
    fit = fit_nested(x, y, child, session, with_child=False, with_session=False)
    estimates, squares, *_ = np.linalg.lstsq(x, y, rcond=None)
    assert fit.estimates == pytest.approx(estimates)
    assert fit.residual_sd**2 == pytest.approx(squares[0] / 77)
    assert fit.residuals == pytest.approx(y - x @ estimates)


@pytest.mark.parametrize("seed", [4, 5, 6])
def test_statsmodels_has_the_same_criterion_and_finds_nothing_better(seed: int) -> None:
    """From its own start statsmodels may stop short of the optimum, so it begins at ours."""
    from statsmodels.regression.mixed_linear_model import MixedLM, MixedLMParams, VCSpec

    x, y, child, session = simulate(seed, 12, 50, 1500, (0.6, 0.5))
    order = np.argsort(child, kind="stable")
    x, y, child, session = x[order], y[order], child[order], session[order]
    present = [np.unique(session[child == c]) for c in range(12)]
    matrices = [(session[child == c][:, None] == present[c]).astype(float) for c in range(12)]
    component = VCSpec(["session"], [[[str(s) for s in names] for names in present]], [matrices])
    model = MixedLM(y, x, child, exog_re=np.ones((y.size, 1)), exog_vc=component)
    ours = fit_nested(x, y, child, session)
    ratios = np.square([ours.child_sd, ours.session_sd]) / ours.residual_sd**2
    start = MixedLMParams.from_components(ours.estimates, cov_re=ratios[:1, None], vcomp=ratios[1:])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = model.fit(start_params=start, reml=True, method=["bfgs", "lbfgs"])
        own_start = model.fit(reml=True, method=["bfgs", "lbfgs"])
    assert model.loglike(start) == pytest.approx(ours.log_likelihood, abs=1e-6)
    assert max(theirs.llf, own_start.llf) <= ours.log_likelihood + 1e-6
    assert ours.estimates == pytest.approx(theirs.fe_params, abs=1e-5)
    assert ours.child_sd**2 == pytest.approx(theirs.cov_re[0, 0], rel=1e-3)
    assert ours.session_sd**2 == pytest.approx(theirs.vcomp[0], rel=1e-3)
    assert ours.residual_sd**2 == pytest.approx(theirs.scale, rel=1e-3)
    assert ours.residuals == pytest.approx(np.asarray(theirs.resid), abs=1e-3)
    information = -model.hessian(theirs.params_object)[0][:3, :3]
    assert ours.covariance == pytest.approx(np.linalg.inv(information), rel=1e-3, abs=1e-6)


def test_no_variance_is_found_where_there_is_less_than_none() -> None:
    """Groups that are more alike than chance would make them have a variance of exactly zero."""
    values = np.random.default_rng(7).normal(size=20)
    y = np.tile(values - values.mean(), 10)
    child = np.repeat(np.arange(10), 20)
    fit = fit_nested(np.ones((200, 1)), y, child, child, with_session=False)
    assert fit.child_sd < 1e-6
    assert fit.converged
