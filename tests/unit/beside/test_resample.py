"""Bootstrap and AUC against brute force, and whether intervals hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from egoalign import resample
from egoalign.resample import (
    Clusters,
    auc,
    auc_statistic,
    bootstrap,
    choose_clusters,
    mean_statistic,
    measure,
    sample_statistic,
    sd_statistic,
)

VALUES = st.lists(st.integers(-3, 3), min_size=1, max_size=12)


@given(VALUES, VALUES)
def test_auc_equals_counting_pairs(positive: list[int], negative: list[int]) -> None:
    wins = [(p > q) + 0.5 * (p == q) for p in positive for q in negative]
    assert auc(np.array(positive), np.array(negative)) == pytest.approx(np.mean(wins))


@given(VALUES, VALUES)
def test_auc_is_turned_round_with_its_classes(positive: list[int], negative: list[int]) -> None:
    p, q = np.array(positive), np.array(negative)
    assert auc(p, q) + auc(q, p) == pytest.approx(1)
    assert auc(np.exp(p), np.exp(q)) == auc(p, q)


def clusters_of(codes: np.ndarray) -> Clusters:
    return Clusters("children", codes, int(codes.max()) + 1)


@given(st.integers(0, 10_000))
def test_statistics_equal_those_of_the_resampled_rows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes = np.concatenate([np.arange(4), rng.integers(0, 4, 20)])
    values, positive = rng.integers(0, 9, 24).astype(float), rng.random(24) < 0.5
    counts = rng.multinomial(4, np.full(4, 0.25))
    rows = np.repeat(np.arange(24), counts[codes])
    clusters = clusters_of(codes)
    assert mean_statistic(values, clusters)(counts) == pytest.approx(values[rows].mean())
    sd = values[rows].std(ddof=1)
    assert sd_statistic(values, clusters)(counts) == pytest.approx(sd, abs=1e-6)
    median = sample_statistic(lambda v: float(np.median(v)), clusters, values)
    assert median(counts) == np.median(values[rows])
    drawn, drawn_positive = values[rows], positive[rows]
    expected = auc(drawn[drawn_positive], drawn[~drawn_positive])
    got = auc_statistic(values, positive, clusters)(counts)
    assert got == pytest.approx(expected, nan_ok=True)


def test_auc_is_the_same_by_pairs_of_clusters_and_by_rows(monkeypatch) -> None:
    rng = np.random.default_rng(2511)
    codes, positive = rng.integers(0, 30, 500), rng.random(500) < 0.4
    values = rng.integers(0, 40, 500) + 5 * positive
    clusters = clusters_of(codes)
    by_pairs = auc_statistic(values, positive, clusters)
    monkeypatch.setattr(resample, "MOST_PAIRED", 0)
    by_rows = auc_statistic(values, positive, clusters)
    for _ in range(20):
        counts = rng.multinomial(clusters.count, np.full(clusters.count, 1 / clusters.count))
        assert by_pairs(counts) == pytest.approx(by_rows(counts), abs=1e-12)


def test_levels_of_numbers_are_told_apart_like_others() -> None:
    numbers, words = np.array([3, 3, 5, 9, 5]), ["c", "c", "e", "i", "e"]
    found = [choose_clusters([("children", level)]) for level in (numbers, words)]
    assert found[0].codes.tolist() == [0, 0, 1, 2, 1]
    assert found[1].codes.tolist() == [0, 0, 1, 2, 1]
    assert found[0].count == found[1].count == 3


def test_the_coarsest_level_with_two_clusters_is_chosen() -> None:
    levels = [("children", ["a"] * 4), ("sessions", ["s", "s", "t", "t"]), ("utterances", range(4))]
    chosen = choose_clusters(levels)
    assert (chosen.unit, chosen.count, chosen.codes.tolist()) == ("sessions", 2, [0, 0, 1, 1])
    assert choose_clusters([("children", ["a"]), ("items", ["i"])]).count == 1


def test_interval_of_one_cluster_is_missing_and_says_so() -> None:
    clusters = Clusters("items", np.zeros(1, dtype=int), 1)
    row = measure("m", mean_statistic(np.ones(1), clusters), clusters, 100, 0)
    assert (row["estimate"], row["ci_low"], row["ci_high"]) == (1.0, None, None)
    assert row["interval"] is None
    assert row["note"] == "one of items only: no interval"


def test_the_interval_of_a_mean_has_its_known_width() -> None:
    """The bootstrap variance of a mean of n values is (n - 1) / n^2 times their variance."""
    values = np.random.default_rng(1).normal(size=400)
    clusters = clusters_of(np.arange(400))
    low, high = bootstrap(mean_statistic(values, clusters), clusters, 4000, 1)
    assert high - low == pytest.approx(2 * 1.959964 * values.std() / 20, rel=0.05)
    assert bootstrap(mean_statistic(values, clusters), clusters, 4000, 1) == (low, high)


def test_coverage_where_values_of_a_cluster_belong_together() -> None:
    """Over 30 clusters, 95 % intervals hold the truth in 89 to 99 % of 300 simulations.

    The percentile interval is known to fall a little short of 95 % here, and the Monte Carlo
    error is 1.3 %. An interval over values instead of clusters would hold the truth in under half.
    """
    rng = np.random.default_rng(2)
    codes = np.repeat(np.arange(30), 10)
    clusters, single = clusters_of(codes), clusters_of(np.arange(300))
    held, held_single = 0, 0
    for k in range(300):
        values = rng.normal(size=30)[codes] + 0.3 * rng.normal(size=300)
        low, high = bootstrap(mean_statistic(values, clusters), clusters, 200, k)
        held += low <= 0 <= high
        low, high = bootstrap(mean_statistic(values, single), single, 200, k)
        held_single += low <= 0 <= high
    assert 0.89 <= held / 300 <= 0.99
    assert held_single / 300 < 0.6
