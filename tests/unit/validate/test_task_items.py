"""Sampling: caps hold, chances are known, and weighting by them is without bias."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from egoalign.config import TaskOptions
from egoalign.validate.task_items import Sample, draw_within, even_parts, sample


def options(**changes: object) -> TaskOptions:
    return TaskOptions.model_validate({"n_items": 40, "max_per_child": 12} | changes)


def corpus(seed: int, n: int, children: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return score, child and minute of n utterances; children and minutes have unequal shares."""
    rng = np.random.default_rng(seed)
    child = np.minimum(rng.geometric(0.4, n) - 1, children - 1)
    minute = child * 1000 + np.minimum(rng.geometric(0.03, n), 90)
    return rng.normal(0.22, 0.015, n) + 0.01 * child, child, minute


@given(
    st.integers(0, 2**31),
    st.integers(1, 400),
    st.integers(1, 6),
    st.integers(1, 60),
    st.integers(6, 20),
    st.integers(1, 3),
)
def test_caps_hold(
    seed: int, n: int, children: int, n_items: int, per_child: int, per_minute: int
) -> None:
    score, child, minute = corpus(seed, n, children)
    asked = options(n_items=n_items, max_per_child=per_child, max_per_minute=per_minute)
    found = sample(score, child, minute, asked, np.random.default_rng(seed))
    assert len(set(found.rows.tolist())) == len(found.rows) <= n_items
    assert max(Counter(child[found.rows].tolist()).values()) <= per_child
    assert max(Counter(minute[found.rows].tolist()).values()) <= per_minute
    assert np.all((found.probability > 0) & (found.probability <= 1))
    assert sum(row["n_population"] for row in found.strata) == n
    assert sum(row["n_sampled"] for row in found.strata) == len(found.rows)


def weighted(found: Sample, values: np.ndarray) -> float:
    return float(np.sum(values[found.rows] / found.probability))


def test_weights_give_back_the_population() -> None:
    """Total, count and a share, each weighted, over 3000 samples: within 4 standard errors."""
    score, child, minute = corpus(2511, 600, 5)
    long = (minute % 7 == 0).astype(float)
    values = {"score": score, "count": np.ones(600), "high": (score > 0.25).astype(float)}
    values["of one child"] = (child == 3).astype(float)
    values["marked"] = long * score
    estimates: dict[str, list[float]] = {name: [] for name in values}
    unweighted = []
    for seed in range(3000):
        found = sample(score, child, minute, options(), np.random.default_rng([20251118, seed]))
        unweighted.append(score[found.rows].mean())
        for name, value in values.items():
            estimates[name].append(weighted(found, value))
    for name, value in values.items():
        drawn = np.array(estimates[name])
        error = drawn.std(ddof=1) / np.sqrt(len(drawn))
        assert abs(drawn.mean() - value.sum()) < 4 * error, name
    # The sample itself is not the population: high scores are seen more often.
    assert np.mean(unweighted) - score.mean() > 0.002


def test_strata_are_cut_at_shares_of_the_population_and_asked_equally() -> None:
    score = np.arange(1000) / 1000
    ones = np.arange(1000)
    found = sample(
        score, ones, ones, options(n_items=60, score_cuts=[0.5, 0.9]), np.random.default_rng(1)
    )
    assert [row["n_population"] for row in found.strata] == [500, 400, 100]
    assert [row["n_sampled"] for row in found.strata] == [20, 20, 20]
    expected = np.array([20 / 500, 20 / 400, 20 / 100])
    np.testing.assert_allclose(found.probability, expected[found.stratum], rtol=1e-12)
    assert np.all(np.bincount(found.stratum) == 20)


def test_the_same_seed_draws_the_same() -> None:
    score, child, minute = corpus(1, 300, 4)
    one, other = (
        sample(score, child, minute, options(), np.random.default_rng(7)) for _ in range(2)
    )
    assert one.rows.tolist() == other.rows.tolist()
    assert one.probability.tolist() == other.probability.tolist()


@given(st.integers(0, 100), st.lists(st.integers(0, 30), min_size=1, max_size=8))
def test_even_parts(total: int, most: list[int]) -> None:
    parts = even_parts(total, most).tolist()
    assert sum(parts) == min(total, sum(most))
    assert all(part <= limit for part, limit in zip(parts, most, strict=True))
    # No part could give one to another that has room and is smaller by more than one.
    for part, limit in zip(parts, most, strict=True):
        assert part == limit or part >= max(parts) - 1


def test_draw_within_gives_each_of_a_group_the_same_chance() -> None:
    group = np.array([0, 0, 0, 0, 1, 1, 2])
    rng = np.random.default_rng(2511)
    hits = np.zeros(7)
    for _ in range(8000):
        kept, chance = draw_within(group, 2, rng)
        hits += kept
    np.testing.assert_allclose(chance, [0.5] * 4 + [1, 1, 1])
    assert hits[4:].tolist() == [8000] * 3
    # 5 standard deviations of a binomial share.
    assert np.all(np.abs(hits[:4] / 8000 - 0.5) < 5 * np.sqrt(0.25 / 8000))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"score_cuts": [0.5, 0.5]}, "expected rising shares between 0 and 1"),
        ({"score_cuts": [0.5, 1.0]}, "expected rising shares between 0 and 1"),
        ({"max_per_child": 5}, "at least one pair for each of the 6 strata"),
        ({"kinds": ["label", "label"]}, "expected each once"),
        ({"annotators": 5, "answers": 3}, "expected at least 6, which is answers times kinds"),
    ],
)
def test_options_that_cannot_be(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        options(**changes)
