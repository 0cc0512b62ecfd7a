"""The score over the course of a session: by minutes, and by position between its ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from egoalign.figures.facts import NULL_SENTENCE, Facts, counts, counts_sentence
from egoalign.figures.files import Outputs, write_figure
from egoalign.figures.means import SAMPLES, SEED, clusters_of, mean_of
from egoalign.figures.style import (
    DOUBLE_COLUMN_IN,
    MODEL,
    NULL,
    SCORE,
    add_footer,
    add_legend,
    label_panels,
    message_figure,
    new_figure,
    styled,
)
from egoalign.figures.utterances import read_utterances
from egoalign.resample import Batched, Clusters, measure
from egoalign.wording import interval

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from egoalign.config import FiguresOptions

SESSION = ["child_id", "session_id"]
MOST_BINS = 12
POSITION_WIDTH = 0.1
MINUTES_WIDTHS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60)
"""Widths of bins in minutes: the first that covers the sessions in `MOST_BINS`."""

COVERED = 0.98
"""Share of the utterances that the bins in minutes cover: the few longest sessions are cut."""

LEAST_SESSIONS = 2
"""Bins with fewer sessions are not drawn."""


@dataclass(frozen=True)
class Clock:
    """A way to tell the time in a session: its column, axis label, and unit in sentences."""

    column: str
    label: str
    unit: str


CLOCKS = (
    Clock("minutes", "time from the start (min)", "a minute"),
    Clock("position", "position in the session (0 start, 1 end)", "from start to end"),
)


@styled
def course_figure(utterances: pd.DataFrame) -> tuple[Figure, Facts]:
    """Draw the mean of score less null by time in the session, with its band.

    Two lines each: the mean as found, with its cluster bootstrap band, and the mean of what
    utterances lie above their own session, at the same height on the whole. The first is moved by
    which sessions are long, the second is not. Bars below count sessions.

    Parameters
    ----------
    utterances : DataFrame
        child_id, session_id, model_id, score_max, shuffled_difference, minutes, position.

    Returns
    -------
    figure : Figure
    facts : dict
        Counts, the response, and `clocks`: for each clock the change within sessions with its
        interval, and the bins; or `message`.
    """
    model_id = utterances["model_id"].iloc[0] if len(utterances) else ""
    has_null = bool(utterances["shuffled_difference"].notna().any())
    response = "shuffled_difference" if has_null else "score_max"
    facts: Facts = {"model_id": model_id, "response": response, "clocks": {}}
    scored = utterances.dropna(subset=[response])
    found = [(clock, scored.dropna(subset=[clock.column])) for clock in CLOCKS]
    found = [(clock, rows) for clock, rows in found if rows[clock.column].nunique() > 1]
    for clock, rows in found:
        facts["clocks"][clock.column] = _describe(rows, clock, response)
    found = [(clock, rows) for clock, rows in found if facts["clocks"][clock.column]["bins"]]
    if not found:
        facts["message"] = (
            f"None of {len(scored)} scored utterances has a time in its session, or there are too "
            "few sessions: no course to show."
        )
        return message_figure(facts["message"]), facts
    facts |= counts(found[0][1])
    figure, panels = new_figure(
        len(found),
        2,
        width_in=DOUBLE_COLUMN_IN if len(found) > 1 else 4.0,
        height_in=3.1,
        sharex="col",
        height_ratios=(4, 1),
    )
    top, bottom = panels[: len(found)], panels[len(found) :]
    for panel, below, (clock, _) in zip(top, bottom, found, strict=True):
        _draw(panel, facts["clocks"][clock.column]["bins"], has_null)
        _draw_sessions(below, facts["clocks"][clock.column]["bins"])
        below.set_xlabel(clock.label)
    share_heights(top)
    top[0].set_ylabel("score less null (cosine)" if has_null else "score (cosine)")
    bottom[0].set_ylabel("sessions")
    label_panels(top, ["Time in the session", "Position in the session"][: len(found)])
    add_legend(figure, top[0])
    add_footer(figure, _footer(facts))
    return figure, facts


def within_slope(x: np.ndarray, y: np.ndarray, sessions: np.ndarray, clusters: Clusters) -> Batched:
    """Return the slope of y over x within sessions, as a function of the clusters' counts.

    Parameters
    ----------
    x, y : numpy.ndarray
        Shape (n,).
    sessions : numpy.ndarray
        Whole number of each row's session, shape (n,); sessions lie in clusters.
    clusters : Clusters
        Of the n rows.
    """
    size = np.bincount(sessions)
    x = x - (np.bincount(sessions, x) / size)[sessions]
    y = y - (np.bincount(sessions, y) / size)[sessions]
    products, squares = (
        np.bincount(clusters.codes, part, minlength=clusters.count) for part in (x * y, x * x)
    )

    def of_samples(many: np.ndarray) -> np.ndarray:
        below = (many @ squares).astype(np.float64)
        slopes: np.ndarray = np.divide(
            many @ products, below, out=np.full(below.shape, np.nan), where=below > 0
        )
        return slopes

    return Batched(of_samples)


def _describe(rows: pd.DataFrame, clock: Clock, response: str) -> dict[str, Any]:
    """Return the bins of one clock, and the change within sessions."""
    x = rows[clock.column].to_numpy(np.float64)
    y = rows[response].to_numpy(np.float64)
    sessions = rows.groupby(SESSION, sort=False).ngroup().to_numpy()
    clusters = clusters_of(rows)
    slope = measure("slope", within_slope(x, y, sessions, clusters), clusters, SAMPLES, SEED)
    adjusted = y - (np.bincount(sessions, y) / np.bincount(sessions))[sessions] + y.mean()
    width = POSITION_WIDTH if clock.column == "position" else _width(x)
    n_bins = round(1 / width) if clock.column == "position" else MOST_BINS
    bin_of = np.minimum(x / width, n_bins - 1 if clock.column == "position" else np.inf).astype(int)
    bins = []
    for place in range(n_bins):
        inside = bin_of == place
        n_sessions = np.unique(sessions[inside]).size
        if n_sessions < LEAST_SESSIONS:
            continue
        own = Clusters(clusters.unit, *_compact(clusters.codes[inside]))
        mean = mean_of(y[inside], own)
        bins.append(
            {
                "place": place,
                "middle": (place + 0.5) * width,
                "width": width,
                "n_utterances": int(inside.sum()),
                "n_sessions": n_sessions,
                "mean": mean["estimate"],
                "ci_low": mean["ci_low"],
                "ci_high": mean["ci_high"],
                "adjusted": float(adjusted[inside].mean()),
            }
        )
    return {"slope": slope, "bins": bins, "width": width}


def _width(minutes: np.ndarray) -> float:
    """Return the width of bins in minutes."""
    longest = float(np.quantile(minutes, COVERED))
    return next(
        (width for width in MINUTES_WIDTHS if width * MOST_BINS >= longest), MINUTES_WIDTHS[-1]
    )


def _compact(codes: np.ndarray) -> tuple[np.ndarray, int]:
    """Return codes without gaps, and how many there are."""
    distinct, compact = np.unique(codes, return_inverse=True)
    return compact, distinct.size


def _draw(panel: Axes, bins: list[dict[str, Any]], has_null: bool) -> None:
    x, mean, low, high, adjusted = (
        np.array([np.nan if one[name] is None else one[name] for one in bins])
        for name in ("middle", "mean", "ci_low", "ci_high", "adjusted")
    )
    if has_null:
        panel.axhline(0.0, color=NULL, linewidth=1.0, linestyle=(0, (4, 2)), label="null")
    panel.fill_between(x, low, high, color=SCORE, alpha=0.22, linewidth=0, label="95 % band")
    panel.plot(x, mean, "o-", color=SCORE, markersize=3.2, label="as found")
    panel.plot(
        x,
        adjusted,
        "s:",
        color=MODEL,
        markerfacecolor="white",
        markersize=2.8,
        linewidth=1.0,
        label="against own session's mean",
    )


def share_heights(panels: list[Axes]) -> None:
    """Give panels the same range of y."""
    low = min(panel.get_ylim()[0] for panel in panels)
    high = max(panel.get_ylim()[1] for panel in panels)
    for panel in panels:
        panel.set_ylim(low, high)


def _draw_sessions(panel: Axes, bins: list[dict[str, Any]]) -> None:
    panel.bar(
        [one["middle"] for one in bins],
        [one["n_sessions"] for one in bins],
        width=0.86 * bins[0]["width"],
        color="#BBBBBB",
    )
    panel.locator_params(axis="y", nbins=2, integer=True)


def _footer(facts: Facts) -> list[str]:
    sentences = [counts_sentence(facts), f"Model: {facts['model_id']}."]
    if facts["response"] == "shuffled_difference":
        sentences.append(NULL_SENTENCE)
    for clock in CLOCKS:
        found = facts["clocks"].get(clock.column)
        if found and found["bins"] and found["slope"]["estimate"] is not None:
            change = interval(found["slope"], 5)
            sentences.append(f"Change within sessions {clock.unit}: {change}.")
    first = next(found for found in facts["clocks"].values() if found["bins"])
    if first["slope"]["interval"]:
        sentences.append(f"Bands and intervals: 95 %, {first['slope']['interval']}.")
    if first["slope"]["note"]:
        sentences.append(f"Caution: {first['slope']['note']}.")
    sentences.append(
        "Squares: mean of what utterances lie above their session's mean, set at the mean of all."
    )
    return sentences


def plot_course(alignment: Path, predictors: Path, out: Outputs, options: FiguresOptions) -> None:
    """Read the tables, draw `course_figure`, write it."""
    scores, times = ["score_max", "shuffled_difference"], [clock.column for clock in CLOCKS]
    rows = read_utterances(alignment, scores, predictors, times)
    write_figure(course_figure(rows), out, options)
