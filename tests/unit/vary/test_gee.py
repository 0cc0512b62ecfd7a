"""Estimating equations against statsmodels' own covariance, and against what was put in."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from scipy.special import expit

from egoalign.log import UserError
from egoalign.vary.frame import build_frame
from egoalign.vary.gee import fit_gee
from egoalign.vary.terms import Family, ModelFrame

TRUTH = np.array([0.3, 0.4, -0.5])


def made(seed: int, family: Family, n_children: int = 30, n: int = 900) -> ModelFrame:
    """Return rows of children whose marginal mean follows `TRUTH`.

    Binomial: each row copies one draw of its child's, or draws anew, so that the marginal model is
    logistic exactly; the draw is a comparison of a uniform number with the row's own probability.
    """
    rng = np.random.default_rng(seed)
    child = rng.integers(0, n_children, n)
    between = rng.normal(size=n_children)[child]
    within = rng.random(n) < 0.4
    eta = TRUTH[0] + TRUTH[1] * between + TRUTH[2] * within
    if family == "gaussian":
        y = eta + 0.5 * rng.normal(size=n_children)[child] + rng.normal(size=n)
    else:
        shared = rng.random(n_children)[child]
        y = np.where(rng.random(n) < 0.3, shared, rng.random(n)) < expit(eta)
    data = pa.table({"y": y, "between": between, "within": within * 1, "child": child})
    return build_frame(data, "y ~ between + within + (1 | child)", family=family)


@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_covariance_is_statsmodels_bias_reduced(family: Family) -> None:
    import statsmodels.api as sm

    frame = made(1, family)
    clusters = frame.random[0].codes
    families = {"gaussian": sm.families.Gaussian(), "binomial": sm.families.Binomial()}
    expected = sm.GEE(
        frame.y, frame.x, clusters, family=families[family], cov_struct=sm.cov_struct.Exchangeable()
    ).fit(cov_type="bias_reduced")
    fit = fit_gee(frame, clusters, family)
    np.testing.assert_allclose([each.estimate for each in fit.effects], expected.params, rtol=1e-10)
    np.testing.assert_allclose([each.se for each in fit.effects], expected.bse, rtol=1e-8)
    assert [each.df for each in fit.effects] == [27.0] * 3
    first = fit.effects[1]
    assert first.term == "between"
    assert first.p == pytest.approx(2 * stats.t.sf(abs(first.estimate / first.se), 27))


@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_what_was_put_in_is_given_back(family: Family) -> None:
    n = 60
    fits = [fit_gee(f := made(seed, family), f.random[0].codes, family) for seed in range(n)]
    estimates = np.array([[each.estimate for each in fit.effects] for fit in fits])
    spread = estimates.std(axis=0, ddof=1) / np.sqrt(n)
    assert np.all(np.abs(estimates.mean(axis=0) - TRUTH) < 3 * spread)
    inside = [[e.low < t < e.high for e, t in zip(f.effects, TRUTH, strict=True)] for f in fits]
    low, high = stats.binom.ppf([0.005 / 3, 1 - 0.005 / 3], n, 0.95)
    held = np.sum(inside, axis=0)
    assert np.all((held >= low) & (held <= high))


def test_the_order_of_rows_does_not_matter() -> None:
    frame = made(3, "gaussian")
    order = np.random.default_rng(1).permutation(frame.y.size)
    clusters = frame.random[0].codes
    shuffled = ModelFrame(**{**vars(frame), "y": frame.y[order], "x": frame.x[order]})
    a, b = fit_gee(frame, clusters, "gaussian"), fit_gee(shuffled, clusters[order], "gaussian")
    np.testing.assert_allclose([e.se for e in a.effects], [e.se for e in b.effects], rtol=1e-8)


def test_too_few_clusters_are_refused() -> None:
    frame = made(3, "gaussian")
    with pytest.raises(UserError, match="3 clusters for 3 fixed effects"):
        fit_gee(frame, frame.random[0].codes % 3, "gaussian")
