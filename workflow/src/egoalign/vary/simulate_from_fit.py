"""The parameters of a fitted model, as the plan of a simulation."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

from egoalign.log import UserError

FITS, EFFECTS, COMPONENTS = "model_fits", "model_effects", "model_components"
KEY = ("name", "model_id", "response")

SCALED = re.compile(r"^(.+) is less ([^\s,]+)(?:, divided by (\S+))?$")
"""How a fit's notes say that a predictor was scaled."""

Row = dict[str, str]


def plan_of_fit(folder: Path, model: str | None = None) -> dict[str, Any]:
    """Return the values of a `StudyPlan` that has a fit's estimates for truths, without sizes.

    A variance that the fit has at zero is zero in the plan.

    Parameters
    ----------
    folder : Path
        Holds the tables ``model_fits``, ``model_effects`` and ``model_components`` as CSV.
    model : str, optional
        Which fit, where there are several: its name or its response.

    Raises
    ------
    UserError
        A table cannot be read, or it is not said which fit is meant.
    """
    fit = _chosen(_read(folder, FITS), folder, model)
    if fit.get("reason"):
        raise UserError(f"{folder}: there is no fit of {fit['name']}: {fit['reason']}")
    effects, components = (
        [row for row in _read(folder, name) if all(row[key] == fit[key] for key in KEY)]
        for name in (EFFECTS, COMPONENTS)
    )
    gaussian = fit["family"] == "gaussian"
    values: dict[str, Any] = {
        "formula": fit["formula"],
        "scale": "score" if gaussian else "aligned",
        "scaling": _scaling(fit.get("notes", "")),
        "effects": {row["effect"]: float(row["estimate"]) for row in effects},
        "random": _random(components),
    }
    if fit["response"].startswith("word_"):
        values["unit"] = "word"
    if gaussian:
        values["residual_sd"] = next(
            float(row["estimate"]) for row in components if row["kind"] == "sigma"
        )
    return values


def _chosen(fits: list[Row], folder: Path, model: str | None) -> Row:
    """Return the one fit that is meant."""
    meant = [row for row in fits if model is None or model in (row["name"], row["response"])]
    if len(meant) != 1:
        names = ", ".join(f"{row['name']} ({row['response']})" for row in fits) or "none"
        asked = f" --model {model}" if model else ""
        raise UserError(
            f"{folder}:{asked} found {len(meant)} fits, expected one; "
            f"name one with --model: {names}"
        )
    return meant[0]


def _random(components: list[Row]) -> list[dict[str, Any]]:
    """Return the random effects; columns whose correlation was estimated are of one term."""
    terms: list[dict[str, Any]] = []
    sds = [row for row in components if row["kind"] == "sd"]
    correlations = {
        (row["group"], row["column"], row["other"]): row["estimate"]
        for row in components
        if row["kind"] == "correlation"
    }
    for row in sds:
        group, column = row["group"], row["column"]
        own = [
            term
            for term in terms
            if term["group"] == group
            and any(
                {(group, column, a), (group, a, column)} & set(correlations) for a in term["sd"]
            )
        ]
        if not own:
            own = [{"group": group, "sd": {}, "correlations": {}}]
            terms += own
        own[0]["sd"][column] = float(row["estimate"])
    for (group, column, other), value in correlations.items():
        term = next(each for each in terms if each["group"] == group and column in each["sd"])
        # A correlation with what does not vary has no estimate, and makes no difference.
        term["correlations"].setdefault(column, {})[other] = float(value or 0.0)
    return terms


def _scaling(notes: str) -> dict[str, dict[str, float]]:
    """Return by what predictors were scaled."""
    found = (SCALED.match(note) for note in notes.split("; "))
    return {
        each[1]: {"center": float(each[2]), "scale": float(each[3] or 1.0)}
        for each in found
        if each
    }


def _read(folder: Path, name: str) -> list[Row]:
    """Return the rows of a table as CSV."""
    path = folder / f"{name}.csv"
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}); expected the folder that "
            "'egoalign fit-model --out' wrote"
        ) from error
    missing = [key for key in KEY if rows and key not in rows[0]]
    if missing:
        raise UserError(f"{path}: no column {missing[0]!r}; expected table {name}")
    return rows
