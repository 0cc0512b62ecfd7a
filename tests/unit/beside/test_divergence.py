"""Jensen-Shannon divergence by closed forms, by SciPy, and without bias where nothing differs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from egoalign.divergence import SWAPS, bin_edges, divergence_statistic, jensen_shannon
from egoalign.resample import Clusters, measure

COUNTS = st.lists(st.integers(0, 20), min_size=5, max_size=5).filter(any)


def each_alone(n: int) -> Clusters:
    return Clusters("pairs", np.arange(n), n)


@given(COUNTS, COUNTS)
def test_it_equals_scipy_and_the_entropy_of_the_mixture(p, q):
    p, q = np.array(p, dtype=float), np.array(q, dtype=float)
    found = jensen_shannon(p, q)
    assert found == pytest.approx(jensenshannon(p, q, base=2) ** 2, abs=1e-9)
    assert found == pytest.approx(jensen_shannon(q, p), abs=1e-12)
    p, q = p / p.sum(), q / q.sum()
    mixture = entropy((p + q) / 2, base=2) - (entropy(p, base=2) + entropy(q, base=2)) / 2
    assert found == pytest.approx(mixture, abs=1e-9)
    assert -1e-12 <= found <= 1 + 1e-12


def test_distributions_without_overlap_are_one_bit_apart_though_chance_is_subtracted():
    rng = np.random.default_rng(2511)
    true, null = rng.normal(10, 1, 2000), rng.normal(size=2000)
    edges = bin_edges(true, null)
    found = divergence_statistic(true, null, edges, each_alone(2000), 1)(np.ones(2000, dtype=int))
    assert 0.98 < found < 1


def test_it_nears_the_divergence_of_the_distributions():
    """Two normals one standard deviation apart, beside a sample 500 times as large."""
    rng = np.random.default_rng(20251118)
    true, null = rng.normal(1, 1, 4000), rng.normal(0, 1, 4000)
    edges = bin_edges(true, null)
    clusters = each_alone(4000)
    row = measure("jsd", divergence_statistic(true, null, edges, clusters, 1), clusters, 200, 1)
    large = [rng.normal(mean, 1, 2_000_000) for mean in (1, 0)]
    edges = bin_edges(*large)
    cells = [np.bincount(np.searchsorted(edges, v), minlength=edges.size + 1) for v in large]
    assert row["ci_low"] < jensen_shannon(*(c.astype(float) for c in cells)) < row["ci_high"]
    assert row["ci_high"] - row["ci_low"] < 0.05


def test_divergence_has_its_known_values() -> None:
    one, other = np.array([2.0, 2.0, 0.0]), np.array([0.0, 0.0, 5.0])
    assert jensen_shannon(one, other) == pytest.approx(1)
    assert jensen_shannon(one, 3 * one) == pytest.approx(0)
    # By hand: P = (1/2, 1/2), Q = (1, 0), mean (3/4, 1/4) of entropy 0.811278; half of 1 bit.
    assert jensen_shannon(np.array([1.0, 1.0]), np.array([4.0, 0.0])) == pytest.approx(0.311278124)
    distance = jensenshannon([0.2, 0.3, 0.5], [0.6, 0.1, 0.3], base=2)
    found = jensen_shannon(np.array([2.0, 3.0, 5.0]), np.array([6.0, 1.0, 3.0]))
    assert found == pytest.approx(distance**2)


def test_divergence_of_the_same_source_is_nothing_whatever_the_size() -> None:
    for n in (60, 600):
        values, raw = [], []
        for seed in range(60):
            rng = np.random.default_rng(seed)
            true, null = rng.normal(size=n), rng.normal(size=n)
            edges = bin_edges(true, null)
            clusters = Clusters("children", np.arange(n) % 10, 10)
            statistic = divergence_statistic(true, null, edges, clusters, seed)
            values.append(statistic(np.ones(10, dtype=int)))
            cells = [np.bincount(np.searchsorted(edges, v), minlength=32) for v in (true, null)]
            raw.append(jensen_shannon(*map(np.asarray, (cells[0] * 1.0, cells[1] * 1.0))))
        # Without what chance gives, 60 scores in 32 bins look far apart.
        assert np.mean(raw) > (0.15 if n == 60 else 0.015)
        assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(60)


def test_divergence_of_resampled_clusters_is_that_of_their_rows() -> None:
    rng = np.random.default_rng(2511)
    true, null = rng.normal(1, 1, 200), rng.normal(size=200)
    codes = np.arange(200) % 4
    edges = bin_edges(true, null)
    assert edges.size == 31
    pooled = np.searchsorted(edges, np.concatenate([true, null]))
    assert np.ptp(np.bincount(pooled)) <= 1
    counts = np.array([2, 0, 1, 1])
    found = divergence_statistic(true, null, edges, Clusters("x", codes, 4), 5)(counts)
    rows = np.repeat(np.arange(200), counts[codes])
    swaps = np.random.default_rng(5)
    chance = []
    for _ in range(SWAPS):
        swapped = swaps.random(200) < 0.5
        some, rest = np.where(swapped, true, null), np.where(swapped, null, true)
        chance.append(divergence(some[rows], rest[rows], edges))
    expected = divergence(true[rows], null[rows], edges) - np.mean(chance)
    assert found == pytest.approx(expected, abs=1e-12)


def divergence(one: np.ndarray, other: np.ndarray, edges: np.ndarray) -> float:
    """Return the divergence by scipy."""
    cells = [np.bincount(np.searchsorted(edges, v), minlength=edges.size + 1) for v in (one, other)]
    return float(jensenshannon(*cells, base=2) ** 2)
