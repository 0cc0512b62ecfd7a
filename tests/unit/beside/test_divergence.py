"""Jensen-Shannon divergence by closed forms, by SciPy, and without bias where nothing differs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from egoalign.divergence import (
    bin_edges,
    bin_places,
    divergence_of_counts,
    excess_statistics,
    jensen_shannon,
)
from egoalign.resample import Clusters, measure

COUNTS = st.lists(st.integers(0, 20), min_size=5, max_size=5).filter(any)


def test_identical_samples_are_at_zero_and_disjoint_ones_at_one_bit():
    values = np.random.default_rng(2511).normal(size=500)
    assert jensen_shannon(values, values, 30) == 0.0
    assert jensen_shannon(values, values[::-1], 30) == 0.0
    assert jensen_shannon(values, np.full(7, 40.0), 30) == 1.0
    assert jensen_shannon(np.zeros(3), np.ones(90), 2) == 1.0


def test_half_of_one_sample_beside_the_other_has_its_closed_form():
    """P = (1, 0), Q = (1/2, 1/2): JSD = 1 - (3/4) log2 3 + 1/2 = 0.3112781..."""
    expected = 1.5 - 0.75 * np.log2(3)
    assert jensen_shannon(np.zeros(4), np.array([0.0, 1.0]), 2) == pytest.approx(expected)


@given(COUNTS, COUNTS)
def test_it_equals_scipy_and_the_entropy_of_the_mixture(p, q):
    p, q = np.array(p), np.array(q)
    found = divergence_of_counts(p, q)
    assert found == pytest.approx(jensenshannon(p, q, base=2) ** 2, abs=1e-9)
    p, q = p / p.sum(), q / q.sum()
    mixture = entropy((p + q) / 2, base=2) - (entropy(p, base=2) + entropy(q, base=2)) / 2
    assert found == pytest.approx(mixture, abs=1e-9)
    assert found == pytest.approx(divergence_of_counts(q, p), abs=1e-12)
    assert 0 <= found <= 1


def test_bins_hold_their_lower_edge_and_the_last_its_upper():
    edges = bin_edges(np.array([0.0, 3.0]), 3)
    assert edges.tolist() == [0, 1, 2, 3]
    assert bin_places(np.array([0.0, 0.99, 1.0, 2.5, 3.0]), edges).tolist() == [0, 0, 1, 2, 2]
    found = jensen_shannon(np.array([0.5, 1.5]), np.array([1.5, 2.5]), edges)
    assert found == pytest.approx(0.5)


def test_what_cannot_be_compared():
    assert np.isnan(jensen_shannon(np.zeros(0), np.ones(3)))
    assert jensen_shannon(np.ones(3), np.ones(5)) == 0.0
    with pytest.raises(ValueError, match="not finite"):
        jensen_shannon(np.array([np.nan]), np.ones(3))
    with pytest.raises(ValueError, match="beyond the edges 0 to 1"):
        jensen_shannon(np.array([2.0]), np.ones(3), np.array([0.0, 0.5, 1.0]))


def each_alone(n: int) -> Clusters:
    return Clusters("pairs", np.arange(n), n)


def test_excess_is_the_difference_of_plain_divergences():
    """One halving, by hand from the same permutation."""
    rng = np.random.default_rng(2511)
    true, null = rng.normal(1, 1, 41), rng.normal(0, 1, 41)
    excess, own = excess_statistics(true, null, each_alone(41), 7, bins=6, splits=1)
    first, second = np.split(np.random.default_rng(7).permutation(41)[:40], 2)
    edges = bin_edges(np.concatenate([true, null]), 6)
    expected = [jensen_shannon(v[first], null[second], edges) for v in (true, null)]
    ones = np.ones(41, dtype=int)
    assert own(ones) == pytest.approx(expected[1])
    assert excess(ones) == pytest.approx(expected[0] - expected[1])
    # A cluster that counts twice is as if its observation stood there twice.
    counts = ones.copy()
    counts[first[0]] = 2
    twice = np.append(first, first[0])
    expected = [jensen_shannon(v[twice], null[second], edges) for v in (true, null)]
    assert excess(counts) == pytest.approx(expected[0] - expected[1])


def test_excess_is_zero_on_average_where_scores_are_as_their_null():
    """The plain divergence of 60 values in 20 bins is far from 0; the excess is not."""
    found = []
    for seed in range(200):
        rng = np.random.default_rng([2511, seed])
        true, null = rng.normal(size=(2, 60))
        found.append([f(np.ones(60, dtype=int)) for f in excess_statistics(
            true, null, each_alone(60), seed
        )])  # fmt: skip
    excess, plain = np.array(found).T
    assert plain.mean() > 0.2
    assert abs(excess.mean()) < 4 * excess.std() / np.sqrt(200)


def test_excess_nears_the_divergence_of_the_distributions():
    """Two normals one standard deviation apart, beside a sample 500 times as large."""
    rng = np.random.default_rng(20251118)
    true, null = rng.normal(1, 1, 4000), rng.normal(0, 1, 4000)
    row = measure("jsd", excess_statistics(true, null, each_alone(4000), 1)[0], each_alone(4000),
                  200, 1)  # fmt: skip
    large = jensen_shannon(rng.normal(1, 1, 2_000_000), rng.normal(0, 1, 2_000_000), 60)
    assert row["ci_low"] < large < row["ci_high"]
    assert row["ci_high"] - row["ci_low"] < 0.05


def test_too_few_to_halve():
    excess, own = excess_statistics(np.ones(1), np.ones(1), each_alone(1), 0)
    assert np.isnan(excess(np.ones(1, dtype=int)))
    assert np.isnan(own(np.ones(1, dtype=int)))
