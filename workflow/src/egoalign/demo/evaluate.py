"""How well the score tells utterances whose object is in view from those whose object is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from egoalign.demo.truth import truth_paths
from egoalign.log import UserError
from egoalign.resample import Clusters, auc, auc_statistic, choose_clusters, measure
from egoalign.tables import ALIGNMENT, DEMO_UTTERANCES, read_table, write_json
from egoalign.validate.items import SessionVectors, load_vectors
from egoalign.validate.judgments import SessionKey

ALIGNED = ("score_max", "shuffled_z")
SHUFFLED_PAIR = "shuffled_pair"
SCORES = (*ALIGNED, SHUFFLED_PAIR)
"""Scores evaluated; `shuffled_pair` is the same words with pictures of another child."""

VIEWS = ("picture", "crop")
BOOTSTRAPS = 1000
PERMUTATIONS = 1000


def evaluate(rows: Sequence[Mapping[str, Any]], seed: int) -> dict[str, Any]:
    """Compute the AUC of scores for "what is named is in view" among naming utterances.

    Parameters
    ----------
    rows : sequence of mapping
        One for each naming utterance: child_id, session_id, in_view_picture, in_view_crop and the
        columns of `SCORES`, where None stands for no score.
    seed : int
        Seed of the bootstrap and of the permutations.

    Returns
    -------
    dict
        ``{score: {view: {...}}}`` with the AUC, its 95 % bootstrap interval over sessions, the
        numbers of utterances in view and not in view, and the mean and the middle 95 % of the AUCs
        when the truth is permuted over the utterances, so that the pairs are shuffled.
    """
    return {
        score: {view: _evaluate_one(rows, score, f"in_view_{view}", seed) for view in VIEWS}
        for score in SCORES
    }


def _evaluate_one(
    rows: Sequence[Mapping[str, Any]], score: str, truth: str, seed: int
) -> dict[str, Any]:
    scored = [row for row in rows if row[score] is not None]
    values = np.array([row[score] for row in scored], dtype=float)
    in_view = np.array([row[truth] for row in scored], dtype=bool)
    sessions = choose_clusters(
        [("sessions", [(row["child_id"], row["session_id"]) for row in scored])]
    )
    result = _auc_over(values, in_view, sessions, seed)
    rng = np.random.default_rng([seed, 1])
    permuted = [_auc(values, rng.permutation(in_view)) for _ in range(PERMUTATIONS)]
    low, high = np.quantile(permuted, [0.025, 0.975])
    defined = bool(np.isfinite(low))
    return {
        "auc": result["estimate"],
        "ci_low": result["ci_low"],
        "ci_high": result["ci_high"],
        "interval": result["interval"],
        "n_in_view": int(in_view.sum()),
        "n_not_in_view": int((~in_view).sum()),
        "permuted_mean": float(np.mean(permuted)) if defined else None,
        "permuted_low": float(low) if defined else None,
        "permuted_high": float(high) if defined else None,
    }


def _auc(values: np.ndarray, in_view: np.ndarray) -> float:
    return auc(values[in_view], values[~in_view])


def _auc_over(
    values: np.ndarray, in_view: np.ndarray, sessions: Clusters, seed: int
) -> dict[str, Any]:
    """Return the AUC with its interval when whole sessions are drawn again."""
    statistic = auc_statistic(values, in_view, sessions)
    return measure("auc", statistic, sessions, BOOTSTRAPS, seed, chance=0.5)


def shuffled_pairs(
    rows: Sequence[Mapping[str, Any]], vectors: Mapping[SessionKey, SessionVectors], seed: int
) -> list[float | None]:
    """Score each utterance's text with as many consecutive pictures of another child's session.

    Pictures of the same session will not do: what is in view at one moment is often about in the
    same room at another.

    Parameters
    ----------
    rows : sequence of mapping
        Utterances: child_id, session_id, utterance_id, n_frames.
    vectors : mapping
        Unit vectors of every session.
    seed : int
        Seed of the draws.

    Returns
    -------
    list of float or None
        Greatest cosine; None where there is no text, or no other child with enough pictures.
    """
    rng = np.random.default_rng([seed, 2])
    pictures = {
        key: [held.pictures[second] for second in sorted(held.pictures)]
        for key, held in sorted(vectors.items())
        if held.pictures
    }
    scores: list[float | None] = []
    for row in rows:
        n = max(row["n_frames"], 1)
        text = vectors[row["child_id"], row["session_id"]].texts.get(row["utterance_id"])
        others = [
            held for key, held in pictures.items() if key[0] != row["child_id"] and len(held) >= n
        ]
        if text is None or not others:
            scores.append(None)
            continue
        held = others[rng.integers(len(others))]
        start = rng.integers(len(held) - n + 1)
        scores.append(float((np.concatenate(held[start : start + n]) @ text).max()))
    return scores


def evaluate_demo(
    truth_dir: Path,
    alignment: Path,
    embeddings_folder: Path,
    utterances_folder: Path,
    frames_folder: Path,
    out: Path,
    seed: int,
) -> None:
    """Evaluate one model's alignment against the truth of the demo corpus and write JSON.

    Parameters
    ----------
    truth_dir : Path
        Folder with the truth of the sessions.
    alignment : Path
        Table `alignment` of all sessions, one model.
    embeddings_folder, utterances_folder, frames_folder : Path
        Tables of the sessions, below them.
    out : Path
        JSON file to write.
    seed : int
        Seed of the intervals and of the shuffled pairs.

    Raises
    ------
    UserError
        An utterance of the alignment is not in the truth.
    """
    columns = ["child_id", "session_id", "utterance_id", "model_id", "n_frames", *ALIGNED]
    table = read_table(ALIGNMENT, alignment, columns).to_pylist()
    truth = {
        (child_id, session_id): _truth_of(truth_dir, child_id, session_id)
        for child_id, session_id in {(row["child_id"], row["session_id"]) for row in table}
    }
    rows = []
    for row in table:
        known = truth[row["child_id"], row["session_id"]]
        if row["utterance_id"] not in known:
            raise UserError(
                f"{alignment}: utterance {row['child_id']}/{row['session_id']}/"
                f"{row['utterance_id']} is not in {truth_dir}; make the demo corpus again"
            )
        named = known[row["utterance_id"]]
        if named["kind"] is not None:
            rows.append({**named, **row})
    vectors = load_vectors(truth, embeddings_folder, utterances_folder, frames_folder)
    for row, score in zip(rows, shuffled_pairs(rows, vectors, seed), strict=True):
        row[SHUFFLED_PAIR] = score
    results = {
        "model_id": table[0]["model_id"] if table else None,
        "n_utterances": len(table),
        "n_naming": len(rows),
        "scores": evaluate(rows, seed),
    }
    write_json(results, out)


def _truth_of(truth_dir: Path, child_id: str, session_id: str) -> dict[str, dict[str, Any]]:
    """Return the truth of a session's utterances by their ids."""
    path = truth_paths(truth_dir, child_id, session_id)[1]
    columns = ["utterance_id", "kind", "in_view_picture", "in_view_crop"]
    return {
        row["utterance_id"]: row for row in read_table(DEMO_UTTERANCES, path, columns).to_pylist()
    }
