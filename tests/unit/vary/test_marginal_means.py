"""Marginal means and type III tests against statsmodels' cell means and sum-coded fits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from statsmodels.stats.multitest import multipletests

from egoalign.vary.frame import build_frame
from egoalign.vary.marginal_means import holm, marginal_means
from egoalign.vary.reference_grid import type_three_contrasts
from tests.unit.vary.dense_fit import dense_fit


def data(n: int = 150) -> pd.DataFrame:
    """Return an unbalanced table with two factors and a number."""
    rng = np.random.default_rng(6)
    made = pd.DataFrame(
        {
            "x": rng.normal(2.0, 1.5, n),
            "f": rng.choice(["a", "b", "c"], n, p=[0.6, 0.3, 0.1]),
            "h": rng.choice(["u", "v"], n, p=[0.75, 0.25]),
        }
    )
    made["y"] = 0.3 * made.x + (made.f == "b") - 0.5 * (made.h == "v") * made.x + rng.normal(size=n)
    return made


FORMULA = "y ~ x * h + f * h"


@pytest.mark.parametrize("contrasts", [{}, {"f": "sum", "h": "v"}, {"f": "c", "h": "sum"}])
def test_means_are_those_of_predicted_cells(contrasts: dict[str, str]) -> None:
    table = data()
    fit = dense_fit(build_frame(pa.Table.from_pandas(table), FORMULA, contrasts=contrasts))
    means, pairs = marginal_means(fit, "f")
    oracle = smf.ols("y ~ x * C(h) + C(f) * C(h)", table).fit()
    for mean in means:
        cells = pd.DataFrame({"x": table.x.mean(), "h": ["u", "v"], "f": mean.level})
        assert mean.estimate == pytest.approx(oracle.predict(cells).mean(), abs=1e-10)
        assert mean.df == len(table) - 8
    assert [(pair.level, pair.other) for pair in pairs] == [
        (means[0].level, means[1].level),
        (means[0].level, means[2].level),
        (means[1].level, means[2].level),
    ]
    by_level = {mean.level: mean.estimate for mean in means}
    for pair in pairs:
        assert pair.estimate == pytest.approx(by_level[pair.level] - by_level[pair.other])


def test_standard_errors_and_intervals_are_those_of_the_contrast() -> None:
    table = data()
    fit = dense_fit(build_frame(pa.Table.from_pandas(table), "y ~ x + f"))
    _, pairs = marginal_means(fit, "f")
    oracle = smf.ols("y ~ x + C(f)", table).fit()
    low, high = oracle.conf_int().loc["C(f)[T.b]"]
    assert pairs[0].estimate == pytest.approx(-oracle.params["C(f)[T.b]"])
    assert pairs[0].se == pytest.approx(oracle.bse["C(f)[T.b]"])
    assert pairs[0].p == pytest.approx(oracle.pvalues["C(f)[T.b]"])
    assert (pairs[0].low, pairs[0].high) == pytest.approx((-high, -low))


def test_a_mean_without_rows_is_missing_and_those_with_rows_are_not() -> None:
    table = data()
    table = table[~((table.f == "c") & (table.h == "v"))]
    fit = dense_fit(build_frame(pa.Table.from_pandas(table), "y ~ f * h"))
    means, pairs = marginal_means(fit, "f")
    cell = table.groupby(["f", "h"]).y.mean()
    assert means[0].estimate == pytest.approx((cell["a", "u"] + cell["a", "v"]) / 2)
    assert np.isnan(means[2].estimate)
    assert [np.isnan(pair.p_holm) for pair in pairs] == [False, True, True]
    assert pairs[0].p_holm == pytest.approx(pairs[0].p)
    assert type_three_contrasts(fit.frame) is None


def test_an_empty_reference_cell_is_not_estimable_either() -> None:
    table = data()
    table = table[~((table.f == "a") & (table.h == "u"))]
    fit = dense_fit(build_frame(pa.Table.from_pandas(table), "y ~ f * h"))
    means, _ = marginal_means(fit, "f")
    assert [np.isnan(mean.estimate) for mean in means] == [True, False, False]


def test_logits_and_probabilities_of_a_binomial_model() -> None:
    table = data()
    table["y"] = (table.y > 0.5).astype(int)
    frame = build_frame(pa.Table.from_pandas(table), "y ~ f", family="binomial")
    oracle = smf.glm("y ~ C(f)", table, family=sm.families.Binomial()).fit()
    fit = replace(
        dense_fit(frame),
        family="binomial",
        sigma=1.0,
        estimates=oracle.params.to_numpy(),
        covariance=oracle.cov_params().to_numpy(),
    )
    means, pairs = marginal_means(fit, "f")
    levels = pd.DataFrame({"f": ["a", "b", "c"]})
    predicted = oracle.get_prediction(levels).summary_frame()
    probabilities = [mean for mean in means if mean.scale == "probability"]
    np.testing.assert_allclose([m.estimate for m in probabilities], predicted["mean"], atol=1e-12)
    np.testing.assert_allclose([m.se for m in probabilities], predicted["mean_se"], rtol=1e-8)
    np.testing.assert_allclose([m.low for m in probabilities], predicted["mean_ci_lower"])
    share = table.groupby("f").y.mean()
    n = table.groupby("f").y.size()
    difference = next(pair for pair in pairs if pair.scale == "probability")
    assert difference.estimate == pytest.approx(share["a"] - share["b"], abs=1e-8)
    se = np.sqrt(sum(share[g] * (1 - share[g]) / n[g] for g in "ab"))
    assert difference.se == pytest.approx(se, rel=1e-6)


def test_holm_is_that_of_statsmodels_and_skips_the_missing() -> None:
    p = np.array([0.04, 0.001, 0.9, 0.02, 0.02])
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1])
    with_missing = holm(np.array([0.02, np.nan, 0.03]))
    np.testing.assert_allclose(with_missing, [0.04, np.nan, 0.04])


@pytest.mark.parametrize("contrasts", [{}, {"f": "sum", "h": "v"}])
def test_type_three_tests_do_not_depend_on_the_coding(contrasts: dict[str, str]) -> None:
    table = data()
    fit = dense_fit(build_frame(pa.Table.from_pandas(table), FORMULA, contrasts=contrasts))
    tests = type_three_contrasts(fit.frame)
    oracle = sm.stats.anova_lm(
        smf.ols("y ~ x * C(h, Sum) + C(f, Sum) * C(h, Sum)", table).fit(), typ=3
    )
    names = {"x": "x", "h": "C(h, Sum)", "f": "C(f, Sum)", "x:h": "x:C(h, Sum)"}
    names["f:h" if "f:h" in tests else "h:f"] = "C(f, Sum):C(h, Sum)"
    assert set(tests) == set(names)
    for term, rows in tests.items():
        effect = rows @ fit.estimates
        f = effect @ np.linalg.solve(rows @ fit.covariance @ rows.T, effect) / len(rows)
        assert f == pytest.approx(oracle.loc[names[term], "F"], rel=1e-8), term
