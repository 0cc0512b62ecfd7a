"""The corpus beside other data sets: how far true and shuffled pairs lie apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from egoalign.config import CORPUS
from egoalign.divergence import BINS
from egoalign.figures.facts import Facts, metric
from egoalign.figures.files import Outputs, read_frame, write_figure
from egoalign.figures.style import (
    DOUBLE_COLUMN_IN,
    INK,
    NULL,
    SCORE,
    add_footer,
    add_legend,
    message_figure,
    new_figure,
    styled,
)
from egoalign.reference.compare import FEWEST, ONE_FRAME, read_groups
from egoalign.tables import METRICS
from egoalign.wording import counted, number

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from egoalign.config import FiguresOptions
    from egoalign.reference.summary import Pairs

NAMES = {CORPUS: "the corpus", ONE_FRAME: "the corpus,\none picture"}
MEASURES = {
    "jsd": ("divergence\nfrom null (bits)", 0.0),
    "auc_null": ("AUC of true\nagainst null", 0.5),
    "share_above_null_p95": ("share above 95 %\nof own null", 0.05),
}
"""Measures shown: metric, label of the axis, and what chance would give."""


@styled
def reference_figure(groups: Mapping[str, Pairs], comparison: pd.DataFrame) -> tuple[Figure, Facts]:
    """Draw one row a group: its distributions, and its measures with intervals.

    Parameters
    ----------
    groups : mapping of str to Pairs
        All pairs of the corpus, of its one-picture utterances, and of each set.
    comparison : DataFrame
        Table METRICS of the same model, by `compare-references`, from equally many pairs of each.

    Returns
    -------
    figure : Figure
    facts : dict
        `groups`: for each group `n_pairs` and the measures; `n_compared`, `model_id`; or `message`.
    """
    facts: Facts = {"model_id": comparison["model_id"].iloc[0] if len(comparison) else ""}
    found: dict[str, Facts] = {
        name: {"n_pairs": pairs.n}
        | {
            measure: metric(comparison, measure, name)
            for measure in (*MEASURES, "score_mean", "null_mean", "difference")
        }
        for name, pairs in groups.items()
    }
    shown = [name for name in found if found[name]["auc_null"]]
    facts |= {"groups": found, "n_sets": len(groups.keys() - NAMES.keys())}
    if not shown:
        facts["message"] = (
            f"No group has {FEWEST} pairs with a score and a null: nothing to compare."
        )
        return message_figure(facts["message"]), facts
    facts["n_compared"] = found[shown[0]]["auc_null"]["n"]
    figure, panels = new_figure(
        4,
        len(shown),
        width_in=DOUBLE_COLUMN_IN,
        height_in=0.75 + 0.75 * len(shown),
        width_ratios=[2.2, 1.0, 1.0, 1.0],
        sharex="col",
    )
    rows = np.array(panels, dtype=object).reshape(len(shown), 4)
    edges = _edges([groups[name] for name in shown])
    for name, (distributions, *measures) in zip(shown, rows, strict=True):
        _draw_distributions(distributions, groups[name], edges)
        distributions.set_ylabel(
            NAMES.get(name, name), rotation=0, ha="right", va="center", color=INK
        )
        for panel, measure in zip(measures, MEASURES, strict=True):
            _draw_measure(panel, found[name][measure], MEASURES[measure][1])
    for panel, letter, title in zip(
        rows[0], "abcd", ("Distributions over pairs", "", "", ""), strict=True
    ):
        panel.set_title(f"{letter}  {title}")
    labels = ["score", *(label for label, _ in MEASURES.values())]
    for panel, label in zip(rows[-1], labels, strict=True):
        panel.set_xlabel(label)
    add_legend(figure, rows[0][0])
    add_footer(figure, _footer(facts, shown))
    return figure, facts


def _edges(groups: Sequence[Pairs]) -> np.ndarray:
    """Return the edges of the bins that all groups share."""
    pooled = np.concatenate([values for pairs in groups for values in (pairs.score, pairs.draw)])
    fewest = min(pairs.n for pairs in groups)
    return np.histogram_bin_edges(pooled, bins=int(np.clip(np.sqrt(fewest) * 1.5, 12, 50)))


def _draw_distributions(panel: Axes, pairs: Pairs, edges: np.ndarray) -> None:
    for values, colour, label, alpha in (
        (pairs.draw, NULL, "shuffled", 0.35),
        (pairs.score, SCORE, "true pairs", 0.25),
    ):
        bins = edges.tolist()
        panel.hist(values, bins, density=True, histtype="stepfilled", color=colour, alpha=alpha)
        panel.hist(values, bins, density=True, histtype="step", color=colour, linewidth=1.0)
        panel.plot([], [], color=colour, linewidth=3, label=label)
    panel.set_yticks([])
    panel.spines["left"].set_visible(False)


def _draw_measure(panel: Axes, value: Facts | None, chance: float) -> None:
    """Draw one measure of one group."""
    panel.axvline(chance, color=NULL, linewidth=1.0, linestyle=(0, (4, 2)))
    panel.set_yticks([])
    panel.spines["left"].set_visible(False)
    panel.set_ylim(-1, 1)
    panel.margins(x=0.15)
    if value is None:
        panel.text(chance, 0, " none", va="center", color=NULL, fontsize=6.5)
        return
    ends = [np.nan if value[end] is None else value[end] for end in ("ci_low", "ci_high")]
    panel.plot(ends, [0, 0], color=SCORE, linewidth=1.4)
    panel.plot(value["estimate"], 0, "o", color=SCORE, markersize=4.5)
    panel.annotate(
        number(value["estimate"], 2),
        (value["estimate"], 0),
        xytext=(0, 6),
        textcoords="offset points",
        ha="center",
        fontsize=6.5,
        color=INK,
        # The line of chance must not run through the number.
        bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"},
    )


def _footer(facts: Facts, shown: Sequence[str]) -> list[str]:
    n_pairs = "; ".join(
        f"{' '.join(NAMES.get(name, name).split())} {facts['groups'][name]['n_pairs']:,}"
        for name in shown
    )
    sentences = [
        f"n = pairs with score and null: {n_pairs}; panels b to d from "
        f"{counted(facts['n_compared'], 'pair')} of each, drawn at random.",
        f"Model: {facts['model_id']}.",
        "Null: a caption with the picture of another pair of its set, an utterance with as many "
        "consecutive pictures of another utterance of its session; panel a shows one draw a pair.",
        "The corpus: greatest cosine over an utterance's pictures; one picture: utterances that "
        "have one only, as captions do.",
        f"Divergence: Jensen-Shannon, base 2, {BINS} equally full bins, less its value by chance.",
    ]
    how = dict.fromkeys(
        value["interval"]
        for name in shown
        if (value := facts["groups"][name]["auc_null"])["interval"]
    )
    sentences.append(f"Intervals: 95 %, {'; '.join(how)}." if how else "No intervals.")
    sentences.append("Dashed: the value by chance.")
    return sentences


def plot_reference(
    alignment: Path,
    pairs: Sequence[Path],
    comparison: Path,
    out: Outputs,
    options: FiguresOptions,
) -> None:
    """Read the tables, draw `reference_figure`, write it."""
    groups = read_groups(alignment, pairs)
    write_figure(reference_figure(groups, read_frame(METRICS, comparison)), out, options)
