"""Power of a planned study against its number of children, from simulated corpora."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from egoalign.figures.facts import Facts
from egoalign.figures.files import Outputs, read_frame, write_figure
from egoalign.figures.style import (
    MODEL,
    NULL,
    POPULATION,
    SCORE,
    add_footer,
    message_figure,
    new_figure,
    styled,
)
from egoalign.tables import SIMULATED_MODELS
from egoalign.vary.terms import INTERCEPT

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from egoalign.config import FiguresOptions

MOST_PANELS = 9
PANELS_ACROSS = 3
WANTED = 0.8
ALPHA = 0.05

LOOKS = (
    (SCORE, "o", "-"),
    (MODEL, "s", "--"),
    ("#009E73", "^", "-."),
    (POPULATION, "D", ":"),
)
"""Colour, mark and line of each number of hours."""


@styled
def power_figure(simulated: pd.DataFrame) -> tuple[Figure, Facts]:
    """Draw, for each fixed effect, power against children, a line for each number of hours.

    Parameters
    ----------
    simulated : DataFrame
        Table SIMULATED_MODELS.

    Returns
    -------
    figure : Figure
    facts : dict
        The model, corpora of each size, effects drawn and left out; or `message`.
    """
    rows = simulated[(simulated["kind"] == "fixed") & (simulated["parameter"] != INTERCEPT)]
    effects = list(dict.fromkeys(rows["parameter"]))
    if not effects:
        message = "The model has no fixed effect besides its intercept: no power to show."
        return message_figure(message), {"message": message}
    shown = effects[:MOST_PANELS]
    facts: Facts = {
        "formula": str(rows["formula"].iloc[0]),
        "n_corpora": int(rows["n_corpora"].iloc[0]),
        "effects": shown,
        "left_out": effects[MOST_PANELS:],
    }
    across = min(PANELS_ACROSS, len(shown))
    down = -(-len(shown) // across)
    figure, panels = new_figure(
        across, down, width_in=2.33 * across + 0.4, height_in=1.9 * down + 0.3, sharey=True
    )
    for panel, name in zip(panels, shown, strict=False):
        _draw_effect(panel, rows[rows["parameter"] == name], name)
    for panel in panels[len(shown) :]:
        panel.set_axis_off()
    for place, panel in enumerate(panels[: len(shown)]):
        if place + across >= len(shown):
            panel.set_xlabel("children")
        if place % across == 0:
            panel.set_ylabel("share of p < 0.05")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=len(labels))
    add_footer(figure, _footer(facts))
    return figure, facts


def _draw_effect(panel: Axes, rows: pd.DataFrame, name: str) -> None:
    """Draw one effect."""
    truth = rows["truth"].iloc[0]
    for (label, own), (colour, mark, line) in zip(_lines(rows), cycle(LOOKS), strict=False):
        own = own.sort_values("children")
        power = own["power"].to_numpy()
        errors = np.stack([power - own["power_low"], own["power_high"] - power])
        panel.errorbar(
            own["children"],
            power,
            errors,
            color=colour,
            marker=mark,
            linestyle=line,
            markersize=3.4,
            elinewidth=0.8,
            label=label,
        )
    wanted = ALPHA if truth == 0 else WANTED
    panel.axhline(wanted, color=NULL, linewidth=0.8, linestyle=(0, (4, 2)))
    panel.set_ylim(-0.03, 1.03)
    panel.set_title(f"{name} = {truth:.3g}" if np.isfinite(truth) else name, fontsize=7.0)


def _lines(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return what is joined by a line: equal hours, or all where hours grow with children."""
    if rows.groupby("hours")["children"].nunique().max() == 1 and rows["children"].is_unique:
        low, high = rows["hours"].min(), rows["hours"].max()
        return [(f"{low:g} h" if low == high else f"{low:g} to {high:g} h", rows)]
    return [(f"{hours:g} h", own) for hours, own in rows.groupby("hours", sort=True)]


def _footer(facts: Facts) -> list[str]:
    """Return what a reader must know."""
    sentences = [
        f"Model: {facts['formula']}.",
        f"{facts['n_corpora']} simulated corpora of each size; bars: exact 95 % interval. "
        f"Dashed: {WANTED:g}, or {ALPHA:g} where the true effect is 0.",
    ]
    if facts["left_out"]:
        sentences.append(f"Not drawn: {', '.join(facts['left_out'])}.")
    return sentences


def plot_power(simulated: Path, out: Outputs, options: FiguresOptions) -> None:
    """Read the table, draw `power_figure`, write it."""
    write_figure(power_figure(read_frame(SIMULATED_MODELS, simulated)), out, options)
