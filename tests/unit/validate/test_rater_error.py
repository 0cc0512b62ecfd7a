from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from egoalign.validate.rater_error import (
    RaterError,
    can_be_modelled,
    corrected_answers,
    estimate_rater_error,
    mean_answers,
)
from tests.unit.validate.simulated import Design, answers


def errors(no: tuple[float, float, float], yes: tuple[float, float, float]) -> RaterError:
    return RaterError(np.array([[no, yes]]), 0.3)


def brute_force(counts: np.ndarray, steps: int) -> tuple[np.ndarray, float]:
    """Run the EM of Dawid and Skene (1979) answer by answer, in loops."""
    n, raters, _ = counts.shape
    chance = [
        (sum(counts[i, r] @ [0, 0.5, 1] for r in range(raters)) + 0.5) / (counts[i].sum() + 1)
        for i in range(n)
    ]
    for _ in range(steps):
        rates = np.zeros((raters, 2, 3))
        for r in range(raters):
            for said in range(3):
                for i in range(n):
                    rates[r, 0, said] += (1 - chance[i]) * counts[i, r, said]
                    rates[r, 1, said] += chance[i] * counts[i, r, said]
            rates[r] /= rates[r].sum(axis=1, keepdims=True)
        share = sum(chance) / n
        for i in range(n):
            low, high = 1 - share, share
            for r in range(raters):
                for said in range(3):
                    low *= rates[r, 0, said] ** counts[i, r, said]
                    high *= rates[r, 1, said] ** counts[i, r, said]
            chance[i] = high / (low + high)
    return rates, share


def test_em_is_that_of_a_loop_over_answers() -> None:
    rng = np.random.default_rng(2511)
    truth = rng.random(60) < 0.4
    parts = [answers(rng, truth, Design(raters=1, sensitivity=s)) for s in (0.95, 0.8, 0.7)]
    counts = np.concatenate(parts, axis=1)
    counts[::5, 2] = 0
    found = estimate_rater_error(counts, np.ones(60))
    rates, share = brute_force(counts, 1500)
    np.testing.assert_allclose(found.answers, rates, atol=2e-4)
    assert found.share == pytest.approx(share, abs=2e-4)


def test_planted_errors_of_like_raters_are_recovered() -> None:
    """Within four standard errors, about sqrt(p q / (answers to the class))."""
    rng = np.random.default_rng(2511)
    design = Design(sensitivity=0.85, specificity=0.93, unsure=0.1, raters=4)
    truth = rng.random(8000) < 0.3
    found = estimate_rater_error(answers(rng, truth, design), np.ones(8000))
    assert found.sensitivity[0] == pytest.approx(0.85, abs=4 * np.sqrt(0.85 * 0.15 / (2400 * 3.6)))
    assert found.specificity[0] == pytest.approx(0.93, abs=4 * np.sqrt(0.93 * 0.07 / (5600 * 3.6)))
    assert found.share == pytest.approx(truth.mean(), abs=0.02)
    np.testing.assert_allclose(found.answers[0, :, 1], 0.1, atol=0.02)


def test_planted_errors_of_each_rater_are_recovered() -> None:
    rng = np.random.default_rng(20251118)
    planted = [(0.95, 0.9), (0.7, 0.97), (0.85, 0.8), (0.9, 0.95)]
    truth = rng.random(6000) < 0.4
    designs = [Design(raters=1, unsure=0.0, sensitivity=a, specificity=b) for a, b in planted]
    counts = np.concatenate([answers(rng, truth, design) for design in designs], axis=1)
    found = estimate_rater_error(counts, np.ones(6000))
    np.testing.assert_allclose(found.sensitivity, [a for a, _ in planted], atol=0.04)
    np.testing.assert_allclose(found.specificity, [b for _, b in planted], atol=0.04)


def test_a_weight_of_two_is_a_pair_given_twice() -> None:
    rng = np.random.default_rng(2511)
    counts = answers(rng, rng.random(80) < 0.4, Design())
    times = rng.integers(0, 3, 80)
    weighted = estimate_rater_error(counts, times.astype(float))
    repeated = estimate_rater_error(np.repeat(counts, times, axis=0), np.ones(times.sum()))
    np.testing.assert_allclose(weighted.answers, repeated.answers, atol=1e-6)


def test_without_three_answers_a_pair_errors_are_not_modelled() -> None:
    counts = np.zeros((40, 1, 3))
    counts[:, 0, 2] = 2
    assert not can_be_modelled(counts)
    counts[:19, 0, 0] = 1
    assert not can_be_modelled(counts)
    counts[19, 0, 1] = 1
    assert can_be_modelled(counts)


def test_raters_who_answer_at_random_correct_nothing() -> None:
    counts = np.zeros((50, 1, 3))
    counts[:, 0, 2] = 3
    assert estimate_rater_error(counts, np.ones(50)) is None


def test_corrected_answers_closed_form() -> None:
    """Two yes and one no: (2 - 3 * 0.1) / (3 * (0.8 - 0.1))."""
    counts = np.array([[[1.0, 0.0, 2.0]]])
    found = corrected_answers(counts, errors((0.9, 0.0, 0.1), (0.2, 0.0, 0.8)))
    assert found[0] == pytest.approx((2 - 0.3) / (3 * 0.7), rel=1e-12)


share = st.floats(0.05, 0.95)


@given(share, share, share, share, st.integers(1, 5))
def test_corrected_answers_are_right_on_average(no, unsure_no, yes, unsure_yes, n) -> None:
    """Whatever the rates: the mean over all possible answers is 1 or 0."""
    low = np.array([no * (1 - unsure_no), unsure_no, (1 - no) * (1 - unsure_no)])
    high = np.array([(1 - yes) * (1 - unsure_yes), unsure_yes, yes * (1 - unsure_yes)])
    error = errors(tuple(low), tuple(high))
    if abs((high - low) @ [0, 0.5, 1]) < 0.05:
        return
    one = np.eye(3)[:, None, :]
    for rates, truth in ((low, 0.0), (high, 1.0)):
        assert rates @ corrected_answers(one, error) == pytest.approx(truth, abs=1e-9)
        many = n * rates[None, None, :]
        assert corrected_answers(many, error)[0] == pytest.approx(truth, abs=1e-9)


def test_unsure_counts_half_in_the_plain_mean() -> None:
    counts = np.array([[[1.0, 2.0, 1.0]], [[0.0, 1.0, 0.0]], [[0.0, 0.0, 3.0]]])
    np.testing.assert_array_equal(mean_answers(counts), [0.5, 0.5, 1.0])
