"""The psychometric curve: people's forced-choice accuracy against a model's score and margin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from egoalign.figures.facts import Facts, interval_sentences, metric
from egoalign.figures.files import Outputs, read_frame, write_figure
from egoalign.figures.style import (
    INK,
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
from egoalign.tables import ITEMS, METRICS, PSYCHOMETRIC
from egoalign.wording import counted, interval

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from egoalign.config import FiguresOptions

DIRECTIONS = {
    "choose_utterance": "One picture, which utterance?",
    "choose_image": "One utterance, which picture?",
}
PREDICTORS = {
    "score": ("q", "score of the true pair (cosine)"),
    "margin": ("m", "margin over the best distractor (cosine)"),
}
"""By predictor: the letter of its groups' subsets, and the label of its axis."""

CHANCE_OF_FOUR = 0.25


@styled
def accuracy_figure(
    items: pd.DataFrame, validation: pd.DataFrame, curves: pd.DataFrame
) -> tuple[Figure, Facts]:
    """Draw accuracy of people and model in groups of like items, with people's fitted curve.

    Parameters
    ----------
    items : DataFrame
        Table ITEMS of one model.
    validation : DataFrame
        Table METRICS of the same model, by `validate-model`, with accuracies of the groups by
        score (subset ``<direction>|q<k>/<groups>``) and by margin (``|m<k>/<groups>``).
    curves : DataFrame
        Table PSYCHOMETRIC of the same model.

    Returns
    -------
    figure : Figure
    facts : dict
        By direction: items, answers, accuracy of people and model, correlation, and by predictor
        threshold, slope and lapse rate of the curve; or `message`.
    """
    model_id = items["model_id"].iloc[0] if len(items) else ""
    choices = items[items["kind"].isin(list(DIRECTIONS))]
    rows = choices.dropna(subset=["score", "human_accuracy"])
    facts: Facts = {"model_id": model_id, "n_items": len(rows), "directions": {}}
    if rows.empty:
        facts["message"] = (
            "No human choices between scored items: no accuracy to show."
            if choices.empty
            else f"None of {len(choices)} judged items has a score: no accuracy to show."
        )
        return message_figure(facts["message"]), facts
    shown = [kind for kind in DIRECTIONS if (rows["kind"] == kind).any()]
    predictors = [name for name in PREDICTORS if rows[name].notna().any()]
    figure, panels = new_figure(
        len(shown),
        len(predictors),
        width_in=3.5 * len(shown),
        height_in=2.6 * len(predictors) + 0.3,
        sharey=True,
    )
    for k, panel in enumerate(panels):
        predictor, kind = predictors[k // len(shown)], shown[k % len(shown)]
        chosen = rows[(rows["kind"] == kind) & rows[predictor].notna()]
        if kind not in facts["directions"]:
            facts["directions"][kind] = {
                "n_items": len(chosen),
                "n_answers": chosen["n_answers"].sum(),
                "human": metric(validation, "human_accuracy", kind),
                "model": metric(validation, "model_accuracy", kind),
                "correlation": metric(validation, "spearman_score", kind),
                "curves": {name: _curve_facts(curves, kind, name) for name in predictors},
            }
        chance = _chance(facts["directions"][kind])
        _draw_direction(panel, chosen, validation, kind, predictor, chance)
        _draw_curve(panel, curves, kind, predictor)
        if k % len(shown) == 0:
            panel.set_ylabel("share of right choices")
    add_legend(figure, panels[0])
    label_panels(panels, [DIRECTIONS[kind] for kind in shown] + [""] * len(panels))
    add_footer(figure, _footer(facts))
    return figure, facts


def _curve_facts(curves: pd.DataFrame, kind: str, predictor: str) -> Facts:
    """Return the parameters of a curve by name, those that have a value, and its note."""
    chosen = curves[(curves["choice"] == kind) & (curves["predictor"] == predictor)]
    chosen = chosen[chosen["kind"] == "parameter"].set_index("term")
    found: Facts = {
        str(term): row[["estimate", "ci_low", "ci_high", "interval", "note"]].to_dict()
        for term, row in chosen.iterrows()
        if np.isfinite(row["estimate"])
    }
    return found


def _draw_curve(panel: Axes, curves: pd.DataFrame, kind: str, predictor: str) -> None:
    """Draw people's fitted curve with its band."""
    chosen = curves[(curves["choice"] == kind) & (curves["predictor"] == predictor)]
    line = chosen[chosen["kind"] == "line"]
    if line.empty:
        return
    x = line["term"].astype(float).to_numpy()
    low, high = (line[end].astype(float).to_numpy() for end in ("ci_low", "ci_high"))
    panel.fill_between(x, low, high, color=SCORE, alpha=0.15, linewidth=0)
    panel.plot(x, line["estimate"], color=SCORE, linewidth=1.0, alpha=0.8, label="people, fitted")


def _draw_direction(
    panel: Axes,
    items: pd.DataFrame,
    validation: pd.DataFrame,
    kind: str,
    predictor: str,
    chance: float,
) -> None:
    """Draw the items' groups for people and model, and chance."""
    panel.axhline(chance, color=NULL, linewidth=1.0, linestyle=(0, (4, 2)))
    panel.text(
        1.0,
        chance + 0.01,
        "chance",
        color=NULL,
        fontsize=6.5,
        ha="right",
        va="bottom",
        transform=panel.get_yaxis_transform(),
    )
    letter, label = PREDICTORS[predictor]
    for name, colour, marker, who, shift in (
        ("human_accuracy", SCORE, "o", "people", -0.007),
        ("model_accuracy", MODEL, "s", "model", 0.007),
    ):
        groups = _groups(items, validation, name, kind, predictor, letter)
        if groups.empty:
            continue
        x = groups["at"] + shift * np.ptp(items[predictor].to_numpy())
        panel.vlines(x, groups["ci_low"], groups["ci_high"], color=colour, linewidth=1.2)
        panel.plot(x, groups["estimate"], marker, color=colour, markersize=4.5, label=who)
    panel.set_ylim(0, 1.02)
    panel.set_xlabel(label)
    panel.text(
        0.02, 0.03, f"{len(items):,} items", color=INK, fontsize=6.5, transform=panel.transAxes
    )


def _chance(found: Facts) -> float:
    """Return the share that guessing would give right, of four alternatives if not known."""
    known = [found[name]["chance"] for name in ("human", "model") if found[name]]
    return known[0] if known and known[0] is not None else CHANCE_OF_FOUR


def _groups(
    items: pd.DataFrame,
    validation: pd.DataFrame,
    name: str,
    kind: str,
    predictor: str,
    letter: str,
) -> pd.DataFrame:
    """Return the accuracy of each quantile group with the mean score or margin of its items.

    The groups are those of `validate-model`: an item on an edge belongs to the lower group.
    """
    import pandas as pd

    subsets = validation["subset"]
    n_groups = subsets[subsets.str.startswith(f"{kind}|{letter}")].nunique()
    if n_groups == 0:
        return pd.DataFrame()
    values = items[predictor].to_numpy()
    edges = np.quantile(values, np.arange(1, n_groups) / n_groups)
    group = np.searchsorted(edges, values, side="left")
    rows = []
    for k in range(n_groups):
        value = metric(validation, name, f"{kind}|{letter}{k + 1}/{n_groups}")
        if value and (group == k).any():
            rows.append({"at": values[group == k].mean(), **value})
    return pd.DataFrame(rows)


def _footer(facts: Facts) -> list[str]:
    sentences = []
    for kind, found in facts["directions"].items():
        sentences += [
            f"{DIRECTIONS[kind]} {counted(found['n_items'], 'item')}, "
            f"{counted(found['n_answers'], 'answer')};",
            f"right: people {interval(found['human'], 2)}, model {interval(found['model'], 2)};",
            f"Spearman correlation of score and people's accuracy "
            f"{interval(found['correlation'], 2)};",
            *(
                f"half-way at a {name} of {interval(curve.get('threshold'), 3)}, lapses "
                f"{interval(curve.get('lapse'), 2)}" + (";" if name == "score" else ".")
                for name, curve in found["curves"].items()
                if curve.get("threshold")
            ),
        ]
    sentences.append(f"Model: {facts['model_id']}. Null: a choice at random (dashed).")
    sentences.append("Points: groups of items of like score or margin.")
    people = [found["human"] for found in facts["directions"].values() if found["human"]]
    sentences += interval_sentences(people[0] if people else None)
    made = [
        curve["slope"]["interval"]
        for found in facts["directions"].values()
        for curve in found["curves"].values()
        if curve.get("slope") and curve["slope"]["interval"]
    ]
    sentences.append("Curve: logistic with lapses, guess rate fixed at chance")
    sentences[-1] += f"; band: 95 %, {made[0]}." if made else "."
    return sentences


def plot_accuracy(
    items: Path, validation: Path, curves: Path, out: Outputs, options: FiguresOptions
) -> None:
    """Read the tables, draw `accuracy_figure`, write it."""
    result = accuracy_figure(
        read_frame(ITEMS, items),
        read_frame(METRICS, validation),
        read_frame(PSYCHOMETRIC, curves),
    )
    write_figure(result, out, options)
