"""The alignment of a corpus in a few numbers, each beside its null."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from egoalign.config import AlignOptions, parse_section
from egoalign.resample import (
    Clusters,
    Statistic,
    auc_statistic,
    choose_clusters,
    mean_statistic,
    measure,
    sd_statistic,
)
from egoalign.tables import ALIGNMENT, METRICS, SPEAKERS, read_table, write_table

BOOTSTRAPS = 1000
COLUMNS = (
    "child_id",
    "session_id",
    "utterance_id",
    "model_id",
    "speaker",
    "score_max",
    "shuffled_mean",
    "shuffled_difference",
    "shuffled_percentile",
    "shuffled_draw",
)


def summarise(alignment: pa.Table, options: AlignOptions) -> list[dict[str, Any]]:
    """Return rows of table metrics for all utterances and for each speaker type.

    Parameters
    ----------
    alignment : pyarrow.Table
        Columns `COLUMNS` of table alignment, one model.
    options : AlignOptions
        Cut-offs, number of null draws, and the seed of the bootstrap.
    """
    speakers = np.array(alignment["speaker"].to_pylist(), dtype=object)
    subsets = [("all", np.ones(speakers.size, dtype=bool))]
    subsets += [
        (f"speaker={speaker}", speakers == speaker)
        for speaker in SPEAKERS
        if (speakers == speaker).any()
    ]
    models = alignment["model_id"].unique().to_pylist()
    return [
        {"model_id": models[0] if models else "", "subset": subset, **row}
        for subset, keep in subsets
        for row in _metrics(alignment.filter(pa.array(keep)), options)
    ]


def summarise_alignment(alignment: Path, options_json: str, out: Path, csv: Path) -> None:
    """Read table alignment of all sessions and write its summary as table metrics."""
    options = parse_section(AlignOptions, options_json, "--options")
    table = read_table(ALIGNMENT, alignment, COLUMNS)
    write_table(METRICS, summarise(table, options), out, csv=csv)


def _metrics(alignment: pa.Table, options: AlignOptions) -> Iterator[dict[str, Any]]:
    """Yield the metrics of one subset, without model and subset."""
    columns = {name: alignment[name].to_numpy() for name in COLUMNS[5:]}
    score, draw = columns["score_max"], columns["shuffled_draw"]
    scored, paired = np.isfinite(score), np.isfinite(draw)
    draws = options.nulls.draws
    percentile = columns["shuffled_percentile"]
    measures: list[tuple[str, np.ndarray, float | None]] = [
        ("null_mean", columns["shuffled_mean"], None),
        ("difference", columns["shuffled_difference"], 0.0),
        ("auc_within", (percentile * (draws + 1) - 0.5) / draws, 0.5),
        ("share_above_null_p95", percentile > 0.95, 0.05),
        *((f"null_share_above_{cutoff:g}", draw > cutoff, None) for cutoff in options.cutoffs),
    ]

    def row(
        metric: str, statistic: Statistic, clusters: Clusters, chance: float | None = None
    ) -> dict[str, Any]:
        return measure(metric, statistic, clusters, BOOTSTRAPS, options.seed, chance)

    clusters = _clusters(alignment, np.ones(score.size, dtype=bool))
    yield row("share_scored", mean_statistic(scored, clusters), clusters)
    clusters = _clusters(alignment, scored)
    yield row("score_mean", mean_statistic(score[scored], clusters), clusters)
    yield row("score_sd", sd_statistic(score[scored], clusters), clusters)
    for cutoff in options.cutoffs:
        above = score[scored] > cutoff
        yield row(f"share_above_{cutoff:g}", mean_statistic(above, clusters), clusters)
    clusters = _clusters(alignment, paired)
    for metric, values, chance in measures:
        yield row(metric, mean_statistic(values[paired], clusters), clusters, chance)
    own_and_null = np.concatenate([score[paired], draw[paired]])
    own = np.arange(own_and_null.size) < clusters.codes.size
    both = Clusters(clusters.unit, np.tile(clusters.codes, 2), clusters.count)
    yield row("auc_null", auc_statistic(own_and_null, own, both), clusters, 0.5)


def _clusters(alignment: pa.Table, keep: np.ndarray) -> Clusters:
    """Return children as clusters; sessions, then utterances, where there is only one."""
    kept = alignment.select(COLUMNS[:3]).filter(pa.array(keep))
    children, sessions, utterances = (kept[name].to_pylist() for name in COLUMNS[:3])
    return choose_clusters(
        [
            ("children", children),
            ("sessions", list(zip(children, sessions, strict=True))),
            ("utterances", list(zip(sessions, utterances, strict=True))),
        ]
    )
