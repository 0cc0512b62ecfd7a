"""The score by what goes on: location, activity and other labels of sessions and clips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from egoalign.figures.facts import NULL_SENTENCE, Facts, counts, counts_sentence
from egoalign.figures.files import Outputs, write_figure
from egoalign.figures.means import mean_of_rows
from egoalign.figures.style import (
    DOUBLE_COLUMN_IN,
    INK,
    NULL,
    SCORE,
    add_footer,
    add_legend,
    label_panels,
    message_figure,
    styled,
)
from egoalign.tables import ALIGNMENT, UTTERANCE_PREDICTORS, read_table

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes

    from egoalign.config import FiguresOptions

MOST_LEVELS = 12
"""Labels with a row of their own; of more, those said with most utterances, the rest together."""

MOST_FACTORS = 4
REST = "all other"
LINE_IN = 0.19


@styled
def context_figure(utterances: pd.DataFrame, factors: list[str]) -> tuple[Figure, Facts]:
    """Draw the mean score by label beside its null, and their difference, by falling difference.

    Parameters
    ----------
    utterances : DataFrame
        child_id, session_id, model_id, score_max, shuffled_mean, shuffled_difference, and the
        columns of labels.
    factors : list of str
        Names of the columns of labels.

    Returns
    -------
    figure : Figure
    facts : dict
        Counts, and `factors`: for each label its counts, mean, null mean and difference with
        intervals; or `message`.
    """
    model_id = utterances["model_id"].iloc[0] if len(utterances) else ""
    scored = utterances.dropna(subset=["score_max"])
    facts: Facts = {"model_id": model_id, **counts(scored), "factors": {}}
    for factor in factors:
        own = scored.dropna(subset=[factor])
        if own[factor].nunique() > 1 and len(facts["factors"]) < MOST_FACTORS:
            facts["factors"][factor] = _describe(own, factor)
    if not facts["factors"]:
        facts["message"] = _why_nothing(factors, scored)
        return message_figure(facts["message"]), facts
    heights = [0.62 + LINE_IN * max(len(found), 2) for found in facts["factors"].values()]
    figure = Figure(figsize=(DOUBLE_COLUMN_IN, 0.3 + sum(heights)), layout="constrained")
    grid = figure.add_gridspec(len(heights), 2, height_ratios=heights)
    panels: list[Axes] = []
    titles = []
    for place, (factor, levels) in enumerate(facts["factors"].items()):
        left = figure.add_subplot(grid[place, 0], sharex=panels[0] if panels else None)
        right = figure.add_subplot(
            grid[place, 1], sharex=panels[1] if panels else None, sharey=left
        )
        _draw_means(left, levels)
        _draw_differences(right, levels)
        panels += [left, right]
        said = factor.replace("_", " ").capitalize()
        titles += [f"{said}: score and null", f"{said}: score less null"]
    panels[-2].set_xlabel("mean score (cosine)")
    panels[-1].set_xlabel("mean score less null mean (cosine)")
    for panel in panels[:2]:
        panel.margins(x=0.07)
        panel.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    label_panels(panels, titles)
    add_legend(figure, panels[0])
    add_footer(figure, _footer(facts))
    return figure, facts


def _describe(rows: pd.DataFrame, factor: str) -> dict[str, dict[str, Any]]:
    """Return what is shown of each label, the greatest difference first."""
    labels = rows[factor].astype(str)
    common = labels.value_counts().index
    if len(common) > MOST_LEVELS:
        labels = labels.where(labels.isin(common[: MOST_LEVELS - 1]), REST)
    found = {}
    for label, own in rows.groupby(labels):
        found[str(label)] = {
            **counts(own),
            "score": mean_of_rows(own, "score_max"),
            "null_mean": own["shuffled_mean"].mean(),
            "difference": mean_of_rows(own, "shuffled_difference"),
        }
    return dict(sorted(found.items(), key=lambda item: _rank(item[1])))


def _rank(found: dict[str, Any]) -> tuple[bool, float]:
    """Return what labels are ordered by: the difference, highest first; then those without one."""
    value = found["difference"]["estimate"]
    return value is None, -float(found["score"]["estimate"] if value is None else value)


def _ends(found: Facts) -> list[float]:
    return [np.nan if found[name] is None else found[name] for name in ("ci_low", "ci_high")]


def _draw_means(panel: Axes, levels: dict[str, dict[str, Any]]) -> None:
    for place, found in enumerate(levels.values()):
        first = place == 0
        panel.plot(_ends(found["score"]), [place, place], color=SCORE, linewidth=1.4)
        panel.plot(
            found["score"]["estimate"],
            place,
            "o",
            color=SCORE,
            markersize=4.5,
            label="true pairs" if first else None,
        )
        panel.plot(
            found["null_mean"],
            place,
            "D",
            markerfacecolor="white",
            markeredgecolor=NULL,
            markersize=3.8,
            label="shuffled" if first else None,
        )
    names = [
        f"{name.replace('_', ' ')} ({found['n_utterances']:,}; {found['n_sessions']:,}; "
        f"{found['n_children']:,})"
        for name, found in levels.items()
    ]
    panel.set_yticks(range(len(names)), names, color=INK, fontsize=6.5)
    panel.tick_params(axis="y", length=0)
    panel.set_ylim(len(names) - 0.4, -0.6)


def _draw_differences(panel: Axes, levels: dict[str, dict[str, Any]]) -> None:
    panel.axvline(0.0, color=NULL, linewidth=1.0, linestyle=(0, (4, 2)))
    for place, found in enumerate(levels.values()):
        if found["difference"]["estimate"] is None:
            panel.text(0.0, place, " no null", va="center", color=NULL, fontsize=6.5)
            continue
        panel.plot(_ends(found["difference"]), [place, place], color=SCORE, linewidth=1.4)
        panel.plot(found["difference"]["estimate"], place, "o", color=SCORE, markersize=4.5)
    panel.tick_params(axis="y", length=0, labelleft=False)


def _why_nothing(factors: list[str], scored: pd.DataFrame) -> str:
    if scored.empty:
        return "No utterance has a score: no means by location or activity."
    if not factors:
        return (
            "Nothing is known of location or activity: name columns of sessions.tsv, or a table of "
            "clips, in vary.predictors."
        )
    return f"No two labels of {', '.join(factors)} have scored utterances: nothing to compare."


def _footer(facts: Facts) -> list[str]:
    first = next(iter(next(iter(facts["factors"].values())).values()))
    sentences = [
        counts_sentence(facts)[:-1]
        + "; in brackets those with the label (utterances; sessions; children).",
        f"Model: {facts['model_id']}.",
        NULL_SENTENCE,
        "Bars: 95 % intervals of each mean, percentile bootstrap over its children, or its "
        "sessions where one child has the label; means are as found, of different children and "
        "speech. No bar: one session.",
    ]
    if first["difference"]["note"]:
        sentences.append("With few children intervals are likely too narrow.")
    return sentences


def read_labels(alignment: Path, predictors: Path) -> tuple[pd.DataFrame, list[str]]:
    """Read scores with the labels of the lab's own columns beside them, and the labels' names."""
    import pyarrow as pa

    key = list(UTTERANCE_PREDICTORS.key)
    table = read_table(UTTERANCE_PREDICTORS, predictors)
    factors = [
        name
        for name in table.column_names
        if name not in UTTERANCE_PREDICTORS.schema.names
        and pa.types.is_string(table.schema.field(name).type)
    ]
    scores = ["model_id", "score_max", "shuffled_mean", "shuffled_difference"]
    rows = read_table(ALIGNMENT, alignment, [*key, *scores]).to_pandas()
    return rows.merge(table.select([*key, *factors]).to_pandas(), on=key, how="left"), factors


def plot_context(alignment: Path, predictors: Path, out: Outputs, options: FiguresOptions) -> None:
    """Read the tables, draw `context_figure`, write it."""
    write_figure(context_figure(*read_labels(alignment, predictors)), out, options)
