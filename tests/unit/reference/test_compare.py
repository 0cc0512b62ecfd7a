"""Measures of a set and of the corpus beside it, by independent computation."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import mannwhitneyu

from egoalign.divergence import bin_edges, divergence_statistic
from egoalign.reference.compare import (
    CORPUS_COLUMNS,
    FEWEST,
    ONE_FRAME,
    SET_COLUMNS,
    compare,
    equally_many,
    groups_of,
)
from egoalign.reference.summary import summarise_pairs
from egoalign.resample import Clusters
from egoalign.tables import METRICS, REFERENCE_PAIRS, conform

DRAWS = 200


def set_table(n: int, shift: float, seed: int = 2511, name: str = "photos") -> pa.Table:
    """Return a table of pairs whose score lies `shift` above the null; every tenth has no score."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(n):
        draw, score = rng.normal(0.2, 0.01, 2)
        score += shift
        row = {
            "set": name, "pair_id": f"p{k:06d}", "picture_id": k, "caption_id": k,
            "model_id": "tiny", "n_words": 3, "n_tokens": 3, "truncated": False, "n_frames": 1,
        }  # fmt: skip
        if k % 10 == 9:
            rows.append(row | {"n_frames": 0, "reason": "no such picture file"})
            continue
        percentile = rng.random() ** (1 / (1 + 100 * shift))
        rows.append(row | {
            "score_max": score, "shuffled_mean": 0.2, "shuffled_difference": score - 0.2,
            "shuffled_percentile": percentile, "shuffled_draw": draw,
            "text_matched_difference": score - 0.19, "text_matched_percentile": percentile,
        })  # fmt: skip
    return conform(REFERENCE_PAIRS, rows)


def corpus_table(n: int, shift: float, seed: int = 1) -> pa.Table:
    rng = np.random.default_rng(seed)
    score, draw = rng.normal(0.2, 0.01, (2, n))
    return pa.table(
        {
            "child_id": [f"c{k % 6}" for k in range(n)],
            "session_id": ["s"] * n,
            "utterance_id": [f"u{k}" for k in range(n)],
            "model_id": ["tiny"] * n,
            "n_frames": [1 + k % 3 for k in range(n)],
            "score_max": score + shift,
            "shuffled_mean": np.full(n, 0.2),
            "shuffled_percentile": rng.random(n),
            "shuffled_draw": [None if k % 5 == 0 else float(d) for k, d in enumerate(draw)],
        }
    )


def test_a_summary_holds_the_measures_of_its_pairs():
    table = set_table(400, 0.02)
    rows = {row["metric"]: row for row in summarise_pairs(table, [0.21], DRAWS, 2511)}
    assert conform(METRICS, list(rows.values())).num_rows == len(rows)
    kept = table.to_pandas().dropna(subset=["score_max"])
    score, draw = kept["score_max"].to_numpy(), kept["shuffled_draw"].to_numpy()
    assert rows["share_scored"]["estimate"] == pytest.approx(0.9)
    assert rows["share_scored"]["n"] == 400
    u = mannwhitneyu(score, draw).statistic / (360 * 360)
    expected = {
        "score_mean": score.mean(),
        "score_sd": score.std(ddof=1),
        "null_mean": 0.2,
        "null_sd": draw.std(ddof=1),
        "difference": score.mean() - 0.2,
        "auc_null": u,
        "auc_within": ((kept["shuffled_percentile"] * 201 - 0.5) / 200).mean(),
        "share_above_null_p95": (kept["shuffled_percentile"] > 0.95).mean(),
        "share_above_0.21": (score > 0.21).mean(),
        "null_share_above_0.21": (draw > 0.21).mean(),
        "text_matched_difference": score.mean() - 0.19,
        "text_matched_share_above_null_p95": (kept["text_matched_percentile"] > 0.95).mean(),
    }
    for name, value in expected.items():
        row = rows[name]
        assert row["estimate"] == pytest.approx(value), name
        # A constant's interval has no width, but sums in another order.
        assert row["ci_low"] - 1e-12 <= value <= row["ci_high"] + 1e-12, name
        assert (row["n"], row["model_id"], row["subset"]) == (360, "tiny", "photos")
        assert row["interval"] == "percentile bootstrap over 360 pairs, 1000 samples"
    edges = bin_edges(score, draw)
    apart = divergence_statistic(score, draw, edges, Clusters("pairs", np.arange(360), 360), 2511)
    assert rows["jsd"]["estimate"] == pytest.approx(apart(np.ones(360, dtype=int)))
    assert rows["jsd"]["chance"] == 0.0


def test_intervals_are_over_pictures_where_some_have_several_captions():
    table = set_table(400, 0.02)
    table = table.set_column(
        table.schema.get_field_index("picture_id"), "picture_id", pa.array(np.arange(400) // 2)
    )
    rows = {row["metric"]: row for row in summarise_pairs(table, [], DRAWS, 2511)}
    assert rows["score_mean"]["interval"] == "percentile bootstrap over 200 pictures, 1000 samples"


def test_a_set_without_scores_has_rows_without_values():
    table = set_table(20, 0.0).filter(pa.array([k % 10 == 9 for k in range(20)]))
    rows = {row["metric"]: row for row in summarise_pairs(table, [0.2], DRAWS, 1)}
    assert rows.pop("share_scored")["estimate"] == 0.0
    assert all(row["estimate"] is None and row["n"] == 0 for row in rows.values())


def groups(n_corpus: int, n_set: int):
    corpus = corpus_table(n_corpus, 0.002).select(CORPUS_COLUMNS)
    return groups_of(corpus, [set_table(n_set, 0.03).select(SET_COLUMNS)])


def test_groups_are_the_corpus_its_one_picture_utterances_and_the_sets():
    found = groups(300, 100)
    table = corpus_table(300, 0.002).to_pandas().dropna(subset=["shuffled_draw"])
    assert list(found) == ["corpus", ONE_FRAME, "photos"]
    assert found["corpus"].score.tolist() == table["score_max"].tolist()
    one = table[table["n_frames"] == 1]
    assert found[ONE_FRAME].draw.tolist() == one["shuffled_draw"].tolist()
    assert (found["corpus"].n, found[ONE_FRAME].n, found["photos"].n) == (240, 80, 90)
    assert (found["corpus"].clusters.unit, found["corpus"].clusters.count) == ("children", 6)
    assert found["photos"].clusters.unit == "pairs"


def test_all_groups_are_cut_to_the_smallest_with_their_rows_together():
    found = groups(300, 100)
    cut = equally_many(found, 2511)
    assert {pairs.n for pairs in cut.values()} == {80}
    for name, pairs in cut.items():
        whole = {
            (s, d): p
            for s, d, p in zip(
                found[name].score, found[name].draw, found[name].percentile, strict=True
            )
        }
        assert all(whole[s, d] == p for s, d, p in zip(
            pairs.score, pairs.draw, pairs.percentile, strict=True
        ))  # fmt: skip
        assert pairs.clusters.codes.size == 80
    assert equally_many(found, 2511)["photos"].score.tolist() == cut["photos"].score.tolist()
    assert equally_many(found, 2512)["photos"].score.tolist() != cut["photos"].score.tolist()


def test_the_comparison_shows_a_planted_contrast_and_says_how_many_were_drawn():
    rows = compare(groups(900, 1000), "tiny", [0.24], DRAWS, 2511)
    table = conform(METRICS, rows)
    assert table.num_rows == len(rows)
    found = {(row["metric"], row["subset"]): row for row in rows}
    for metric in ("jsd", "auc_null", "difference", "share_above_0.24"):
        corpus, photos = found[metric, "corpus"], found[metric, "photos"]
        assert photos["ci_low"] > corpus["ci_high"], metric
        assert photos["n"] == corpus["n"] == 240
    assert found["auc_null", "photos"]["note"] == ("240 of 900 pairs, as many as of every other")
    assert found["auc_null", "corpus"]["note"] == (
        "240 of 720 pairs, as many as of every other; only 6 children: the interval is likely too "
        "narrow"
    )
    subsets = [row["subset"] for row in rows]
    assert subsets[:6] == ["corpus", ONE_FRAME, "photos"] * 2


def test_a_group_that_is_too_small_is_not_compared_and_limits_nobody():
    rows = compare(groups(60, 1000), "tiny", [], DRAWS, 2511)
    found = {(row["metric"], row["subset"]): row for row in rows}
    small = found["auc_null", ONE_FRAME]
    assert small["n"] == 16 < FEWEST
    assert small["estimate"] is small["ci_low"] is small["interval"] is None
    assert small["note"] == "fewer than 20 pairs with a null: not compared"
    assert found["auc_null", "corpus"]["n"] == found["auc_null", "photos"]["n"] == 48


def test_scores_without_a_null_are_no_pairs():
    corpus = corpus_table(50, 0.0)
    nothing = pa.nulls(50, pa.float64())
    for name in ("shuffled_draw", "shuffled_mean", "shuffled_percentile"):
        corpus = corpus.set_column(corpus.schema.get_field_index(name), name, nothing)
    corpus = corpus.set_column(4, "n_frames", pa.nulls(50, pa.int64()))
    found = groups_of(corpus, [])
    assert [pairs.n for pairs in found.values()] == [0, 0]
    rows = compare(found, "tiny", [0.2], DRAWS, 1)
    assert conform(METRICS, rows).num_rows == len(rows)
    assert all(row["estimate"] is None for row in rows)
