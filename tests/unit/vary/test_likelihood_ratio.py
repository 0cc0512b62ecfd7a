"""Tests of terms against statsmodels and against lmerTest's numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

from egoalign.log import UserError
from egoalign.vary.fit import fit_frame
from egoalign.vary.frame import build_frame
from egoalign.vary.likelihood_ratio import (
    BOUNDARY_NOTE,
    aic,
    bic,
    compare,
    drop_each,
    term_label,
    type_three_tests,
    without_fixed,
)
from tests.unit.vary.mixed_table import LOGISTIC, MIXED, mixed_table


def test_terms_of_a_linear_model_are_tested_as_by_statsmodels() -> None:
    table = mixed_table()
    fit = fit_frame(build_frame(table, "y ~ x + f"))
    whole = smf.ols("y ~ x + C(f)", table.to_pandas()).fit()
    less = smf.ols("y ~ x", table.to_pandas()).fit()
    tests = {test.term: test for test in drop_each(fit)}
    assert set(tests) == {"x", "f"}
    statistic, p, df = whole.compare_lr_test(less)
    assert tests["f"].statistic == pytest.approx(statistic)
    assert (tests["f"].p, tests["f"].df1) == pytest.approx((p, df))
    assert tests["f"].kind == "likelihood ratio"
    f, p, _ = whole.compare_f_test(less)
    third = {test.term: test for test in type_three_tests(fit)}["f"]
    assert (third.statistic, third.p, third.df1, third.df2) == pytest.approx((f, p, 2, 496))


def test_aic_and_bic_count_the_residual_variance() -> None:
    table = mixed_table()
    fit = fit_frame(build_frame(table, "y ~ x + f"), reml=False)
    oracle = smf.ols("y ~ x + C(f)", table.to_pandas()).fit()
    # statsmodels does not count the residual variance as a parameter.
    assert aic(fit) == pytest.approx(oracle.aic + 2)
    assert bic(fit) == pytest.approx(oracle.bic + np.log(500))


def test_a_nested_mixed_model_is_tested_as_by_mixedlm() -> None:
    data = mixed_table()
    table = data.to_pandas()
    fit = fit_frame(build_frame(data, "y ~ x + f + (1 | child)"))
    tests = {test.term: test for test in drop_each(fit)}
    whole, less = (
        smf.mixedlm(formula, table, groups="child").fit(reml=False)
        for formula in ("y ~ x + C(f)", "y ~ x")
    )
    assert tests["f"].statistic == pytest.approx(2 * (whole.llf - less.llf), abs=1e-4)
    by_reml = smf.mixedlm("y ~ x + C(f)", table, groups="child").fit(reml=True)
    without = smf.ols("y ~ x + C(f)", table).fit()
    n, p = 500, 4
    sigma2 = without.ssr / (n - p)
    log_det = np.linalg.slogdet(without.model.exog.T @ without.model.exog)[1]
    least = -0.5 * ((n - p) * (1 + np.log(2 * np.pi * sigma2)) + log_det)
    random = tests["(1 | child)"]
    assert random.kind == "likelihood ratio (REML)"
    assert random.statistic == pytest.approx(2 * (by_reml.llf - least), abs=1e-4)
    assert (random.df1, random.note) == (1, BOUNDARY_NOTE)


def test_slopes_are_tested_before_their_term() -> None:
    fit = fit_frame(build_frame(mixed_table(), MIXED))
    tests = {test.term: test for test in drop_each(fit)}
    assert list(tests) == ["x", "f", "x in (1 + x | child)", "(1 | word)"]
    slope = tests["x in (1 + x | child)"]
    smaller = fit_frame(build_frame(mixed_table(), "y ~ x + f + (1 | child) + (1 | word)"))
    assert slope.df1 == 2
    assert slope.statistic == pytest.approx(smaller.criterion - fit.criterion, abs=1e-6)
    assert slope.aic_change == pytest.approx(slope.statistic - 4, abs=1e-9)


def test_logistic_terms_have_chi_squared_tests() -> None:
    table = mixed_table()
    fit = fit_frame(build_frame(table, "b ~ x + f", family="binomial"), "binomial")
    oracle = smf.glm("b ~ x + C(f)", table.to_pandas(), family=sm.families.Binomial()).fit()
    wald = {test.term: test for test in type_three_tests(fit)}["f"]
    expected = oracle.wald_test("C(f)[T.b] = 0, C(f)[T.c] = 0", scalar=True, use_f=False)
    assert (wald.kind, wald.statistic) == ("type III Wald", pytest.approx(expected.statistic))
    assert wald.p == pytest.approx(expected.pvalue)
    mixed = fit_frame(build_frame(table, LOGISTIC, family="binomial"), "binomial")
    random = {test.term: test for test in drop_each(mixed)}["(1 | child)"]
    plain = -2 * oracle.llf
    assert random.statistic == pytest.approx(plain - mixed.criterion, abs=1e-6)


def test_models_that_cannot_be_compared_are_refused() -> None:
    frame = build_frame(mixed_table(), MIXED)
    reml = fit_frame(frame, with_df=False)
    less = fit_frame(without_fixed(frame, "f"), with_df=False)
    with pytest.raises(UserError, match="cannot be compared by REML; fit both by maximum"):
        compare(less, reml, "f")
    whole = fit_frame(frame, reml=False, with_df=False)
    smaller = fit_frame(without_fixed(frame, "f"), reml=False, with_df=False)
    with pytest.raises(UserError, match="expected a smaller model nested in a larger one"):
        compare(whole, smaller, "f")
    other = replace(smaller, frame=replace(smaller.frame, y=smaller.frame.y[1:]))
    with pytest.raises(UserError, match="500 rows or other responses; expected the same"):
        compare(other, whole, "f")


def test_main_effects_of_an_interaction_and_the_only_term_stay() -> None:
    table = mixed_table()
    interaction = fit_frame(build_frame(table, "y ~ x * f"), with_df=False)
    assert [test.term for test in drop_each(interaction)] == ["x:f"]
    alone = fit_frame(build_frame(table, "y ~ 0 + x"), with_df=False)
    assert list(drop_each(alone)) == []


def test_random_terms_are_named_as_in_the_formula() -> None:
    frame = build_frame(mixed_table(), "y ~ 1 + (1 + x | child) + (0 + f | word) + (x || word)")
    assert [term_label(term) for term in frame.random] == [
        "(1 + x | child)",
        "(0 + f | word)",
        "(1 | word)",
        "(0 + x | word)",
    ]
