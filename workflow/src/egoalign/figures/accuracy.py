"""People's forced-choice accuracy against the score of the true pair, beside the model's own."""

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
from egoalign.tables import ITEMS, METRICS
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
CHANCE_OF_FOUR = 0.25
MIN_ITEMS_FOR_CURVE = 20


@styled
def accuracy_figure(items: pd.DataFrame, validation: pd.DataFrame) -> tuple[Figure, Facts]:
    """Draw accuracy of people and model in groups of items of like score, for each direction.

    Parameters
    ----------
    items : DataFrame
        Table ITEMS of one model.
    validation : DataFrame
        Table METRICS of the same model, by `validate-model`, with accuracies of the score's
        quantile groups (subset ``<direction>|q<k>/<groups>``).

    Returns
    -------
    figure : Figure
    facts : dict
        By direction: items, answers, accuracy of people and model, correlation; or `message`.
    """
    model_id = items["model_id"].iloc[0] if len(items) else ""
    rows = items.dropna(subset=["score", "human_accuracy"])
    facts: Facts = {"model_id": model_id, "n_items": len(rows), "directions": {}}
    if rows.empty:
        facts["message"] = (
            "No human judgments of scored items: no accuracy to show."
            if items.empty
            else f"None of {len(items)} judged items has a score: no accuracy to show."
        )
        return message_figure(facts["message"]), facts
    shown = [kind for kind in DIRECTIONS if (rows["kind"] == kind).any()]
    figure, panels = new_figure(len(shown), width_in=3.5 * len(shown), height_in=2.9, sharey=True)
    for panel, kind in zip(panels, shown, strict=True):
        chosen = rows[rows["kind"] == kind]
        facts["directions"][kind] = {
            "n_items": len(chosen),
            "n_answers": chosen["n_answers"].sum(),
            "human": metric(validation, "human_accuracy", kind),
            "model": metric(validation, "model_accuracy", kind),
            "correlation": metric(validation, "spearman_score", kind),
        }
        _draw_direction(panel, chosen, validation, kind, _chance(facts["directions"][kind]))
    panels[0].set_ylabel("share of right choices")
    add_legend(figure, panels[0])
    label_panels(panels, [DIRECTIONS[kind] for kind in shown])
    add_footer(figure, _footer(facts))
    return figure, facts


def _draw_direction(
    panel: Axes, items: pd.DataFrame, validation: pd.DataFrame, kind: str, chance: float
) -> None:
    """Draw the items' groups for people and model, the people's curve, and chance."""
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
    for name, colour, marker, label, shift in (
        ("human_accuracy", SCORE, "o", "people", -0.007),
        ("model_accuracy", MODEL, "s", "model", 0.007),
    ):
        groups = _groups(items, validation, name, kind)
        if groups.empty:
            continue
        x = groups["score"] + shift * np.ptp(items["score"].to_numpy())
        panel.vlines(x, groups["ci_low"], groups["ci_high"], color=colour, linewidth=1.2)
        panel.plot(x, groups["estimate"], marker, color=colour, markersize=4.5, label=label)
    score, share, answers = (
        items[name].to_numpy() for name in ("score", "human_accuracy", "n_answers")
    )
    curve = human_curve(score, share, answers, chance)
    if curve is not None:
        panel.plot(*curve, color=SCORE, linewidth=1.0, alpha=0.8, label="people, fitted")
    panel.set_ylim(0, 1.02)
    panel.set_xlabel("score of the true pair (cosine)")
    panel.text(
        0.02, 0.03, f"{len(items):,} items", color=INK, fontsize=6.5, transform=panel.transAxes
    )


def _chance(found: Facts) -> float:
    """Return the share that guessing would give right, of four alternatives if not known."""
    known = [found[name]["chance"] for name in ("human", "model") if found[name]]
    return known[0] if known and known[0] is not None else CHANCE_OF_FOUR


def _groups(items: pd.DataFrame, validation: pd.DataFrame, name: str, kind: str) -> pd.DataFrame:
    """Return the accuracy of each quantile group with the mean score of its items.

    The groups are those of `validate-model`: an item on an edge belongs to the lower group.
    """
    import pandas as pd

    subsets = validation["subset"]
    n_groups = subsets[subsets.str.startswith(f"{kind}|q")].nunique()
    if n_groups == 0:
        return pd.DataFrame()
    scores = items["score"].to_numpy()
    edges = np.quantile(scores, np.arange(1, n_groups) / n_groups)
    group = np.searchsorted(edges, scores, side="left")
    rows = []
    for k in range(n_groups):
        value = metric(validation, name, f"{kind}|q{k + 1}/{n_groups}")
        if value and (group == k).any():
            rows.append({"score": scores[group == k].mean(), **value})
    return pd.DataFrame(rows)


def human_curve(
    score: np.ndarray, accuracy: np.ndarray, n_answers: np.ndarray, chance: float
) -> tuple[np.ndarray, np.ndarray] | None:
    """Fit people's accuracy as a logistic function of the score that starts at chance.

    The probability of a right choice is ``c + (1 - c) / (1 + exp(-(a + b z)))`` with `c`
    chance and `z` the standardised score; `a` and `b` have the greatest binomial likelihood within
    [-10, 10].

    Parameters
    ----------
    score, accuracy, n_answers : numpy.ndarray
        One value an item: cosine of the true pair, share of right choices, and answers.
    chance : float
        Share of right choices by guessing.

    Returns
    -------
    (x, y) or None
        The curve over the range of the scores, or None for fewer than 20 items or equal scores.
    """
    from scipy.optimize import minimize

    if len(score) < MIN_ITEMS_FOR_CURVE or np.ptp(score) == 0:
        return None
    centre, scale = score.mean(), score.std()
    right = accuracy * n_answers

    def probability(line: np.ndarray, at: np.ndarray) -> np.ndarray:
        return chance + (1 - chance) / (1 + np.exp(-(line[0] + line[1] * (at - centre) / scale)))

    def loss(line: np.ndarray) -> float:
        p = np.clip(probability(line, score), 1e-9, 1 - 1e-9)
        return -float(np.sum(right * np.log(p) + (n_answers - right) * np.log(1 - p)))

    fit = minimize(loss, np.zeros(2), method="L-BFGS-B", bounds=[(-10, 10)] * 2)
    x = np.linspace(score.min(), score.max(), 100)
    return x, probability(fit.x, x)


def _footer(facts: Facts) -> list[str]:
    sentences = []
    for kind, found in facts["directions"].items():
        sentences += [
            f"{DIRECTIONS[kind]} {counted(found['n_items'], 'item')}, "
            f"{counted(found['n_answers'], 'answer')};",
            f"right: people {interval(found['human'], 2)}, model {interval(found['model'], 2)};",
            f"Spearman correlation of score and people's accuracy "
            f"{interval(found['correlation'], 2)}.",
        ]
    sentences.append(f"Model: {facts['model_id']}. Null: a choice at random (dashed).")
    sentences.append("Points: groups of items of like score.")
    people = [found["human"] for found in facts["directions"].values() if found["human"]]
    sentences += interval_sentences(people[0] if people else None)
    sentences.append("Curve: logistic from chance to 1, greatest likelihood.")
    return sentences


def plot_accuracy(items: Path, validation: Path, out: Outputs, options: FiguresOptions) -> None:
    """Read the tables, draw `accuracy_figure`, write it."""
    result = accuracy_figure(read_frame(ITEMS, items), read_frame(METRICS, validation))
    write_figure(result, out, options)
