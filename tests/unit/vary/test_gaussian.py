"""The Gaussian engine, held to dense algebra, differences, statsmodels, and itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st

from egoalign.log import UserError
from egoalign.vary import penalised, sums
from egoalign.vary.fit import fit_frame, refit
from egoalign.vary.gaussian import rescaled, result
from egoalign.vary.penalised import Eliminated, Penalised, factors_of, theta_places
from egoalign.vary.satterthwaite import degrees_of_freedom, f_test
from egoalign.vary.search import Found
from egoalign.vary.sums import sums_of
from egoalign.vary.terms import MixedFit, ModelFrame, RandomTerm
from tests.unit.vary.made_mixed import Shape, dense_design, made_frame, relative_covariance

STRUCTURES: dict[str, list[Shape]] = {
    "one": [(12, 1)],
    "slope": [(12, 2)],
    "crossed": [(12, 1), (25, 1)],
    "slope and crossed": [(10, 2), (25, 1)],
    "two slopes crossed": [(10, 2), (15, 2)],
    "three columns and two more": [(8, 3), (12, 1), (15, 2)],
}
CHOICES = [(name, first) for name, shapes in STRUCTURES.items() for first in range(len(shapes))]


def made_theta(order: Eliminated, seed: int) -> np.ndarray:
    """Return factors away from the boundary."""
    rng = np.random.default_rng(seed)
    diagonal = [a == b for _, a, b in theta_places(order.sums.blocks)]
    return np.where(
        diagonal, rng.uniform(0.3, 1.2, len(diagonal)), rng.normal(0, 0.4, len(diagonal))
    )


@pytest.mark.parametrize(("name", "first"), CHOICES)
@pytest.mark.parametrize("reml", [True, False])
def test_gradient_is_that_of_differences(name: str, first: int, reml: bool) -> None:
    order = Eliminated(sums_of(made_frame(1, STRUCTURES[name])), first)
    theta = made_theta(order, 2)
    sigma2 = 0.8

    def given_sigma(at: np.ndarray) -> float:
        point = Penalised(order, at, reml)
        return point.log_dets + point.rest / sigma2

    for fixed, value in (
        (None, lambda at: Penalised(order, at, reml).criterion),
        (sigma2, given_sigma),
    ):
        gradient = Penalised(order, theta, reml).derivatives(fixed).gradient
        steps = 1e-5 * np.eye(theta.size)
        differences = [(value(theta + each) - value(theta - each)) / 2e-5 for each in steps]
        np.testing.assert_allclose(gradient, differences, atol=1e-6 * np.abs(gradient).max())


@pytest.mark.parametrize(("name", "first"), CHOICES)
@pytest.mark.parametrize(("reml", "singular"), [(True, False), (False, False), (True, True)])
def test_all_of_a_fit_is_that_of_dense_algebra(
    name: str, first: int, reml: bool, singular: bool
) -> None:
    frame = made_frame(3, STRUCTURES[name])
    order = Eliminated(sums_of(frame), first)
    theta = made_theta(order, 4)
    if singular:
        theta[0] = 0.0
    fit = result(frame, Found(Penalised(order, theta, reml), True, 0))

    n, p = frame.x.shape
    z = dense_design(frame)
    s = relative_covariance(frame, factors_of(fit.theta, order.sums.blocks))
    v = np.eye(n) + z @ s @ z.T
    information = frame.x.T @ np.linalg.solve(v, frame.x)
    b = np.linalg.solve(information, frame.x.T @ np.linalg.solve(v, frame.y))
    left = frame.y - frame.x @ b
    nu = n - p if reml else n
    sigma2 = left @ np.linalg.solve(v, left) / nu
    expected = np.linalg.slogdet(v)[1] + nu * (1 + np.log(2 * np.pi * sigma2))
    expected += np.linalg.slogdet(information)[1] if reml else 0.0

    assert fit.criterion == pytest.approx(expected, abs=1e-8)
    assert fit.sigma**2 == pytest.approx(sigma2)
    np.testing.assert_allclose(fit.estimates, b, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(fit.covariance, sigma2 * np.linalg.inv(information), atol=1e-10)
    modes = s @ z.T @ np.linalg.solve(v, left)
    np.testing.assert_allclose(np.concatenate([m.ravel() for m in fit.modes]), modes, atol=1e-9)
    np.testing.assert_allclose(fit.fitted, frame.x @ b + z @ modes, atol=1e-9)
    conditional = sigma2 * (s - s @ z.T @ np.linalg.solve(v, z @ s))
    place = 0
    for own in fit.mode_covariances:
        for block in own:
            k = len(block)
            dense = conditional[place : place + k, place : place + k]
            np.testing.assert_allclose(block, dense, atol=1e-9)
            place += k


def test_the_cheapest_term_is_eliminated() -> None:
    assert Eliminated(sums_of(made_frame(1, [(10, 2), (40, 1), (15, 1)]))).first == 1


def nested_table(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = 1500
    child, session = rng.integers(0, 40, n), rng.integers(0, 5, n)
    x = rng.normal(size=n)
    score = 0.3 + 0.5 * x + rng.normal(size=n)
    score += 0.6 * rng.normal(size=40)[child] + 0.5 * rng.normal(size=200)[5 * child + session]
    return pd.DataFrame({"score": score, "x": x, "child": child, "session": 5 * child + session})


@pytest.mark.parametrize("reml", [True, False])
def test_nested_fits_are_those_of_statsmodels(reml: bool) -> None:
    data = nested_table(5)
    model = smf.mixedlm(
        "score ~ x", data, groups="child", re_formula="1", vc_formula={"s": "0 + C(session)"}
    )
    theirs = model.fit(reml=reml, method=["bfgs", "lbfgs"])
    assert theirs.converged
    fit = fit_frame(frame_of(data), reml=reml)
    se = theirs.bse_fe.to_numpy()
    # Its criterion has other constants in REML; its search is the coarser one.
    np.testing.assert_array_less(np.abs(fit.estimates - theirs.fe_params) / se, 1e-4)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), se, rtol=1e-4)
    if not reml:
        assert fit.criterion == pytest.approx(-2 * theirs.llf, abs=1e-4)
    variances = [theirs.cov_re.iloc[0, 0], theirs.vcomp[0], theirs.scale]
    own = [fit.components[0][0, 0], fit.components[1][0, 0], fit.sigma**2]
    np.testing.assert_allclose(own, variances, rtol=1e-3)


def frame_of(data: pd.DataFrame) -> ModelFrame:
    """Return score ~ x + (1 | child) + (1 | session)."""
    n = len(data)
    random = []
    for name in ("child", "session"):
        levels, codes = np.unique(data[name], return_inverse=True)
        term = RandomTerm(name, ("(Intercept)",), tuple(map(str, levels)), codes, np.ones((n, 1)))
        random.append(term)
    names = ("(Intercept)", "x")
    x = np.column_stack([np.ones(n), data["x"]])
    y = data["score"].to_numpy()
    formula = "score ~ x + (1 | child) + (1 | session)"
    return ModelFrame(formula, "score", y, names, x, names, {}, tuple(random), np.arange(n))


SHAPES = st.sampled_from([[(12, 1)], [(12, 2)], [(10, 1), (20, 1)], [(10, 2), (20, 1)]])


def assert_same(fit: MixedFit, other: MixedFit, shift: float = 0.0) -> None:
    """Compare fits of one model; `shift` is what the other's criterion is more by."""
    assert fit.converged
    assert other.converged
    assert other.criterion - shift == pytest.approx(fit.criterion, abs=1e-6)
    se = np.sqrt(np.diag(fit.covariance))
    assert np.abs((fit.estimates - other.estimates) / se).max() < 1e-3
    for one, another in zip(fit.components, other.components, strict=True):
        np.testing.assert_allclose(one, another, atol=1e-3 * fit.sigma**2)


@settings(max_examples=12)
@given(st.integers(0, 10_000), SHAPES, st.booleans())
def test_order_of_rows_and_levels_does_not_matter(
    seed: int, shapes: list[Shape], reml: bool
) -> None:
    frame = made_frame(seed, shapes, 250)
    rng = np.random.default_rng(seed)
    rows = rng.permutation(frame.y.size)
    random = []
    for term in frame.random:
        place = rng.permutation(len(term.levels))
        levels = tuple(term.levels[each] for each in np.argsort(place))
        random.append(replace(term, levels=levels, codes=place[term.codes][rows], z=term.z[rows]))
    moved = replace(frame, y=frame.y[rows], x=frame.x[rows], random=tuple(random))
    fit, other = fit_frame(frame, reml=reml), fit_frame(moved, reml=reml)
    assert_same(fit, other)
    for term, again, own, theirs in zip(
        frame.random, moved.random, fit.modes, other.modes, strict=True
    ):
        order = [again.levels.index(level) for level in term.levels]
        np.testing.assert_allclose(theirs[order], own, atol=1e-3)


@settings(max_examples=12)
@given(st.integers(0, 10_000), SHAPES, st.booleans(), st.sampled_from([1e-4, 0.01, 100, 1e5]))
def test_units_of_the_response_do_not_matter(
    seed: int, shapes: list[Shape], reml: bool, unit: float
) -> None:
    frame = made_frame(seed, shapes, 250)
    fit = fit_frame(frame, reml=reml)
    other = fit_frame(replace(frame, y=unit * (frame.y + 3)), reml=reml)
    nu = frame.y.size - (len(frame.names) if reml else 0)
    back = replace(
        other,
        estimates=other.estimates / unit - np.eye(len(frame.names))[0] * 3,
        components=tuple(each / unit**2 for each in other.components),
    )
    assert_same(fit, back, 2 * nu * np.log(unit))


@settings(max_examples=12)
@given(st.integers(0, 10_000), SHAPES, st.sampled_from([1e-4, 0.01, 100, 1e5]))
def test_units_of_predictors_do_not_matter(seed: int, shapes: list[Shape], unit: float) -> None:
    frame = made_frame(seed, shapes, 250)
    units = np.where([name == "x1" for name in frame.names], unit, 1.0)
    random = tuple(replace(term, z=term.z * units[: term.z.shape[1]]) for term in frame.random)
    other = fit_frame(replace(frame, x=frame.x * units, random=random), reml=False)
    back = replace(
        other,
        estimates=other.estimates * units,
        components=tuple(
            each * np.outer(units[: len(each)], units[: len(each)]) for each in other.components
        ),
    )
    assert_same(fit_frame(frame, reml=False), back)


@settings(max_examples=12)
@given(st.integers(0, 10_000), SHAPES, st.booleans())
def test_refit_is_the_fit_of_the_other_response(seed: int, shapes: list[Shape], reml: bool) -> None:
    frame, other = made_frame(seed, shapes), made_frame(seed + 1, shapes)
    anew = fit_frame(replace(frame, y=other.y), reml=reml)
    again = refit(fit_frame(frame, reml=reml), other.y, with_df=True)
    assert_same(anew, again)
    if not anew.singular:
        np.testing.assert_allclose(again.df, anew.df, rtol=1e-3)


@pytest.mark.parametrize("name", ["slope", "slope and crossed"])
def test_rows_in_parts_are_the_fit_of_all(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frame, other = made_frame(3, STRUCTURES[name]), made_frame(4, STRUCTURES[name])
    frame = replace(frame, x=frame.x @ (np.eye(frame.x.shape[1]) + 1))
    whole = fit_frame(frame)
    again = refit(whole, other.y)
    for rows in (7, 50, frame.y.size - 1):
        monkeypatch.setattr(sums, "ROWS_AT_ONCE", rows)
        parts = fit_frame(frame)
        assert_same(parts, whole)
        for made, expected in ((parts.estimates, whole.estimates), (parts.fitted, whole.fitted)):
            np.testing.assert_allclose(made, expected, rtol=1e-6, atol=1e-8)
        assert_same(refit(parts, other.y), again)


def test_theta_is_given_back_in_the_units_of_the_data() -> None:
    frame = made_frame(7, [(12, 2), (20, 1)])
    fit = fit_frame(frame)
    own = sums_of(frame)
    there = rescaled(fit.theta, own, to_sums=True)
    np.testing.assert_allclose(rescaled(there, own, to_sums=False), fit.theta)
    np.testing.assert_allclose(there, fit.state.theta)
    begun = fit_frame(frame, start=fit.theta)
    assert begun.criterion == pytest.approx(fit.criterion, abs=1e-8)


def test_a_model_without_fixed_effects() -> None:
    fit = fit_frame(made_frame(8, [(12, 1)], p=0))
    assert fit.converged
    assert fit.estimates.shape == (0,)
    assert fit.components[0][0, 0] > 0


def balanced(q: int, size: int) -> ModelFrame:
    """Return q groups of one size; one predictor between them, one within."""
    rng = np.random.default_rng(9)
    n = q * size
    codes = np.repeat(np.arange(q), size)
    between = rng.normal(size=q)[codes]
    within = rng.normal(size=(q, size))
    within = (within - within.mean(axis=1, keepdims=True)).ravel()
    x = np.column_stack([np.ones(n), between, within])
    y = x.sum(axis=1) + rng.normal(size=q)[codes] + rng.normal(size=n)
    names = ("(Intercept)", "between", "within")
    term = RandomTerm("g", names[:1], tuple(map(str, range(q))), codes, np.ones((n, 1)))
    return ModelFrame("y ~ ...", "y", y, names, x, names, {}, (term,), np.arange(n))


def test_degrees_of_freedom_in_a_balanced_design_are_the_exact_ones() -> None:
    fit = fit_frame(balanced(20, 10))
    assert fit.df == pytest.approx([18, 18, 179], rel=1e-4)
    both = f_test(fit, np.eye(3)[:2])
    assert (both.df1, both.df2) == pytest.approx((2, 18), rel=1e-3)


def test_one_contrast_is_tested_by_the_square_of_t() -> None:
    fit = fit_frame(made_frame(10, [(12, 2), (20, 1)]))
    assert fit.df is not None
    test = f_test(fit, np.eye(3)[1:2])
    t = fit.estimates[1] / np.sqrt(fit.covariance[1, 1])
    assert (test.statistic, test.df1) == pytest.approx((t**2, 1))
    assert test.df2 == pytest.approx(fit.df[1])
    # A row that repeats another is not a test of more.
    again = f_test(fit, np.array([[0, 1, 0], [0, 2, 0]]))
    assert (again.df1, again.p) == pytest.approx((1, test.p))


def test_without_random_terms_it_is_least_squares() -> None:
    frame = replace(made_frame(11, [(12, 1)]), random=())
    fit = fit_frame(frame)
    n, p = frame.x.shape
    b, rest, _, _ = np.linalg.lstsq(frame.x, frame.y, rcond=None)
    np.testing.assert_allclose(fit.estimates, b)
    assert fit.sigma**2 == pytest.approx(rest[0] / (n - p))
    np.testing.assert_array_equal(fit.df, n - p)
    np.testing.assert_array_equal(degrees_of_freedom(fit, np.eye(p)), n - p)
    assert f_test(fit, np.eye(p)[1:]).df2 == n - p
    # The REML criterion is the limit of the mixed model's without variance.
    mixed = made_frame(11, [(12, 1)])
    order = Eliminated(sums_of(mixed))
    assert fit.criterion == pytest.approx(Penalised(order, np.zeros(1), True).criterion)


def test_no_variance_is_said() -> None:
    frame = made_frame(12, [(20, 1), (30, 1)], sd=0.0, n=300)
    term = frame.random[0]
    # Less alike than by chance, so that the variance is estimated at zero.
    means = np.array([frame.y[term.codes == level].mean() for level in range(20)])
    fit = fit_frame(replace(frame, y=frame.y - 0.9 * means[term.codes]))
    assert "no variance of (Intercept) between members of g0" in fit.singular
    assert "singular fit: no variance of (Intercept) between members of g0" in fit.notes
    assert fit.components[0][0, 0] == pytest.approx(0, abs=1e-8)
    assert fit.converged


def test_a_correlation_at_its_limit_is_said() -> None:
    frame = made_frame(13, [(15, 2)], sd=0.0, n=400)
    term = frame.random[0]
    # Regressions of each member give its effects exactly: they vary less, in the other direction,
    # than by the error that the model expects of them.
    y = np.empty(400)
    for level, effect in enumerate(np.random.default_rng(13).normal(size=15)):
        own = term.codes == level
        z = term.z[own]
        error = frame.y[own] - z @ np.linalg.lstsq(z, frame.y[own], rcond=None)[0]
        y[own] = z @ (np.array([2.0, 1.0]) * effect) + error
    fit = fit_frame(replace(frame, y=y))
    assert fit.singular == ("correlation of (Intercept) and x1 over g0 is 1",)
    covariance = fit.components[0]
    assert covariance[0, 1] ** 2 == pytest.approx(covariance[0, 0] * covariance[1, 1], rel=1e-3)


def test_a_response_that_does_not_vary_is_refused() -> None:
    frame = made_frame(14, [(12, 1)])
    with pytest.raises(UserError, match="response y is the same in all 200 rows"):
        fit_frame(replace(frame, y=np.full(200, 2.0)))


@pytest.mark.parametrize("mixed", [True, False])
def test_predictors_that_explain_all_are_refused(mixed: bool) -> None:
    frame = made_frame(14, [(12, 1)], sd=0.0, residual=0.0)
    with pytest.raises(UserError, match="the predictors explain all of y"):
        fit_frame(frame if mixed else replace(frame, random=()))


def test_groups_that_explain_all_are_refused() -> None:
    frame = made_frame(14, [(12, 1)], residual=0.0)
    with pytest.raises(UserError, match="predictors and groups explain all of y"):
        fit_frame(frame)


def test_a_model_that_memory_does_not_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(penalised, "LARGEST", 10)
    with pytest.raises(UserError, match="model too large: 12 random effects are left"):
        fit_frame(made_frame(14, [(12, 1), (20, 1)]))
