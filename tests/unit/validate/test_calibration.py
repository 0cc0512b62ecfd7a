from __future__ import annotations

import itertools

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import expit, logit

from egoalign.validate.calibration import (
    Labelled,
    bins_of,
    ece_if_right,
    fit_isotonic,
    fit_logistic,
    fold_of_children,
    labelled_pairs,
    measures,
    out_of_fold,
    responses,
)
from egoalign.validate.rater_error import RaterError, corrected_answers
from tests.unit.validate.simulated import Design, answers


def pairs(n: int, seed: int = 2511, slope: float = 100.0) -> tuple[np.ndarray, np.ndarray]:
    """Return predictors (score, log words) and truth, by a known logistic function."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(0.23, 0.02, n), np.log(rng.integers(1, 9, n))])
    return x, (rng.random(n) < expit(slope * (x[:, 0] - 0.24) + 0.5 * x[:, 1])).astype(float)


def test_logistic_is_that_of_statsmodels() -> None:
    x, y = pairs(400)
    w = np.random.default_rng(20251118).uniform(0.2, 5, 400)
    found = fit_logistic(x, y, w, prior_sd=np.inf)
    theirs = sm.GLM(y, sm.add_constant(x), family=sm.families.Binomial(), freq_weights=w)
    np.testing.assert_allclose(
        [found.intercept, *found.slopes], theirs.fit(tol=1e-12).params, rtol=1e-5
    )


def test_logistic_recovers_planted_coefficients_through_raters_errors() -> None:
    """Within four standard errors, from the spread over 20 samples."""
    estimates = []
    for seed in range(20):
        x, y = pairs(1500, seed)
        rng = np.random.default_rng([2511, seed])
        counts = answers(rng, y > 0, Design(sensitivity=0.8, specificity=0.9, raters=5))
        labelled = labelled_pairs(x, np.arange(1500) % 30, counts)
        response, error = responses(labelled)
        assert error is not None
        fitted = fit_logistic(x, response, labelled.weights)
        estimates.append([fitted.intercept, *fitted.slopes])
    error_of_mean = np.std(estimates, axis=0, ddof=1) / np.sqrt(20)
    off = np.abs(np.mean(estimates, axis=0) - [-24.0, 100.0, 0.5])
    assert np.all(off < 4 * error_of_mean), (off, error_of_mean)
    x, y = pairs(4000)
    counts = answers(np.random.default_rng(1), y > 0, Design(sensitivity=0.8, specificity=0.9))
    naive = labelled_pairs(x, np.arange(4000) % 30, counts, model_error=False)
    flat = fit_logistic(x, responses(naive)[0], naive.weights)
    assert flat.slopes[0] < 80, "without the raters' errors the curve is too flat"


def test_logistic_stays_finite_where_scores_part_the_classes() -> None:
    score = np.linspace(0.1, 0.3, 40)
    fitted = fit_logistic(score[:, None], (score > 0.2).astype(float), np.ones(40))
    assert np.isfinite(fitted.slopes).all()
    assert fitted(np.array([[0.1], [0.3]])) == pytest.approx([0, 1], abs=0.02)
    beyond = fit_logistic(score[:, None], np.where(score > 0.2, 1.2, -0.2), np.ones(40))
    assert np.isfinite(beyond.slopes).all()


def test_logistic_ignores_what_does_not_vary_and_what_does_not_count() -> None:
    x, y = pairs(200)
    flat = np.column_stack([x[:, 0], np.full(200, 3.0)])
    fitted = fit_logistic(flat, y, np.ones(200))
    assert fitted.slopes[1] == 0
    counted = np.arange(200) % 2 == 0
    some, less = (
        fit_logistic(x, y, counted * 1.0),
        fit_logistic(x[counted], y[counted], np.ones(100)),
    )
    np.testing.assert_allclose(some.slopes, less.slopes, rtol=1e-8)


def brute_isotonic(y: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The best of all ways to cut the sequence into level runs whose means rise, held in [0, 1]."""
    best, n = None, len(y)
    for cuts in itertools.product([False, True], repeat=n - 1):
        run = np.concatenate([[0], np.cumsum(cuts)])
        means = np.array([np.average(y[run == k], weights=w[run == k]) for k in range(run[-1] + 1)])
        values = np.clip(means, 0, 1)[run]
        loss = float(w @ (y - values) ** 2)
        if np.all(np.diff(values) >= 0) and (best is None or loss < best[0] - 1e-12):
            best = (loss, values)
    assert best is not None
    return best[1]


@given(
    hnp.arrays(float, 7, elements=st.floats(-0.5, 1.5)),
    hnp.arrays(float, 7, elements=st.floats(0.1, 3)),
)
def test_isotonic_is_that_of_brute_force(y: np.ndarray, w: np.ndarray) -> None:
    score = np.linspace(0, 1, 7)[:, None]
    np.testing.assert_allclose(fit_isotonic(score, y, w)(score), brute_isotonic(y, w), atol=1e-6)


def test_isotonic_takes_equal_scores_together_and_is_level_beyond_them() -> None:
    fitted = fit_isotonic(
        np.array([[0.1], [0.2], [0.2], [0.3], [0.4]]),
        np.array([0.0, 1.0, 0.0, 1.0, 0.0]),
        np.array([1.0, 3.0, 1.0, 1.0, 0.0]),
    )
    told = fitted(np.array([[0.0], [0.1], [0.15], [0.2], [0.3], [0.9]]))
    np.testing.assert_allclose(told, [0, 0, 0.375, 0.75, 1, 1])


def test_children_are_never_parted_and_each_is_told_by_others() -> None:
    child = np.repeat(np.arange(12), 5)
    for folds, expected in ((20, 12), (12, 12), (5, 5)):
        fold = fold_of_children(child, folds, 2511)
        assert len(np.unique(fold)) == expected
        assert all(len(np.unique(fold[child == c])) == 1 for c in range(12))
    x, y = pairs(60)
    labelled = Labelled(x, child, np.ones(60), None, y)
    told = out_of_fold(labelled, y, fit_logistic, fold)
    out = fold == fold[7]
    by_hand = fit_logistic(x[~out], y[~out], np.ones(out.size - out.sum()))(x[7:8])
    assert told[7] == pytest.approx(by_hand[0], rel=1e-12)


def test_measures_closed_form_of_two_bins() -> None:
    p = np.array([0.2, 0.2, 0.2, 0.2, 0.2, 0.8, 0.8, 0.8, 0.8, 0.8])
    y = np.array([0, 0, 1, 1, 0, 1, 1, 1, 1, 1.0])
    found = measures(p, y, np.ones(10), bins_of_halves())
    assert found["ece"] == pytest.approx(0.5 * 0.2 + 0.5 * 0.2)
    assert found["brier"] == pytest.approx(np.mean((p - y) ** 2))
    assert found["brier_reliability"] == pytest.approx(0.04)
    assert found["brier_resolution"] == pytest.approx(0.5 * 0.3**2 + 0.5 * 0.3**2)
    assert found["brier_uncertainty"] == pytest.approx(0.7 * 0.3)
    assert found["brier_within"] == pytest.approx(0, abs=1e-12), "bins hold one probability each"
    expected = -(3 * np.log(0.8) + 2 * np.log(0.2) + 5 * np.log(0.8)) / 10
    assert found["log_loss"] == pytest.approx(expected)


def bins_of_halves() -> np.ndarray:
    return np.repeat([0, 1], 5)


def test_measures_weigh_pairs() -> None:
    rng = np.random.default_rng(2511)
    p, y = rng.uniform(0.05, 0.95, 60), (rng.random(60) < 0.5).astype(float)
    bin_of, times = bins_of(p, 4), rng.integers(1, 4, 60)
    weighted = measures(p, y, times.astype(float), bin_of)
    at = np.repeat(np.arange(60), times)
    repeated = measures(p[at], y[at], np.ones(at.size), bin_of[at])
    for name in ("ece", "brier", "brier_reliability", "brier_resolution", "brier_within"):
        assert weighted[name] == pytest.approx(repeated[name], rel=1e-9), name


def test_slope_and_intercept_tell_overconfidence() -> None:
    """Logits told twice as large as they are, and shifted by 0.6."""
    rng = np.random.default_rng(2511)
    true = rng.normal(0, 1.5, 20000)
    y = (rng.random(true.size) < expit(true)).astype(float)
    found = measures(expit(2 * true + 0.6), y, np.ones(true.size), bins_of(true, 10))
    assert found["calibration_slope"] == pytest.approx(0.5, abs=0.02)
    assert found["calibration_intercept"] == pytest.approx(-0.3, abs=0.08)
    right = measures(expit(true), y, np.ones(true.size), bins_of(true, 10))
    assert right["calibration_slope"] == pytest.approx(1, abs=0.05)
    assert right["ece"] < 0.01


@pytest.mark.parametrize(("n", "skew"), [(100, 0.0), (400, 0.8)])
def test_ece_of_right_probabilities_is_the_simulated_one(n: int, skew: float) -> None:
    """Against the mean over 400 draws of responses; 0.5 % and more is the error of that mean."""
    rng = np.random.default_rng(20251118)
    p, w = rng.beta(1, 3, n), np.exp(skew * rng.normal(size=n))
    bin_of = bins_of(p, 10)
    draws = (rng.random((400, n)) < p).astype(float)
    mean = np.mean([measures(p, y, w, bin_of)["ece"] for y in draws])
    told = np.mean([ece_if_right(p, y, w, bin_of, 2511) for y in draws[:20]])
    assert told == pytest.approx(mean, rel=0.06)


def test_ece_of_right_probabilities_knows_that_raters_err() -> None:
    """Raters of known errors, so that nothing but the spread of their answers matters."""
    rng = np.random.default_rng(20251118)
    p = rng.beta(1, 3, 400)
    design, bin_of, found, told = Design(sensitivity=0.7, specificity=0.8), bins_of(p, 10), [], []
    rates = np.array([[[0.72, 0.1, 0.18], [0.27, 0.1, 0.63]]])
    for _ in range(200):
        counts = answers(rng, rng.random(400) < p, design)
        response = corrected_answers(counts, RaterError(rates, 0.25))
        found.append(measures(p, response, np.ones(400), bin_of)["ece"])
        told.append(ece_if_right(p, response, np.ones(400), bin_of, 2511))
    assert np.mean(told) == pytest.approx(np.mean(found), rel=0.06)


def test_measures_of_corrected_answers_are_those_of_the_truth_on_average() -> None:
    """Brier score and log loss by raters who err, against the truth: 200 draws of answers."""
    rng = np.random.default_rng(2511)
    p = rng.uniform(0.05, 0.95, 300)
    truth = (rng.random(300) < p).astype(float)
    child, bin_of = np.arange(300) % 10, bins_of(p, 10)
    known = measures(p, truth, np.ones(300), bin_of)
    found = []
    for _ in range(200):
        labelled = labelled_pairs(p[:, None], child, answers(rng, truth > 0, Design(raters=4)))
        found.append(measures(p, responses(labelled)[0], np.ones(300), bin_of))
    for name in ("brier", "log_loss"):
        values = [one[name] for one in found]
        margin = 4 * np.std(values) / np.sqrt(200) + 0.004
        assert np.mean(values) == pytest.approx(known[name], abs=margin)


def test_bins_are_of_equal_numbers_and_never_part_equals() -> None:
    p = np.linspace(0, 1, 100)
    assert np.bincount(bins_of(p, 10)).tolist() == [10] * 10
    assert bins_of(p[:25], 10).max() == 1, "ten pairs a bin"
    assert set(bins_of(np.array([0.5] * 30 + [0.9] * 10), 4)) == {0, 1}
    assert logit(0.5) == 0
