"""Children ordered by their mean score, with the null beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from egoalign.figures.facts import NULL_SENTENCE, Facts
from egoalign.figures.files import Outputs, read_frame, write_figure
from egoalign.figures.style import (
    NULL,
    SCORE,
    add_footer,
    add_legend,
    label_panels,
    message_figure,
    new_figure,
    styled,
)
from egoalign.tables import CHILDREN_MEANS
from egoalign.wording import counted

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from egoalign.config import FiguresOptions


@styled
def children_figure(children: pd.DataFrame) -> tuple[Figure, Facts]:
    """Draw each child's mean score and null mean, and their difference, least at the bottom.

    Parameters
    ----------
    children : DataFrame
        Table CHILDREN_MEANS of one model.

    Returns
    -------
    figure : Figure
    facts : dict
        Counts, the least and greatest mean with their children, and how many differences have an
        interval above zero; or `message`, where no child has a score.
    """
    model_id = children["model_id"].iloc[0] if len(children) else ""
    rows = children.dropna(subset=["mean_score"]).sort_values(
        ["mean_score", "child_id"], ignore_index=True
    )
    facts: Facts = {
        "model_id": model_id,
        "n_children": len(rows),
        "n_sessions": rows["n_sessions"].sum(),
        "n_utterances": rows["n_utterances"].sum(),
    }
    if rows.empty:
        facts["message"] = "No child has a scored utterance: no means to show."
        return message_figure(facts["message"]), facts
    facts |= {
        "lowest_child": rows["child_id"].iloc[0],
        "lowest_mean": rows["mean_score"].iloc[0],
        "highest_child": rows["child_id"].iloc[-1],
        "highest_mean": rows["mean_score"].iloc[-1],
        "n_above_null": int((rows["difference_low"] > 0).sum()),
        "n_with_interval": int(rows["difference_low"].notna().sum()),
    }
    figure, panels = new_figure(2, height_in=1.0 + 0.19 * max(len(rows), 4), sharey=True)
    _draw_means(panels[0], rows)
    _draw_differences(panels[1], rows)
    add_legend(figure, panels[0])
    label_panels(panels, ["Mean score and null", "Mean score less null"])
    add_footer(
        figure,
        [
            f"n = {counted(facts['n_utterances'], 'utterance')}, "
            f"{counted(facts['n_sessions'], 'session')}, "
            f"{counted(facts['n_children'], 'child', 'children')}; "
            "utterances and sessions of each child in brackets.",
            f"Model: {model_id}.",
            NULL_SENTENCE,
            "Diamonds: mean score less mean difference from the null.",
            "Bars: 95 % intervals of the child's mean over its sessions; "
            "a child with one session has none.",
        ],
    )
    return figure, facts


def _draw_means(panel: Axes, rows: pd.DataFrame) -> None:
    places = np.arange(len(rows))
    panel.hlines(places, rows["ci_low"], rows["ci_high"], color=SCORE, linewidth=1.4)
    panel.plot(rows["mean_score"], places, "o", color=SCORE, markersize=4.5, label="true pairs")
    panel.plot(
        rows["mean_score"] - rows["mean_difference"],
        places,
        "D",
        markerfacecolor="white",
        markeredgecolor=NULL,
        markersize=3.8,
        label="shuffled",
    )
    labels = [
        f"{row.child_id} ({row.n_utterances:,}; {row.n_sessions:,})" for row in rows.itertuples()
    ]
    panel.set_yticks(places, labels)
    panel.set_ylim(-0.7, len(rows) - 0.3)
    panel.set_xlabel("mean score")


def _draw_differences(panel: Axes, rows: pd.DataFrame) -> None:
    places = np.arange(len(rows))
    panel.hlines(
        places, rows["difference_low"], rows["difference_high"], color=SCORE, linewidth=1.4
    )
    panel.plot(rows["mean_difference"], places, "o", color=SCORE, markersize=4.5)
    panel.axvline(0.0, color=NULL, linewidth=1.0, linestyle=(0, (4, 2)))
    panel.margins(x=0.12)
    panel.set_xlabel("mean score less null mean")


def plot_children(children: Path, out: Outputs, options: FiguresOptions) -> None:
    """Read the table, draw `children_figure`, write it."""
    write_figure(children_figure(read_frame(CHILDREN_MEANS, children)), out, options)
