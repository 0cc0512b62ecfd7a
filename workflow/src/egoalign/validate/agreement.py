"""How far the score agrees with people: rows of table metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from egoalign.config import ValidateOptions
from egoalign.resample import Clusters, Statistic, choose_clusters
from egoalign.validate.cells import FORCED_CHOICES
from egoalign.validate.measures import (
    NO_INTERVAL,
    Measure,
    auc,
    average_precision,
    cluster_interval,
    delong_interval,
    pearson,
    row,
    spearman,
    statistic_of,
    weighted_mean,
)
from egoalign.validate.reliability import SPLITS, Answers, Halves, split_halves

ItemRow = Mapping[str, Any]
"""A row of table items."""

CHOICES = ("all", *FORCED_CHOICES)
SHARE, CORRELATION, ANY = (0.0, 1.0), (-1.0, 1.0), (-np.inf, np.inf)
UNDEFINED = "not defined: fewer than 3 items, or no variation"
ONE_CLASS = "not defined: all items have the same label"
NO_IDENTITY = "which distractor was chosen is not known: only right and wrong can be compared"
NO_CEILING = "not estimable: fewer than two answers an item, or people do not differ between items"


@dataclass(frozen=True)
class Result:
    """A number about items: the measure, and what it is taken of.

    Attributes
    ----------
    metric : str
        Its name.
    x, y : str
        Columns of table items; `y` is what people say, where there are two.
    measure : callable
        Of x, y and weights.
    bounds : (float, float)
        Least and greatest value.
    subsets : tuple of str
        Kinds of items; ``all`` stands for both forced choices.
    undefined : str
        What to say where it has no value.
    """

    metric: str
    x: str
    y: str
    measure: Measure
    bounds: tuple[float, float]
    subsets: tuple[str, ...]
    undefined: str = UNDEFINED


HUMAN = Result("human_accuracy", "human_accuracy", "mean_answer", weighted_mean, SHARE, CHOICES)
MODEL = Result("model_accuracy", "model_correct", "mean_answer", weighted_mean, SHARE, CHOICES)
CORRELATIONS = tuple(
    Result(f"{name}_{of}", of, "human_accuracy", measure, CORRELATION, CHOICES)
    for of in ("score", "margin")
    for name, measure in (("spearman", spearman), ("pearson", pearson))
)
RATINGS = tuple(
    Result(f"{name}_rating", "score", "mean_answer", measure, CORRELATION, ("rating",))
    for name, measure in (("spearman", spearman), ("pearson", pearson))
)
LABELS = (
    Result("auc_label", "score", "label", auc, SHARE, ("label",), ONE_CLASS),
    Result("average_precision_label", "score", "label", average_precision, SHARE, ("label",)),
    *(
        Result(f"{name}_label", "score", "mean_answer", measure, CORRELATION, ("label",))
        for name, measure in (("spearman", spearman), ("pearson", pearson))
    ),
)
IDENTITY = tuple(
    Result(name, name, "mean_answer", weighted_mean, SHARE, CHOICES, NO_IDENTITY)
    for name in ("choice_agreement", "error_agreement")
)
OF_MODELS = (MODEL, *CORRELATIONS, *IDENTITY[:1], *RATINGS, *LABELS)
"""Results that differ between models."""


@dataclass(frozen=True)
class Sample:
    """The items that a result is taken of.

    Attributes
    ----------
    rows : list
        Rows of table items.
    x, y, weights : numpy.ndarray
        Shape (n,).
    clusters : Clusters
        Children, or items where there is only one child.
    """

    rows: list[ItemRow]
    x: np.ndarray
    y: np.ndarray
    weights: np.ndarray
    clusters: Clusters

    @classmethod
    def of(cls, result: Result, rows: Sequence[ItemRow], subset: str) -> Sample:
        """Take the items of a subset that have what the result needs."""
        chosen = [
            one
            for one in of_subset(rows, subset)
            if _value(one, result.x) is not None and _value(one, result.y) is not None
        ]
        own = [(one["kind"], one["item_id"]) for one in chosen]
        return cls(
            chosen,
            np.array([_value(one, result.x) for one in chosen], dtype=np.float64),
            np.array([_value(one, result.y) for one in chosen], dtype=np.float64),
            np.array([one["weight"] for one in chosen], dtype=np.float64),
            choose_clusters([("children", [one["child_id"] for one in chosen]), ("items", own)]),
        )

    def statistic(self, measure: Measure) -> Statistic:
        """Return a measure as a function of how often each cluster counts."""
        return statistic_of(measure, self.x, self.y, self.weights, self.clusters)

    @property
    def is_weighted(self) -> bool:
        """Whether items stand for unequal parts of the population."""
        return bool(self.weights.size and np.ptp(self.weights) > 0)


def of_subset(rows: Sequence[ItemRow], subset: str) -> list[ItemRow]:
    """Return the items of a kind, or of both forced choices for ``all``."""
    kinds = FORCED_CHOICES if subset == "all" else (subset,)
    return [one for one in rows if one["kind"] in kinds]


def _value(item: ItemRow, name: str) -> float | None:
    """Return a column of an item; ``label`` is what most annotators said, None in a tie."""
    if name != "label":
        value: float | None = item[name]
        return value
    share = item["mean_answer"]
    return None if share in (None, 0.5) else float(share > 0.5)


def quantile_groups(scores: np.ndarray, groups: int) -> np.ndarray:
    """Return the group, 0 to groups - 1, of each score, shape (n,), by the scores' quantiles.

    A score on an edge belongs to the lower group, so equal scores are never parted.
    """
    edges = np.quantile(scores, np.arange(1, groups) / groups)
    return np.searchsorted(edges, scores, side="left")


def agreement(
    rows: Sequence[ItemRow],
    matrices: Mapping[str, tuple[list[str], np.ndarray]],
    options: ValidateOptions,
) -> list[dict[str, Any]]:
    """Return rows of table metrics without model_id.

    Parameters
    ----------
    rows : sequence of mapping
        Table items of one model.
    matrices : mapping
        By kind: item ids, and their answers (items, annotators), NaN where there is none.
    options : ValidateOptions
        Quantile groups, bootstrap samples and seed.
    """
    found: list[dict[str, Any]] = []
    for subset in CHOICES:
        chosen = of_subset(rows, subset)
        if not chosen and subset != "all":
            continue
        results = (HUMAN, MODEL, *CORRELATIONS, *IDENTITY)
        found += [_measured(result, chosen, subset, subset, options) for result in results]
        found += _relative_to_people(chosen, subset, options)
        found += _relative_to_ceiling(CORRELATIONS, chosen, subset, matrices, options)
        found += _by_groups(chosen, subset, "score", "q", options)
        found += _by_groups(chosen, subset, "margin", "m", options)
    for results in (RATINGS, LABELS):
        subset = results[0].subsets[0]
        chosen = of_subset(rows, subset)
        if any(one["score"] is not None for one in chosen):
            found += [_measured(result, chosen, subset, subset, options) for result in results]
            found += _relative_to_ceiling(results, chosen, subset, matrices, options)
    return found


def chance_of(result: Result, sample: Sample) -> float | None:
    """Return the value that a score without any relation to what people say would have."""
    if result.metric.endswith("accuracy") or result.metric == "choice_agreement":
        return _guess(sample)
    if result.metric == "error_agreement":
        rest = [1 / (one["n_alternatives"] - 1) for one in sample.rows]
        return float(np.average(rest, weights=sample.weights)) if rest else None
    if result.measure is auc:
        return 0.5
    if result.measure is average_precision:
        return float(weighted_mean(sample.y, sample.y, sample.weights)) if sample.rows else None
    return 0.0


def _guess(sample: Sample) -> float | None:
    """Return the share right by guessing."""
    shares = [1 / one["n_alternatives"] for one in sample.rows]
    return float(np.average(shares, weights=sample.weights)) if shares else None


def _measured(
    result: Result, rows: Sequence[ItemRow], kind: str, subset: str, options: ValidateOptions
) -> dict[str, Any]:
    """Return one result with its interval."""
    sample = Sample.of(result, rows, kind)
    measured = _row(result.metric, sample, sample.statistic(result.measure), result, options)
    if sample.rows and measured["estimate"] is None:
        measured["note"] = result.undefined
    elif not sample.rows and result in IDENTITY and rows:
        measured["note"] = NO_IDENTITY
    return {"subset": subset, **measured, "chance": chance_of(result, sample)}


def _row(
    metric: str, sample: Sample, statistic: Statistic, result: Result, options: ValidateOptions
) -> dict[str, Any]:
    """Return a row of a statistic of a sample."""
    n = len(sample.rows)
    estimate = statistic(np.ones(sample.clusters.count, dtype=np.int64)) if n else float("nan")
    interval = NO_INTERVAL
    if np.isfinite(estimate):
        independent = sample.clusters.unit == "items" and not sample.is_weighted
        interval = (
            delong_interval(sample.x, sample.y)
            if result.measure is auc and independent
            else cluster_interval(
                statistic, sample.clusters, options.bootstraps, options.seed, result.bounds
            )
        )
    weighted = "weighted to the population" if sample.is_weighted else None
    return row(metric, estimate, interval, n, notes=[weighted])


def _by_groups(
    rows: Sequence[ItemRow], subset: str, of: str, letter: str, options: ValidateOptions
) -> Iterator[dict[str, Any]]:
    """Yield the accuracies of people and of the model in groups of items of like score or margin.

    The subset's name has the `letter` before the group's number.
    """
    scored = [one for one in rows if one[of] is not None]
    if len(scored) < options.quantiles:
        return
    groups = quantile_groups(np.array([one[of] for one in scored]), options.quantiles)
    for group in range(options.quantiles):
        members = [one for one, g in zip(scored, groups, strict=True) if g == group]
        name = f"{subset}|{letter}{group + 1}/{options.quantiles}"
        for result in (HUMAN, MODEL):
            yield _measured(result, members, subset, name, options)


def _relative_to_people(
    rows: Sequence[ItemRow], subset: str, options: ValidateOptions
) -> Iterator[dict[str, Any]]:
    """Yield the model's accuracy above chance as a share of that of people on the same items."""
    sample = Sample.of(MODEL, rows, subset)
    people = np.array([one["human_accuracy"] for one in sample.rows], dtype=np.float64)
    guess = np.array([1 / one["n_alternatives"] for one in sample.rows])

    def statistic(counts: np.ndarray) -> float:
        weights = sample.weights * counts[sample.clusters.codes]
        above = float(weights @ (people - guess))
        return float(weights @ (sample.x - guess)) / above if above > 0 else float("nan")

    share = Result("model_accuracy_of_people", "", "", weighted_mean, ANY, CHOICES)
    measured = _row(share.metric, sample, statistic, share, options)
    if sample.rows and measured["estimate"] is None:
        measured["note"] = "not defined: people are not above chance"
    yield {"subset": subset, **measured, "chance": 0.0}


def _relative_to_ceiling(
    results: Sequence[Result],
    rows: Sequence[ItemRow],
    subset: str,
    matrices: Mapping[str, tuple[list[str], np.ndarray]],
    options: ValidateOptions,
) -> Iterator[dict[str, Any]]:
    """Yield the noise ceiling of correlations, and each Pearson correlation as a share of it.

    Both are taken of the scored items with at least two answers, so that noise counts in both.
    """
    pearsons = [result for result in results if result.measure is pearson]
    position = {
        (kind, item): (kind, place)
        for kind, (ids, _) in matrices.items()
        for place, item in enumerate(ids)
    }
    for result in (None, *pearsons):
        base = result or pearsons[0]
        sample = Sample.of(base, [one for one in rows if one["n_answers"] >= 2], subset)
        width = max((matrix.shape[1] for _, matrix in matrices.values()), default=0)
        answers = np.full((len(sample.rows), width), np.nan)
        for place, one in enumerate(sample.rows):
            kind, own = position[one["kind"], one["item_id"]]
            answers[place, : matrices[kind][1].shape[1]] = matrices[kind][1][own]
        halves = split_halves(Answers.of(answers), SPLITS, options.seed)
        metric = f"{base.metric}_of_ceiling" if result else "noise_ceiling"
        statistic = _share_of_ceiling(result, sample, halves)
        bounded = replace(base, bounds=ANY if result else SHARE)
        measured = _row(metric, sample, statistic, bounded, options)
        if measured["estimate"] is None:
            measured["note"] = NO_CEILING
        yield {"subset": subset, **measured, "chance": 0.0 if result else None}


def _share_of_ceiling(result: Result | None, sample: Sample, halves: Halves) -> Statistic:
    """Return the ceiling, or a correlation over it, as a function of how often clusters count."""

    def statistic(counts: np.ndarray) -> float:
        weights = sample.weights * counts[sample.clusters.codes]
        ceiling = halves.ceiling(weights)
        if result is None or not ceiling > 0:
            return ceiling if result is None else float("nan")
        return result.measure(sample.x, sample.y, weights) / ceiling

    return statistic
