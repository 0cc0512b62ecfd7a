"""Residuals and left-out children against closed forms and refits of filtered tables."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from egoalign.log import UserError
from egoalign.vary.fit import fit_frame
from egoalign.vary.frame import build_frame
from egoalign.vary.influence import (
    BINS,
    leave_one_out,
    qq_points,
    residual_quantiles,
    residuals_by_fitted,
    scaled_residuals,
)
from egoalign.vary.subset import clusters_of
from tests.unit.vary.dense_fit import dense_fit
from tests.unit.vary.mixed_table import LOGISTIC, MIXED, mixed_table


def test_an_effect_without_a_child_is_that_of_the_table_without_it() -> None:
    table = mixed_table()
    frame = build_frame(table, MIXED)
    fit = fit_frame(frame)
    clusters = clusters_of(frame)
    assert clusters is not None
    found = {each.member: each for each in leave_one_out(fit, clusters)}
    assert sorted(found) == sorted(f"c{i}" for i in range(10))
    rest = table.filter(pc.not_equal(table["child"], "c4"))
    without = fit_frame(build_frame(rest, MIXED))
    expected = (without.estimates - fit.estimates) / np.sqrt(np.diag(fit.covariance))
    np.testing.assert_allclose(list(found["c4"].change.values()), expected, atol=1e-4)
    assert found["c4"].n == 500 - rest.num_rows
    assert {each.note for each in found.values()} == {None}


def test_an_effect_that_only_one_child_determines_is_missing_without_it() -> None:
    table = mixed_table()
    only = np.where(
        table["child"].to_numpy(zero_copy_only=False) == "c2",
        table["f"].to_numpy(zero_copy_only=False),
        "a",
    )
    frame = build_frame(table.set_column(5, "f", pa.array(only)), "y ~ x + f + (1 | child)")
    clusters = clusters_of(frame)
    assert clusters is not None
    found = {each.member: each for each in leave_one_out(fit_frame(frame), clusters)}
    assert np.isnan(found["c2"].change["f[b]"])
    assert np.isfinite(found["c2"].change["x"])
    assert np.isfinite(found["c3"].change["f[b]"])


def test_two_children_are_too_few_to_leave_one_out() -> None:
    table = mixed_table(n_children=2)
    frame = build_frame(table, "y ~ x + (1 | child)")
    clusters = clusters_of(frame)
    assert clusters is not None
    with pytest.raises(UserError, match="child has 2 members; expected more than 2"):
        list(leave_one_out(fit_frame(frame), clusters))


def test_residuals_are_scaled_and_binned() -> None:
    fit = dense_fit(build_frame(mixed_table(), "y ~ x"))
    raw = fit.frame.y - fit.frame.x @ fit.estimates
    found = residual_quantiles(fit)
    expected = np.percentile(raw / fit.sigma, [0, 25, 50, 75, 100])
    np.testing.assert_allclose(list(found.values()), expected)
    bins = residuals_by_fitted(fit)
    assert len(bins) == BINS
    assert sum(each.n for each in bins) == 500
    assert np.dot([b.n for b in bins], [b.residual for b in bins]) == pytest.approx(0, abs=1e-8)
    assert all(np.diff([b.fitted for b in bins]) > 0)
    normal, own = qq_points(fit)
    assert normal[49] == pytest.approx(0)
    assert normal[0] == pytest.approx(-2.3263, abs=1e-4)
    np.testing.assert_allclose(own[[24, 49, 74]], expected[1:4])


def test_residuals_of_a_logistic_model_are_pearsons() -> None:
    fit = fit_frame(build_frame(mixed_table(), LOGISTIC, family="binomial"), "binomial")
    p = fit.fitted
    assert np.all((p > 0) & (p < 1))
    by_hand = [(y - q) / np.sqrt(q * (1 - q)) for y, q in zip(fit.frame.y, p, strict=True)]
    np.testing.assert_allclose(scaled_residuals(fit), by_hand)
