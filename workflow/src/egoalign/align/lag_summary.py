"""The lag profiles of a corpus: with their null, intervals over children, and peaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.stats import norm

from egoalign.align.collect import session_files
from egoalign.align.lag import FAR, LAG
from egoalign.config import AlignOptions, parse_section
from egoalign.log import UserError, progress
from egoalign.resample import Clusters, choose_clusters
from egoalign.tables import LAG_PROFILE, LAGS, METRICS, SESSIONS, read_table, write_table

DRAWS = 1000
"""Draws of the null, and bootstrap samples."""

NO_PROFILE = "no session has a lag profile"
NO_PEAK = "the greatest value is within what far shifts give over all lags: no peak is shown"
WIDE = "the peak does not fall to half its height within reach"
NO_LAG = 1e-6
"""Lags within this of 0 are on neither side."""


@dataclass
class Pool:
    """What the sessions of one subset add up to.

    Attributes
    ----------
    children, sessions : list
        Ids of each session, sessions as (child_id, session_id).
    count, score, difference : list of numpy.ndarray
        Of each session, by lag, shape (l,): utterances, sums of scores and of differences.
    null_count, null_difference : numpy.ndarray
        Of each draw of the null, shape (DRAWS,).
    """

    children: list[str] = field(default_factory=list)
    sessions: list[tuple[str, str]] = field(default_factory=list)
    count: list[NDArray[np.float64]] = field(default_factory=list)
    score: list[NDArray[np.float64]] = field(default_factory=list)
    difference: list[NDArray[np.float64]] = field(default_factory=list)
    null_count: NDArray[np.float64] = field(default_factory=lambda: np.zeros(DRAWS))
    null_difference: NDArray[np.float64] = field(default_factory=lambda: np.zeros(DRAWS))


@dataclass(frozen=True)
class Peak:
    """The shape of a profile; NaN where it cannot be told."""

    lag_s: float
    height: float
    width_s: float
    asymmetry: float


def find_peak(lags: NDArray[np.float64], profile: NDArray[np.float64]) -> Peak:
    """Describe the greatest value of a profile.

    Parameters
    ----------
    lags : numpy.ndarray
        Evenly spaced, in seconds, shape (l,).
    profile : numpy.ndarray
        Differences, shape (l,), NaN where a lag has no utterance.

    Returns
    -------
    Peak
        ``height`` is the greatest value. Around it stands the part of the profile that is above
        half of it: ``lag_s`` is that part's centre of gravity, weighted by what exceeds the half,
        ``width_s`` the distance of its ends, found by straight lines. ``asymmetry`` is the mean
        over positive lags less that over negative ones, of lags that both sides have: positive if
        the word leads.
    """
    both = np.isfinite(profile) & np.isfinite(profile[::-1])
    after, before = profile[both & (lags > NO_LAG)], profile[both & (lags < -NO_LAG)]
    asymmetry = float(after.mean() - before.mean()) if after.size else np.nan
    if not np.isfinite(profile).any():
        return Peak(np.nan, np.nan, np.nan, asymmetry)
    top = int(np.nanargmax(profile))
    height = float(profile[top])
    if height <= 0:
        return Peak(float(lags[top]), height, np.nan, asymmetry)
    (first, begin), (last, end) = (_half(profile, top, way) for way in (-1, 1))
    weights = profile[first : last + 1] - height / 2
    center = weights @ lags[first : last + 1] / weights.sum()
    return Peak(float(center), height, (end - begin) * (lags[1] - lags[0]), asymmetry)


def _half(profile: NDArray[np.float64], top: int, way: int) -> tuple[int, float]:
    """Return the last place, from the top one way, that is above half its height.

    The second value is where, between that place and the next, half the height is met; NaN where
    the profile ends before.
    """
    half, place = profile[top] / 2, top
    while 0 <= place + way < profile.size and profile[place + way] > half:
        place += way
    further = profile[place + way] if 0 <= place + way < profile.size else np.nan
    return place, place + way * float((profile[place] - half) / (profile[place] - further))


def add_session(
    pools: dict[str, Pool], rows: pa.Table, lags: NDArray[np.float64], rng: np.random.Generator
) -> None:
    """Add a session's profile to all subsets that it belongs to.

    The session's far shifts are drawn evenly, the same ones for all its subsets, so that the null
    of a subset is that of the whole session moved at once.

    Parameters
    ----------
    pools : dict of str to Pool
        By subset; changed in place.
    rows : pyarrow.Table
        Table LAG_PROFILE of one session that has a profile.
    lags : numpy.ndarray
        The lags that it must have.
    rng : numpy.random.Generator
        Source of the draws.

    Raises
    ------
    UserError
        It has other lags: it was made with other options.
    """
    frame = rows.to_pandas()
    child, session = frame["child_id"].iloc[0], frame["session_id"].iloc[0]
    picks: NDArray[np.int64] | None = None
    for subset, own in frame.groupby("subset", sort=True):
        near, far = (own[own["kind"] == kind].sort_values("lag_s") for kind in (LAG, FAR))
        if len(near) != lags.size or not np.allclose(near["lag_s"], lags):
            raise UserError(
                f"lag profile of {child} {session}: lags to {near['lag_s'].max():g} s, expected "
                f"{lags.max():g} s; delete it and run the workflow again"
            )
        if picks is None:
            picks = rng.integers(len(far), size=DRAWS)
        count, score, difference = _sums(near)
        far_count, _, far_difference = _sums(far)
        names = [str(subset)] + ([f"child={child}"] if subset == "all" else [])
        for name in names:
            pool = pools.setdefault(name, Pool())
            pool.children.append(child)
            pool.sessions.append((child, session))
            pool.count.append(count)
            pool.score.append(score)
            pool.difference.append(difference)
            pool.null_count += far_count[picks]
            pool.null_difference += far_difference[picks]


def _sums(rows: Any) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return count, and sums of score and difference, of rows with means."""
    count = rows["n"].to_numpy(np.float64)
    score, difference = (
        rows[name].fillna(0.0).to_numpy() * count for name in ("score_mean", "difference_mean")
    )
    return count, score, difference


def pooled(
    pool: Pool, lags: NDArray[np.float64], seed: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows of tables LAGS and METRICS of one subset, without model and subset.

    Parameters
    ----------
    pool : Pool
        Of the subset.
    lags : numpy.ndarray
        In seconds, shape (l,).
    seed : int
        Seed of the bootstrap.
    """
    clusters = choose_clusters([("children", pool.children), ("sessions", pool.sessions)])
    count, score, difference = (
        _by_cluster(np.stack(part), clusters) for part in (pool.count, pool.score, pool.difference)
    )
    profile = _ratio(difference.sum(axis=0), count.sum(axis=0))
    samples = np.empty((0, lags.size))
    if clusters.count > 1:
        weights = np.random.default_rng(seed).multinomial(
            clusters.count, np.full(clusters.count, 1 / clusters.count), size=DRAWS
        )
        samples = _ratio(weights @ difference, weights @ count)
    n = count.sum(axis=0)
    null = null_bands(pool, n)
    interval = clusters.describe(DRAWS) if len(samples) else None
    table = [
        {
            "lag_s": float(lags[place]),
            "n": int(n[place]),
            "score_mean": _value(_ratio(score.sum(axis=0), n)[place]),
            "difference": _value(profile[place]),
            **dict(zip(("ci_low", "ci_high"), _ends(samples[:, place]), strict=True)),
            **{name: _value(ends[place]) for name, ends in null.items()},
            "interval": interval,
            "note": clusters.caution,
        }
        for place in range(lags.size)
    ]
    return table, _peak_rows(lags, profile, samples, null["all_high"], n, clusters)


def null_bands(pool: Pool, n: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return the ends of the null's band at each lag, alone and for all lags at once.

    The null is the mean difference at far shifts, one for each session and draw. It lies about
    zero, so its band is even: the 95 % quantile of its size, and, for all lags at once, its root
    mean square times the normal quantile at 1 - 0.025 / l, of l lags (Bonferroni). Where a lag has
    fewer utterances the band is wider, by the root of the numbers' ratio.

    Parameters
    ----------
    pool : Pool
        Draws of the null.
    n : numpy.ndarray
        Utterances by lag, shape (l,).
    """
    draws = _ratio(pool.null_difference, pool.null_count)
    draws = draws[np.isfinite(draws)]
    if draws.size < 2:
        return {
            name: np.full(n.size, np.nan)
            for name in ("null_low", "null_high", "all_low", "all_high")
        }
    scale = np.sqrt(_ratio(np.full(n.size, pool.null_count.mean()), n))
    one = np.quantile(np.abs(draws), 0.95) * scale
    every = np.sqrt(np.mean(draws**2)) * norm.ppf(1 - 0.025 / n.size) * scale
    return {"null_low": -one, "null_high": one, "all_low": -every, "all_high": every}


def _peak_rows(
    lags: NDArray[np.float64],
    profile: NDArray[np.float64],
    samples: NDArray[np.float64],
    limit: NDArray[np.float64],
    n: NDArray[np.float64],
    clusters: Clusters,
) -> list[dict[str, Any]]:
    """Return the rows of table METRICS that describe a profile, without model and subset."""
    peak = find_peak(lags, profile)
    drawn = [find_peak(lags, sample) for sample in samples]
    shown = bool(np.any(profile > limit))
    middle = lags.size // 2
    values = [
        ("lag_zero", profile[middle], samples[:, middle], 0.0, True),
        ("lag_peak_height", peak.height, np.array([one.height for one in drawn]), None, True),
        ("lag_peak_s", peak.lag_s, np.array([one.lag_s for one in drawn]), None, shown),
        ("lag_width_s", peak.width_s, np.array([one.width_s for one in drawn]), None, shown),
        ("lag_asymmetry", peak.asymmetry, np.array([one.asymmetry for one in drawn]), 0.0, True),
    ]
    rows = []
    for metric, estimate, sample, chance, has in values:
        low, high = _ends(sample) if has and np.isfinite(estimate) else (None, None)
        notes = [clusters.caution]
        if not has:
            notes.append(NO_PEAK)
        elif metric == "lag_width_s" and not np.isfinite(estimate):
            notes.append(WIDE)
        rows.append(
            {
                "metric": metric,
                "estimate": _value(estimate) if has else None,
                "ci_low": low,
                "ci_high": high,
                "chance": chance,
                "n": int(n[middle]),
                "interval": clusters.describe(DRAWS) if low is not None else None,
                "note": "; ".join(filter(None, notes)) or None,
            }
        )
    return rows


def summarise_profiles(
    profiles: Iterable[pa.Table], model_id: str, options: AlignOptions
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows of tables LAGS and METRICS of a corpus.

    Parameters
    ----------
    profiles : iterable of pyarrow.Table
        Table LAG_PROFILE of each session.
    model_id : str
        The model.
    options : AlignOptions
        The seed.
    """
    lags = np.empty(0)
    pools: dict[str, Pool] = {}
    reasons: Counter[str] = Counter()
    # No id goes into the draws: a bundle with opaque ids shall give the same.
    rng = np.random.default_rng(options.seed)
    for rows in profiles:
        if rows["reason"].null_count < rows.num_rows:
            reasons.update(filter(None, rows["reason"].to_pylist()))
            continue
        if not lags.size:
            lags = np.unique(rows.filter(pc.equal(rows["kind"], LAG))["lag_s"].to_numpy())
        add_session(pools, rows, lags, rng)
    table: list[dict[str, Any]] = []
    peaks: list[dict[str, Any]] = []
    for subset in sorted(pools, key=_order):
        owner: Mapping[str, Any] = {"model_id": model_id, "subset": subset}
        own, own_peaks = pooled(pools[subset], lags, options.seed)
        table += [{**owner, **row} for row in own]
        peaks += [{**owner, **row} for row in own_peaks]
    if not pools:
        why = "; ".join(f"{reason} ({n})" for reason, n in reasons.most_common())
        note = f"{NO_PROFILE}: {why}" if why else NO_PROFILE
        nothing = {"model_id": model_id, "subset": "all", "n": 0, "note": note}
        table = [{**nothing, "lag_s": 0.0}]
        peaks = [{**nothing, "metric": "lag_peak_s"}]
    return table, peaks


def summarise_lags(
    sessions: Path,
    folder: Path,
    model_id: str,
    options_json: str,
    out: Path,
    csv: Path,
    peaks_out: Path,
    peaks_csv: Path,
) -> None:
    """Read the lag profiles of all sessions, and write tables lags and metrics of their peaks.

    Raises
    ------
    UserError
        A session's table is missing, of another version, or made with other options.
    """
    options = parse_section(AlignOptions, options_json, "--options")
    files = session_files(read_table(SESSIONS, sessions), folder, LAG_PROFILE.name)
    profiles = (read_table(LAG_PROFILE, file) for file in progress(files, "sessions", len(files)))
    table, peaks = summarise_profiles(profiles, model_id, options)
    write_table(LAGS, table, out, csv=csv)
    write_table(METRICS, peaks, peaks_out, csv=peaks_csv)


def _order(subset: str) -> tuple[int, str]:
    """Put the corpus first, then speakers and classes of words, then children."""
    return (0 if subset == "all" else 2 if subset.startswith("child=") else 1, subset)


def _by_cluster(values: NDArray[np.float64], clusters: Clusters) -> NDArray[np.float64]:
    """Return the sums of rows by cluster: (sessions, l) to (k, l)."""
    sums = np.zeros((clusters.count, values.shape[1]))
    np.add.at(sums, clusters.codes, values)
    return sums


def _ratio(sums: NDArray[np.float64], count: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sums over counts, NaN where nothing is counted."""
    return np.where(count > 0, sums / np.where(count > 0, count, 1.0), np.nan)


def _ends(values: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Return the middle 95 % of what is finite."""
    values = values[np.isfinite(values)]
    if values.size < 2:
        return None, None
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def _value(number: float) -> float | None:
    """Return a number, or None for NaN."""
    return float(number) if np.isfinite(number) else None
