"""How the variance of each response is shared out, a bar a fit with its numbers beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from egoalign.figures.facts import Facts
from egoalign.figures.files import Outputs, read_frame, write_figure
from egoalign.figures.fitted import fit_title, group_name, keys_of, of_fit, why_none
from egoalign.figures.style import (
    DOUBLE_COLUMN_IN,
    INK,
    add_footer,
    message_figure,
    new_figure,
    styled,
)
from egoalign.tables import MODEL_FITS, MODEL_VARIANCE

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from egoalign.config import FiguresOptions

FIXED, OTHER, RESIDUAL = "fixed effects", "other groups", "residual"
PARTS = {
    FIXED: "#0072B2",
    "children": "#D55E00",
    "sessions": "#E69F00",
    "lemmas": "#009E73",
    "utterances": "#CC79A7",
    OTHER: "#56B4E9",
    RESIDUAL: "#DDDDDD",
}
"""Parts of the variance in the order of the bars, and their colours."""

HEADS = {FIXED: "fixed\neffects", OTHER: "other\ngroups"}


@styled
def variance_figure(variance: pd.DataFrame, fits: pd.DataFrame) -> tuple[Figure, Facts]:
    """Draw the shares of fixed effects, random terms and residual in each fit's variance.

    Parameters
    ----------
    variance, fits : DataFrame
        Tables MODEL_VARIANCE and MODEL_FITS of one vision-language model.

    Returns
    -------
    figure : Figure
    facts : dict
        `fits`: of each fit the shares, R squared, rows and family; or `message`.
    """
    facts: Facts = {"model_id": next(iter(fits["model_id"].dropna()), ""), "fits": {}}
    if variance.empty:
        facts["message"] = f"No variance to share out: {why_none(fits)}."
        return message_figure(facts["message"]), facts
    for key in keys_of(variance):
        rows = of_fit(variance, key)
        shares = rows.groupby(rows.apply(_part, axis=1))["share"].sum()
        fit = of_fit(fits, key).iloc[0]
        facts["fits"][fit_title(key)] = {
            "shares": {part: float(shares[part]) for part in PARTS if part in shares},
            **{name: fit[name] for name in ("n", "family", "r2_marginal", "r2_conditional")},
        }
    shown = [
        part for part in PARTS if any(part in found["shares"] for found in facts["fits"].values())
    ]
    figure, (bars, numbers) = new_figure(
        2,
        width_in=DOUBLE_COLUMN_IN,
        height_in=0.75 + 0.3 * max(len(facts["fits"]), 2),
        sharey=True,
        width_ratios=(1.0, 0.29 * (len(shown) + 2)),
    )
    _draw_bars(bars, facts, shown)
    _draw_numbers(numbers, facts, shown)
    add_footer(figure, _footer(facts))
    return figure, facts


def _part(row: pd.Series) -> str:
    """Return the part that a component belongs to."""
    if row["component"] == "Residual":
        return RESIDUAL
    if row["component"] == "Fixed effects":
        return FIXED
    name = group_name(row["group"])
    return name if name in PARTS else OTHER


def _draw_bars(panel: Axes, facts: Facts, shown: list[str]) -> None:
    labels = []
    for place, (title, found) in enumerate(facts["fits"].items()):
        left = 0.0
        for part in shown:
            share = 100 * found["shares"].get(part, 0.0)
            panel.barh(
                place, share, left=left, height=0.62, color=PARTS[part], edgecolor="white", lw=0.4
            )
            left += share
        labels.append(f"{title}\nn = {int(found['n']):,}")
    panel.set_yticks(range(len(labels)), labels, fontsize=6.5, color=INK)
    panel.set_ylim(len(labels) - 0.4, -0.6)
    panel.set_xlim(0, 100)
    panel.set_xlabel("share of variance (%)")
    panel.tick_params(axis="y", length=0)
    panel.spines["left"].set_visible(False)


def _draw_numbers(panel: Axes, facts: Facts, shown: list[str]) -> None:
    """Write the shares under heads in the parts' colours, and R squared."""
    panel.set_xlim(-0.5, len(shown) + 1.5)
    panel.xaxis.set_visible(False)
    panel.tick_params(axis="y", length=0, labelleft=False)
    for spine in panel.spines.values():
        spine.set_visible(False)
    text: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 6.5, "color": INK}
    for column, part in enumerate(shown):
        head = HEADS.get(part, part)
        panel.text(
            column, 1.045, head, transform=panel.get_xaxis_transform(), **text | {"va": "bottom"}
        )
        panel.plot(
            [column - 0.36, column + 0.36],
            [1.02, 1.02],
            transform=panel.get_xaxis_transform(),
            color=PARTS[part],
            linewidth=3.0,
            clip_on=False,
            solid_capstyle="butt",
        )
        for place, found in enumerate(facts["fits"].values()):
            panel.text(column, place, percent(found["shares"].get(part)), **text)
    for column, (name, head) in enumerate(
        (("r2_marginal", "$R^2_m$"), ("r2_conditional", "$R^2_c$")), start=len(shown)
    ):
        panel.text(
            column, 1.045, head, transform=panel.get_xaxis_transform(), **text | {"va": "bottom"}
        )
        for place, found in enumerate(facts["fits"].values()):
            panel.text(column, place, f"{found[name]:.3f}", **text)


def percent(share: float | None) -> str:
    """Return a share in per cent, small ones as such."""
    if share is None:
        return "\N{EN DASH}"
    if 0 < share < 0.0005:
        return "<0.1 %"
    return f"{100 * share:.1f} %"


def _footer(facts: Facts) -> list[str]:
    sentences = [
        f"Scores: {facts['model_id']}. A row a statistical model and response; n rows each.",
        "Shares of fixed effects, of each group's random effects (slopes with intercepts, mean "
        "over the rows) and of the residual; a dash: not in the model. Sessions are within "
        "children.",
        "R² after Nakagawa & Schielzeth: marginal (fixed effects) and conditional (with random "
        "effects).",
    ]
    if any(found["family"] == "binomial" for found in facts["fits"].values()):
        sentences.append("Binomial models on the latent scale of the logit.")
    return sentences


def plot_variance(variance: Path, fits: Path, out: Outputs, options: FiguresOptions) -> None:
    """Read the tables, draw `variance_figure`, write it."""
    result = variance_figure(read_frame(MODEL_VARIANCE, variance), read_frame(MODEL_FITS, fits))
    write_figure(result, out, options)
