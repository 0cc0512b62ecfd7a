"""A set of pairs in a few numbers, each beside its null: of a reference set or of the corpus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from egoalign.align.score import reals
from egoalign.divergence import bin_edges, divergence_statistic
from egoalign.resample import (
    Clusters,
    Statistic,
    auc_statistic,
    choose_clusters,
    mean_statistic,
    measure,
    sd_statistic,
)
from egoalign.tables import METRICS, REFERENCE_PAIRS, read_table, write_table

BOOTSTRAPS = 1000
PAIRED = ("score_max", "shuffled_mean", "shuffled_percentile", "shuffled_draw")
"""Columns of a score beside its null, in table alignment as in table reference_pairs."""


@dataclass(frozen=True)
class Pairs:
    """Scores that have a null: arrays of shape (n,), and the clusters that are resampled."""

    score: np.ndarray
    null_mean: np.ndarray
    percentile: np.ndarray
    draw: np.ndarray
    clusters: Clusters

    @property
    def n(self) -> int:
        """Number of pairs."""
        return int(self.score.size)


def paired(table: pa.Table, levels: Sequence[tuple[str, Sequence[object]]]) -> Pairs:
    """Return the rows that have a score and a null.

    Parameters
    ----------
    table : pyarrow.Table
        Columns `PAIRED`.
    levels : sequence of (str, sequence)
        Clusters of all rows, as `egoalign.resample.choose_clusters` takes them.
    """
    score, null_mean, percentile, draw = (reals(table[name]) for name in PAIRED)
    has = np.isfinite(score) & np.isfinite(draw)
    kept = [
        (unit, [label for label, keep in zip(labels, has, strict=True) if keep])
        for unit, labels in levels
    ]
    return Pairs(score[has], null_mean[has], percentile[has], draw[has], choose_clusters(kept))


def pair_metrics(
    pairs: Pairs, cutoffs: Sequence[float], draws: int, seed: int
) -> Iterator[dict[str, Any]]:
    """Yield rows of table metrics, without model and subset.

    Parameters
    ----------
    pairs : Pairs
        Scores and nulls.
    cutoffs : sequence of float
        Fixed cut-offs.
    draws : int
        Draws behind each percentile.
    seed : int
        Seed of bootstrap and divergence.
    """
    clusters = pairs.clusters

    def row(metric: str, statistic: Statistic, chance: float | None = None) -> dict[str, Any]:
        return measure(metric, statistic, clusters, BOOTSTRAPS, seed, chance)

    def mean(metric: str, values: np.ndarray, chance: float | None = None) -> dict[str, Any]:
        return row(metric, mean_statistic(values, clusters), chance)

    yield mean("score_mean", pairs.score)
    yield row("score_sd", sd_statistic(pairs.score, clusters))
    yield mean("null_mean", pairs.null_mean)
    yield row("null_sd", sd_statistic(pairs.draw, clusters))
    yield mean("difference", pairs.score - pairs.null_mean, 0.0)
    both = Clusters(clusters.unit, np.tile(clusters.codes, 2), clusters.count)
    is_true = np.arange(2 * pairs.n) < pairs.n
    statistic = auc_statistic(np.concatenate([pairs.score, pairs.draw]), is_true, both)
    yield row("auc_null", statistic, 0.5)
    yield mean("auc_within", (pairs.percentile * (draws + 1) - 0.5) / draws, 0.5)
    edges = bin_edges(pairs.score, pairs.draw)
    yield row("jsd", divergence_statistic(pairs.score, pairs.draw, edges, clusters, seed), 0.0)
    yield mean("share_above_null_p95", pairs.percentile > 0.95, 0.05)
    for cutoff in cutoffs:
        yield mean(f"share_above_{cutoff:g}", pairs.score > cutoff)
        yield mean(f"null_share_above_{cutoff:g}", pairs.draw > cutoff)


def summarise_pairs(
    pairs: pa.Table, cutoffs: Sequence[float], draws: int, seed: int
) -> list[dict[str, Any]]:
    """Return rows of table metrics for one set and model, at its full size.

    Parameters
    ----------
    pairs : pyarrow.Table
        Table REFERENCE_PAIRS.
    cutoffs, draws, seed
        As in `pair_metrics`.
    """
    names = pairs["set"].unique().to_pylist(), pairs["model_id"].unique().to_pylist()
    labels = {"model_id": names[1][0], "subset": names[0][0]}
    levels = set_levels(pairs)
    everything = choose_clusters(levels)
    scored = np.isfinite(reals(pairs["score_max"]))
    share = mean_statistic(scored, everything)
    rows = [measure("share_scored", share, everything, BOOTSTRAPS, seed)]
    rows += pair_metrics(paired(pairs, levels), cutoffs, draws, seed)
    difference, percentile = (
        reals(pairs[f"text_matched_{name}"]) for name in ("difference", "percentile")
    )
    has = np.isfinite(difference)
    clusters = choose_clusters(
        [(unit, [one for one, keep in zip(of, has, strict=True) if keep]) for unit, of in levels]
    )
    for metric, values, chance in (
        ("text_matched_difference", difference, 0.0),
        ("text_matched_auc_within", (percentile * (draws + 1) - 0.5) / draws, 0.5),
        ("text_matched_share_above_null_p95", percentile > 0.95, 0.05),
    ):
        statistic = mean_statistic(values[has], clusters)
        rows.append(measure(metric, statistic, clusters, BOOTSTRAPS, seed, chance))
    return [labels | row for row in rows]


def set_levels(pairs: pa.Table) -> list[tuple[str, Sequence[object]]]:
    """Return what is resampled of a set: its pairs, or its pictures where some have several."""
    pictures = pairs["picture_id"].to_pylist()
    unit = "pairs" if len(set(pictures)) == len(pictures) else "pictures"
    return [(unit, pictures)]


def summarise_reference(
    pairs: Path, cutoffs: Sequence[float], draws: int, seed: int, out: Path, csv: Path
) -> None:
    """Read table REFERENCE_PAIRS and write its summary as table METRICS."""
    table = read_table(REFERENCE_PAIRS, pairs)
    write_table(METRICS, summarise_pairs(table, cutoffs, draws, seed), out, csv=csv)
