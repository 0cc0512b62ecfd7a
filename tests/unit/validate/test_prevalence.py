from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logit
from scipy.stats import binom, t

from egoalign.validate.calibration import fit_isotonic, fit_logistic
from egoalign.validate.prevalence import (
    Estimator,
    Moments,
    calibrate,
    draw_children,
    mean_calibrated,
    refits,
    rogan_gladen,
    rogan_gladen_share,
    whole,
    widened_interval,
)
from tests.unit.validate.simulated import Design, corpus


def coverage(
    design: Design, estimators: dict[str, Estimator], corpora: int, samples: int
) -> dict[str, int]:
    """Return in how many corpora the 95 % interval of each holds the planted prevalence."""
    rng = np.random.default_rng(2511)
    covered = dict.fromkeys(estimators, 0)
    for _ in range(corpora):
        labelled, moments, _ = corpus(rng, design)
        full = whole(labelled, design.children)
        again = list(refits(full, samples, 2511))
        for name, estimator in estimators.items():
            values = np.array([estimator(refit, moments) for refit in again])
            children = len(np.unique(labelled.child))
            low, high = widened_interval(estimator(full, moments), values, children, (0.0, 1.0))
            covered[name] += low <= design.prevalence <= high
    return covered


def band(corpora: int) -> tuple[float, float]:
    """The middle 99 % of the number of intervals that hold the truth, each with chance 0.95."""
    low, high = binom.ppf([0.005, 0.995], corpora, 0.95)
    return float(low), float(high)


ESTIMATORS = {
    "logistic": mean_calibrated(fit_logistic),
    "isotonic": mean_calibrated(fit_isotonic),
    "rogan_gladen": rogan_gladen(0.235),
}


def test_calibrated_prevalence_covers_in_some_corpora() -> None:
    low, _ = band(25)
    found = coverage(Design(moments=120), {"logistic": ESTIMATORS["logistic"]}, 25, 60)
    assert found["logistic"] >= low


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "design",
    [
        Design(),
        Design(children=8, judged=24),
        Design(children=30, mean=float(logit(0.08)), sensitivity=0.75),
    ],
    ids=["twenty", "eight", "rare"],
)
def test_calibrated_prevalence_covers_in_300_corpora(design: Design) -> None:
    """Both fits, and Rogan and Gladen's estimator, inside the band of 300 trials at 95 %."""
    low, high = band(300)
    found = coverage(design, ESTIMATORS, 300, 200)
    assert all(low <= number <= high for number in found.values()), found


def test_ignoring_the_raters_errors_misses_the_prevalence() -> None:
    """The test of coverage can fail: rare, and raters who often say yes where it is not."""
    rng = np.random.default_rng(2511)
    design = Design(children=15, mean=float(logit(0.08)), specificity=0.85, judged=40)
    estimates = {True: [], False: []}
    for _ in range(6):
        labelled, moments, _ = corpus(rng, design)
        for modelled in estimates:
            one = whole(type(labelled)(**{**labelled.__dict__, "with_error": modelled}), 15)
            estimates[modelled].append(mean_calibrated(fit_logistic)(one, moments))
    assert np.mean(estimates[False]) > design.prevalence + 0.08
    assert np.mean(estimates[True]) == pytest.approx(design.prevalence, abs=0.04)


def test_weights_undo_the_sampling_by_score() -> None:
    """Without other errors the mean over the judged pairs' fit is the corpus's share."""
    design = Design(judged=80, sensitivity=1.0, specificity=1.0, unsure=0.0, children=40)
    labelled, moments, truth = corpus(np.random.default_rng(2511), design)
    found = mean_calibrated(fit_logistic)(whole(labelled, 40), moments)
    assert truth.mean() > 0.4, "high scores were drawn more often"
    assert found == pytest.approx(design.prevalence, abs=0.05)


def test_rogan_gladen_closed_form() -> None:
    """A share of 0.3 sorted with 0.9 and 0.8 looks like 0.3 * 0.9 + 0.7 * 0.2 = 0.41."""
    assert rogan_gladen_share(0.41, 0.9, 0.8) == pytest.approx(0.3)
    assert rogan_gladen_share(0.1, 0.9, 0.8) < 0
    assert np.isnan(rogan_gladen_share(0.4, 0.5, 0.52))


def test_rogan_gladen_finds_another_populations_share() -> None:
    """Sorted alike, but twice as many aligned: Rogan-Gladen moves, the mean probability less so."""
    rng = np.random.default_rng(2511)
    design = Design(children=60, level_sd=0.0, child_sd=0.0, judged=40)
    labelled, _, _ = corpus(rng, design)
    other = Design(children=60, level_sd=0.0, child_sd=0.0, mean=float(logit(0.45)))
    _, moments, _ = corpus(rng, other)
    full = whole(labelled, 60)
    assert rogan_gladen(0.235)(full, moments) == pytest.approx(0.45, abs=0.05)
    assert mean_calibrated(fit_logistic)(full, moments) < 0.40


def test_moments_share_weighs_utterances_alike() -> None:
    """An utterance of two pictures and one of one picture."""
    moments = Moments(np.zeros((3, 1)), np.array([0, 0, 1]), np.array([0.5, 0.5, 1.0]), 2)
    values = np.array([1.0, 0.0, 1.0])
    assert moments.share(values, np.array([1, 1])) == pytest.approx(0.75)
    assert moments.share(values, np.array([2, 0])) == pytest.approx(0.5)


def test_judged_children_stay_as_many_in_every_sample() -> None:
    labelled, _, _ = corpus(np.random.default_rng(2511), Design(children=6))
    for counts in draw_children(labelled, 10, 50, 2511):
        assert counts[:6].sum() == 6
        assert counts[6:].sum() == 4
    for counts in draw_children(labelled, 7, 50, 2511):
        assert counts.sum() == 7


def test_a_refit_is_the_fit_to_repeated_children() -> None:
    labelled, _, _ = corpus(np.random.default_rng(2511), Design(children=6, judged=40))
    full = whole(labelled, 6)
    refit = next(refits(full, 5, 2511))
    at = np.repeat(np.arange(len(labelled.means)), refit.counts[labelled.child])
    repeated = whole(labelled.of(at), 6)
    found, expected = (calibrate(one, fit_logistic) for one in (refit, repeated))
    np.testing.assert_allclose(found.slopes, expected.slopes, rtol=1e-3)


def test_widened_interval_closed_forms() -> None:
    samples = np.linspace(-1, 1, 2001) * 1.959963984540054 / 0.95
    low, high = widened_interval(0.0, samples, 10)
    half = t.ppf(0.975, 9) * np.sqrt(10 / 9)
    assert (low, high) == pytest.approx((-half, half), rel=1e-6)
    assert np.isnan(widened_interval(0.0, samples, 1)).all()
    assert np.isnan(widened_interval(np.nan, samples, 9)).all()
    mostly_undefined = np.where(np.arange(2001) % 3 > 0, np.nan, samples)
    assert np.isnan(widened_interval(0.0, mostly_undefined, 9)).all()


def test_widened_interval_of_a_share_stays_within_0_and_1() -> None:
    rng = np.random.default_rng(2511)
    low, high = widened_interval(0.9, rng.beta(18, 2, 500), 3, (0.0, 1.0))
    assert 0 < low < 0.9 < high < 1
    assert widened_interval(0.0, np.zeros(500), 3, (0.0, 1.0)) == (0.0, 0.0)


def test_widened_interval_of_a_mean_covers_with_few_clusters() -> None:
    """Means of 6 normal clusters: 94.0 to 97 % of 4000, where percentiles hold about 86 %."""
    rng = np.random.default_rng(2511)
    drawn = rng.multinomial(6, np.full(6, 1 / 6), 400) / 6
    covered, plain = 0, 0
    for _ in range(2000):
        values = rng.normal(size=6)
        samples = drawn @ values
        low, high = widened_interval(values.mean(), samples, 6)
        covered += low <= 0 <= high
        ends = np.quantile(samples, [0.025, 0.975])
        plain += ends[0] <= 0 <= ends[1]
    assert 0.93 <= covered / 2000 <= 0.97
    assert plain / 2000 < 0.90
