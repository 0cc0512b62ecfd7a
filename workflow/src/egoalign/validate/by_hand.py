"""The command `agreement`: a score against what people say, from any table."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from egoalign.log import UserError
from egoalign.resample import Clusters
from egoalign.validate.measures import (
    Measure,
    auc,
    average_precision,
    cluster_interval,
    delong_interval,
    pearson,
    spearman,
    statistic_of,
    weighted_mean,
)
from egoalign.wording import counted, interval, number

WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
MISSING = ("", "na", "nan", "none", "null", "unsure")
LEAST_SAMPLES = 100


@dataclass(frozen=True)
class Scored:
    """Rows that have both a score and a label.

    Attributes
    ----------
    score, label, weights : numpy.ndarray
        Shape (n,).
    clusters : Clusters
        Rows that belong together, or single rows.
    without : dict of str to int
        Rows left out, by the column that is empty.
    """

    score: np.ndarray
    label: np.ndarray
    weights: np.ndarray
    clusters: Clusters
    without: dict[str, int]

    @property
    def is_binary(self) -> bool:
        """Whether the labels are yes and no."""
        return set(np.unique(self.label)) <= {0.0, 1.0}


def read_scored(
    path: Path, score: str, label: str, group: str | None, weight: str | None
) -> Scored:
    """Read the columns of a CSV or Parquet.

    Raises
    ------
    UserError
        The file cannot be read, a column is not there, a cell is no number, or no row is left.
    """
    columns = _columns(path, [name for name in (score, label, group, weight) if name])
    n = len(columns[score])
    values = {name: _numbers(path, name, columns[name]) for name in (score, label)}
    weights = _numbers(path, weight, columns[weight]) if weight else np.ones(n)
    kept = np.ones(n, dtype=bool)
    without = {}
    named = [(score, np.isfinite(values[score])), (label, np.isfinite(values[label]))]
    if weight:
        named.append((weight, np.isfinite(weights)))
        if (weights[np.isfinite(weights)] <= 0).any():
            low = float(np.nanmin(weights))
            raise UserError(f"{path}: column '{weight}' holds {low:g}; weights must be above 0")
    if group:
        named.append((group, np.array([cell.strip() != "" for cell in columns[group]], bool)))
    for name, there in named:
        without[name] = int((kept & ~there).sum())
        kept &= there
    if not kept.any():
        raise UserError(f"{path}: no row has both '{score}' and '{label}'; check the columns")
    if group:
        names, codes = np.unique(np.array(columns[group])[kept], return_inverse=True)
        clusters = Clusters(f"groups of {group}", codes, names.size)
    else:
        clusters = Clusters("rows", np.arange(int(kept.sum())), int(kept.sum()))
    return Scored(values[score][kept], values[label][kept], weights[kept], clusters, without)


def _columns(path: Path, names: Sequence[str]) -> dict[str, list[str]]:
    """Return columns as text, having checked that they are there."""
    import pandas as pd

    try:
        if path.suffix.lower() == ".parquet":
            table = pd.read_parquet(path)
        else:
            table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error
    except ValueError as error:
        why = str(error).splitlines()[0]
        raise UserError(f"{path}: not a CSV or Parquet table ({why})") from error
    found = list(map(str, table.columns))
    for name in names:
        if name not in found:
            near = difflib.get_close_matches(name, found, n=1, cutoff=0.5)
            hint = f"did you mean '{near[0]}'?" if near else f"found: {', '.join(found)}"
            raise UserError(f"{path}: no column '{name}'; {hint}")
    return {
        name: ["" if pd.isna(cell) else str(cell) for cell in table[name].tolist()]
        for name in names
    }


def _numbers(path: Path, name: str, cells: Sequence[str]) -> np.ndarray:
    """Return cells as numbers, NaN where empty or unsure; yes and no are 1 and 0."""
    values = np.full(len(cells), np.nan)
    for place, cell in enumerate(cells):
        word = cell.strip().lower()
        if word in MISSING:
            continue
        try:
            values[place] = WORDS[word] if word in WORDS else float(word)
        except ValueError:
            raise UserError(
                f"{path}: column '{name}', row {place + 1}: {cell!r} is no number; expected a "
                "number, yes, no or an empty cell"
            ) from None
        if not np.isfinite(values[place]):
            raise UserError(f"{path}: column '{name}', row {place + 1}: {cell!r} is not finite")
    return values


def measured(scored: Scored, samples: int, seed: int) -> list[dict[str, Any]]:
    """Return name, estimate, interval, chance, and how the interval was made, of each measure."""
    measures: list[tuple[str, Measure, tuple[float, float], float]] = []
    if scored.is_binary:
        share = weighted_mean(scored.label, scored.label, scored.weights)
        measures += [
            ("AUC", auc, (0.0, 1.0), 0.5),
            ("average precision", average_precision, (0.0, 1.0), share),
        ]
    measures += [
        ("Spearman", spearman, (-1.0, 1.0), 0.0),
        ("Pearson", pearson, (-1.0, 1.0), 0.0),
    ]
    independent = scored.clusters.unit == "rows" and np.ptp(scored.weights) == 0
    rows = []
    for name, measure, bounds, chance in measures:
        statistic = statistic_of(
            measure, scored.score, scored.label, scored.weights, scored.clusters
        )
        estimate = statistic(np.ones(scored.clusters.count, dtype=np.int64))
        found = (
            delong_interval(scored.score, scored.label)
            if measure is auc and independent
            else cluster_interval(statistic, scored.clusters, samples, seed, bounds)
        )
        rows.append(
            {
                "name": name,
                "estimate": estimate,
                "ci_low": found.low,
                "ci_high": found.high,
                "chance": chance,
                "how": found.made or "none",
                "caution": found.caution,
            }
        )
    return rows


def lines(scored: Scored, rows: Sequence[dict[str, Any]], names: tuple[str, str]) -> list[str]:
    """Return what is printed, columns aligned."""
    score, label = names
    n = scored.score.size
    left_out = [f"{count} without '{name}'" for name, count in scored.without.items() if count]
    said = [f"{counted(n, 'row')}" + (f"; left out: {', '.join(left_out)}" if left_out else "")]
    if scored.is_binary:
        yes = int(scored.label.sum())
        said.append(f"'{label}': {yes:,} yes, {n - yes:,} no; score '{score}'")
    else:
        low, high = scored.label.min(), scored.label.max()
        said.append(
            f"'{label}': {low:g} to {high:g}, no yes or no, so neither AUC nor average precision; "
            f"score '{score}'"
        )
    head = ("measure", "estimate [95 % interval]", "chance", "interval by")
    table = [head] + [
        (row["name"], interval(row), number(row["chance"]), row["how"]) for row in rows
    ]
    widths = [max(len(line[k]) for line in table) for k in range(len(head))]
    said += [
        "",
        *(
            "  ".join(f"{cell:<{w}}" for cell, w in zip(line, widths, strict=True)).rstrip()
            for line in table
        ),
    ]
    if np.ptp(scored.weights) > 0:
        said += ["", "Weighted to the population."]
    cautions = dict.fromkeys(row["caution"] for row in rows if row["caution"])
    return [*said, *(["", *(f"Caution: {one}." for one in cautions)] if cautions else [])]


def print_agreement(
    path: Path,
    score: str,
    label: str,
    group: str | None,
    weight: str | None,
    samples: int,
    seed: int,
) -> None:
    """Print how far a score agrees with labels or ratings.

    Parameters
    ----------
    path : Path
        CSV or Parquet, one row an item.
    score, label, group, weight : str
        Columns; the last two may be left out.
    samples, seed : int
        Of the bootstrap.

    Raises
    ------
    UserError
        As `read_scored`, or the score or the label does not vary.
    """
    if samples < LEAST_SAMPLES:
        raise UserError(f"--bootstraps {samples}: expected at least {LEAST_SAMPLES}")
    scored = read_scored(path, score, label, group, weight)
    for name, values in ((score, scored.score), (label, scored.label)):
        if np.ptp(values) == 0:
            what = "one class only" if name == label else "one value only"
            raise UserError(
                f"{path}: column '{name}' has {what}, {values[0]:g} in all "
                f"{counted(values.size, 'row')}; agreement needs values that differ"
            )
    rows = measured(scored, samples, seed)
    sys.stdout.write("\n".join(lines(scored, rows, (score, label))) + "\n")
