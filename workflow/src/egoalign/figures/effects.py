"""Fixed effects of every fit as a forest: rows are effects by term, panels are fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from egoalign.figures.facts import Facts
from egoalign.figures.files import Outputs, read_frame, write_figure
from egoalign.figures.fitted import (
    effect_facts,
    fit_title,
    keys_of,
    level_name,
    of_fit,
    predictor_name,
    response_name,
    why_none,
)
from egoalign.figures.style import (
    DOUBLE_COLUMN_IN,
    INK,
    NULL,
    SCORE,
    add_footer,
    message_figure,
    new_figure,
    styled,
)
from egoalign.tables import MODEL_EFFECTS, MODEL_FITS, MODEL_MEANS, MODEL_VARIANCE
from egoalign.vary.terms import INTERCEPT

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from egoalign.config import FiguresOptions

PANELS_ACROSS = 4
LINE_IN = 0.155
"""Height of a row."""

STANDARDISED = "effect (SD of response)"
LOGIT = "effect (log odds)"


@styled
def effects_figure(
    effects: pd.DataFrame, variance: pd.DataFrame, means: pd.DataFrame, fits: pd.DataFrame
) -> tuple[Figure, Facts]:
    """Draw fixed effects with 95 % intervals, so scaled that they can be compared.

    An effect of a number is for one standard deviation of it; one of a factor's level is the
    whole difference from the reference. Effects are in standard deviations of the response (the
    root of the sum of the variances), in binomial models in log odds.

    Parameters
    ----------
    effects, variance, means, fits : DataFrame
        Tables MODEL_EFFECTS, MODEL_VARIANCE, MODEL_MEANS and MODEL_FITS of one vision-language
        model.

    Returns
    -------
    figure : Figure
    facts : dict
        `fits`: of each fit its rows, family, standard deviation of the response, and each
        effect as the model has it (raw units) and as drawn; or `message`.
    """
    facts: Facts = {"model_id": next(iter(fits["model_id"].dropna()), ""), "fits": {}}
    effects = effects[effects["effect"] != INTERCEPT]
    if effects.empty:
        fitted = fits["reason"].isna().any()
        why = "the models have none but the intercept" if fitted else why_none(fits)
        facts["message"] = f"No fixed effects to show: {why}."
        return message_figure(facts["message"]), facts
    keys = keys_of(effects)
    for key in keys:
        facts["fits"][fit_title(key)] = _describe(
            of_fit(effects, key), of_fit(variance, key), of_fit(fits, key).iloc[0]
        )
    lines = _lines(effects, means)
    across = min(len(keys), PANELS_ACROSS)
    across = min(across, -(-len(keys) // -(-len(keys) // PANELS_ACROSS)))
    down = -(-len(keys) // across)
    figure, panels = new_figure(
        across,
        down,
        width_in=min(2.6 + 1.5 * across, DOUBLE_COLUMN_IN),
        height_in=0.3 + down * (0.75 + LINE_IN * max(len(lines), 4)),
        sharey=True,
    )
    for place, (panel, key) in enumerate(zip(panels, keys, strict=False)):
        found = facts["fits"][fit_title(key)]
        _draw(panel, lines, found["effects"], wide=across < 3)
        n = int(found["n"])
        panel.set_title(f"{response_name(key[1])}\n", fontsize=7.0)
        panel.text(
            0.0,
            1.015,
            f"{key[0]}, n = {n:,}",
            transform=panel.transAxes,
            fontsize=6.5,
            color=INK,
            va="bottom",
        )
        panel.set_xlabel(LOGIT if found["family"] == "binomial" else STANDARDISED)
        panel.tick_params(axis="y", length=0)
        if place % across == 0:
            panel.set_yticks(range(len(lines)), [label for _, label in lines], color=INK)
    for label in (STANDARDISED, LOGIT):
        _share_widths([panel for panel in panels if panel.get_xlabel() == label])
    for panel in panels[len(keys) :]:
        panel.set_axis_off()
    panels[0].set_ylim(len(lines) - 0.4, -0.6)
    add_footer(figure, _footer(facts))
    return figure, facts


def _describe(effects: pd.DataFrame, variance: pd.DataFrame, fit: pd.Series) -> dict[str, Any]:
    """Return the facts of one fit."""
    is_logit = fit["family"] == "binomial"
    sd = 1.0 if is_logit else float(np.sqrt(variance["variance"].sum()))
    found = {}
    for row in effects.to_dict("records"):
        scale = 1.0 if "[" in row["effect"] else row["spread"]
        scale = scale / sd if sd > 0 else np.nan
        drawn = [scale * row[name] for name in ("low", "estimate", "high")]
        found[row["effect"]] = {**effect_facts(row), "drawn": drawn}
    return {
        "n": fit["n"],
        "family": fit["family"],
        "response_sd": None if is_logit else sd,
        "effects": found,
    }


def _lines(effects: pd.DataFrame, means: pd.DataFrame) -> list[tuple[str | None, str]]:
    """Return the rows of the forest: effect, or None for a heading, and label.

    Terms keep their order; levels stand under a heading with the reference that they are
    compared with.
    """
    lines: list[tuple[str | None, str]] = []
    for term in dict.fromkeys(effects["term"]):
        names = list(dict.fromkeys(effects.loc[effects["term"] == term, "effect"]))
        if not any("[" in name for name in names):
            lines += [(name, predictor_name(name)) for name in names]
            continue
        heading = predictor_name(term)
        levels = means.loc[means["factor"] == term, "level"]
        references = [level for level in levels.unique() if f"{term}[{level}]" not in names]
        if references:
            heading += f" (vs {level_name(references[0])})"
        lines.append((None, heading))
        lines += [(name, f"{predictor_name(name)}    ") for name in names]
    return lines


def _draw(
    panel: Axes, lines: list[tuple[str | None, str]], effects: dict[str, Any], wide: bool
) -> None:
    """Draw the effects of one fit; filled where the interval leaves out 0."""
    panel.axvline(0.0, color=NULL, linewidth=1.0, linestyle=(0, (4, 2)))
    for place, (name, _) in enumerate(lines):
        if place % 2:
            panel.axhspan(place - 0.5, place + 0.5, color="#F4F4F4", linewidth=0, zorder=0)
        if name is None or name not in effects:
            continue
        low, estimate, high = effects[name]["drawn"]
        apart = low > 0 or high < 0
        panel.plot([low, high], [place, place], color=SCORE, linewidth=1.3)
        panel.plot(
            estimate,
            place,
            "o",
            markerfacecolor=SCORE if apart else "white",
            markeredgecolor=SCORE,
            markersize=4.2 if wide else 3.8,
        )
    panel.margins(x=0.08)


def _share_widths(panels: list[Axes]) -> None:
    """Give panels of one unit the same range of x."""
    limits = [panel.get_xlim() for panel in panels]
    for panel in panels:
        panel.set_xlim(min(low for low, _ in limits), max(high for _, high in limits))


def _footer(facts: Facts) -> list[str]:
    families = {found["family"] for found in facts["fits"].values()}
    sentences = [
        f"Scores: {facts['model_id']}. Panels: statistical models and responses; n rows each.",
        "Points: fixed effects; bars: 95 % intervals (Satterthwaite's t where REML, else normal); "
        "filled: 0 is outside. No correction for several effects.",
        "Numbers: effect of one standard deviation of the predictor; levels of factors: difference "
        "from the reference.",
    ]
    if "gaussian" in families:
        sentences.append(
            "SD of response: root of the sum of the model's variances. Raw units: table effects."
        )
    return sentences


def plot_effects(
    models: tuple[Path, Path, Path, Path], out: Outputs, options: FiguresOptions
) -> None:
    """Read the tables (`models`: effects, variance, means, fits), draw, write."""
    tables = (MODEL_EFFECTS, MODEL_VARIANCE, MODEL_MEANS, MODEL_FITS)
    frames = [read_frame(table, path) for table, path in zip(tables, models, strict=True)]
    write_figure(effects_figure(*frames), out, options)
