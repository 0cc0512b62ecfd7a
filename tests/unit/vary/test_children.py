"""The mean of each child, its interval over sessions and its line."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from egoalign.tables import CHILDREN_MEANS, DAYS_PER_MONTH, conform
from egoalign.vary.children import children_means, cluster_mean
from tests.unit.vary.made import made_alignment, with_column


def test_interval_over_clusters_of_equal_size_is_that_of_their_means() -> None:
    rng = np.random.default_rng(10)
    values = rng.normal(size=(5, 12)) + rng.normal(size=(5, 1))
    got = cluster_mean(values.ravel(), np.repeat(np.arange(5), 12))
    expected = stats.ttest_1samp(values.mean(axis=1), 0).confidence_interval()
    assert got == pytest.approx((values.mean(), expected.low, expected.high))


def test_interval_over_clusters_holds_the_mean() -> None:
    """At 95 %, with sessions of unequal size: 90 to 99 % of 600 simulations."""
    rng = np.random.default_rng(11)
    held = 0
    for _ in range(600):
        codes = np.repeat(np.arange(8), rng.integers(10, 30, 8))
        values = rng.normal(size=8)[codes] + rng.normal(size=codes.size)
        _, low, high = cluster_mean(values, codes)
        held += low <= 0 <= high
    assert 0.90 <= held / 600 <= 0.99


def test_children_means_equal_their_definitions() -> None:
    table = made_alignment(12)
    score = table["score_max"].to_pylist()
    score[:40] = [None] * 40
    table = with_column(table, "score_max", score)
    difference = [None if s is None else s - 0.2 for s in score]
    table = with_column(table, "shuffled_difference", difference)
    rows = conform(CHILDREN_MEANS, children_means(table, "tiny")).to_pylist()
    frame = table.to_pandas().dropna(subset="score_max")
    assert [row["child_id"] for row in rows] == sorted(set(table["child_id"].to_pylist()))
    assert sum(row["n_utterances"] for row in rows) == len(frame)
    for row in rows:
        own = frame[frame["child_id"] == row["child_id"]]
        assert row["n_sessions"] == own["session_id"].nunique()
        assert row["mean_score"] == pytest.approx(own["score_max"].mean())
        assert row["mean_difference"] == pytest.approx(row["mean_score"] - 0.2)
        assert row["mean_age_days"] == pytest.approx(own["age_days"].mean())
        if row["n_sessions"] > 1:
            assert row["ci_low"] < row["mean_score"] < row["ci_high"]
            assert row["difference_low"] == pytest.approx(row["ci_low"] - 0.2)
            slope, _ = np.polyfit(own["age_days"] / DAYS_PER_MONTH, own["score_max"], 1)
            assert row["age_slope"] == pytest.approx(slope)
            assert row["intercept"] == pytest.approx(row["mean_score"])


def test_children_of_whom_little_is_known() -> None:
    table = made_alignment(13, n_children=3, sessions=(1, 1))
    n = table.num_rows
    score = table["score_max"].to_pylist()
    score[30:60] = [None] * 30
    score[61:] = [None] * (n - 61)
    table = with_column(table, "score_max", score)
    table = with_column(table, "shuffled_difference", [None] * n)
    table = with_column(table, "age_days", [*table["age_days"].to_pylist()[:60], *[None] * 30])
    first, second, third = conform(CHILDREN_MEANS, children_means(table, "m")).to_pylist()
    assert first["note"] == "one session: no interval; one age: no slope"
    assert first["mean_score"] is not None
    assert first["ci_low"] is None
    assert first["age_slope"] is None
    assert first["mean_difference"] is None
    assert (second["n_utterances"], second["n_sessions"]) == (0, 0)
    assert second["note"] == "no scored utterance"
    assert third["n_utterances"] == 1
    assert third["note"].endswith("no age")
