from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from egoalign.validate.calibration import Labelled
from egoalign.validate.thresholds import choose_threshold, sort_out_of_fold, sorting


def normal_scores(n: int = 40000) -> tuple[np.ndarray, np.ndarray]:
    """Two normal distributions with sd 1 and means 0 and 2, of equal size."""
    rng = np.random.default_rng(2511)
    truth = np.arange(n) % 2.0
    return rng.normal(2 * truth, 1), truth


def test_sorting_counts() -> None:
    above = np.array([True, True, False, False, True])
    truth = np.array([1.0, 0, 1, 0, 1])
    assert sorting(above, truth, np.ones(5)) == pytest.approx((2 / 3, 1 / 2, 2 / 3))
    weighted = sorting(above, truth, np.array([2.0, 1, 1, 3, 1]))
    assert weighted == pytest.approx((3 / 4, 3 / 4, 3 / 4))
    assert np.isnan(sorting(np.zeros(5, bool), truth, np.ones(5))[2])


def test_criteria_find_the_cut_off_that_theory_gives() -> None:
    """Of two equal normals, Youden's and the equal error lie half way: 1."""
    score, truth = normal_scores()
    ones = np.ones(score.size)
    assert choose_threshold(score, truth, ones, "youden") == pytest.approx(1, abs=0.1)
    assert choose_threshold(score, truth, ones, "equal_error") == pytest.approx(1, abs=0.03)


@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=6, max_size=25))
def test_criteria_are_those_of_brute_force(rows: list[tuple[int, bool]]) -> None:
    score = np.array([row[0] for row in rows], float)
    truth = np.array([row[1] for row in rows], float)
    ones, levels = np.ones(len(rows)), np.unique(score)
    cuts = (levels[1:] + levels[:-1]) / 2
    if truth.min() == truth.max() or not cuts.size:
        assert np.isnan(choose_threshold(score, truth, ones, "youden"))
        return
    sorts = [sorting(score > cut, truth, ones) for cut in cuts]
    best = sorting(score > choose_threshold(score, truth, ones, "youden"), truth, ones)
    assert best[0] + best[1] == pytest.approx(max(a + b for a, b, _ in sorts))
    best = sorting(score > choose_threshold(score, truth, ones, "equal_error"), truth, ones)
    assert abs(best[0] - best[1]) == pytest.approx(min(abs(a - b) for a, b, _ in sorts))
    good = [c for c, s in zip(cuts, sorts, strict=True) if s[2] >= 0.7 and (score > c).sum() >= 5]
    found = choose_threshold(score, truth, ones, "precision", 0.7)
    assert np.isnan(found) if not good else found == min(good)


def test_out_of_fold_sorts_by_the_others_cut_off() -> None:
    score = np.array([0.1, 0.3, 0.5, 0.1, 0.35, 0.9])
    truth = np.array([0.0, 0, 1, 0, 1, 1])
    labelled = Labelled(score[:, None], np.repeat([0, 1], 3), np.ones(6), None, truth)
    above, cuts = sort_out_of_fold(labelled, truth, labelled.child, "youden", 0.8)
    np.testing.assert_allclose(cuts, [0.225, 0.4])
    np.testing.assert_array_equal(above, [False, True, True, False, False, True])


def test_a_choice_looks_better_on_its_own_pairs_than_out_of_fold() -> None:
    """Scores that say nothing: in the sample Youden's J is above zero, out of fold it is not."""
    rng = np.random.default_rng(2511)
    own, out = [], []
    for _ in range(60):
        score, truth = rng.normal(size=60), (rng.random(60) < 0.5).astype(float)
        labelled = Labelled(score[:, None], np.repeat(np.arange(6), 10), np.ones(60), None, truth)
        cut = choose_threshold(score, truth, np.ones(60), "youden")
        own.append(sum(sorting(score > cut, truth, np.ones(60))[:2]) - 1)
        above, _ = sort_out_of_fold(labelled, truth, labelled.child, "youden", 0.8)
        out.append(sum(sorting(above, truth, np.ones(60))[:2]) - 1)
    assert np.mean(own) > 0.1
    assert np.mean(out) < 0.03
