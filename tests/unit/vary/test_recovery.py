"""Simulated corpora give back what was put in: bias, and coverage of intervals.

Fixed effects by Satterthwaite's t intervals, standard deviations and correlations by profile
intervals. Seeds were fixed before the first run. The corpora are unbalanced: lemmas by Zipf's law,
sessions of any length. What a longer run found is told in docs/models.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from egoalign.vary.components import components_of
from egoalign.vary.fit import fit_frame
from egoalign.vary.frame import build_frame
from egoalign.vary.profiles import Spherical, _minimise, profile_intervals
from egoalign.vary.terms import MixedFit

FORMULA = (
    "score ~ age + speaker + concreteness"
    " + (1 + age | child_id) + (1 | child_id:session_id) + (1 | lemma)"
)
FIXED = {"(Intercept)": 0.5, "age": 0.2, "speaker[key_child]": -0.3, "concreteness": 0.25}
CHILDREN, SESSIONS, LEMMAS, ROWS = 40, 4, 60, 1600
FIRST_SEED, FIRST_SEED_SMALL, FIRST_SEED_AT_ZERO = 20_270_000, 20_280_000, 20_290_000


@dataclass(frozen=True)
class Truth:
    """Standard deviations of what varies."""

    child: float = 0.5
    age: float = 0.5
    correlation: float = 0.3
    session: float = 0.4
    lemma: float = 0.5
    sigma: float = 1.0

    @property
    def components(self) -> np.ndarray:
        """In the order of `components_of`."""
        return np.array(
            [self.child, self.age, self.correlation, self.session, self.lemma, self.sigma]
        )


NAMES = ["sd child", "sd age", "correlation", "sd session", "sd lemma", "sigma"]


def corpus(seed: int, truth: Truth) -> pa.Table:
    """Return the rows of a corpus."""
    rng = np.random.default_rng(seed)
    weights = 1 / (1.0 + np.arange(LEMMAS))
    lemma = rng.choice(LEMMAS, ROWS, p=weights / weights.sum())
    session = rng.integers(CHILDREN * SESSIONS, size=ROWS)
    child = session // SESSIONS
    age = rng.normal(size=CHILDREN * SESSIONS)[session]
    concreteness = rng.uniform(-1, 1, LEMMAS)[lemma]
    key_child = rng.random(ROWS) < 0.3
    first, second = rng.normal(size=(2, CHILDREN))
    second = truth.correlation * first + np.sqrt(1 - truth.correlation**2) * second
    intercept, slope, speaker, concrete = FIXED.values()
    score = (
        intercept
        + slope * age
        + speaker * key_child
        + concrete * concreteness
        + truth.child * first[child]
        + truth.age * second[child] * age
        + truth.session * rng.normal(size=CHILDREN * SESSIONS)[session]
        + truth.lemma * rng.normal(size=LEMMAS)[lemma]
        + truth.sigma * rng.normal(size=ROWS)
    )
    return pa.table(
        {
            "score": score,
            "age": age,
            "speaker": np.where(key_child, "key_child", "female_adult"),
            "concreteness": concreteness,
            "child_id": child.astype(str),
            "session_id": (session % SESSIONS).astype(str),
            "lemma": lemma.astype(str),
        }
    )


def profile_rises(fit: MixedFit, truth: Truth) -> np.ndarray:
    """Return by how much the profiled deviance rises from its least to each true component.

    The profile interval holds the truth where that is less than the quantile of chi squared; its
    ends need not be found for that.
    """
    point = fit.state
    sums = point.sums
    spherical = Spherical(point.order)
    best, least = _minimise(spherical, spherical.of(point), None)
    rises = []
    for number, (term, kind, column, _) in enumerate(spherical.names):
        true = truth.components[number]
        values = best.copy()
        if kind == "angle":
            values[number] = np.arccos(true)
        else:
            scale = sums.z_scale[term][column] if kind == "sd" else 1.0
            values[number] = true * scale / sums.y_scale
        rises.append(_minimise(spherical, values, number)[1] - least)
    return np.array(rises)


@dataclass(frozen=True)
class Recovery:
    """Estimates of each corpus, and whether their intervals hold the truth."""

    fixed: np.ndarray
    fixed_held: np.ndarray
    components: np.ndarray
    components_held: np.ndarray
    singular: np.ndarray


def recover(n: int, first_seed: int, truth: Truth) -> Recovery:
    """Fit n corpora."""
    fixed, fixed_held, components, held, singular = [], [], [], [], []
    for seed in range(first_seed, first_seed + n):
        fit = fit_frame(build_frame(corpus(seed, truth), FORMULA))
        assert fit.converged
        assert fit.df is not None
        assert list(fit.frame.names) == list(FIXED)
        half = stats.t.ppf(0.975, fit.df) * np.sqrt(np.diag(fit.covariance))
        fixed.append(fit.estimates)
        fixed_held.append(np.abs(fit.estimates - list(FIXED.values())) <= half)
        components.append([one.estimate for one in components_of(fit)])
        held.append(profile_rises(fit, truth) <= stats.chi2.ppf(0.95, 1))
        singular.append(bool(fit.singular))
    return Recovery(*map(np.array, (fixed, fixed_held, components, held, singular)))


def bands(m: int, n: int) -> tuple[float, float]:
    """Return between how many of n intervals of 95 % hold the truth, in 99 % of runs of m."""
    low, high = stats.binom.ppf([0.005 / m, 1 - 0.005 / m], n, 0.95)
    return float(low), float(high)


def report(title: str, found: Recovery, truth: Truth) -> str:
    """Return a table: truth, mean, bias in Monte Carlo standard errors, coverage."""
    n = len(found.fixed)
    low, high = bands(len(FIXED) + len(NAMES), n)
    lines = [
        f"{title}: {n} corpora, {found.singular.sum()} singular; band of coverage {low / n:.3f} "
        f"to {high / n:.3f}",
    ]
    for names, values, held, true in (
        (list(FIXED), found.fixed, found.fixed_held, np.array(list(FIXED.values()))),
        (NAMES, found.components, found.components_held, truth.components),
        (VARIANCES, variances(found.components), None, variances(truth.components[None])[0]),
    ):
        bias = standardised_bias(values, true)
        for i, name in enumerate(names):
            coverage = "" if held is None else f"{held[:, i].mean():.3f}"
            lines.append(
                f"{name:20s} {true[i]:8.4f} {values[:, i].mean():8.4f} {bias[i]:+6.2f} {coverage}"
            )
    return "\n".join(lines)


VARIANCES = ["var child", "var age", "covariance", "var session", "var lemma", "sigma squared"]


def variances(components: np.ndarray) -> np.ndarray:
    """Return variances and the covariance: of these REML is unbiased, of their roots not."""
    out = np.square(components)
    out[:, 2] = np.prod(components[:, :3], axis=1)
    return out


def standardised_bias(values: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the bias in Monte Carlo standard errors."""
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return (values.mean(axis=0) - truth) / error


def check(found: Recovery, truth: Truth) -> None:
    n = len(found.fixed)
    # As improbable as 3 standard errors, where these are estimated from n values.
    most = stats.t.ppf(stats.norm.cdf(3), n - 1)
    assert np.all(np.abs(standardised_bias(found.fixed, np.array(list(FIXED.values())))) < most)
    true = variances(truth.components[None])[0]
    assert np.all(np.abs(standardised_bias(variances(found.components), true)) < most)
    low, high = bands(len(FIXED) + len(NAMES), n)
    for held in (found.fixed_held.sum(axis=0), found.components_held.sum(axis=0)):
        assert np.all((held >= low) & (held <= high))


def test_a_few_corpora_give_back_what_was_put_in() -> None:
    found = recover(30, FIRST_SEED_SMALL, Truth())
    print(report("a few", found, Truth()))
    check(found, Truth())


@pytest.mark.full
def test_corpora_give_back_what_was_put_in() -> None:
    found = recover(500, FIRST_SEED, Truth())
    print(report("away from zero", found, Truth()))
    check(found, Truth())


@pytest.mark.full
def test_corpora_without_variance_between_sessions() -> None:
    """Reported apart: at zero an interval is one-sided, and estimates are cut off there."""
    truth = Truth(session=0.0)
    found = recover(200, FIRST_SEED_AT_ZERO, truth)
    print(report("sessions at zero", found, truth))
    low, high = bands(len(FIXED) + len(NAMES), 200)
    fixed = found.fixed_held.sum(axis=0)
    assert np.all((fixed >= low) & (fixed <= high))
    # The profiled deviance at zero is half the time 0, else chi squared: 97.5 % are held.
    assert found.components_held[:, 3].sum() >= low
    assert found.singular.mean() > 0.3


@pytest.mark.full
def test_profile_intervals_hold_what_their_deviance_says() -> None:
    truth = Truth()
    for seed in range(FIRST_SEED, FIRST_SEED + 5):
        fit = fit_frame(build_frame(corpus(seed, truth), FORMULA))
        rises = profile_rises(fit, truth)
        intervals = zip(profile_intervals(fit), truth.components, strict=True)
        held = [one.low <= true <= one.high for one, true in intervals]
        np.testing.assert_array_equal(held, rises <= stats.chi2.ppf(0.95, 1))
