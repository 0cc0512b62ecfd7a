"""What the fixed effects expect along age, for a line with its band."""

from __future__ import annotations

from typing import Any

import numpy as np

from egoalign.vary.terms import MixedFit, Reals

AGES = ("age_within", "age_months", "age_between")
"""Predictors along which the line may run, the first one that is in a model."""

LINE_POINTS = 25


def age_line(fit: MixedFit, months: Reals) -> list[dict[str, Any]]:
    """Return rows of table MODEL_LINES; none where age is not in the model in its own units.

    Along `age_within` the line is that of a child of mean age: it runs through the mean age over
    as many months as children were followed from their own means, `age_between` at its mean.
    Factors' levels count the same and other numbers are at their means, as in marginal means;
    random effects are 0.

    Parameters
    ----------
    fit : MixedFit
        Of a frame with a recipe.
    months : numpy.ndarray
        Age in months of the frame's rows, shape (n,).
    """
    from egoalign.vary.inference import infer
    from egoalign.vary.reference_grid import reference_line

    recipe = fit.frame.recipe
    if recipe is None:
        return []
    predictor = next((name for name in AGES if name in recipe.numbers), None)
    if predictor is None or predictor not in fit.frame.names:
        return []
    values = fit.frame.x[:, fit.frame.names.index(predictor)]
    moved = np.linspace(values.min(), values.max(), LINE_POINTS)
    rows = reference_line(fit.frame, predictor, moved)
    if rows is None:
        return []
    found = infer(fit, rows)
    ages = moved - values.mean() + float(np.mean(months))
    columns = np.array([found.estimate, found.low, found.high])
    if fit.family == "binomial":
        columns = 1 / (1 + np.exp(-columns))
    return [
        {
            "predictor": predictor,
            "age_months": age,
            "value": value,
            "estimate": estimate,
            "low": low if np.isfinite(low) else None,
            "high": high if np.isfinite(high) else None,
        }
        for age, value, estimate, low, high in zip(
            ages.tolist(), moved.tolist(), *(column.tolist() for column in columns), strict=True
        )
    ]
