"""The mixed model's results as rows of table effects, and as text to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from egoalign.vary.design import Design
from egoalign.vary.mixed import Fit

RESIDUAL_QUANTILES = ("Min", "1Q", "Median", "3Q", "Max")
LINE_POINTS = 25
"""Ages at which the model's line over age is given."""

ENGINE = "engine"
"""Term of the row whose note says what gave the estimates."""


def effect_rows(design: Design, fit: Fit, model_id: str) -> list[dict[str, Any]]:
    """Return rows of table effects: fixed effects, line, standard deviations, measures of fit."""
    note = "; ".join((*design.notes, *fit.notes)) or None
    common = {"model_id": model_id, "response": design.response, "n": design.y.size, "note": note}
    rows = [*_fixed_rows(design, fit), *_line_rows(design, fit)]
    for term, sd in _spreads(fit):
        rows.append({"kind": "variance", "term": term, "estimate": sd})
    for term, value in _measures(design, fit):
        rows.append({"kind": "fit", "term": term, "estimate": value})
    rows.append({"kind": "fit", "term": ENGINE, "note": fit.engine})
    return [common | row for row in rows]


def _fixed_rows(design: Design, fit: Fit) -> Iterator[dict[str, Any]]:
    """Yield each fixed effect with its Wald interval and test."""
    from scipy.stats import norm

    for i, term in enumerate(design.terms):
        estimate, se = float(fit.estimates[i]), float(np.sqrt(fit.covariance[i, i]))
        z = estimate / se
        p = float(2 * norm.sf(abs(z)))
        yield {"kind": "fixed", "term": term, "statistic": z, "p": p} | _wald(estimate, se)


def _line_rows(design: Design, fit: Fit) -> Iterator[dict[str, Any]]:
    """Yield the expected response along age, the other predictors at their means."""
    if design.age_center_months is None:
        return
    column = design.terms.index("age_months")
    ages = design.x[:, column] + design.age_center_months
    for age in np.unique(np.linspace(ages.min(), ages.max(), LINE_POINTS).round(4)):
        at = design.x.mean(axis=0)
        at[column] = age - design.age_center_months
        se = float(np.sqrt(at @ fit.covariance @ at))
        yield {"kind": "line", "term": f"{age:.4f}"} | _wald(float(at @ fit.estimates), se)


def _wald(estimate: float, se: float) -> dict[str, float]:
    """Return an estimate, its standard error and its 95 % Wald interval."""
    from scipy.stats import norm

    half_width = float(norm.ppf(0.975)) * se
    return {
        "estimate": estimate,
        "se": se,
        "ci_low": estimate - half_width,
        "ci_high": estimate + half_width,
    }


def no_model_row(response: str, model_id: str, n: int, reason: str) -> dict[str, Any]:
    """Return the one row of table effects that says why there is no model."""
    return {
        "model_id": model_id,
        "response": response,
        "kind": "fit",
        "term": "model",
        "n": n,
        "note": f"no model: {reason}",
    }


def formula(design: Design, fit: Fit) -> str:
    """Return the model in lme4's notation, with the terms that are in it."""
    fixed = dict.fromkeys(term.partition("[")[0] for term in design.terms[1:])
    random = [
        term
        for term, sd in (("(1 | child)", fit.child_sd), ("(1 | child:session)", fit.session_sd))
        if sd is not None
    ]
    return f"{design.response} ~ {' + '.join([*(fixed or ['1']), *random])}"


def summary_text(design: Design, fit: Fit, model_id: str) -> str:
    """Return the results in the order in which lme4 prints them."""
    scaled = np.quantile(fit.residuals / fit.residual_sd, [0, 0.25, 0.5, 0.75, 1])
    groups = {"child_sd": "child", "session_sd": "child:session", "residual_sd": "Residual"}
    lines = [
        "Linear mixed model fit by REML, Wald z tests",
        f"Model of the scores: {model_id}",
        f"Formula: {formula(design, fit)}",
        f"Fitted by: {fit.engine}",
        "",
        f"REML criterion: {-2 * fit.log_likelihood:.4f}",
        "",
        "Scaled residuals:",
        "".join(f"{name:>10}" for name in RESIDUAL_QUANTILES),
        "".join(f"{value:>10.4f}" for value in scaled),
        "",
        "Random effects:",
        f"{'Groups':<16}{'Variance':>14}{'Std.Dev.':>14}",
        *(f"{groups[term]:<16}{sd**2:>14.6g}{sd:>14.6g}" for term, sd in _spreads(fit)),
        f"Number of obs: {design.y.size}, groups: child:session, {design.n_sessions}; "
        f"child, {design.n_children}",
        "",
        "Fixed effects:",
        f"{'':<24}{'Estimate':>14}{'Std. Error':>14}{'z value':>10}{'Pr(>|z|)':>12}",
    ]
    for row in effect_rows(design, fit, model_id):
        if row["kind"] == "fixed":
            lines.append(
                f"{row['term']:<24}{row['estimate']:>14.6g}{row['se']:>14.6g}"
                f"{row['statistic']:>10.3f}{row['p']:>12.3g}"
            )
    if design.age_center_months is not None:
        lines += ["", f"age_months is age in months less {design.age_center_months:.4f}"]
    notes = (*design.notes, *fit.notes)
    lines += ["", *(f"Note: {note}" for note in notes)] if notes else []
    return "\n".join(lines) + "\n"


def _spreads(fit: Fit) -> Iterator[tuple[str, float]]:
    """Return the standard deviations that are in the model."""
    for term in ("child_sd", "session_sd", "residual_sd"):
        value = getattr(fit, term)
        if value is not None:
            yield term, value


def _measures(design: Design, fit: Fit) -> Iterator[tuple[str, float | None]]:
    """Return intraclass correlations, R squared, likelihood, counts and the centre of age."""
    child, session = ((sd or 0.0) ** 2 for sd in (fit.child_sd, fit.session_sd))
    random_and_residual = child + session + fit.residual_sd**2
    fixed = float(np.var(design.x @ fit.estimates))
    total = fixed + random_and_residual
    yield "icc_child", child / random_and_residual if fit.child_sd is not None else None
    yield "icc_session", (child + session) / random_and_residual
    yield "r2_marginal", fixed / total
    yield "r2_conditional", (fixed + child + session) / total
    yield "log_likelihood", fit.log_likelihood
    yield "n_children", design.n_children
    yield "n_sessions", design.n_sessions
    yield "age_center_months", design.age_center_months
