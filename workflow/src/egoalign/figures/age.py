"""The score against age: sessions, each child's line, and the population's line with its band."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from egoalign.figures.facts import NULL_SENTENCE, Facts, counts, counts_sentence
from egoalign.figures.files import Outputs, read_alignment, read_frame, write_figure
from egoalign.figures.style import (
    NULL,
    POPULATION,
    SCORE,
    add_footer,
    add_legend,
    message_figure,
    new_figure,
    styled,
)
from egoalign.tables import CHILDREN_MEANS, MODEL_EFFECTS, MODEL_FITS, MODEL_LINES, months
from egoalign.wording import interval

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from egoalign.config import FiguresOptions

CHILD_LINES_OF = "score_max"
"""The response whose line table CHILDREN_MEANS holds for each child."""

AXIS_NAMES = {
    "score_max": "score (greatest cosine)",
    "score_mean": "score (mean cosine)",
    "shuffled_difference": "score less null mean",
}


@dataclass(frozen=True)
class Population:
    """What the statistical models say of age, as tables with a row a fit, an effect, an age.

    Attributes
    ----------
    fits, effects, lines : DataFrame
        Tables MODEL_FITS, MODEL_EFFECTS and MODEL_LINES of one vision-language model.
    """

    fits: pd.DataFrame
    effects: pd.DataFrame
    lines: pd.DataFrame

    def shown(self) -> Population:
        """Return the first model whose response the figure can show, one with a line if any."""
        fits = self.fits[self.fits["response"].isin(list(AXIS_NAMES))]
        with_line = set(zip(self.lines["name"], self.lines["response"], strict=True))
        keys = list(zip(fits["name"], fits["response"], strict=True))
        shown = next((key for key in keys if key in with_line), keys[0] if keys else (None, None))
        return Population(
            *(
                table[(table["name"] == shown[0]) & (table["response"] == shown[1])]
                for table in (fits, self.effects, self.lines)
            )
        )


@styled
def age_figure(
    alignment: pd.DataFrame, children: pd.DataFrame, population: Population
) -> tuple[Figure, Facts]:
    """Draw session means of the response against age with the lines of children and population.

    Parameters
    ----------
    alignment : DataFrame
        Table ALIGNMENT of one model, all sessions.
    children : DataFrame
        Table CHILDREN_MEANS: each child's line (its slope through `intercept` at its mean age).
    population : Population
        The response, the fixed effect of age and the population's line, of the statistical models.

    Returns
    -------
    figure : Figure
    facts : dict
        Counts, range of ages, the age effect with its interval, and why there is no line if so;
        or `message`, where nothing can be drawn.
    """
    shown = population.shown()
    response = shown.fits["response"].iloc[0] if len(shown.fits) else "score_max"
    model_id = alignment["model_id"].iloc[0] if len(alignment) else ""
    rows = alignment.dropna(subset=[response, "age_days"])
    facts: Facts = {"model_id": model_id, "response": response, **counts(rows)}
    if rows.empty:
        facts["message"] = (
            f"None of {len(alignment)} utterances has both a score and an age: nothing to show."
        )
        return message_figure(facts["message"]), facts
    sessions = rows.groupby(["child_id", "session_id"], as_index=False).agg(
        age_days=("age_days", "first"), score=(response, "mean"), null=("shuffled_mean", "mean")
    )
    sessions["age"] = sessions["age_days"].map(months)
    facts |= {
        "age_min": sessions["age"].min(),
        "age_max": sessions["age"].max(),
        "slope": _age_effect(shown),
        "note": _fit_note(shown.fits),
    }
    figure, (panel,) = new_figure(width_in=4.6, height_in=3.1)
    _draw_sessions(panel, sessions, with_null=response != "shuffled_difference")
    facts["n_child_lines"] = 0
    if response == CHILD_LINES_OF:
        facts["n_child_lines"] = _draw_children(panel, children, sessions)
    facts["has_population_line"] = _draw_population(panel, shown.lines)
    panel.set_xlabel("age (months)")
    panel.set_ylabel(AXIS_NAMES[response])
    add_legend(figure, panel)
    add_footer(figure, _footer(facts))
    return figure, facts


def _draw_sessions(panel: Axes, sessions: pd.DataFrame, with_null: bool) -> None:
    """Draw one point a session, and its null beside it."""
    if with_null:
        panel.plot(
            sessions["age"],
            sessions["null"],
            "D",
            markerfacecolor="none",
            markeredgecolor=NULL,
            markersize=3.2,
            label="shuffled",
        )
    else:
        panel.axhline(0.0, color=NULL, linewidth=1.0, linestyle=(0, (4, 2)), label="shuffled")
    panel.plot(
        sessions["age"],
        sessions["score"],
        "o",
        color=SCORE,
        markersize=3.4,
        alpha=0.75,
        markeredgewidth=0,
        label="session mean",
    )


def _draw_children(panel: Axes, children: pd.DataFrame, sessions: pd.DataFrame) -> int:
    """Draw each child's line over that child's ages; return how many there are."""
    ranges = sessions.groupby("child_id")["age"].agg(["min", "max"])
    lines = children.dropna(subset=["age_slope", "intercept", "mean_age_days"])
    lines = lines[lines["child_id"].isin(ranges.index)]
    for drawn, child in enumerate(lines.to_dict("records")):
        ages = ranges.loc[child["child_id"]].to_numpy()
        heights = child["intercept"] + child["age_slope"] * (ages - months(child["mean_age_days"]))
        label = "each child" if drawn == 0 else None
        panel.plot(ages, heights, color=SCORE, linewidth=0.8, alpha=0.7, label=label)
    return len(lines)


def _draw_population(panel: Axes, line: pd.DataFrame) -> bool:
    """Draw the mixed model's line with its band, if there is one."""
    if line.empty:
        return False
    line = line.sort_values("age_months")
    ages = line["age_months"]
    panel.fill_between(ages, line["low"], line["high"], color=POPULATION, alpha=0.12, linewidth=0)
    panel.plot(ages, line["estimate"], color=POPULATION, linewidth=1.8, label="population")
    return True


def _age_effect(shown: Population) -> Facts | None:
    """Return the fixed effect of the age along which the line runs, with its interval."""
    ages = shown.lines["predictor"].unique()
    rows = shown.effects[shown.effects["effect"].isin(ages)]
    if rows.empty:
        return None
    names = {"effect": "term", "low": "ci_low", "high": "ci_high"}
    row = rows.rename(columns=names).drop(columns="term", errors="ignore").iloc[0]
    columns = ["estimate", "se", "ci_low", "ci_high", "p"]
    return {"term": rows["effect"].iloc[0], **{name: row[name] for name in columns}}


def _fit_note(fits: pd.DataFrame) -> str:
    """Return what the model's own row says that a reader must know."""
    told = [text for name in ("reason", "notes") for text in fits[name].dropna()]
    return "; ".join(dict.fromkeys(told))


def _footer(facts: Facts) -> list[str]:
    sentences = [counts_sentence(facts), f"Model: {facts['model_id']}.", NULL_SENTENCE]
    if facts["slope"]:
        sentences.append(f"{facts['slope']['term']} {interval(facts['slope'], 4)} a month.")
    if facts["response"] != CHILD_LINES_OF:
        sentences.append(f"Lines of single children are drawn for {CHILD_LINES_OF} only.")
    if facts["has_population_line"]:
        sentences.append(
            "Line and band: fixed effects of the mixed model with their 95 % interval, over the "
            "months that children were followed."
        )
    if facts["note"]:
        sentences.append(f"Note: {facts['note']}.")
    return sentences


def plot_age(
    alignment: Path,
    children: Path,
    models: tuple[Path, Path, Path],
    out: Outputs,
    options: FiguresOptions,
) -> None:
    """Read the tables (`models`: fits, effects, lines), draw `age_figure`, write it."""
    fits, effects, lines = models
    result = age_figure(
        read_alignment(alignment),
        read_frame(CHILDREN_MEANS, children),
        Population(
            read_frame(MODEL_FITS, fits),
            read_frame(MODEL_EFFECTS, effects),
            read_frame(MODEL_LINES, lines),
        ),
    )
    write_figure(result, out, options)
