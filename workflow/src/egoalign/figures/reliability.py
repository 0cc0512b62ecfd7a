"""Probabilities as told against shares as found, and the fits that tell them from the score."""

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
from egoalign.tables import CALIBRATION_CURVE, METRICS
from egoalign.wording import counted, interval, number

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from egoalign.config import FiguresOptions

FITS = {"logistic": (SCORE, "o", "-"), "isotonic": (MODEL, "s", (0, (5, 1.5)))}
"""Colour, mark and line of each fit."""
ESTIMATORS = {
    "calibrated": "mean calibrated probability",
    "rogan_gladen": "Rogan and Gladen's estimator",
}


@styled
def reliability_figure(calibration: pd.DataFrame, curve: pd.DataFrame) -> tuple[Figure, Facts]:
    """Draw what was told against what was found, both fits, and the scores they rest on.

    Parameters
    ----------
    calibration : DataFrame
        Table METRICS of one model, by `calibrate-model`.
    curve : DataFrame
        Table CALIBRATION_CURVE of the same model.

    Returns
    -------
    figure : Figure
    facts : dict
        `kind` (label or rating), `n_pairs`, by fit `ece`, `brier` and `slope`; `prevalence` with
        its `estimator`; `threshold`; `is_corrected` for raters' errors; or `message`.
    """
    facts: Facts = {"model_id": calibration["model_id"].iloc[0], "fits": {}}
    if curve.empty:
        note = calibration["note"].iloc[0]
        facts["message"] = f"No probabilities from scores: {note}."
        return message_figure(facts["message"]), facts
    shares = calibration[calibration["metric"] == "prevalence"]
    facts["kind"], estimator = shares["subset"].iloc[0].split("|")
    facts["estimator"] = next(text for name, text in ESTIMATORS.items() if name in estimator)
    facts["prevalence"] = metric(calibration, "prevalence", shares["subset"].iloc[0])
    chosen = calibration[calibration["metric"] == "threshold"].iloc[0]
    facts["criterion"] = chosen["subset"].split("|")[1]
    facts["threshold"] = metric(calibration, "threshold", chosen["subset"])
    facts["n_pairs"] = chosen["n"]
    facts["is_corrected"] = bool((calibration["metric"] == "rater_sensitivity").any())
    facts["n_moments"] = shares["n"].iloc[0]
    for name in FITS:
        subset = f"{facts['kind']}|{name}"
        facts["fits"][name] = {
            "ece": metric(calibration, "ece", subset),
            "brier": metric(calibration, "brier", subset),
            "slope": metric(calibration, "calibration_slope", subset),
        }
    figure, panels = new_figure(3, height_in=2.6)
    _draw_reliability(panels[0], curve)
    _draw_fits(panels[1], curve, facts)
    _draw_scores(panels[2], curve)
    add_legend(figure, panels[0])
    label_panels(panels, ["Told and found", "Probability by score", "Scores"])
    add_footer(figure, _footer(facts))
    return figure, facts


def _draw_reliability(panel: Axes, curve: pd.DataFrame) -> None:
    """Draw the bins' shares against their mean probabilities."""
    panel.plot([0, 1], [0, 1], color=NULL, linewidth=1.0, linestyle=(0, (4, 2)))
    for (name, (colour, mark, _)), shift in zip(FITS.items(), (-0.006, 0.006), strict=True):
        bins = curve[(curve["kind"] == "bin") & (curve["name"] == name)]
        x = bins["x"] + shift
        panel.vlines(x, bins["ci_low"], bins["ci_high"], color=colour, linewidth=1.0, alpha=0.7)
        panel.plot(x, bins["y"], mark, color=colour, markersize=3.5, label=name)
    panel.set_xlim(-0.03, 1.03)
    panel.set_ylim(-0.05, 1.05)
    panel.set_xlabel("probability told, out of fold")
    panel.set_ylabel("share aligned")


def _draw_fits(panel: Axes, curve: pd.DataFrame, facts: Facts) -> None:
    """Draw both fits against the score, each with its band, and the threshold."""
    for name, (colour, _, line) in FITS.items():
        fit = curve[(curve["kind"] == "fit") & (curve["name"] == name)]
        panel.plot(fit["x"], fit["y"], color=colour, linestyle=line)
        low, high = (fit[end].astype(float) for end in ("ci_low", "ci_high"))
        panel.fill_between(fit["x"], low, high, color=colour, alpha=0.12, linewidth=0)
    if facts["threshold"]:
        at = facts["threshold"]["estimate"]
        panel.axvline(at, color=NULL, linewidth=1.0, linestyle=(0, (1, 1.5)))
        panel.text(at, 1.0, "threshold ", color=NULL, fontsize=6.5, va="top", ha="right")
    panel.set_ylim(-0.05, 1.05)
    panel.set_xlabel("score (cosine)")
    panel.set_ylabel("probability aligned")


def _draw_scores(panel: Axes, curve: pd.DataFrame) -> None:
    """Draw the scores of corpus and judged pairs, each as shares of its own."""
    for name, colour, label in (("corpus", NULL, "all moments"), ("judged", INK, "judged pairs")):
        bars = curve[(curve["kind"] == "scores") & (curve["name"] == name)]
        x, y = bars["x"].to_numpy(), bars["y"].to_numpy()
        half = (x[1] - x[0]) / 2
        edges = np.append(x - half, x[-1] + half)
        if name == "corpus":
            panel.stairs(y, edges, fill=True, color=colour, alpha=0.45, label=label)
        else:
            panel.stairs(y, edges, color=colour, linewidth=1.0, label=label)
    panel.set_xlabel("score (cosine)")
    panel.set_ylabel("share in bar")
    panel.set_ylim(0, panel.get_ylim()[1] * 1.25)
    panel.legend(loc="upper right", fontsize=6.0, handlelength=1.2)


def _footer(facts: Facts) -> list[str]:
    sentences = [
        f"n = {counted(facts['n_pairs'], 'judged pair')} ({facts['kind']}s); "
        f"{counted(facts['n_moments'], 'moment')} of the corpus. Model: {facts['model_id']}."
    ]
    for name, found in facts["fits"].items():
        perfect = found["ece"]["chance"] if found["ece"] else None
        sentences.append(
            f"{name.capitalize()}: calibration error {interval(found['ece'], 3)} "
            f"({number(perfect, 3)} if perfect), Brier score {interval(found['brier'], 3)}, "
            f"slope {interval(found['slope'], 2)}."
        )
    sentences.append(
        f"Share of aligned moments ({facts['estimator']}): {interval(facts['prevalence'], 3)}."
    )
    sentences.append("Null: dashed, told is found. Points: bins of equal numbers of pairs.")
    if facts["is_corrected"]:
        sentences.append("Shares are corrected for raters' errors and may pass 0 or 1.")
    return sentences + interval_sentences(facts["prevalence"])


def plot_reliability(calibration: Path, curve: Path, out: Outputs, options: FiguresOptions) -> None:
    """Read the tables, draw `reliability_figure`, write it."""
    result = reliability_figure(
        read_frame(METRICS, calibration), read_frame(CALIBRATION_CURVE, curve)
    )
    write_figure(result, out, options)
