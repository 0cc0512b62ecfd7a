"""The tables and the summary of a model, and that nothing reported differs between them."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from egoalign.vary.frame import build_frame
from egoalign.vary.results import (
    RESULT_TABLES,
    ResultOptions,
    Results,
    fit_and_describe,
    without_fit,
)
from egoalign.vary.summary import p_text, summary_text
from tests.unit.vary.dense_fit import dense_fit
from tests.unit.vary.mixed_table import LOGISTIC, MIXED, mixed_table

QUICK = ResultOptions(likelihood_ratio=False, left_out=False, robustness=False)


@pytest.fixture(scope="module")
def described() -> Results:
    """Return everything of a mixed model but what needs refits."""
    return fit_and_describe(build_frame(mixed_table(), MIXED), "gaussian", True, QUICK)


def rows(results: Results, table: str) -> list[dict]:
    """Return a table's rows."""
    return results.tables[f"model_{table}"].to_pylist()


def test_every_table_is_there_and_says_what_was_fitted(described: Results) -> None:
    assert list(described.tables) == [table.name for table in RESULT_TABLES]
    for name, table in described.tables.items():
        assert table.schema.names[:3] == ["name", "model_id", "response"]
        assert set(table["response"].to_pylist()) <= {"y"}
        assert (table.num_rows == 0) == (name == "model_robustness")


def test_fixed_effects_have_t_tests_and_intervals_of_their_degrees_of_freedom(
    described: Results,
) -> None:
    fit = described.fit
    dense = dense_fit(fit.frame, fit.components, fit.sigma)
    for at, row in enumerate(rows(described, "effects")):
        assert row["estimate"] == pytest.approx(dense.estimates[at], abs=1e-8)
        assert row["se"] == pytest.approx(np.sqrt(dense.covariance[at, at]), rel=1e-6)
        assert row["statistic"] == pytest.approx(row["estimate"] / row["se"])
        assert row["p"] == pytest.approx(2 * stats.t.sf(abs(row["statistic"]), row["df"]))
        low, high = stats.t.interval(0.95, row["df"], row["estimate"], row["se"])
        assert (row["low"], row["high"]) == pytest.approx((low, high))
    assert [row["term"] for row in rows(described, "effects")] == ["(Intercept)", "x", "f", "f"]


def test_random_effects_are_the_modes_of_dense_algebra(described: Results) -> None:
    fit = described.fit
    dense = dense_fit(fit.frame, fit.components, fit.sigma)
    found = rows(described, "random_effects")
    assert len(found) == 2 * 10 + 20
    modes = np.concatenate([part.ravel() for part in dense.modes])
    variances = [np.diagonal(part, axis1=1, axis2=2).ravel() for part in dense.mode_covariances]
    np.testing.assert_allclose([row["mode"] for row in found], modes, atol=1e-7)
    np.testing.assert_allclose(
        [row["sd"] for row in found], np.sqrt(np.concatenate(variances)), rtol=1e-5
    )
    counts = mixed_table()["child"].value_counts().to_pylist()
    expected = {each["values"]: each["counts"] for each in counts}
    assert {row["level"]: row["n"] for row in found if row["group"] == "child"} == expected


def test_shares_add_up_and_agree_with_the_fit(described: Results) -> None:
    found = rows(described, "variance")
    assert [row["component"] for row in found] == [
        "Fixed effects", "(1 + x | child)", "(1 | word)", "Residual",
    ]  # fmt: skip
    assert sum(row["share"] for row in found) == pytest.approx(1)
    fit = rows(described, "fits")[0]
    assert fit["r2_marginal"] == pytest.approx(found[0]["share"])
    assert fit["r2_conditional"] == pytest.approx(1 - found[-1]["share"])
    assert fit["icc"] == pytest.approx(found[1]["icc"] + found[2]["icc"])
    assert [row["n_levels"] for row in found] == [None, 10, 20, None]


def test_components_have_intervals_and_are_named(described: Results) -> None:
    found = rows(described, "components")
    names = [(row["kind"], row["group"], row["column"], row["other"]) for row in found]
    assert names == [
        ("sd", "child", "(Intercept)", None),
        ("sd", "child", "x", None),
        ("correlation", "child", "(Intercept)", "x"),
        ("sd", "word", "(Intercept)", None),
        ("sigma", "Residual", None, None),
    ]
    assert all(row["low"] < row["estimate"] < row["high"] for row in found)


def test_the_summary_has_lmer_tests_order_and_the_tables_numbers(described: Results) -> None:
    text = described.summary
    headings = [
        "Linear mixed model fit by REML; t tests use Satterthwaite's method",
        f"Formula: {MIXED}",
        "Fitted by: ",
        "REML criterion at convergence: ",
        "Scaled residuals:",
        "Random effects:",
        "Groups   Name            Variance    Std.Dev.  Corr",
        "Number of obs: 500, groups: child, 10; word, 20",
        "Fixed effects:",
    ]
    places = [text.index(heading) for heading in headings]
    assert places == sorted(places)
    line = next(line for line in text.splitlines() if line.startswith("f[b]"))
    row = rows(described, "effects")[2]
    numbers = [float(word) for word in line.split()[1:]]
    expected = [row[name] for name in ("estimate", "se", "df", "statistic", "p")]
    assert numbers == pytest.approx(expected, rel=1e-2)


def test_a_summary_says_what_is_singular_and_left_out() -> None:
    rng = np.random.default_rng(3)
    table = pa.table(
        {
            "y": [*rng.normal(size=99), None],
            "x": rng.normal(size=100),
            "g": np.resize(np.arange(10), 100),
        }
    )
    # Each group has the same mean: there is no variance between them.
    y = np.array(table["y"].to_pylist()[:99])
    g = table["g"].to_numpy()[:99]
    y -= np.array([y[g == code].mean() for code in range(10)])[g]
    table = table.set_column(0, "y", pa.array([*y, None]))
    results = fit_and_describe(build_frame(table, "y ~ x + (1 | g)"), "gaussian", True, QUICK)
    lines = results.summary.splitlines()
    assert "Note: 1 of 100 rows are left out for a missing value (y 1)" in lines
    assert sum(line.startswith("Singular fit: ") for line in lines) == 1
    assert not any("singular fit" in line for line in lines)
    assert rows(results, "fits")[0]["singular"] is not None
    assert rows(results, "components")[0]["low"] is None


def test_a_fit_that_did_not_converge_says_so() -> None:
    from dataclasses import replace

    fit = dense_fit(build_frame(mixed_table(), "y ~ x"))
    assert "Not converged" not in summary_text(fit)
    text = summary_text(replace(fit, converged=False))
    assert text.splitlines()[-1].startswith("Not converged: ")


def test_a_logistic_model_has_z_tests_and_probabilities() -> None:
    frame = build_frame(mixed_table(), LOGISTIC, family="binomial")
    results = fit_and_describe(frame, "binomial", False, QUICK)
    effects = rows(results, "effects")
    assert all(row["df"] is None for row in effects)
    assert effects[1]["p"] == pytest.approx(2 * stats.norm.sf(abs(effects[1]["statistic"])))
    assert "z value" in results.summary
    assert "AIC " in results.summary
    assert "Residual  " not in results.summary
    assert {row["scale"] for row in rows(results, "means")} == {"logit", "probability"}
    assert rows(results, "variance")[-1]["variance"] == pytest.approx(math.pi**2 / 3)
    notes = {row["note"] for row in rows(results, "components")}
    assert notes == {"no wald interval in a binomial model: ask for bootstrap"}
    assert not any(row["kind"] == "normal_quantiles" for row in rows(results, "diagnostics"))


@pytest.mark.parametrize("intervals", ["profile", "bootstrap", "none"])
def test_intervals_are_those_asked_for(intervals: str) -> None:
    frame = build_frame(mixed_table(), "y ~ x + (1 | child)")
    options = ResultOptions(
        likelihood_ratio=False, left_out=False, robustness=False,
        intervals=intervals, n_bootstrap=15,
    )  # fmt: skip
    found = rows(fit_and_describe(frame, "gaussian", True, options), "components")
    if intervals == "none":
        assert all(row["low"] is None and row["note"] is None for row in found)
    else:
        assert all(intervals in row["note"] and row["low"] < row["high"] for row in found)


def test_a_linear_model_without_groups_has_all_tables_too() -> None:
    options = ResultOptions(n_cluster_draws=0)
    results = fit_and_describe(build_frame(mixed_table(), "y ~ x + f"), "gaussian", True, options)
    assert results.summary.startswith("Linear model fit by least squares; t tests\n")
    assert rows(results, "random_effects") == []
    assert {row["check"] for row in rows(results, "robustness")} == {"main"}
    assert rows(results, "fits")[0]["icc"] is None


@pytest.mark.parametrize("fixed", ["1", "0"])
def test_models_without_fixed_terms_are_described(fixed: str) -> None:
    frame = build_frame(mixed_table(), f"y ~ {fixed} + (1 | child)")
    options = ResultOptions(n_cluster_draws=0)
    results = fit_and_describe(frame, "gaussian", True, options)
    assert len(rows(results, "effects")) == int(fixed)
    assert rows(results, "fits")[0]["r2_marginal"] == pytest.approx(0, abs=1e-12)
    assert [row["term"] for row in rows(results, "tests")] == ["(1 | child)"] * int(fixed)


def test_checks_fill_their_tables() -> None:
    table = mixed_table()
    frame = build_frame(table, "y ~ x + f + (1 | child)")
    options = ResultOptions(
        name="utterances", model_id="clip", n_cluster_draws=0,
        responses={"softer": table["softer"].to_numpy()},
    )  # fmt: skip
    results = fit_and_describe(frame, "gaussian", True, options)
    kinds = {row["kind"] for row in rows(results, "tests")}
    assert kinds == {"type III F", "likelihood ratio", "likelihood ratio (REML)"}
    left_out = [row for row in rows(results, "diagnostics") if row["kind"] == "left_out"]
    assert len(left_out) == 10 * 4
    checks = {row["check"] for row in rows(results, "robustness")}
    assert checks == {"main", "response softer", "GEE"}
    for table in results.tables.values():
        assert set(table["name"].to_pylist()) == {"utterances"}
        assert set(table["model_id"].to_pylist()) == {"clip"}


def test_a_model_without_a_fit_has_its_reason_and_no_other_row() -> None:
    tables = without_fit("y ~ x", "y", "gaussian", "the table has no rows", QUICK)
    assert tables["model_fits"].to_pylist()[0]["reason"] == "the table has no rows"
    assert sum(table.num_rows for table in tables.values()) == 1


def test_p_is_printed_as_in_r() -> None:
    assert (p_text(0.01234), p_text(1e-20), p_text(float("nan"))) == ("0.0123", "<2.2e-16", "NA")
