from __future__ import annotations

import json

import numpy as np
import pytest

from egoalign.demo.evaluate import evaluate, evaluate_demo, shuffled_pairs
from egoalign.demo.truth import truth_paths
from egoalign.log import UserError
from egoalign.tables import (
    ALIGNMENT,
    DEMO_UTTERANCES,
    FRAME_EMBEDDINGS,
    FRAMES,
    TEXT_EMBEDDINGS,
    UTTERANCES,
    write_table,
)
from egoalign.validate.items import SessionVectors


def rows_of(effect, n=400, seed=0):
    """Return utterances of 20 sessions whose score rises by `effect` when their object is seen."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(n):
        seen = bool(rng.random() < 0.5)
        score = float(rng.normal() + effect * seen)
        rows.append(
            {
                "child_id": f"c{k % 5}",
                "session_id": f"s{k % 4}",
                "in_view_picture": seen,
                "in_view_crop": seen and bool(rng.random() < 0.9),
                "score_max": score,
                "shuffled_z": score,
                "shuffled_pair": float(rng.normal()),
            }
        )
    return rows


def brute_force_auc(rows, score, truth):
    pairs = [
        (seen[score] > unseen[score]) + 0.5 * (seen[score] == unseen[score])
        for seen in rows
        if seen[truth]
        for unseen in rows
        if not unseen[truth]
    ]
    return np.mean(pairs)


def standard_error(result):
    """Return the standard deviation of the AUC when score and truth are independent."""
    n, m = result["n_in_view"], result["n_not_in_view"]
    return np.sqrt((n + m + 1) / (12 * n * m))


def test_the_auc_is_the_share_of_pairs_in_order():
    rows = rows_of(1.0)
    results = evaluate(rows, seed=1)
    for view in ("picture", "crop"):
        result = results["score_max"][view]
        assert result["auc"] == pytest.approx(brute_force_auc(rows, "score_max", f"in_view_{view}"))
        assert result["n_in_view"] + result["n_not_in_view"] == len(rows)


def test_a_score_that_tracks_the_truth_is_above_chance_and_its_shuffled_pairs_are_not():
    results = evaluate(rows_of(1.5), seed=1)
    tracked, shuffled = results["score_max"]["picture"], results["shuffled_pair"]["picture"]
    assert tracked["ci_low"] > 0.75
    assert tracked["ci_low"] < tracked["auc"] < tracked["ci_high"]
    assert tracked["permuted_low"] < 0.5 < tracked["permuted_high"] < tracked["ci_low"]
    assert tracked["permuted_mean"] == pytest.approx(0.5, abs=0.01)
    assert abs(shuffled["auc"] - 0.5) < 4 * standard_error(shuffled)


def test_a_blind_score_is_at_chance():
    result = evaluate(rows_of(0.0), seed=1)["score_max"]["picture"]
    assert abs(result["auc"] - 0.5) < 4 * standard_error(result)
    half_width = (result["permuted_high"] - result["permuted_low"]) / 2
    assert half_width == pytest.approx(1.96 * standard_error(result), rel=0.1)


def test_utterances_without_a_score_are_left_out():
    rows = rows_of(1.0)
    rows[0]["score_max"] = None
    result = evaluate(rows, seed=1)["score_max"]["picture"]
    assert result["n_in_view"] + result["n_not_in_view"] == len(rows) - 1


@pytest.mark.filterwarnings("error")
def test_nothing_to_compare_gives_no_number():
    for rows in ([], [{**row, "in_view_picture": True} for row in rows_of(1.0, 8)]):
        result = evaluate(rows, seed=1)["score_max"]["picture"]
        assert result["auc"] is None
        assert result["permuted_mean"] is None


@pytest.fixture
def made(tmp_path):
    truth = [
        {
            "utterance_id": f"u{k}",
            "start_s": float(k),
            "end_s": k + 0.5,
            "text": "cup" if k % 3 else "yeah",
            "speaker": "female_adult",
            "second": float(k),
            "kind": "cup" if k % 3 else None,
            "in_view_picture": k % 2 == 0 if k % 3 else None,
            "in_view_crop": k % 2 == 0 if k % 3 else None,
        }
        for k in range(30)
    ]
    write_table(DEMO_UTTERANCES, truth, truth_paths(tmp_path / "truth", "c1", "s1")[1])
    return tmp_path


def align(folder, n):
    rows = [
        {
            "child_id": "c1",
            "session_id": "s1",
            "utterance_id": f"u{k}",
            "model_id": "m",
            "speaker": "female_adult",
            "n_words": 1,
            "n_frames": 1,
            "nearest_frame": False,
            "score_max": 0.3 if k % 2 == 0 else 0.1,
            "shuffled_z": None,
        }
        for k in range(n)
    ]
    write_table(ALIGNMENT, rows, folder / "alignment.parquet")
    return folder / "alignment.parquet"


def run(folder, n):
    """Evaluate with vectors of every utterance and of ten pictures."""
    unit = np.array([1, 0], np.float16)
    stem = "c1/s1"
    utterances = [
        {
            "utterance_id": f"u{k}",
            "text": "cup",
            "text_encoded": "cup",
            "speaker": "female_adult",
            "text_id": "t0",
            "n_words": 1,
            "source_format": "csv",
        }
        for k in range(n)
    ]
    frames = [{"frame_id": k, "requested_s": float(k), "wanted": True} for k in range(10)]
    pictures = [{"frame_id": k, "tile": 0, "decoded": True, "embedding": unit} for k in range(10)]
    texts = [{"text_id": "t0", "n_tokens": 1, "truncated": False, "embedding": unit}]
    write_table(UTTERANCES, utterances, folder / f"u/{stem}.utterances.parquet")
    write_table(FRAMES, frames, folder / f"f/{stem}.frames.parquet")
    write_table(FRAME_EMBEDDINGS, pictures, folder / f"e/{stem}.frame_embeddings.arrow")
    write_table(TEXT_EMBEDDINGS, texts, folder / f"e/{stem}.text_embeddings.arrow")
    evaluate_demo(
        folder / "truth",
        align(folder, n),
        folder / "e",
        folder / "u",
        folder / "f",
        folder / "out.json",
        seed=1,
    )


def test_shuffled_pairs_take_runs_of_other_childrens_pictures():
    """Each child's pictures are one axis of their own, so that a cosine tells whose they were."""
    axes = np.eye(3)
    vectors = {
        (f"c{child}", f"s{k}"): SessionVectors(
            {"u": np.array([1.0, 10.0, 100.0])}, {float(t): axes[child][None] for t in range(4 + k)}
        )
        for child in range(3)
        for k in range(2)
    }
    rows = [
        {"child_id": f"c{k % 3}", "session_id": "s0", "utterance_id": "u", "n_frames": n}
        for n in (0, 1, 4, 5)
        for k in range(60)
    ]
    scores = shuffled_pairs(rows, vectors, seed=1)
    own = [10.0 ** int(row["child_id"][1]) for row in rows]
    assert all(score != mine for score, mine in zip(scores, own, strict=True))
    assert set(scores[:3]) <= {1.0, 10.0, 100.0}
    assert scores == shuffled_pairs(rows, vectors, seed=1)
    rows[0]["n_frames"] = 6
    rows[1]["utterance_id"] = "unknown"
    assert shuffled_pairs(rows, vectors, seed=1)[:2] == [None, None]


def test_only_naming_utterances_count(made):
    run(made, 30)
    result = json.loads((made / "out.json").read_text(encoding="utf-8"))
    assert result["model_id"] == "m"
    assert result["n_utterances"] == 30
    assert result["n_naming"] == 20
    assert result["scores"]["score_max"]["picture"]["auc"] == 1.0
    assert result["scores"]["score_max"]["picture"]["ci_low"] is None  # one session: no interval
    assert result["scores"]["shuffled_z"]["picture"]["auc"] is None
    # One child: there is nobody else to take pictures from.
    assert result["scores"]["shuffled_pair"]["picture"]["auc"] is None


def test_an_utterance_that_the_truth_does_not_know_is_named(made):
    with pytest.raises(UserError, match=r"utterance c1/s1/u30 is not in .*truth"):
        run(made, 31)
