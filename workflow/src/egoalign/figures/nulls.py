"""The distribution of the score beside that of every null scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from egoalign.figures.facts import Facts, counts, counts_sentence, interval_sentences, metric
from egoalign.figures.files import Outputs, read_frame, write_figure
from egoalign.figures.style import (
    DOUBLE_COLUMN_IN,
    INK,
    NULL,
    SCORE,
    add_footer,
    add_legend,
    label_panels,
    message_figure,
    new_figure,
    styled,
)
from egoalign.tables import ALIGNMENT, METRICS, SCHEMES, read_table

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from egoalign.config import FiguresOptions

COLUMNS = (
    "child_id",
    "session_id",
    "model_id",
    "score_max",
    *(f"{scheme}_draw" for scheme in SCHEMES),
)
SCHEME_NAMES = {
    "shuffled": "another utterance\nof the session",
    "shift": "speech shifted\nin time",
    "other_session": "another session\nof the child",
    "like_age": "another child\nof like age",
    "anyone": "any other\nsession",
    "text_matched": "own pictures,\nmatched text",
    "one_draw": "one picture of\nanyone's",
}
RESULTS = {
    "difference": ("mean score less\nnull mean", 0.0),
    "auc_null": ("AUC of true\nagainst null", 0.5),
    "jsd": ("divergence\n(bits)", 0.0),
}
BINS = 60
MIN_UTTERANCES = 2


@styled
def nulls_figure(alignment: pd.DataFrame, summary: pd.DataFrame) -> tuple[Figure, Facts]:
    """Draw the scores of true pairs and one draw of each null scheme, a row a scheme.

    Parameters
    ----------
    alignment : DataFrame
        Columns `COLUMNS` of table ALIGNMENT of one model, all sessions.
    summary : DataFrame
        Table METRICS of the same model, by `summarise-alignment`.

    Returns
    -------
    figure : Figure
    facts : dict
        Counts, and `schemes`: for each its number of utterances, null mean, and results with
        intervals; or `message`, where there is too little to draw.
    """
    model_id = alignment["model_id"].iloc[0] if len(alignment) else ""
    pairs = {scheme: alignment.dropna(subset=["score_max", f"{scheme}_draw"]) for scheme in SCHEMES}
    pairs = {scheme: rows for scheme, rows in pairs.items() if len(rows) >= MIN_UTTERANCES}
    any_null = alignment[[f"{scheme}_draw" for scheme in SCHEMES]].notna().any(axis=1)
    facts: Facts = {"model_id": model_id, **counts(alignment[any_null])}
    if not pairs:
        facts["message"] = (
            f"{int(any_null.sum())} of {len(alignment)} utterances have a score and a null: "
            "no distribution to show."
        )
        return message_figure(facts["message"]), facts
    facts["schemes"] = {
        scheme: {
            "n": len(rows),
            "score_mean": rows["score_max"].mean(),
            "null_mean": rows[f"{scheme}_draw"].mean(),
            **{
                name: metric(summary, name if scheme == SCHEMES[0] else f"{scheme}_{name}")
                for name in RESULTS
            },
        }
        for scheme, rows in pairs.items()
    }
    shown = [name for name in RESULTS if any(f[name] for f in facts["schemes"].values())]
    figure, panels = new_figure(
        1 + len(shown),
        width_in=DOUBLE_COLUMN_IN,
        height_in=0.9 + 0.52 * len(pairs),
        width_ratios=[2.2, *[1.0] * len(shown)],
        sharey=True,
    )
    _draw_distributions(panels[0], pairs)
    for panel, name in zip(panels[1:], shown, strict=True):
        _draw_result(panel, name, facts["schemes"])
    panels[0].set_yticks(
        range(len(pairs)),
        [f"{SCHEME_NAMES[s]}\n(n = {len(rows):,})" for s, rows in pairs.items()],
        color=INK,
    )
    panels[0].set_ylim(len(pairs) - 0.45, -0.6)
    add_legend(figure, panels[0])
    label_panels(panels, ["Scores over utterances", *[""] * len(shown)])
    add_footer(figure, _footer(facts, shown))
    return figure, facts


def _draw_distributions(panel: Axes, pairs: dict[str, pd.DataFrame]) -> None:
    """Draw each scheme's draws under the same utterances' scores, on shared bins."""
    values = {
        scheme: (rows[f"{scheme}_draw"].to_numpy(), rows["score_max"].to_numpy())
        for scheme, rows in pairs.items()
    }
    pooled = np.concatenate([part for both in values.values() for part in both])
    edges = np.histogram_bin_edges(pooled, bins=int(np.clip(np.sqrt(len(pooled)), 12, BINS)))
    heights = {
        scheme: [np.histogram(part, edges, density=True)[0] for part in both]
        for scheme, both in values.items()
    }
    scale = 0.8 / max(float(np.max(part)) for both in heights.values() for part in both)
    for place, scheme in enumerate(pairs):
        base = place + 0.35
        for height, colour, alpha in zip(heights[scheme], (NULL, SCORE), (0.35, 0.15), strict=True):
            top = base - scale * height
            panel.stairs(top, edges, baseline=base, fill=True, color=colour, alpha=alpha)
            panel.stairs(top, edges, baseline=base, color=colour, linewidth=0.9)
        for part, colour in zip(values[scheme], (NULL, SCORE), strict=True):
            mean = float(part.mean())
            panel.plot([mean, mean], [base, base + 0.1], color=colour, linewidth=1.6)
    panel.plot([], [], color=SCORE, linewidth=3, label="true pairs")
    panel.plot([], [], color=NULL, linewidth=3, label="null, one draw an utterance")
    panel.tick_params(axis="y", length=0)
    panel.set_xlabel("score (greatest cosine over the pictures)")


def _draw_result(panel: Axes, name: str, schemes: Facts) -> None:
    """Draw one result of every scheme that has it."""
    title, chance = RESULTS[name]
    panel.axvline(chance, color=NULL, linewidth=1.0, linestyle=(0, (4, 2)))
    for place, found in enumerate(schemes.values()):
        value = found[name]
        if value is None:
            panel.text(chance, place, " none", va="center", color=NULL, fontsize=6.5)
            continue
        ends = [np.nan if value[end] is None else value[end] for end in ("ci_low", "ci_high")]
        panel.plot(ends, [place, place], color=SCORE, linewidth=1.4)
        panel.plot(value["estimate"], place, "o", color=SCORE, markersize=4.5)
    panel.margins(x=0.15)
    panel.tick_params(axis="y", length=0)
    panel.set_xlabel(title)


def _footer(facts: Facts, shown: list[str]) -> list[str]:
    sentences = [
        counts_sentence(facts),
        f"Model: {facts['model_id']}.",
        "Null: each row pairs words with sight that does not belong to them, over as many "
        "consecutive pictures as the utterance has (but for one picture of anyone's).",
        "Short lines below each row: means.",
    ]
    if shown:
        sentences.append("Dashed: the value by chance.")
        first = next(found for found in facts["schemes"].values() if found[shown[0]])
        sentences += interval_sentences(first[shown[0]])
    return sentences


def plot_nulls(alignment: Path, summary: Path, out: Outputs, options: FiguresOptions) -> None:
    """Read the tables, draw `nulls_figure`, write it."""
    rows = read_table(ALIGNMENT, alignment, COLUMNS).to_pandas()
    write_figure(nulls_figure(rows, read_frame(METRICS, summary)), out, options)
