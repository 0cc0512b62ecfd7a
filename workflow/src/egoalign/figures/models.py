"""The comparison across models: one row a model, one panel a result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from egoalign.figures.facts import Facts, metric
from egoalign.figures.files import Outputs, read_frame, write_figure
from egoalign.figures.style import (
    DOUBLE_COLUMN_IN,
    INK,
    MODEL,
    NULL,
    SCORE,
    add_footer,
    label_panels,
    message_figure,
    new_figure,
    styled,
)
from egoalign.tables import METRICS
from egoalign.wording import counted

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from egoalign.config import FiguresOptions


@dataclass(frozen=True)
class Result:
    """A result to compare: metric, subset, axis label, what chance would give, and the ceiling.

    `ceiling` is the metric that says what people's own noise allows; empty where there is none.
    """

    metric: str
    subset: str
    label: str
    chance: float
    ceiling: str = ""

    @property
    def key(self) -> str:
        """Its name among the facts."""
        return f"{self.metric} {self.subset}"

    @property
    def ceiling_key(self) -> str:
        """The name of its ceiling among the facts."""
        return f"{self.key} ceiling"


RESULTS = (
    Result("difference", "all", "mean score\nless null mean", 0.0),
    Result("auc_null", "all", "AUC of true\nagainst null", 0.5),
    Result(
        "model_accuracy", "choose_utterance", "right choices,\nutterance", 0.25, "human_accuracy"
    ),
    Result("model_accuracy", "choose_image", "right choices,\npicture", 0.25, "human_accuracy"),
    Result("pearson_score", "all", "correlation with\nright choices", 0.0, "noise_ceiling"),
    Result("pearson_rating", "rating", "correlation\nwith ratings", 0.0, "noise_ceiling"),
)


@styled
def models_figure(models: pd.DataFrame) -> tuple[Figure, Facts]:
    """Draw each model's main results with intervals and the value that chance would give.

    Parameters
    ----------
    models : DataFrame
        Table METRICS of all models together, by `compare-models`.

    Returns
    -------
    figure : Figure
    facts : dict
        `models`: for each model the results shown; `n_models`; or `message`.
    """
    names = list(dict.fromkeys(models["model_id"]))
    facts: Facts = {"n_models": len(names), "models": {}}
    for name in names:
        rows = models[models["model_id"] == name]
        found = {result.key: metric(rows, result.metric, result.subset) for result in RESULTS}
        found |= {
            result.ceiling_key: metric(rows, result.ceiling, result.subset)
            for result in RESULTS
            if result.ceiling
        }
        if any(found.values()):
            facts["models"][name] = found
    shown = [
        result for result in RESULTS if any(found[result.key] for found in facts["models"].values())
    ]
    if not shown:
        facts["message"] = "No model has a result with a value: nothing to compare."
        return message_figure(facts["message"]), facts
    figure, panels = new_figure(
        len(shown),
        width_in=DOUBLE_COLUMN_IN,
        height_in=0.95 + 0.28 * max(len(facts["models"]), 2),
        sharey=True,
    )
    for panel, result in zip(panels, shown, strict=True):
        _draw_result(panel, result, facts["models"])
    panels[0].set_yticks(range(len(facts["models"])), list(facts["models"]), color=INK)
    panels[0].set_ylim(len(facts["models"]) - 0.5, -0.5)
    label_panels(panels, [""] * len(panels))
    add_footer(figure, _footer(facts, shown))
    return figure, facts


def _draw_result(panel: Axes, result: Result, models: Facts) -> None:
    """Draw one result of every model that has it."""
    panel.axvline(result.chance, color=NULL, linewidth=1.0, linestyle=(0, (4, 2)))
    for place, found in enumerate(models.values()):
        value = found[result.key]
        ceiling = found.get(result.ceiling_key)
        if ceiling is not None:
            ends = [ceiling[end] for end in ("ci_low", "ci_high")]
            if None not in ends:
                panel.fill_betweenx(
                    [place - 0.4, place + 0.4], *ends, color=MODEL, alpha=0.15, linewidth=0
                )
            panel.vlines(ceiling["estimate"], place - 0.4, place + 0.4, color=MODEL, linewidth=1.2)
        if value is None:
            panel.text(result.chance, place, " none", va="center", color=NULL, fontsize=6.5)
            continue
        ends = [np.nan if value[end] is None else value[end] for end in ("ci_low", "ci_high")]
        panel.plot(ends, [place, place], color=SCORE, linewidth=1.4)
        panel.plot(value["estimate"], place, "o", color=SCORE, markersize=4.5)
    panel.margins(x=0.15)
    panel.set_xlabel(result.label)


def _footer(facts: Facts, shown: list[Result]) -> list[str]:
    sentences = [f"n = {counted(facts['n_models'], 'model')}."]
    for letter, result in zip("abcdef", shown, strict=False):
        value = next(found[result.key] for found in facts["models"].values() if found[result.key])
        how = f", {value['interval']}" if value["interval"] else ""
        sentences.append(f"Panel {letter}: n = {value['n']:,}{how}.")
    sentences.append("Bars: 95 % intervals.")
    sentences.append("Dashed: the value by chance; in panel a the shuffled null itself.")
    if any(result.ceiling for result in shown):
        sentences.append(
            "Orange: what people's own noise allows, on the same items: people's accuracy, and the "
            "noise ceiling of correlations (split halves, Spearman-Brown), with 95 % intervals."
        )
    return sentences


def plot_models(models: Path, out: Outputs, options: FiguresOptions) -> None:
    """Read the table, draw `models_figure`, write it."""
    write_figure(models_figure(read_frame(METRICS, models)), out, options)
