"""Intervals of standard deviations and correlations."""

from __future__ import annotations

import numpy as np
import pytest

from egoalign.vary.bootstrap import bootstrap_intervals, parametric_bootstrap
from egoalign.vary.components import components_of, wald_intervals
from egoalign.vary.fit import fit_frame
from egoalign.vary.profiles import Spherical, profile_intervals
from egoalign.vary.terms import MixedFit, ModelFrame, RandomTerm


def one_way(groups: int = 12, each: int = 5, sd: float = 0.8, seed: int = 11) -> ModelFrame:
    """Return a balanced one-way layout."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(groups), each)
    y = 2 + rng.normal(0, sd, groups)[codes] + rng.normal(size=codes.size)
    names = tuple(f"g{i}" for i in range(groups))
    term = RandomTerm("g", ("(Intercept)",), names, codes, np.ones((codes.size, 1)))
    ones = np.ones((codes.size, 1))
    return ModelFrame(
        "y ~ 1 + (1 | g)",
        "y",
        y,
        ("(Intercept)",),
        ones,
        ("(Intercept)",),
        {},
        (term,),
        np.arange(codes.size),
    )


def slopes(seed: int = 5) -> MixedFit:
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(25), 12)
    age = rng.normal(size=codes.size)
    effects = rng.multivariate_normal([0, 0], [[0.5, 0.2], [0.2, 0.3]], 25)
    y = 1 + 0.4 * age + np.sum(effects[codes] * np.column_stack([age**0, age]), axis=1)
    x = np.column_stack([np.ones(age.size), age])
    names = tuple(map(str, range(25)))
    term = RandomTerm("child", ("(Intercept)", "age"), names, codes, x)
    frame = ModelFrame(
        "y ~ age + (1 + age | child)",
        "y",
        y + rng.normal(size=age.size),
        ("(Intercept)", "age"),
        x,
        ("(Intercept)", "age"),
        {},
        (term,),
        np.arange(age.size),
    )
    return fit_frame(frame)


def balanced_deviance(y: np.ndarray, groups: int, sd: float) -> float:
    """Return the least -2 log likelihood of a balanced one-way layout at one sd between groups."""
    from scipy.optimize import minimize_scalar

    table = y.reshape(groups, -1)
    k = table.shape[1]
    within = np.square(table - table.mean(axis=1, keepdims=True)).sum()
    between = k * np.square(table.mean(axis=1) - table.mean()).sum()

    def deviance(log_sigma: float) -> float:
        sigma2 = np.exp(2 * log_sigma)
        total = sigma2 + k * sd**2
        dets = groups * ((k - 1) * np.log(sigma2) + np.log(total))
        return float(y.size * np.log(2 * np.pi) + dets + within / sigma2 + between / total)

    return float(minimize_scalar(deviance, bounds=(-3, 3), method="bounded").fun)


def test_a_profile_ends_where_the_closed_form_says() -> None:
    frame = one_way()
    sd, sigma = profile_intervals(fit_frame(frame))
    from scipy.optimize import minimize_scalar

    least = minimize_scalar(
        lambda value: balanced_deviance(frame.y, 12, value), bounds=(0, 5), method="bounded"
    ).fun
    for end in (sd.low, sd.high):
        assert balanced_deviance(frame.y, 12, end) - least == pytest.approx(3.8415, abs=2e-3)
    assert sd.low < sd.estimate < sd.high
    assert sigma.low < sigma.estimate < sigma.high


def test_a_profile_may_reach_zero() -> None:
    sd, _ = profile_intervals(fit_frame(one_way(sd=0.0, seed=3)))
    assert sd.low == 0
    assert sd.high > 0


def test_gradient_of_the_profiles_parameters() -> None:
    fit = slopes()
    spherical = Spherical(fit.state.order)
    values = spherical.of(fit.state) * np.array([1.1, 0.9, 1.2, 1.05])
    _, gradient = spherical.deviance(values)
    step = 1e-6
    for place, unit in enumerate(np.eye(values.size) * step):
        ends = [spherical.deviance(values + sign * unit)[0] for sign in (1, -1)]
        assert gradient[place] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-4)


def test_three_kinds_of_interval_agree_where_there_is_much_data() -> None:
    fit = slopes()
    profile, wald = profile_intervals(fit), wald_intervals(fit)
    drawn = bootstrap_intervals(fit, parametric_bootstrap(fit, 60, 1))
    names = [(one.group, one.columns, one.kind) for one in components_of(fit)]
    assert names[2] == ("child", ("(Intercept)", "age"), "correlation")
    for intervals in (profile, wald, drawn):
        assert [(one.group, one.columns, one.kind) for one in intervals] == names
        for one in intervals:
            assert one.low < one.estimate < one.high
    for one, other in zip(profile, wald, strict=True):
        width = one.high - one.low
        assert abs(one.low - other.low) < 0.3 * width
        assert abs(one.high - other.high) < 0.3 * width


def test_a_bootstrap_is_the_same_for_the_same_seed() -> None:
    fit = fit_frame(one_way())
    first, again = (parametric_bootstrap(fit, 5, 7) for _ in range(2))
    assert np.array_equal(first.estimates, again.estimates)
    assert not np.array_equal(first.estimates, parametric_bootstrap(fit, 5, 8).estimates)
