"""How far the score agrees with people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from egoalign.config import ValidateOptions
from egoalign.resample import (
    Clusters,
    auc_statistic,
    choose_clusters,
    mean_statistic,
    measure,
    sample_statistic,
)
from egoalign.validate.items import Item
from egoalign.validate.judgments import FORCED_CHOICES

FEWEST_FOR_CORRELATION = 3


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    """Return Pearson's correlation of two arrays of shape (n,); NaN where one does not vary."""
    if x.size < FEWEST_FOR_CORRELATION:
        return float("nan")
    dx, dy = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((dx @ dx) * (dy @ dy)))
    tiny = 1e-12 * x.size * max(1.0, float(np.abs(x).max()) * float(np.abs(y).max()))
    return float(dx @ dy) / scale if scale > tiny else float("nan")


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Return Spearman's correlation: Pearson's of the ranks, ties given their mean rank."""
    from scipy.stats import rankdata

    if x.size < FEWEST_FOR_CORRELATION:
        return float("nan")
    return pearson(rankdata(x), rankdata(y))


def quantile_groups(scores: np.ndarray, groups: int) -> np.ndarray:
    """Return the group, 0 to groups - 1, of each score, shape (n,), by the scores' quantiles.

    A score on an edge belongs to the lower group, so equal scores are never parted.
    """
    edges = np.quantile(scores, np.arange(1, groups) / groups)
    return np.searchsorted(edges, scores, side="left")


def agreement(items: Sequence[Item], options: ValidateOptions) -> list[dict[str, Any]]:
    """Return rows of table metrics without model_id.

    Parameters
    ----------
    items : sequence of Item
        After the model was asked; those without an answer are left out.
    options : ValidateOptions
        Quantile groups, bootstrap samples and seed.
    """
    answered = [item for item in items if item.answers]
    choices = [item for item in answered if item.kind in FORCED_CHOICES]
    rows: list[dict[str, Any]] = []
    for subset in ("all", *FORCED_CHOICES):
        chosen = [item for item in choices if subset in ("all", item.kind)]
        rows += [{"subset": subset, **row} for row in _accuracies(chosen, options)]
        rows += [{"subset": subset, **row} for row in _correlations(chosen, options)]
        scored = [item for item in chosen if item.score is not None]
        if len(scored) < options.quantiles:
            continue
        groups = quantile_groups(_column(scored, "score"), options.quantiles)
        for group in range(options.quantiles):
            name = f"{subset}|q{group + 1}/{options.quantiles}"
            members = [item for item, g in zip(scored, groups, strict=True) if g == group]
            rows += [{"subset": name, **row} for row in _accuracies(members, options)]
    scored = [item for item in answered if item.score is not None]
    ratings = [item for item in scored if item.kind == "rating"]
    if ratings:
        row = _correlation("spearman_rating", spearman, ratings, "score", options)
        rows.append({"subset": "rating", **row})
    labels = [item for item in scored if item.kind == "label" and item.mean_answer != 0.5]
    if labels:
        rows.append({"subset": "label", **_label_auc(labels, options)})
    return rows


def _column(items: Sequence[Item], name: str) -> np.ndarray:
    return np.array([getattr(item, name) for item in items], dtype=np.float64)


def _clusters(items: Sequence[Item]) -> Clusters:
    """Return children as clusters, or items where there is only one child."""
    children = [item.child_id for item in items]
    own = [(item.kind, item.item_id) for item in items]
    return choose_clusters([("children", children), ("items", own)])


def _accuracies(items: Sequence[Item], options: ValidateOptions) -> Iterator[dict[str, Any]]:
    """Yield the accuracy of people and of the model."""
    modelled = [item for item in items if item.model_correct is not None]
    for metric, name, chosen in (
        ("human_accuracy", "mean_answer", items),
        ("model_accuracy", "model_correct", modelled),
    ):
        chances = [1 / (1 + len(item.distractors)) for item in chosen]
        chance = float(np.mean(chances)) if chances else None
        clusters = _clusters(chosen)
        statistic = mean_statistic(_column(chosen, name), clusters)
        yield measure(metric, statistic, clusters, options.bootstraps, options.seed, chance)


def _correlations(items: Sequence[Item], options: ValidateOptions) -> Iterator[dict[str, Any]]:
    """Yield the item correlations of score and margin with human accuracy."""
    for of in ("score", "margin"):
        chosen = [item for item in items if getattr(item, of) is not None]
        for name, function in (("spearman", spearman), ("pearson", pearson)):
            yield _correlation(f"{name}_{of}", function, chosen, of, options)


def _correlation(
    metric: str, function: Any, items: Sequence[Item], of: str, options: ValidateOptions
) -> dict[str, Any]:
    """Return the correlation of the items' `of` with people's mean answer."""
    clusters = _clusters(items)
    statistic = sample_statistic(
        function, clusters, _column(items, of), _column(items, "mean_answer")
    )
    row = measure(metric, statistic, clusters, options.bootstraps, options.seed, 0.0)
    if items and row["estimate"] is None:
        row["note"] = "not defined: fewer than 3 items, or no variation"
    return row


def _label_auc(items: Sequence[Item], options: ValidateOptions) -> dict[str, Any]:
    """Return the AUC of the score for items that most raters called aligned."""
    clusters = _clusters(items)
    yes = _column(items, "mean_answer") > 0.5
    statistic = auc_statistic(_column(items, "score"), yes, clusters)
    row = measure("auc_label", statistic, clusters, options.bootstraps, options.seed, 0.5)
    if row["estimate"] is None:
        row["note"] = "not defined: all items have the same label"
    return row
