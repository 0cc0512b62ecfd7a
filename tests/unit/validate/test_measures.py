"""Measures of agreement against other implementations, and intervals against what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from egoalign import resample
from egoalign.resample import Clusters
from egoalign.validate.measures import (
    auc,
    average_precision,
    cluster_interval,
    delong_interval,
    delong_se,
    pearson,
    ranks,
    spearman,
    statistic_of,
    weighted_mean,
)

VALUES = st.lists(
    st.tuples(st.integers(-5, 5), st.integers(0, 1), st.integers(0, 3)), min_size=4, max_size=25
)


def arrays(rows: list[tuple[int, int, int]]) -> tuple[np.ndarray, ...]:
    x, y, w = np.array(rows, dtype=float).T
    return x, y, w


def repeated(rows: list[tuple[int, int, int]]) -> tuple[np.ndarray, np.ndarray]:
    x, y, w = arrays(rows)
    return np.repeat(x, w.astype(int)), np.repeat(y, w.astype(int))


@given(VALUES)
def test_correlations_equal_scipy(rows: list) -> None:
    x, y, _ = arrays(rows)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert np.isnan(pearson(x, y))
        assert np.isnan(spearman(x, y))
        return
    assert pearson(x, y) == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-9)
    assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-9)


@given(VALUES)
def test_a_weight_is_as_many_items(rows: list) -> None:
    x, y, w = arrays(rows)
    many_x, many_y = repeated(rows)
    for measure in (pearson, spearman, auc, average_precision, weighted_mean):
        if measure in (pearson, spearman) and np.count_nonzero(w) < 3:
            assert np.isnan(measure(x, y, w))
            continue
        one = measure(x, y, w)
        many = measure(many_x, many_y, np.ones(many_x.size)) if many_x.size else float("nan")
        assert one == pytest.approx(many, abs=1e-9, nan_ok=True), measure


def test_weighted_ranks_are_middle_ranks() -> None:
    x = np.array([3.0, 1.0, 3.0, 2.0])
    np.testing.assert_allclose(ranks(x, np.ones(4)) + 0.5, stats.rankdata(x))


def brute_auc(x: np.ndarray, y: np.ndarray) -> float:
    pairs = [float(p > q) + 0.5 * float(p == q) for p in x[y == 1] for q in x[y == 0]]
    return float(np.mean(pairs)) if pairs else float("nan")


def brute_average_precision(x: np.ndarray, y: np.ndarray) -> float:
    """Sum over thresholds of gained recall times precision, by the definition."""
    total, before = 0.0, 0.0
    for threshold in sorted(set(x), reverse=True):
        taken = x >= threshold
        recall = y[taken].sum() / y.sum()
        total += (recall - before) * y[taken].mean()
        before = recall
    return total


@given(VALUES)
def test_auc_and_average_precision_equal_their_definitions(rows: list) -> None:
    x, y, _ = arrays(rows)
    assert auc(x, y) == pytest.approx(brute_auc(x, y), nan_ok=True)
    assert auc(x, y) == pytest.approx(resample.auc(x[y == 1], x[y == 0]), nan_ok=True)
    if y.sum():
        assert average_precision(x, y) == pytest.approx(brute_average_precision(x, y))
    else:
        assert np.isnan(average_precision(x, y))


def test_average_precision_without_ties_is_the_mean_precision_at_each_hit() -> None:
    x = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    y = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    assert average_precision(x, y) == pytest.approx((1 / 1 + 2 / 3 + 3 / 4) / 3)


@given(VALUES)
def test_delong_equals_its_definition(rows: list) -> None:
    """Against the loop over pairs of DeLong, DeLong & Clarke-Pearson (1988), equations 4 to 6."""
    x, y, _ = arrays(rows)
    positive, negative = x[y == 1], x[y == 0]
    if min(positive.size, negative.size) < 2:
        assert np.isnan(delong_se(x, y))
        return
    psi = np.array([[(p > q) + 0.5 * (p == q) for q in negative] for p in positive], dtype=float)
    variance = psi.mean(axis=1).var(ddof=1) / positive.size
    variance += psi.mean(axis=0).var(ddof=1) / negative.size
    assert delong_se(x, y) == pytest.approx(np.sqrt(variance), abs=1e-12)


def test_delong_of_a_class_of_one_says_why() -> None:
    found = delong_interval(np.arange(4.0), np.array([1.0, 0, 0, 0]))
    assert found.made is None
    assert found.caution == "a class has fewer than 2 items: no interval"


def test_few_clusters_have_the_t_interval_of_their_means() -> None:
    """With clusters of one size, jackknife and t are those of the clusters' means (closed form)."""
    rng = np.random.default_rng(2511)
    x = rng.normal(size=(6, 10)) + rng.normal(size=(6, 1))
    clusters = Clusters("children", np.repeat(np.arange(6), 10), 6)
    statistic = statistic_of(weighted_mean, x.ravel(), x.ravel(), np.ones(60), clusters)
    found = cluster_interval(statistic, clusters, 100, 1)
    expected = stats.t.interval(0.95, 5, x.mean(), stats.sem(x.mean(axis=1)))
    np.testing.assert_allclose([found.low, found.high], expected)
    test = stats.ttest_1samp(x.mean(axis=1), 0.0)
    assert found.p == pytest.approx(test.pvalue)
    assert found.made == "t(5) with the jackknife over 6 children"
    assert found.caution == "only 6 children: the interval is rough"


def test_many_clusters_have_an_interval_as_wide_as_the_t_interval() -> None:
    """For a mean of clusters of one size, within the noise of 20,000 samples."""
    rng = np.random.default_rng(2511)
    x = rng.normal(size=(16, 4))
    clusters = Clusters("children", np.repeat(np.arange(16), 4), 16)
    statistic = statistic_of(weighted_mean, x.ravel(), x.ravel(), np.ones(64), clusters)
    found = cluster_interval(statistic, clusters, 20_000, 1)
    low, high = stats.t.interval(0.95, 15, x.mean(), stats.sem(x.mean(axis=1)))
    assert (found.high - found.low) / (high - low) == pytest.approx(1, abs=0.05)
    test = stats.ttest_1samp(x.mean(axis=1), 0.0)
    assert found.p == pytest.approx(test.pvalue, rel=0.05)
    assert found.made == "expanded percentile bootstrap over 16 children, 20000 samples"


def test_intervals_stay_within_the_measure() -> None:
    x, y = np.arange(8.0), np.repeat([0.0, 1.0], 4)
    clusters = Clusters("children", np.array([0, 1, 2, 3] * 2), 4)
    statistic = statistic_of(auc, x, y, np.ones(8), clusters)
    found = cluster_interval(statistic, clusters, 100, 1, (0.0, 1.0))
    assert found.high == 1.0


def test_a_statistic_that_hangs_on_one_cluster_has_no_interval() -> None:
    x, y = np.arange(6.0), np.array([1.0, 1, 0, 0, 0, 0])
    clusters = Clusters("children", np.array([0, 0, 1, 1, 2, 2]), 3)
    found = cluster_interval(statistic_of(auc, x, y, np.ones(6), clusters), clusters, 100, 1)
    assert np.isnan(found.low)
    assert found.caution == "not defined without one of the 3 children: no interval"


def coverage(n_children: int, runs: int) -> float:
    """Return how often the AUC's interval holds its true value, with children who differ."""
    rng = np.random.default_rng(20251118)
    clusters = Clusters("children", np.repeat(np.arange(n_children), 30), n_children)
    # A child shifts both classes alike in half of the variance, so the true AUC is pooled.
    truth = stats.norm.cdf(1.0 / np.sqrt(2 * (1 + 0.25)))
    hits = 0
    for _ in range(runs):
        child = rng.normal(size=n_children) * 0.5
        y = (rng.random(n_children * 30) < 0.5).astype(float)
        x = y + child[clusters.codes] + rng.normal(size=y.size)
        statistic = statistic_of(auc, x, y, np.ones(y.size), clusters)
        found = cluster_interval(statistic, clusters, 300, 1, (0.0, 1.0))
        hits += found.low <= truth <= found.high
    return hits / runs


@pytest.mark.full
@pytest.mark.parametrize("n_children", [6, 30])
def test_intervals_cover_what_they_promise(n_children: int) -> None:
    """Between 90 and 99 % of 400 intervals of nominally 95 % hold the truth."""
    assert 0.90 <= coverage(n_children, 400) <= 0.99
