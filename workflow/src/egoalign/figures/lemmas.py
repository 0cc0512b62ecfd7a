"""The alignment of lemmas by how frequent and how concrete they are.

A lemma's frequency is public with its number (table lemma_numbers), its norms are not: frequency
and concreteness together tell the word to anybody who has the norms. So single lemmas are drawn
over frequency only, and concreteness is shown for groups of lemmas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import TwoSlopeNorm

from egoalign.figures.facts import Facts
from egoalign.figures.files import Outputs, write_figure
from egoalign.figures.means import SAMPLES, mean_of
from egoalign.figures.style import (
    DOUBLE_COLUMN_IN,
    INK,
    NULL,
    POPULATION,
    add_footer,
    label_panels,
    message_figure,
    new_figure,
    styled,
)
from egoalign.resample import choose_clusters
from egoalign.tables import LEMMA_NUMBERS, WORD_PREDICTORS, read_table
from egoalign.wording import counted

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from egoalign.config import FiguresOptions

CLASSES = {"noun": ("o", "#0072B2"), "verb": ("s", "#D55E00"), "adjective": ("^", "#009E73")}
"""Marks and colours of the classes of words."""

LEAST_SAID = 5
"""Lemmas with fewer scored tokens are points, but in no group."""

LEAST_IN_GROUP = 5
"""Lemmas in a group that is drawn: none can be told from a group's place."""

MOST_GROUPS = 10
LEMMAS_IN_GROUP = 10
"""Lemmas in a group at least, as far as there are enough for two groups."""

MOST_CELLS = 8


@styled
def lemmas_figure(lemmas: pd.DataFrame) -> tuple[Figure, Facts]:
    """Draw lemmas' score less null over frequency, by concreteness, and by both.

    Parameters
    ----------
    lemmas : DataFrame
        Table LEMMA_NUMBERS of one model, with log_freq (Zipf) and concreteness beside it.

    Returns
    -------
    figure : Figure
    facts : dict
        Counts of lemmas and tokens, correlations over lemmas, and groups' means; or `message`.
    """
    model_id = lemmas["model_id"].iloc[0] if len(lemmas) else ""
    rows = lemmas.dropna(subset=["difference", "log_freq"])
    facts: Facts = {"model_id": model_id, "n_lemmas": len(rows), "n_tokens": rows["n_null"].sum()}
    if rows.empty:
        facts["message"] = "No content word has a score with a null: no lemmas to show."
        return message_figure(facts["message"]), facts
    grouped = rows[rows["n_null"] >= LEAST_SAID]
    normed = grouped.dropna(subset=["concreteness"])
    facts |= {
        "n_grouped": len(grouped),
        "n_normed": len(normed),
        "by_frequency": _groups(grouped, "log_freq"),
        "by_concreteness": _groups(normed, "concreteness"),
        "rho_frequency": _rank_correlation(grouped["log_freq"], grouped["difference"]),
        "rho_concreteness": _rank_correlation(normed["concreteness"], normed["difference"]),
        "rho_both": _rank_correlation(normed["log_freq"], normed["concreteness"]),
    }
    figure, (over, by, plane) = new_figure(
        3, width_in=DOUBLE_COLUMN_IN, height_in=2.7, width_ratios=(1.25, 1, 1.15)
    )
    _draw_points(over, rows)
    _draw_groups(over, facts["by_frequency"])
    over.set_xlabel("frequency in the corpus (Zipf)")
    over.set_ylabel("word score less null (cosine)")
    by.axhline(0.0, color=NULL, linewidth=1.0, linestyle=(0, (4, 2)))
    by.set_xlabel("concreteness (norms)")
    by.set_ylabel("mean word score less null (cosine)")
    plane.set_xlabel("frequency in the corpus (Zipf)")
    plane.set_ylabel("concreteness (norms)")
    if facts["by_concreteness"]:
        _draw_groups(by, facts["by_concreteness"])
    else:
        _say(by, _why_no_norms(lemmas))
    if not _draw_plane(figure, plane, normed):
        _say(plane, "too few lemmas" if len(normed) else _why_no_norms(lemmas))
    label_panels([over, by, plane], ["Each lemma", "By concreteness", "Frequency by concreteness"])
    handles, labels = over.get_legend_handles_labels()
    legend = figure.legend(
        handles, labels, loc="outside upper left", ncols=len(labels), handlelength=1.4
    )
    for mark in legend.legend_handles:
        if mark is not None:
            mark.set_alpha(1.0)
    add_footer(figure, _footer(facts))
    return figure, facts


def _groups(rows: pd.DataFrame, column: str) -> list[dict[str, Any]]:
    """Return means of groups of as many lemmas each, by rising `column`."""
    n_groups = min(len(rows) // LEMMAS_IN_GROUP, MOST_GROUPS)
    if n_groups < 2 and len(rows) >= 2 * LEAST_IN_GROUP:
        n_groups = 2
    if n_groups < 2 or rows[column].nunique() < 2:
        return []
    ordered = rows.sort_values([column, "lemma_id"])
    groups = []
    for part in np.array_split(np.arange(len(ordered)), n_groups):
        own = ordered.iloc[part]
        values = own["difference"].to_numpy(np.float64)
        mean = mean_of(values, choose_clusters([("lemmas", np.arange(len(own)))]))
        groups.append({"x": own[column].mean(), **{k: mean[k] for k in _MEAN}, "n": len(own)})
    return groups


_MEAN = ("estimate", "ci_low", "ci_high")


def _rank_correlation(x: pd.Series, y: pd.Series) -> float | None:
    """Return Spearman's correlation, or None with fewer than three lemmas."""
    if len(x) < 3 or x.nunique() < 2 or y.nunique() < 2:
        return None
    return float(x.rank().corr(y.rank()))


def _draw_points(panel: Axes, rows: pd.DataFrame) -> None:
    """Draw a point a lemma; its area rises with how often it was scored."""
    panel.axhline(0.0, color=NULL, linewidth=1.0, linestyle=(0, (4, 2)))
    largest = float(np.sqrt(rows["n_null"].max()))
    for name, (marker, color) in CLASSES.items():
        own = rows[rows["word_class"] == name]
        if own.empty:
            continue
        panel.scatter(
            own["log_freq"],
            own["difference"],
            s=3 + 32 * np.sqrt(own["n_null"]) / largest,
            marker=marker,
            facecolor=color,
            edgecolor="none",
            alpha=0.6 if len(rows) < 500 else 0.35,
            label=f"{name}s",
            rasterized=len(rows) > 2000,
        )
    low, high = np.quantile(rows["difference"], [0.005, 0.995])
    room = 0.12 * max(high - low, 1e-6)
    panel.set_ylim(min(low, 0.0) - room, max(high, 0.0) + room)


def _draw_groups(panel: Axes, groups: list[dict[str, Any]]) -> None:
    """Draw groups' means with their intervals."""
    x, y, low, high = (
        np.array([one[name] for one in groups], dtype=np.float64) for name in ("x", *_MEAN)
    )
    panel.vlines(x, low, high, color=POPULATION, linewidth=1.1)
    panel.plot(x, y, "o-", color=POPULATION, markersize=3.0, linewidth=0.9, label="mean of a group")


def _draw_plane(figure: Figure, panel: Axes, rows: pd.DataFrame) -> bool:
    """Draw mean differences of cells of frequency and concreteness; return whether any is."""
    n = int(np.clip(np.sqrt(len(rows) / LEMMAS_IN_GROUP), 2, MOST_CELLS))
    if len(rows) < LEAST_IN_GROUP:
        return False
    x, y = rows["log_freq"].to_numpy(np.float64), rows["concreteness"].to_numpy(np.float64)
    number, x_edges, y_edges = np.histogram2d(x, y, bins=n)
    total, _, _ = np.histogram2d(x, y, bins=(x_edges, y_edges), weights=rows["difference"])
    enough = number >= LEAST_IN_GROUP
    if not enough.any():
        return False
    mean = np.where(enough, total / np.maximum(number, 1), np.nan)
    reach = float(np.nanmax(np.abs(mean))) or 1.0
    mesh = panel.pcolormesh(
        x_edges,
        y_edges,
        np.ma.masked_invalid(mean.T),
        cmap="PuOr_r",
        norm=TwoSlopeNorm(0.0, -reach, reach),
        edgecolors="white",
        linewidth=0.4,
    )
    for i, j in zip(*np.nonzero(enough), strict=True):
        strong = abs(mean[i, j]) > 0.7 * reach
        panel.text(
            x_edges[i : i + 2].mean(),
            y_edges[j : j + 2].mean(),
            f"{int(number[i, j])}",
            ha="center",
            va="center",
            fontsize=5.0,
            color="white" if strong else INK,
        )
    bar = figure.colorbar(mesh, ax=panel, pad=0.02, aspect=24)
    bar.set_label("word score less null (cosine)", fontsize=6.5)
    bar.ax.tick_params(labelsize=6.0)
    bar.outline.set_linewidth(0.4)
    return True


def _why_no_norms(lemmas: pd.DataFrame) -> str:
    if lemmas["concreteness"].isna().all():
        return "no norms of concreteness:\nsee vary.predictors.norms"
    return "too few lemmas with norms"


def _say(panel: Axes, text: str) -> None:
    """Write in a panel why it is empty."""
    panel.set_axis_off()
    panel.text(0.5, 0.5, text, transform=panel.transAxes, ha="center", va="center", color=INK)


def _footer(facts: Facts) -> list[str]:
    sentences = [
        f"n = {counted(facts['n_lemmas'], 'lemma')} (a: lemma and class), "
        f"{counted(int(facts['n_tokens']), 'token')}; areas of points rise with the root of the "
        "tokens.",
        f"Model: {facts['model_id']}.",
        "Null: the same word with as many consecutive pictures at far shifts of the recording.",
        f"Groups: lemmas with at least {LEAST_SAID} tokens "
        f"(n = {facts['n_grouped']:,}; with norms {facts['n_normed']:,}), as many in each; bars: "
        f"95 %, percentile bootstrap over the group's lemmas, {SAMPLES} samples.",
        f"c: numbers are lemmas; cells with fewer than {LEAST_IN_GROUP} are blank.",
    ]
    return sentences


def read_lemmas(lemma_numbers: Path, word_predictors: Path) -> pd.DataFrame:
    """Read the lemmas' numbers with frequency and concreteness beside them."""
    lemmas = read_table(LEMMA_NUMBERS, lemma_numbers).to_pandas()
    columns = ["lemma_id", "log_freq", "concreteness"]
    known = read_table(WORD_PREDICTORS, word_predictors, columns).to_pandas()
    known = known.dropna(subset=["lemma_id"]).groupby("lemma_id", as_index=False).first()
    return lemmas.merge(known, on="lemma_id", how="left")


def plot_lemmas(
    lemma_numbers: Path, word_predictors: Path, out: Outputs, options: FiguresOptions
) -> None:
    """Read the tables, draw `lemmas_figure`, write it."""
    write_figure(lemmas_figure(read_lemmas(lemma_numbers, word_predictors)), out, options)
