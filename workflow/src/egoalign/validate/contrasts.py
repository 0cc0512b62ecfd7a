"""Each two models compared on the identical items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from egoalign.config import ValidateOptions
from egoalign.validate.agreement import OF_MODELS, ItemRow, Result, Sample, of_subset
from egoalign.validate.measures import NO_INTERVAL, cluster_interval, finite, joined, pearson

NO_ITEMS = "no item that both models could score"
CEILINGS = {"model_accuracy": "human_accuracy"}
"""Metrics whose ceiling is not the noise ceiling of a correlation."""


def contrasts(
    items: Mapping[str, Sequence[ItemRow]],
    metrics: Sequence[Mapping[str, Any]],
    options: ValidateOptions,
) -> list[dict[str, Any]]:
    """Return rows of table contrasts, p corrected over all of them (Holm 1979).

    Parameters
    ----------
    items : mapping
        Rows of table items by model.
    metrics : sequence of mapping
        Rows of table metrics of the models, for the ceilings.
    options : ValidateOptions
        Bootstrap samples and seed.
    """
    known = {(row["model_id"], row["metric"], row["subset"]): row["estimate"] for row in metrics}
    rows = []
    for result in OF_MODELS:
        for subset in result.subsets:
            for one, other in combinations(items, 2):
                pair = of_subset(items[one], subset), of_subset(items[other], subset)
                if not pair[0] and not pair[1]:
                    continue
                row = _contrast(result, *pair, subset, options)
                ceiling = CEILINGS.get(result.metric)
                if result.measure is pearson:
                    ceiling = "noise_ceiling"
                rows.append(
                    {
                        "metric": result.metric,
                        "subset": subset,
                        "model_id": one,
                        "other_model_id": other,
                        "ceiling": known.get((one, ceiling, subset)),
                        **row,
                    }
                )
    for row, corrected in zip(rows, holm([row["p"] for row in rows]), strict=True):
        row["p_holm"] = corrected
    return rows


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Return p values corrected for their number by Holm's step-down method; None stays None."""
    from statsmodels.stats.multitest import multipletests

    known = [value for value in p if value is not None]
    corrected = iter(multipletests(known, method="holm")[1].tolist() if known else [])
    return [None if value is None else next(corrected) for value in p]


def _contrast(
    result: Result,
    one: Sequence[ItemRow],
    other: Sequence[ItemRow],
    subset: str,
    options: ValidateOptions,
) -> dict[str, Any]:
    """Return one comparison over the items that have a value of both models."""
    first, second = Sample.of(result, one, subset), Sample.of(result, other, subset)
    shared = _ids(first) & _ids(second)
    first, second = (
        Sample.of(result, [row for row in sample.rows if _id(row) in shared], subset)
        for sample in (first, second)
    )
    if not shared:
        return {"p": None, "n": 0, "note": NO_ITEMS}
    order = {_id(row): place for place, row in enumerate(second.rows)}
    x = second.x[[order[_id(row)] for row in first.rows]]

    def value(x: np.ndarray, counts: np.ndarray) -> float:
        return result.measure(x, first.y, first.weights * counts[first.clusters.codes])

    def difference(counts: np.ndarray) -> float:
        return value(first.x, counts) - value(x, counts)

    whole = np.ones(first.clusters.count, dtype=np.int64)
    found = difference(whole)
    interval = NO_INTERVAL
    if np.isfinite(found):
        interval = cluster_interval(difference, first.clusters, options.bootstraps, options.seed)
    return {
        "estimate": finite(value(first.x, whole)),
        "other_estimate": finite(value(x, whole)),
        "difference": finite(found),
        "ci_low": finite(interval.low),
        "ci_high": finite(interval.high),
        "p": finite(interval.p),
        "n": len(shared),
        "interval": f"paired {interval.made}" if interval.made else None,
        "note": joined([None if np.isfinite(found) else result.undefined, interval.caution]),
    }


def _id(row: ItemRow) -> tuple[str, str]:
    return row["kind"], row["item_id"]


def _ids(sample: Sample) -> set[tuple[str, str]]:
    return {_id(row) for row in sample.rows}
