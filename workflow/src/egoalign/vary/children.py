"""The mean alignment of each child, with an interval over its sessions, and its slope over age."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from egoalign.tables import ALIGNMENT, CHILDREN_MEANS, months, read_table, write_table

COLUMNS = [
    "child_id",
    "session_id",
    "model_id",
    "age_days",
    "score_max",
    "shuffled_difference",
]
"""Columns of table ALIGNMENT that `children_means` and its file function read."""


def summarise_children(alignment: Path, out: Path, csv: Path) -> None:
    """Read table ALIGNMENT of one model; write table CHILDREN_MEANS."""
    table = read_table(ALIGNMENT, alignment, COLUMNS)
    models = table["model_id"].unique().to_pylist()
    rows = children_means(table, models[0] if models else "")
    write_table(CHILDREN_MEANS, rows, out, csv=csv)


def cluster_mean(values: np.ndarray, clusters: np.ndarray) -> tuple[float, float, float]:
    """Return the mean and its 95 % t interval when clusters, not values, are independent.

    The mean over values is the ratio of the clusters' sums to their sizes; its variance is the
    linearised one of a ratio (Cochran 1977, section 6.4), with k - 1 degrees of freedom.

    Parameters
    ----------
    values : numpy.ndarray
        Shape (n,), n >= 1.
    clusters : numpy.ndarray
        Cluster of each value, codes from 0, shape (n,). The ends are NaN with one cluster.
    """
    from scipy.stats import t

    mean = float(values.mean())
    deviations = np.bincount(clusters, values - mean)
    k = deviations.size
    if k < 2:
        return mean, float("nan"), float("nan")
    se = np.sqrt(k / (k - 1) * float(deviations @ deviations)) / values.size
    half_width = float(t.ppf(0.975, k - 1) * se)
    return mean, mean - half_width, mean + half_width


def children_means(alignment: pa.Table, model_id: str) -> list[dict[str, Any]]:
    """Return rows of table children_means, one a child of the table, sorted by child.

    Parameters
    ----------
    alignment : pyarrow.Table
        Columns child_id, session_id, age_days, score_max, shuffled_difference; one model.
    """
    labels = alignment["child_id"].to_pylist()
    sessions = alignment["session_id"].to_pylist()
    score, difference, age_days = (
        alignment[name].to_numpy() for name in ("score_max", "shuffled_difference", "age_days")
    )
    by_child: dict[str, list[int]] = defaultdict(list)
    for i, child in enumerate(labels):
        by_child[child].append(i)
    rows = []
    for child in sorted(by_child):
        scored = np.array([i for i in by_child[child] if np.isfinite(score[i])], dtype=np.int64)
        codes: dict[str, int] = {}
        session = np.array([codes.setdefault(sessions[i], len(codes)) for i in scored], dtype=int)
        rows.append(
            {"child_id": child, "model_id": model_id, "n_sessions": len(codes)}
            | _child(score[scored], difference[scored], age_days[scored], session)
        )
    return rows


def _child(
    score: np.ndarray, difference: np.ndarray, age_days: np.ndarray, session: np.ndarray
) -> dict[str, Any]:
    """Return the numbers of one child from its scored utterances, each of shape (n,)."""
    if not score.size:
        return {"n_utterances": 0, "note": "no scored utterance"}
    notes = []
    if session.max() == 0:
        notes.append("one session: no interval")
    mean, low, high = cluster_mean(score, session)
    row = {
        "n_utterances": score.size,
        "mean_score": mean,
        "ci_low": _or_none(low),
        "ci_high": _or_none(high),
    }
    paired = np.isfinite(difference)
    if paired.any():
        kept = np.unique(session[paired], return_inverse=True)[1]
        mean, low, high = cluster_mean(difference[paired], kept)
        row |= {
            "mean_difference": mean,
            "difference_low": _or_none(low),
            "difference_high": _or_none(high),
        }
    aged = np.isfinite(age_days)
    if aged.any():
        row["mean_age_days"] = float(age_days[aged].mean())
        age = (age_days[aged] - age_days[aged].mean()) * months(1.0)
        if np.ptp(age_days[aged]) > 0:
            row["age_slope"] = float(age @ score[aged] / (age @ age))
            row["intercept"] = float(score[aged].mean())
        else:
            notes.append("one age: no slope")
    else:
        notes.append("no age")
    return row | {"note": "; ".join(notes) or None}


def _or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None
