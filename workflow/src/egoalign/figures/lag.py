"""The score against the time shift between speech and sight, with its null."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from egoalign.figures.facts import Facts, interval_sentences, metric
from egoalign.figures.files import Outputs, read_frame, write_figure
from egoalign.figures.style import (
    DOUBLE_COLUMN_IN,
    INK,
    NULL,
    SCORE,
    SPEAKER_NAMES,
    add_footer,
    add_legend,
    label_panels,
    message_figure,
    new_figure,
    styled,
)
from egoalign.tables import LAGS, METRICS, WORD_CLASSES
from egoalign.wording import counted, interval, number

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from egoalign.config import FiguresOptions

NULL_OF_LAGS = (
    "Null: the speech of each session moved round by a far shift (at least 60 s, or a third of the "
    "recording), against as many consecutive pictures."
)
TITLES = (
    {"all": "all utterances"}
    | {f"speaker={name}": said for name, said in SPEAKER_NAMES.items()}
    | {f"word_class={name}": f"single {name}s" for name in WORD_CLASSES.values()}
)


@styled
def lag_figure(lags: pd.DataFrame, peaks: pd.DataFrame) -> tuple[Figure, Facts]:
    """Draw the lag profile of the corpus, and of speaker types and classes of words beside it.

    Parameters
    ----------
    lags : DataFrame
        Table LAGS of one model.
    peaks : DataFrame
        Table METRICS of the same model, by `summarise-lags`.

    Returns
    -------
    figure : Figure
    facts : dict
        Utterances at lag 0, reach, and the peak's numbers with intervals; or `message`.
    """
    model_id = lags["model_id"].iloc[0] if len(lags) else ""
    facts: Facts = {"model_id": model_id}
    rows = lags.dropna(subset=["difference"])
    if rows[rows["subset"] == "all"].empty:
        note = lags["note"].dropna()
        facts["message"] = f"No lag profile to show: {note.iloc[0] if len(note) else 'no lags'}."
        return message_figure(facts["message"]), facts
    facts |= {
        "n_utterances": int(rows.loc[(rows["subset"] == "all") & (rows["lag_s"] == 0), "n"].sum()),
        "reach_s": rows["lag_s"].max(),
        "zero": metric(peaks, "lag_zero"),
        "peak": metric(peaks, "lag_peak_s"),
        "width": metric(peaks, "lag_width_s"),
        "asymmetry": metric(peaks, "lag_asymmetry"),
    }
    subsets = [name for name in TITLES if (rows["subset"] == name).any()]
    across = min(2 if len(subsets) == 4 else 3, len(subsets))
    down = -(-len(subsets) // across)
    figure, panels = new_figure(
        across, down, DOUBLE_COLUMN_IN, 0.6 + 1.9 * down, sharex=True, sharey=True
    )
    for place, (panel, subset) in enumerate(zip(panels, subsets, strict=False)):
        _draw(panel, rows[rows["subset"] == subset], metric(peaks, "lag_peak_s", subset))
        if place + across >= len(subsets):
            panel.set_xlabel("lag in s (sight less speech)")
            panel.tick_params(labelbottom=True)
        if place % across == 0:
            panel.set_ylabel("score less far mean")
    for panel in panels[len(subsets) :]:
        panel.set_axis_off()
    label_panels(panels, [TITLES[name] for name in subsets])
    add_legend(figure, panels[0])
    add_footer(figure, _footer(facts))
    return figure, facts


def _draw(panel: Axes, rows: pd.DataFrame, peak: Facts | None) -> None:
    """Draw one profile over its null."""
    lags = rows["lag_s"].to_numpy()
    null_low, null_high, all_low, all_high, low, high = (
        rows[name].to_numpy(np.float64)
        for name in ("null_low", "null_high", "all_low", "all_high", "ci_low", "ci_high")
    )
    panel.fill_between(lags, null_low, null_high, color=NULL, alpha=0.3, lw=0, label="null, 95 %")
    panel.plot(
        lags, all_high, color=NULL, lw=0.8, ls=(0, (3, 2)), label="null, 95 % for all lags at once"
    )
    panel.plot(lags, all_low, color=NULL, lw=0.8, ls=(0, (3, 2)))
    if np.isfinite(low).any():
        panel.fill_between(lags, low, high, color=SCORE, alpha=0.25, lw=0, label="95 % interval")
    panel.plot(lags, rows["difference"], color=SCORE, label="true pairs")
    panel.axvline(0.0, color=INK, lw=0.5)
    if peak:
        panel.axvline(peak["estimate"], color=SCORE, lw=0.8, ls=(0, (1, 1.5)))
    n = int(rows["n"].to_numpy()[np.abs(lags).argmin()])
    panel.text(
        0.98,
        0.95,
        f"n = {n:,}" + (f"\npeak {number(peak['estimate'], 1)} s" if peak else ""),
        transform=panel.transAxes,
        ha="right",
        va="top",
        fontsize=6.5,
        color=INK,
    )


def _footer(facts: Facts) -> list[str]:
    sentences = [
        f"n = {counted(facts['n_utterances'], 'utterance')} at lag 0.",
        f"Model: {facts['model_id']}.",
        "Positive lags: sight later than speech, the word leads.",
        NULL_OF_LAGS,
    ]
    for name, title, unit, digits in (
        ("peak", "Peak at", " s", 1),
        ("width", "Width at half height", " s", 1),
        ("asymmetry", "Positive less negative lags", "", 4),
    ):
        if facts[name]:
            sentences.append(f"{title} {interval(facts[name], digits)}{unit}.")
    return sentences + interval_sentences(facts["zero"])


def plot_lag(lags: Path, peaks: Path, out: Outputs, options: FiguresOptions) -> None:
    """Read the tables, draw `lag_figure`, write it."""
    result = lag_figure(read_frame(LAGS, lags), read_frame(METRICS, peaks))
    write_figure(result, out, options)
