"""Shares of variance: closed forms, and the mean of the rows' own variances."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from egoalign.vary.frame import build_frame
from egoalign.vary.terms import MixedFit
from egoalign.vary.variance import variance_shares
from tests.unit.vary.dense_fit import dense_fit


def fit() -> MixedFit:
    """Return a fit with a varying slope and a crossed factor."""
    rng = np.random.default_rng(8)
    n = 90
    table = pa.table(
        {
            "y": rng.normal(size=n),
            "x": rng.normal(1.0, 2.0, size=n),
            "g": np.resize(np.arange(9), n),
            "w": rng.integers(0, 7, size=n),
        }
    )
    frame = build_frame(table, "y ~ x + (1 + x | g) + (1 | w)")
    slope = np.array([[0.5, 0.1], [0.1, 0.2]])
    return dense_fit(frame, (slope, np.array([[0.3]])), 0.8)


def test_variances_are_the_means_over_the_rows() -> None:
    made = fit()
    shares = variance_shares(made)
    x = made.frame.x[:, 1]
    by_row = [0.5 + 2 * 0.1 * value + 0.2 * value**2 for value in x]
    assert shares.random == pytest.approx((np.mean(by_row), 0.3))
    assert shares.residual == pytest.approx(0.64)
    assert shares.fixed == pytest.approx(made.estimates[1] ** 2 * x.var(ddof=1))
    assert shares.total == pytest.approx(shares.fixed + np.mean(by_row) + 0.3 + 0.64)


def test_icc_and_r_squared_of_intercepts_are_ratios() -> None:
    shares = variance_shares(fit())
    left = sum(shares.random) + 0.64
    assert shares.icc == pytest.approx([v / left for v in shares.random])
    assert shares.r2_marginal == pytest.approx(shares.fixed / (shares.fixed + left))
    assert 1 - shares.r2_conditional == pytest.approx(0.64 / (shares.fixed + left))


def test_the_residual_of_a_logistic_model_is_that_of_the_logistic_distribution() -> None:
    shares = variance_shares(replace(fit(), family="binomial", sigma=1.0))
    assert shares.residual == pytest.approx(math.pi**2 / 3)
    draws = np.random.default_rng(0).logistic(size=200_000)
    assert shares.residual == pytest.approx(draws.var(), rel=0.02)
