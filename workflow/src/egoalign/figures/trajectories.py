"""The course of the score with age: each child's line over the population's with its band."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from egoalign.figures.facts import NULL_SENTENCE, Facts, counts, counts_sentence
from egoalign.figures.files import Outputs, read_frame, write_figure
from egoalign.figures.fitted import (
    CHILD,
    effect_facts,
    keys_of,
    of_fit,
    predictor_name,
    response_name,
    response_unit,
    why_none,
)
from egoalign.figures.style import (
    DOUBLE_COLUMN_IN,
    INK,
    NULL,
    POPULATION,
    SCORE,
    add_footer,
    add_legend,
    message_figure,
    styled,
)
from egoalign.figures.utterances import read_utterances
from egoalign.tables import (
    ALIGNMENT,
    MODEL_EFFECTS,
    MODEL_FITS,
    MODEL_LINES,
    MODEL_RANDOM_EFFECTS,
)
from egoalign.vary.terms import INTERCEPT
from egoalign.wording import interval

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes

    from egoalign.config import FiguresOptions

ACROSS = 8
"""Children in a row of small panels."""

ROW_IN, ONLY_ROW_IN = 0.85, 1.2
"""Height of a row of small panels, and of the row where there is but one."""

MOST_CHILDREN = 64
"""Children with a small panel of their own; of more, those with most rows."""

NAME_PAD = 1.5
"""Points between a small panel and its child's name."""

AGES = ("age_within", "age_between", "age_months")


@dataclass(frozen=True)
class Fitted:
    """Tables of the statistical models of one vision-language model.

    Attributes
    ----------
    fits, effects, random_effects, lines : DataFrame
        Tables MODEL_FITS, MODEL_EFFECTS, MODEL_RANDOM_EFFECTS and MODEL_LINES.
    """

    fits: pd.DataFrame
    effects: pd.DataFrame
    random_effects: pd.DataFrame
    lines: pd.DataFrame

    def first(self, responses: set[str]) -> Fitted | None:
        """Return the first fit with a line whose response the utterances have, or None.

        One with effects of children goes before one without.
        """
        keys = [key for key in keys_of(self.lines) if key[1] in responses]
        if not keys:
            return None
        own = set(keys_of(self.random_effects[self.random_effects["group"] == CHILD]))
        key = next((key for key in keys if key in own), keys[0])
        return Fitted(
            *(
                of_fit(table, key)
                for table in (self.fits, self.effects, self.random_effects, self.lines)
            )
        )


@styled
def trajectories_figure(utterances: pd.DataFrame, models: Fitted) -> tuple[Figure, Facts]:
    """Draw all children's lines over the population's, and each child by itself below.

    A child's line is the population's, moved by the child's random intercept and slope, and where
    age is split by what the effect of `age_between` says of the child's mean age. It runs over the
    ages of the child's sessions. Effects by child of other predictors are left at zero.

    Parameters
    ----------
    utterances : DataFrame
        child_id, session_id, utterance_id, the responses, shuffled_mean, age_months, age_between.
    models : Fitted
        The statistical models; the first that has a line over age is drawn.

    Returns
    -------
    figure : Figure
    facts : dict
        Counts, range of ages, the effects of age with intervals, how many lines of children; or
        `message`.
    """
    facts: Facts = {"model_id": next(iter(models.fits["model_id"].dropna()), "")}
    model = models.first(set(utterances.columns))
    if model is None:
        facts["message"] = f"No line over age to show: {_why_no_line(models)}."
        return message_figure(facts["message"]), facts
    response = model.fits["response"].iloc[0]
    rows = utterances.dropna(subset=[response, "age_months"])
    sessions = rows.groupby(["child_id", "session_id"], as_index=False).agg(
        age=("age_months", "first"),
        age_between=("age_between", "first"),
        score=(response, "mean"),
        n=(response, "size"),
    )
    lines = child_lines(sessions, model)
    facts |= {
        **counts(rows),
        "name": model.fits["name"].iloc[0],
        "response": response,
        "formula": model.fits["formula"].iloc[0],
        "age_min": sessions["age"].min(),
        "age_max": sessions["age"].max(),
        "null": _null_level(rows, response),
        "effects": _age_effects(model.effects),
        "n_child_lines": len(lines),
        "singular": "; ".join(model.fits["singular"].dropna()),
    }
    most = sessions.groupby("child_id")["n"].sum().sort_values(ascending=False, kind="stable")
    alone = sorted(most.index[:MOST_CHILDREN]) if len(most) > 1 else []
    facts["n_small_panels"] = len(alone)
    down = -(-len(alone) // ACROSS)
    below = (ONLY_ROW_IN if down == 1 else ROW_IN * down) + 0.3
    figure = Figure(
        figsize=(DOUBLE_COLUMN_IN, 2.7 + below) if alone else (4.6, 2.7), layout="constrained"
    )
    grid = figure.add_gridspec(2 if alone else 1, 1, height_ratios=(2.7, below) if alone else (1,))
    panel = figure.add_subplot(grid[0])
    if facts["null"] is not None:
        panel.axhline(
            facts["null"], color=NULL, linewidth=1.0, linestyle=(0, (4, 2)), label="null, mean"
        )
    _draw_all(panel, sessions, lines, model.lines, facts["null"])
    name, unit = response_name(response), response_unit(response)
    panel.set_xlabel("age (months)")
    panel.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 3, 5, 6, 10], integer=True))
    family = model.fits["family"].iloc[0]
    panel.set_ylabel(f"{name}, share" if family == "binomial" else f"{name} ({unit})")
    if alone:
        inner = grid[1].subgridspec(down, min(ACROSS, len(alone)))
        _draw_each(figure, inner, alone, sessions, lines, model.lines)
        panel.set_title("a  All children")
        # The title of the small panels stands a line above the first one's own name.
        figure.axes[1].set_title("b  Each child\n", pad=NAME_PAD)
    add_legend(figure, panel)
    add_footer(figure, _footer(facts))
    return figure, facts


def child_lines(sessions: pd.DataFrame, model: Fitted) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return ages and expected responses of each child that has a random effect.

    Parameters
    ----------
    sessions : DataFrame
        child_id, age and age_between (months), one row a session.
    model : Fitted
        Of one fit.
    """
    own = model.random_effects[model.random_effects["group"] == CHILD]
    modes = own.pivot_table(index="level", columns="column", values="mode", aggfunc="sum")
    line = model.lines.sort_values("age_months")
    predictor = line["predictor"].iloc[0]
    slopes = model.effects.set_index("effect")["estimate"]
    is_binomial = model.fits["family"].iloc[0] == "binomial"
    heights = _logit(line["estimate"].to_numpy()) if is_binomial else line["estimate"].to_numpy()
    middle = float((line["age_months"] - line["value"]).mean())
    lines = {}
    for child, visits in sessions.groupby("child_id"):
        if child not in modes.index or visits["age_between"].isna().any():
            continue
        ages = np.linspace(visits["age"].min(), visits["age"].max(), 20)
        between = visits["age_between"].iloc[0]
        values = {
            INTERCEPT: np.ones_like(ages),
            "age_within": ages - between,
            "age_between": np.full_like(ages, between),
            "age_months": ages,
        }
        y = np.interp(values[predictor], line["value"], heights)
        if predictor == "age_within":
            y = y + slopes.get("age_between", 0.0) * (between - middle)
        for column, mode in modes.loc[child].items():
            if column in values:
                y = y + mode * values[column]
        lines[str(child)] = (ages, 1 / (1 + np.exp(-y)) if is_binomial else y)
    return lines


def _logit(share: np.ndarray) -> np.ndarray:
    logit: np.ndarray = np.log(share / (1 - share))
    return logit


def _draw_all(
    panel: Axes,
    sessions: pd.DataFrame,
    lines: dict[str, tuple[np.ndarray, np.ndarray]],
    line: pd.DataFrame,
    null: float | None,
) -> None:
    """Draw sessions, every child's line, and the population's with its band."""
    panel.plot(
        sessions["age"],
        sessions["score"],
        "o",
        color="#999999",
        markersize=3.2 if len(sessions) < 200 else 2.0 if len(sessions) < 1000 else 1.2,
        markeredgewidth=0,
        alpha=0.6,
        label="session mean",
        zorder=1,
        rasterized=len(sessions) > 1000,
    )
    for place, (ages, y) in enumerate(lines.values()):
        label = "each child" if place == 0 else None
        style: dict[str, Any] = {"marker": "_", "markersize": 6} if np.ptp(ages) == 0 else {}
        panel.plot(ages, y, color=SCORE, linewidth=0.9, alpha=0.75, label=label, zorder=2, **style)
    _draw_population(panel, line, 1.8)
    low, high = np.nanquantile(sessions["score"], [0.005, 0.995])
    drawn = [y for _, ys in lines.values() for y in (ys.min(), ys.max())]
    drawn += [line["low"].min(), line["high"].max(), low, high]
    drawn += [] if null is None else [null]
    margin = 0.05 * (np.nanmax(drawn) - np.nanmin(drawn))
    if margin > 0:
        panel.set_ylim(np.nanmin(drawn) - margin, np.nanmax(drawn) + margin)


def _draw_population(panel: Axes, line: pd.DataFrame, width: float) -> None:
    line = line.sort_values("age_months")
    ages = line["age_months"]
    panel.fill_between(
        ages,
        line["low"],
        line["high"],
        color=POPULATION,
        alpha=0.18,
        linewidth=0,
        label="95 % band",
        zorder=3,
    )
    panel.plot(
        ages, line["estimate"], color=POPULATION, linewidth=width, label="population", zorder=4
    )


def _draw_each(
    figure: Figure,
    grid: object,
    children: list[str],
    sessions: pd.DataFrame,
    lines: dict[str, tuple[np.ndarray, np.ndarray]],
    line: pd.DataFrame,
) -> None:
    """Draw a small panel for each child, all with the axes of the large one."""
    large = figure.axes[0]
    line = line.sort_values("age_months")
    for place, child in enumerate(children):
        panel = figure.add_subplot(
            grid[place // ACROSS, place % ACROSS],  # type: ignore[index]
            xlim=large.get_xlim(),
            ylim=large.get_ylim(),
        )
        panel.plot(line["age_months"], line["estimate"], color=POPULATION, linewidth=0.8)
        visits = sessions[sessions["child_id"] == child]
        panel.plot(
            visits["age"],
            visits["score"],
            "o",
            color="#999999",
            markersize=1.8,
            markeredgewidth=0,
            alpha=0.7,
            rasterized=len(sessions) > 1000,
        )
        if child in lines:
            panel.plot(*lines[child], color=SCORE, linewidth=1.4)
        panel.set_title(
            str(child), loc="center", fontsize=6.0, fontweight="normal", color=INK, pad=NAME_PAD
        )
        panel.tick_params(labelsize=5.5, length=2, pad=1.5)
        panel.tick_params(
            labelleft=place % ACROSS == 0, labelbottom=place + ACROSS >= len(children)
        )
        panel.xaxis.set_major_locator(MaxNLocator(3, integer=True))
        panel.yaxis.set_major_locator(MaxNLocator(3))


def _null_level(rows: pd.DataFrame, response: str) -> float | None:
    """Return the mean of the null of a response, or None where it has none."""
    if response.endswith(("_difference", "_z")):
        return 0.0
    if response != "score_max" or rows["shuffled_mean"].isna().all():
        return None
    return float(rows["shuffled_mean"].mean())


def _age_effects(effects: pd.DataFrame) -> Facts:
    """Return the fixed effects of age with their intervals."""
    rows = effects[effects["effect"].isin(AGES)]
    return {row["effect"]: effect_facts(row) for row in rows.to_dict("records")}


def _why_no_line(models: Fitted) -> str:
    if models.fits["reason"].isna().any():
        return "age is in no statistical model of utterances in its own unit"
    return why_none(models.fits)


def _footer(facts: Facts) -> list[str]:
    sentences = [
        counts_sentence(facts),
        f"Scores: {facts['model_id']}. Model: {facts['formula']}.",
        "Population: fixed effects with their 95 % interval, levels of factors counting the same, "
        "other predictors at their means.",
    ]
    if facts["n_child_lines"]:
        sentences.append(
            "Children: the same with each child's conditional modes, over its own ages."
        )
    else:
        sentences.append("The model has no effects of children, so there are no lines of them.")
    if facts["null"] is not None:
        sentences.append(NULL_SENTENCE)
    for name, found in facts["effects"].items():
        sentences.append(f"{predictor_name(name).capitalize()}: {interval(found, 5)} a month.")
    if facts["n_small_panels"]:
        sentences.append("b: axes as in a.")
    if facts["n_small_panels"] == MOST_CHILDREN and facts["n_children"] > MOST_CHILDREN:
        sentences.append(f"Small panels: the {MOST_CHILDREN} children with most utterances.")
    if facts["singular"]:
        sentences.append(f"On the boundary: {facts['singular']}.")
    return sentences


def read_responses(alignment: Path, predictors: Path, responses: set[str]) -> pd.DataFrame:
    """Read the responses of utterances, and their ages beside them."""
    from egoalign.vary.table import ALIGNED_PERCENTILE

    held = set(ALIGNMENT.schema.names) - {*ALIGNMENT.key, "model_id"}
    scores = {"shuffled_mean", *(responses & held)}
    if "aligned" in responses:
        scores.add("shuffled_percentile")
    rows = read_utterances(alignment, sorted(scores), predictors, ["age_months", "age_between"])
    if "aligned" in responses:
        above = rows["shuffled_percentile"]
        rows["aligned"] = (above > ALIGNED_PERCENTILE).astype(float).where(above.notna())
    return rows


def plot_trajectories(
    utterances: tuple[Path, Path],
    models: tuple[Path, Path, Path, Path],
    out: Outputs,
    options: FiguresOptions,
) -> None:
    """Read the tables, draw `trajectories_figure`, write it.

    Parameters
    ----------
    utterances : tuple of Path
        Tables ALIGNMENT and UTTERANCE_PREDICTORS.
    models : tuple of Path
        Tables MODEL_FITS, MODEL_EFFECTS, MODEL_RANDOM_EFFECTS and MODEL_LINES.
    out, options
        Where to write, and how.
    """
    tables = (MODEL_FITS, MODEL_EFFECTS, MODEL_RANDOM_EFFECTS, MODEL_LINES)
    fitted = Fitted(*(read_frame(table, path) for table, path in zip(tables, models, strict=True)))
    rows = read_responses(*utterances, set(fitted.lines["response"]))
    write_figure(trajectories_figure(rows, fitted), out, options)
