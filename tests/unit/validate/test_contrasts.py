"""Two models on the same items: planted differences are found, and the number of tests counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from egoalign.config import ValidateOptions
from egoalign.tables import CONTRASTS, conform
from egoalign.validate.contrasts import NO_ITEMS, contrasts, holm

OPTIONS = ValidateOptions(bootstraps=200)


def rows_of(
    noise: float, seed: int, n: int = 200, kind: str = "rating", n_children: int = 20
) -> list[dict[str, Any]]:
    """Return items whose score is what people say, and noise."""
    truth = np.random.default_rng(2511).normal(size=n)
    own = np.random.default_rng(seed)
    return [
        {
            "kind": kind,
            "item_id": f"i{k}",
            "child_id": f"c{k % n_children}",
            "n_answers": 3,
            "n_alternatives": 1,
            "mean_answer": value,
            "human_accuracy": None,
            "weight": 1.0,
            "score": value + noise * own.normal(),
            "margin": None,
            "model_correct": None,
            "choice_agreement": None,
        }
        for k, value in enumerate(truth)
    ]


def by_name(rows: list[dict[str, Any]]) -> dict[tuple[str, str, str], dict[str, Any]]:
    conform(CONTRASTS, rows)
    return {(row["metric"], row["model_id"], row["other_model_id"]): row for row in rows}


def test_a_better_model_is_found_and_equal_ones_are_not_told_apart() -> None:
    items = {"good": rows_of(0.5, 1), "same": rows_of(0.5, 2), "bad": rows_of(3.0, 3)}
    metrics = [{"model_id": "good", "metric": "noise_ceiling", "subset": "rating", "estimate": 0.9}]
    rows = by_name(contrasts(items, metrics, OPTIONS))
    better = rows["pearson_rating", "good", "bad"]
    assert better["ci_low"] > 0.3
    assert better["p_holm"] < 0.05
    assert better["difference"] == pytest.approx(better["estimate"] - better["other_estimate"])
    assert better["ceiling"] == 0.9
    assert better["n"] == 200
    assert (
        better["interval"] == "paired expanded percentile bootstrap over 20 children, 200 samples"
    )
    equal = rows["pearson_rating", "good", "same"]
    assert equal["ci_low"] < 0 < equal["ci_high"]
    assert equal["p_holm"] >= equal["p"]


def test_pairing_narrows_the_interval_of_like_models() -> None:
    """A model and itself with a little noise differ little, whatever the items."""
    one = rows_of(1.0, 1)
    other = [dict(row, score=row["score"] + 0.01 * (k % 3)) for k, row in enumerate(one)]
    row = by_name(contrasts({"a": one, "b": other}, [], OPTIONS))["pearson_rating", "a", "b"]
    assert row["ci_high"] - row["ci_low"] < 0.01


def test_only_items_that_both_could_score_count() -> None:
    one, other = rows_of(0.5, 1), rows_of(0.5, 2)
    for row in one[:30]:
        row["score"] = None
    for row in other[-50:]:
        row["score"] = None
    row = by_name(contrasts({"a": one, "b": other[::-1]}, [], OPTIONS))["pearson_rating", "a", "b"]
    assert row["n"] == 120
    kept = slice(30, 150)
    expected = [
        np.corrcoef([x["score"] for x in rows[kept]], [x["mean_answer"] for x in rows[kept]])[0, 1]
        for rows in (one, other)
    ]
    assert [row["estimate"], row["other_estimate"]] == pytest.approx(expected)


def test_nothing_in_common_is_said() -> None:
    one, other = rows_of(0.5, 1, n=10), rows_of(0.5, 2, n=10)
    for k in range(10):
        (one if k < 5 else other)[k]["score"] = None
    row = by_name(contrasts({"a": one, "b": other}, [], OPTIONS))["pearson_rating", "a", "b"]
    assert (row["n"], row["note"], row["p"], row["p_holm"]) == (0, NO_ITEMS, None, None)


def test_one_model_has_no_contrast() -> None:
    assert contrasts({"a": rows_of(0.5, 1)}, [], OPTIONS) == []


def test_holm_steps_down() -> None:
    """By hand: sorted p times (number left), never falling; missing ones are no tests."""
    assert holm([0.01, None, 0.04, 0.03]) == [
        pytest.approx(0.03),
        None,
        pytest.approx(0.06),
        pytest.approx(0.06),
    ]
    assert holm([None]) == [None]
    assert holm([]) == []


@pytest.mark.full
def test_equal_models_are_told_apart_as_rarely_as_promised() -> None:
    """At most 9 % of 200 pairs of equally noisy models have an interval without 0 (nominal 5 %)."""
    wrong = 0
    for seed in range(200):
        items = {"a": rows_of(1.0, 2 * seed), "b": rows_of(1.0, 2 * seed + 1)}
        row = by_name(contrasts(items, [], OPTIONS))["pearson_rating", "a", "b"]
        wrong += not row["ci_low"] <= 0 <= row["ci_high"]
    assert wrong / 200 <= 0.09
