"""The alignment of a corpus in a few numbers, each beside its nulls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from egoalign.align.groups import groups
from egoalign.align.score import reals
from egoalign.config import AlignOptions, parse_section
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
from egoalign.tables import (
    ALIGNMENT,
    METRICS,
    SCHEMES,
    SESSIONS,
    SPEAKERS,
    read_table,
    write_table,
)

BOOTSTRAPS = 1000
HEADLINE = SCHEMES[0]
"""The null whose metrics bear no scheme's name."""

OF_A_SCHEME = ("mean", "difference", "percentile", "draw")
COLUMNS = (
    "child_id",
    "session_id",
    "model_id",
    "age_days",
    "speaker",
    "score_max",
    *(f"{scheme}_{name}" for scheme in SCHEMES for name in OF_A_SCHEME),
    *(f"{scheme}_reason" for scheme in SCHEMES[1:]),
)
ONE_SESSION = "one session: its utterances are not independent, so no interval"


def metric_name(scheme: str, name: str) -> str:
    """Return a metric's name: the plain one for the null 'shuffled', else led by the scheme's."""
    return name if scheme == HEADLINE else f"{scheme}_{name}"


@dataclass(frozen=True)
class Utterances:
    """Numbers of n utterances by column, and the codes of their child and session, shape (n,)."""

    columns: Mapping[str, np.ndarray]
    child: np.ndarray
    session: np.ndarray

    def take(self, rows: np.ndarray) -> Utterances:
        """Return some utterances, by position or by a mask."""
        taken = {name: values[rows] for name, values in self.columns.items()}
        return Utterances(taken, self.child[rows], self.session[rows])

    def clusters(self, resampled: bool = True) -> Clusters:
        """Return children as clusters; sessions, then utterances, where there is only one.

        Where nothing is to be resampled, all are one cluster.
        """
        if not resampled:
            return Clusters("utterances", np.zeros_like(self.child), min(self.child.size, 1))
        return choose_clusters(
            [
                ("children", self.child),
                ("sessions", self.session),
                ("utterances", np.arange(self.child.size)),
            ]
        )


def summarise(
    alignment: pa.Table, sessions: pa.Table, options: AlignOptions
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return rows of table metrics: for all and by speaker, and for the groups asked for.

    Parameters
    ----------
    alignment : pyarrow.Table
        Columns `COLUMNS` of table alignment, one model.
    sessions : pyarrow.Table
        Table sessions, whose columns may make groups.
    options : AlignOptions
        Cut-offs, null schemes, groups, and the seed of the bootstrap.

    Returns
    -------
    summary, of_groups : list of dict
        The groups have fewer metrics: those that compare with the nulls, mean and cut-offs.
    """
    utterances = _utterances(alignment)
    schemes = [
        scheme
        for scheme in SCHEMES
        if scheme == HEADLINE or (scheme in options.nulls.schemes and _was_drawn(alignment, scheme))
    ]
    edges = {}
    for scheme in schemes:
        pairs = utterances.take(np.isfinite(utterances.columns[f"{scheme}_draw"])).columns
        edges[scheme] = bin_edges(pairs["score_max"], pairs[f"{scheme}_draw"])
    models = alignment["model_id"].unique().to_pylist()
    model_id = models[0] if models else ""
    speakers = np.array(alignment["speaker"].to_pylist(), dtype=object)
    subsets = [("all", np.ones(speakers.size, dtype=bool))]
    subsets += [
        (f"speaker={speaker}", speakers == speaker)
        for speaker in SPEAKERS
        if (speakers == speaker).any()
    ]
    summary = [
        {"model_id": model_id, "subset": subset, **row}
        for subset, keep in subsets
        for row in _metrics(utterances.take(keep), edges, options)
    ]
    of_groups = [
        {"model_id": model_id, "subset": subset, **row}
        for subset, rows in groups(alignment, sessions, options.groups, options.age_bins)
        for row in _group_metrics(
            utterances.take(rows), edges, options, not subset.startswith("session=")
        )
    ]
    return summary, of_groups


def summarise_alignment(
    alignment: Path,
    sessions: Path,
    options_json: str,
    out: Path,
    csv: Path,
    groups_out: Path,
    groups_csv: Path,
) -> None:
    """Read table alignment of all sessions and write its summaries as tables metrics."""
    options = parse_section(AlignOptions, options_json, "--options")
    table = read_table(ALIGNMENT, alignment, COLUMNS)
    summary, of_groups = summarise(table, read_table(SESSIONS, sessions), options)
    write_table(METRICS, summary, out, csv=csv)
    write_table(METRICS, of_groups, groups_out, csv=groups_csv)


def _utterances(alignment: pa.Table) -> Utterances:
    """Return the numbers of table alignment, and codes in the order in which ids come."""
    place: dict[Any, int] = {}
    children = alignment["child_id"].to_pylist()
    child = [place.setdefault(label, len(place)) for label in children]
    place = {}
    session = [
        place.setdefault(label, len(place))
        for label in zip(children, alignment["session_id"].to_pylist(), strict=True)
    ]
    numbers = ["score_max", *(f"{s}_{name}" for s in SCHEMES for name in OF_A_SCHEME)]
    columns = {name: reals(alignment[name]) for name in numbers}
    return Utterances(columns, np.array(child, np.int64), np.array(session, np.int64))


def _was_drawn(alignment: pa.Table, scheme: str) -> bool:
    """Say whether a scheme was tried: given scores have neither nulls nor reasons."""
    columns = (alignment[f"{scheme}_{name}"] for name in ("draw", "reason"))
    return any(column.null_count < len(column) for column in columns)


def _metrics(
    utterances: Utterances, edges: Mapping[str, np.ndarray], options: AlignOptions
) -> Iterator[dict[str, Any]]:
    """Yield the metrics of one subset, without model and subset."""
    score = utterances.columns["score_max"]
    scored = np.isfinite(score)
    clusters = utterances.clusters()
    yield _measure("share_scored", mean_statistic(scored, clusters), clusters, options)
    of_scored = utterances.take(scored)
    yield from _score_metrics(of_scored, options)
    clusters = of_scored.clusters()
    yield _measure("score_sd", sd_statistic(score[scored], clusters), clusters, options)
    for scheme in edges:
        yield from _null_metrics(utterances, scheme, edges[scheme], options)
        pairs = utterances.take(np.isfinite(utterances.columns[f"{scheme}_draw"]))
        columns, clusters = pairs.columns, pairs.clusters()
        draws = options.nulls.draws
        measures: dict[str, tuple[np.ndarray, float | None]] = {
            "null_mean": (columns[f"{scheme}_mean"], None)
        }
        if scheme == HEADLINE:
            within = (columns[f"{scheme}_percentile"] * (draws + 1) - 0.5) / draws
            measures["auc_within"] = (within, 0.5)
        for cutoff in options.cutoffs:
            above = columns[f"{scheme}_draw"] > cutoff
            measures[f"null_share_above_{cutoff:g}"] = (above, None)
        for name, (values, chance) in measures.items():
            statistic = mean_statistic(values, clusters)
            yield _measure(metric_name(scheme, name), statistic, clusters, options, chance)


def _group_metrics(
    utterances: Utterances,
    edges: Mapping[str, np.ndarray],
    options: AlignOptions,
    with_interval: bool,
) -> Iterator[dict[str, Any]]:
    """Yield the metrics of one group, without model and subset."""
    scored = utterances.take(np.isfinite(utterances.columns["score_max"]))
    yield from _score_metrics(scored, options, with_interval)
    for scheme in edges:
        yield from _null_metrics(utterances, scheme, edges[scheme], options, with_interval)


def _score_metrics(
    scored: Utterances, options: AlignOptions, with_interval: bool = True
) -> Iterator[dict[str, Any]]:
    """Yield the mean score and the shares above the cut-offs of scored utterances."""
    score, clusters = scored.columns["score_max"], scored.clusters(with_interval)
    values = {"score_mean": score}
    values |= {f"share_above_{cutoff:g}": score > cutoff for cutoff in options.cutoffs}
    for name, of in values.items():
        statistic = mean_statistic(of, clusters)
        yield _measure(name, statistic, clusters, options, None, with_interval)


def _null_metrics(
    utterances: Utterances,
    scheme: str,
    edges: np.ndarray,
    options: AlignOptions,
    with_interval: bool = True,
) -> Iterator[dict[str, Any]]:
    """Yield what compares true scores with those of one null scheme."""
    pairs = utterances.take(np.isfinite(utterances.columns[f"{scheme}_draw"]))
    columns, clusters = pairs.columns, pairs.clusters(with_interval)
    true, null = columns["score_max"], columns[f"{scheme}_draw"]
    own = np.arange(2 * true.size) < true.size
    both = Clusters(clusters.unit, np.tile(clusters.codes, 2), clusters.count)
    statistics: dict[str, tuple[Statistic, float]] = {
        "difference": (mean_statistic(columns[f"{scheme}_difference"], clusters), 0.0),
        "auc_null": (auc_statistic(np.concatenate([true, null]), own, both), 0.5),
        "jsd": (divergence_statistic(true, null, edges, clusters, options.seed), 0.0),
    }
    if scheme != "one_draw":
        above = columns[f"{scheme}_percentile"] > 0.95
        statistics["share_above_null_p95"] = (mean_statistic(above, clusters), 0.05)
    for name, (statistic, chance) in statistics.items():
        yield _measure(
            metric_name(scheme, name), statistic, clusters, options, chance, with_interval
        )


def _measure(
    metric: str,
    statistic: Statistic,
    clusters: Clusters,
    options: AlignOptions,
    chance: float | None = None,
    with_interval: bool = True,
) -> dict[str, Any]:
    """Return a metric as a row, without model and subset."""
    samples = BOOTSTRAPS if with_interval else 0
    row = measure(metric, statistic, clusters, samples, options.seed, chance)
    if not with_interval and clusters.codes.size:
        row["note"] = ONE_SESSION
    return row
