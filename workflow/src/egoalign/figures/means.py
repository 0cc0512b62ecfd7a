"""Means with intervals over clusters, as figures draw them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from egoalign.figures.facts import Facts
from egoalign.resample import Clusters, choose_clusters, mean_statistic, measure

if TYPE_CHECKING:
    import pandas as pd

SAMPLES = 1000
"""Bootstrap samples of an interval in a figure."""

SEED = 20251205
"""Seed of these samples: the same clusters are drawn for every mean of a figure."""


def clusters_of(rows: pd.DataFrame) -> Clusters:
    """Return the clusters of utterances: children, or sessions where there is one child."""
    sessions = (rows["child_id"].astype(str) + "\x1f" + rows["session_id"].astype(str)).to_numpy()
    return choose_clusters([("children", rows["child_id"].to_numpy()), ("sessions", sessions)])


def mean_of(values: np.ndarray, clusters: Clusters) -> Facts:
    """Return a mean, its 95 % interval, how it was made and what to know of it."""
    return measure("mean", mean_statistic(values, clusters), clusters, SAMPLES, SEED)


def mean_of_rows(rows: pd.DataFrame, column: str) -> Facts:
    """Return `mean_of` a column over the clusters of its rows."""
    known = rows.dropna(subset=[column])
    return mean_of(known[column].to_numpy(np.float64), clusters_of(known))
