"""What each child differs by from the population: random intercepts, and slopes beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from egoalign.figures.facts import Facts
from egoalign.figures.files import Outputs, read_frame, write_figure
from egoalign.figures.fitted import (
    CHILD,
    NORMAL_95,
    Key,
    keys_of,
    of_fit,
    predictor_name,
    predictor_unit,
    response_name,
    response_unit,
    why_none,
)
from egoalign.figures.style import (
    DOUBLE_COLUMN_IN,
    INK,
    NULL,
    SCORE,
    add_footer,
    label_panels,
    message_figure,
    new_figure,
    styled,
)
from egoalign.tables import MODEL_COMPONENTS, MODEL_FITS, MODEL_RANDOM_EFFECTS
from egoalign.vary.terms import INTERCEPT
from egoalign.wording import counted, interval

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from egoalign.config import FiguresOptions

NEGLIGIBLE = 1e-3
"""Modes within so small a share of the upper limit of their standard deviation are none."""

MOST_PANELS = 4
"""Intercepts and slopes of the first response, then intercepts of others, in at most so many."""


@styled
def intercepts_figure(
    random_effects: pd.DataFrame, components: pd.DataFrame, fits: pd.DataFrame
) -> tuple[Figure, Facts]:
    """Draw the children's conditional modes with their intervals, least intercept at the bottom.

    The first statistical model that has effects of children is drawn: intercepts and slopes of
    its first response, then the intercepts of its other responses in the same order of children.

    Parameters
    ----------
    random_effects, components, fits : DataFrame
        Tables MODEL_RANDOM_EFFECTS, MODEL_COMPONENTS and MODEL_FITS of one vision-language model.

    Returns
    -------
    figure : Figure
    facts : dict
        Counts, and for each panel the standard deviation over children with its interval, the
        outermost children and how many intervals leave out 0; or `message`.
    """
    model_id = next(iter(fits["model_id"].dropna()), "")
    facts: Facts = {"model_id": model_id}
    children = random_effects[random_effects["group"] == CHILD]
    if children.empty:
        facts["message"] = _why_no_children(fits)
        return message_figure(facts["message"]), facts
    keys = keys_of(children)
    name, response = keys[0]
    shown = _panels(children, [key for key in keys if key[0] == name])
    first = of_fit(children, keys[0])
    first = first[first["column"] == shown[0][1]].sort_values(["mode", "level"])
    order = first["level"].tolist()
    facts |= {
        "name": name,
        "response": response,
        "formula": of_fit(fits, keys[0])["formula"].iloc[0],
        "n_children": len(order),
        "n_rows": int(first["n"].sum()),
        "panels": [_describe(children, components, key, column) for key, column in shown],
        "singular": "; ".join(of_fit(fits, keys[0])["singular"].dropna()),
    }
    figure, panels = new_figure(
        len(shown),
        width_in=min(2.6 + 1.5 * len(shown), DOUBLE_COLUMN_IN),
        height_in=1.0 + 0.15 * max(len(order), 5),
        sharey=True,
    )
    for panel, (key, column), found in zip(panels, shown, facts["panels"], strict=True):
        rows = of_fit(children, key)
        rows = rows[rows["column"] == column].set_index("level").reindex(order)
        _draw(panel, rows, found["sd"])
        panel.set_xlabel(_axis(key[1], column, of_fit(fits, key)["family"].iloc[0]))
    n_rows = dict(zip(first["level"], first["n"], strict=True))
    panels[0].set_yticks(
        range(len(order)), [f"{child} ({n_rows[child]:,})" for child in order], fontsize=6.5
    )
    panels[0].set_ylim(-0.7, len(order) - 0.3)
    label_panels(panels, [response_name(key[1]) for key, _ in shown])
    add_footer(figure, _footer(facts))
    return figure, facts


def _panels(children: pd.DataFrame, keys: list[Key]) -> list[tuple[Key, str]]:
    """Return what is drawn: fit and column of each panel."""
    first = of_fit(children, keys[0])
    columns = sorted(dict.fromkeys(first["column"]), key=lambda column: column != INTERCEPT)
    panels = [(keys[0], column) for column in columns]
    for key in keys[1:]:
        if (of_fit(children, key)["column"] == INTERCEPT).any():
            panels.append((key, INTERCEPT))
    return panels[:MOST_PANELS]


def _describe(
    children: pd.DataFrame, components: pd.DataFrame, key: Key, column: str
) -> dict[str, Any]:
    """Return the facts of one panel."""
    rows = of_fit(children, key)
    rows = rows[rows["column"] == column].sort_values(["mode", "level"])
    spread = of_fit(components, key)
    spread = spread[
        (spread["kind"] == "sd") & (spread["group"] == CHILD) & (spread["column"] == column)
    ].dropna(subset=["estimate"])
    names = {"low": "ci_low", "high": "ci_high"}
    sd = spread.rename(columns=names)[["estimate", "ci_low", "ci_high"]].to_dict("records")
    half = NORMAL_95 * rows["sd"]
    return {
        "response": key[1],
        "column": column,
        "sd": sd[0] if sd else None,
        "lowest_child": rows["level"].iloc[0],
        "lowest": rows["mode"].iloc[0],
        "highest_child": rows["level"].iloc[-1],
        "highest": rows["mode"].iloc[-1],
        "n_apart": int((rows["mode"].abs() > half).sum()),
    }


def _draw(panel: Axes, rows: pd.DataFrame, sd: Facts | None) -> None:
    """Draw modes and intervals over the line of the population; filled where 0 is left out.

    Where the estimated variance is none, modes and intervals shrink to nothing: the axis is then
    as wide as the interval of the standard deviation, and the panel says so.
    """
    places = np.arange(len(rows))
    mode, half = rows["mode"].to_numpy(), NORMAL_95 * rows["sd"].to_numpy(np.float64)
    panel.axvline(0.0, color=NULL, linewidth=1.0, linestyle=(0, (4, 2)))
    panel.hlines(places, mode - half, mode + half, color=SCORE, linewidth=1.2)
    apart = np.abs(mode) > half
    for which, fill in ((apart, SCORE), (~apart, "white")):
        panel.plot(
            mode[which],
            places[which],
            "o",
            markerfacecolor=fill,
            markeredgecolor=SCORE,
            markeredgewidth=0.9,
            markersize=3.6,
        )
    panel.tick_params(axis="y", length=0, colors=INK)
    panel.margins(x=0.06)
    reach = np.nanmax(np.abs(mode) + half, initial=0.0)
    upper = sd["ci_high"] if sd and np.isfinite(sd["ci_high"]) else 0.0
    if reach <= NEGLIGIBLE * upper or reach == 0.0:
        widest = upper or 1.0
        panel.set_xlim(-1.2 * widest, 1.2 * widest)
        panel.text(
            0.97,
            0.03,
            "no variance\nestimated",
            transform=panel.transAxes,
            ha="right",
            va="bottom",
            fontsize=6.5,
            color=INK,
        )


def _axis(response: str, column: str, family: str) -> str:
    """Return the label of a panel's axis, with its unit."""
    unit = response_unit(response, family)
    if column == INTERCEPT:
        return f"child's intercept\nless population's\n({unit})"
    return f"child's slope over\n{predictor_name(column)}\n({unit} per {predictor_unit(column)})"


def _why_no_children(fits: pd.DataFrame) -> str:
    fitted = fits[fits["reason"].isna()]
    if fitted.empty:
        return f"No effects of children to show: {why_none(fits)}."
    noted = [note for note in "; ".join(fitted["notes"].dropna()).split("; ") if CHILD in note]
    why = "; ".join(dict.fromkeys(noted)) or "no statistical model has a term of child_id"
    return f"No effects of children to show: {why}."


def _footer(facts: Facts) -> list[str]:
    sentences = [
        f"n = {counted(facts['n_children'], 'child', 'children')}, "
        f"{facts['n_rows']:,} rows (in brackets those of each child).",
        f"Scores: {facts['model_id']}. Model: {facts['formula']}.",
        "Points: conditional modes; bars: 95 % intervals given the variances; filled: 0 is "
        "outside. Dashed: the population.",
    ]
    for letter, panel in zip("abcd", facts["panels"], strict=False):
        if panel["sd"]:
            sentences.append(f"SD over children in {letter}: {interval(panel['sd'], 4)}.")
    if facts["singular"]:
        sentences.append(f"On the boundary: {facts['singular']}.")
    return sentences


def plot_intercepts(
    random_effects: Path, components: Path, fits: Path, out: Outputs, options: FiguresOptions
) -> None:
    """Read the tables, draw `intercepts_figure`, write it."""
    result = intercepts_figure(
        read_frame(MODEL_RANDOM_EFFECTS, random_effects),
        read_frame(MODEL_COMPONENTS, components),
        read_frame(MODEL_FITS, fits),
    )
    write_figure(result, out, options)
