"""The distribution of the score beside that of its shuffled null."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from egoalign.figures.facts import (
    NULL_SENTENCE,
    Facts,
    counts,
    counts_sentence,
    interval_sentences,
    metric,
)
from egoalign.figures.files import Outputs, read_alignment, read_frame, write_figure
from egoalign.figures.style import (
    DOUBLE_COLUMN_IN,
    INK,
    NULL,
    SCORE,
    SPEAKER_NAMES,
    add_footer,
    add_legend,
    label_panels,
    message_figure,
    new_figure,
    styled,
)
from egoalign.tables import METRICS
from egoalign.wording import interval

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from egoalign.config import FiguresOptions

MIN_UTTERANCES = 2


@dataclass(frozen=True)
class _Interval:
    """A subset's mean difference from its null."""

    label: str
    n: int
    estimate: float
    low: float
    high: float


@styled
def null_figure(alignment: pd.DataFrame, summary: pd.DataFrame) -> tuple[Figure, Facts]:
    """Draw the scores of true pairs beside one draw of the shuffled null for each utterance.

    Parameters
    ----------
    alignment : DataFrame
        Table ALIGNMENT of one model, all sessions.
    summary : DataFrame
        Table METRICS of the same model, by `summarise-alignment`.

    Returns
    -------
    figure : Figure
    facts : dict
        Counts, means and medians of score and null, their difference and AUC with intervals; or
        `message`, where there is too little to draw.
    """
    model_id = alignment["model_id"].iloc[0] if len(alignment) else ""
    rows = alignment.dropna(subset=["score_max", "shuffled_draw"])
    facts: Facts = {"model_id": model_id, **counts(rows)}
    if len(rows) < MIN_UTTERANCES:
        facts["message"] = (
            f"{len(rows)} of {len(alignment)} utterances have a score and a null: "
            "no distribution to show."
        )
        return message_figure(facts["message"]), facts
    score, null = rows["score_max"].to_numpy(), rows["shuffled_draw"].to_numpy()
    facts |= {
        "score_mean": score.mean(),
        "score_median": np.median(score),
        "null_mean": null.mean(),
        "null_median": np.median(null),
        "difference": metric(summary, "difference"),
        "auc": metric(summary, "auc_null"),
    }
    intervals = _intervals(summary)
    figure, panels = new_figure(
        2 if intervals else 1,
        width_in=DOUBLE_COLUMN_IN,
        height_in=2.6,
        width_ratios=[1.6, 1.0] if intervals else [1.0],
    )
    _draw_distributions(panels[0], score, null)
    titles = ["Distributions over utterances"]
    if intervals:
        _draw_intervals(panels[1], intervals)
        titles.append("Score less null, by speaker")
    add_legend(figure, panels[0])
    label_panels(panels, titles)
    add_footer(figure, _footer(facts))
    return figure, facts


def _draw_distributions(panel: Axes, score: np.ndarray, null: np.ndarray) -> None:
    """Draw two histograms on shared bins, with their medians."""
    pooled = np.concatenate([score, null])
    edges = np.histogram_bin_edges(pooled, bins=int(np.clip(np.sqrt(len(score)) * 1.5, 8, 60)))
    bins = edges.tolist()
    top = 0.0
    for values, colour, label, alpha in (
        (null, NULL, "shuffled", 0.35),
        (score, SCORE, "true pairs", 0.25),
    ):
        heights, _, _ = panel.hist(
            values, bins, density=True, histtype="stepfilled", color=colour, alpha=alpha
        )
        panel.hist(values, bins, density=True, histtype="step", color=colour, linewidth=1.1)
        top = max(top, float(np.max(heights)))
        panel.plot(
            [], [], color=colour, linewidth=3, label=f"{label}, median {np.median(values):.3f}"
        )
    for values, colour in ((null, NULL), (score, SCORE)):
        panel.axvline(float(np.median(values)), color=colour, linewidth=1.0, linestyle=(0, (4, 2)))
    panel.set_ylim(0, top * 1.06)
    panel.set_xlabel("score of the utterance (greatest cosine over its pictures)")
    panel.set_ylabel("density")


def _intervals(summary: pd.DataFrame) -> list[_Interval]:
    """Return the mean difference of all utterances and of each speaker type."""
    found = []
    subsets = {"all": "all"} | {f"speaker={name}": said for name, said in SPEAKER_NAMES.items()}
    for subset, label in subsets.items():
        value = metric(summary, "difference", subset)
        if value:
            low = value["ci_low"] if value["ci_low"] is not None else np.nan
            high = value["ci_high"] if value["ci_high"] is not None else np.nan
            found.append(_Interval(label, value["n"], value["estimate"], low, high))
    return found


def _draw_intervals(panel: Axes, intervals: list[_Interval]) -> None:
    """Draw one row a subset, first on top."""
    for place, row in enumerate(intervals):
        panel.plot([row.low, row.high], [place, place], color=SCORE, linewidth=1.4)
        panel.plot(row.estimate, place, "o", color=SCORE, markersize=4.5)
    panel.axvline(0.0, color=NULL, linewidth=1.0, linestyle=(0, (4, 2)))
    panel.set_yticks(
        range(len(intervals)), [f"{row.label} (n = {row.n:,})" for row in intervals], color=INK
    )
    panel.set_ylim(len(intervals) - 0.5, -0.5)
    panel.margins(x=0.12)
    panel.set_xlabel("mean score less null mean")


def _footer(facts: Facts) -> list[str]:
    sentences = [counts_sentence(facts), f"Model: {facts['model_id']}.", NULL_SENTENCE]
    sentences.append("Panel a shows one draw an utterance.")
    for name, title in (("difference", "Mean difference"), ("auc", "AUC of true against null")):
        if facts[name]:
            sentences.append(f"{title} {interval(facts[name])}.")
    return sentences + interval_sentences(facts["difference"])


def plot_null(alignment: Path, summary: Path, out: Outputs, options: FiguresOptions) -> None:
    """Read the tables, draw `null_figure`, write it."""
    result = null_figure(read_alignment(alignment), read_frame(METRICS, summary))
    write_figure(result, out, options)
