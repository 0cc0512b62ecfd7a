"""Bias, coverage and power over many simulated corpora.

What is reported, and its Monte Carlo error, is after Morris, White & Crowther (2019, Stat. Med. 38:
2074).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from egoalign.log import UserError
from egoalign.vary.simulate_plan import Sizes
from egoalign.vary.simulate_study import ALPHA, Kind, Parameter, Replicate, Study

NEAR_ZERO = 2.0
"""A standard deviation whose truth is less than this many empirical standard errors from zero is
near zero: the estimate cannot fall below zero, so that it is too large on average."""


def summarise(study: Study, replicates: Sequence[Replicate]) -> list[dict[str, Any]]:
    """Return bias, coverage and power of each parameter: rows of table SIMULATED_MODELS.

    Fits that did not converge are counted, and left out of all else; singular ones stay in.

    Parameters
    ----------
    study : Study
        What was simulated.
    replicates : sequence of Replicate
        Of it.

    Raises
    ------
    UserError
        No corpus could be fitted.
    """
    fitted = [each for each in replicates if not each.failure]
    kept = [each for each in fitted if each.converged]
    if not fitted:
        raise UserError(
            f"none of {len(replicates)} corpora could be fitted: {replicates[0].failure}"
        )
    names = dict.fromkeys(name for each in kept for name in each.estimates)
    common = {
        "formula": study.formula,
        "children": study.plan.sizes.children,
        "hours": _hours(study.plan.sizes),
        "mean_sessions": float(np.mean([each.n_sessions for each in fitted])),
        "mean_rows": float(np.mean([each.n_rows for each in fitted])),
        "n_corpora": len(replicates),
        "n_failed": len(replicates) - len(fitted),
        "share_not_converged": 1 - len(kept) / len(fitted),
        "share_singular": sum(each.singular for each in kept) / max(len(kept), 1),
    }
    order: tuple[Kind, ...] = ("fixed", "sd", "correlation")
    rows = [
        common | {"kind": name.kind, "parameter": name.name} | _performance(name, kept)
        for kind in order
        for name in names
        if name.kind == kind
    ]
    return _with_correlations_near_zero(rows)


def _performance(name: Parameter, replicates: Sequence[Replicate]) -> dict[str, Any]:
    """Return what is reported of one parameter."""
    own = [each for each in replicates if name in each.estimates]
    estimates = [each.estimates[name] for each in own]
    values = np.array([each.value for each in estimates])
    truth = own[0].truths.get(name)
    n = values.size
    spread = float(values.std(ddof=1)) if n > 1 else None
    row: dict[str, Any] = {
        "n": n,
        "truth": truth,
        "mean_estimate": float(values.mean()),
        "empirical_se": spread,
        "near_zero": False,
    }
    if truth is not None:
        row["bias"] = float(values.mean()) - truth
        row["bias_se"] = spread / math.sqrt(n) if spread is not None else None
        row["near_zero"] = bool(name.kind == "sd" and truth < NEAR_ZERO * (spread or 0.0))
    inside = [
        each.low <= truth <= each.high
        for each in estimates
        if truth is not None and each.low is not None and each.high is not None
    ]
    if inside:
        row |= _share("coverage", inside)
    if name.kind == "fixed":
        row["mean_se"] = float(np.mean([each.se for each in estimates]))
        row |= _share("power", [each.p < ALPHA for each in estimates if each.p is not None])
    return row


def _share(name: str, hits: Sequence[bool]) -> dict[str, float]:
    """Return a share and its exact 95 % interval (Clopper & Pearson 1934)."""
    from scipy.stats import binomtest

    found = binomtest(sum(hits), len(hits)).proportion_ci(1 - ALPHA)
    return {
        name: sum(hits) / len(hits),
        f"{name}_low": float(found.low),
        f"{name}_high": float(found.high),
    }


def _with_correlations_near_zero(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Count the correlations of what hardly varies among the parameters near zero."""
    near = [row["parameter"] for row in rows if row["near_zero"]]
    for row in rows:
        if row["kind"] == "correlation":
            group, columns = row["parameter"].split(" ", 1)
            row["near_zero"] = any(f"{group} {column}" in near for column in columns.split(", "))
    return rows


def _hours(sizes: Sizes) -> float:
    """Return the hours recorded of all children, on average."""
    if sizes.hours is not None:
        return sizes.hours
    return sizes.children * sizes.mean_sessions * sizes.session_hours


def by_design(rows: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Return the rows of each combination of sizes."""
    return [
        list(group) for _, group in groupby(rows, key=lambda row: (row["children"], row["hours"]))
    ]
