"""Everything that is reported of one model: fitted, tested, checked, as tables and as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from egoalign.log import UserError
from egoalign.tables import (
    MODEL_COMPONENTS,
    MODEL_CONTRASTS,
    MODEL_DIAGNOSTICS,
    MODEL_EFFECTS,
    MODEL_FITS,
    MODEL_MEANS,
    MODEL_RANDOM_EFFECTS,
    MODEL_ROBUSTNESS,
    MODEL_TESTS,
    MODEL_VARIANCE,
    Table,
    conform,
)
from egoalign.vary import result_rows
from egoalign.vary.formula import near_or_all
from egoalign.vary.terms import Family, MixedFit, ModelFrame, Reals

if TYPE_CHECKING:
    from egoalign.vary.components import ComponentInterval

RESULT_TABLES = (
    MODEL_FITS,
    MODEL_EFFECTS,
    MODEL_COMPONENTS,
    MODEL_VARIANCE,
    MODEL_RANDOM_EFFECTS,
    MODEL_TESTS,
    MODEL_MEANS,
    MODEL_CONTRASTS,
    MODEL_DIAGNOSTICS,
    MODEL_ROBUSTNESS,
)
"""Tables of results, in the order in which they are read."""

Intervals = Literal["profile", "bootstrap", "wald", "none"]


@dataclass(frozen=True)
class ResultOptions:
    """What is reported besides the fit; each check costs refits.

    Attributes
    ----------
    name : str
        The model's name in the tables.
    model_id : str or None
        The vision-language model that the scores are of.
    intervals : str
        Of standard deviations and correlations: ``profile`` and ``wald`` are for Gaussian models,
        ``bootstrap`` is parametric, ``none`` leaves them out.
    n_bootstrap : int
        Draws of the parametric bootstrap.
    likelihood_ratio, left_out, robustness : bool
        Likelihood-ratio tests (a refit a term), effects without each cluster (a refit a cluster),
        and the robustness table.
    compare, means : sequence of str or None
        The terms that are tested by likelihood ratio, as the tests name them, and the factors with
        marginal means; None for all.
    clusters : str or None
        Group whose members are left out and drawn, the children; else the group with the fewest
        members.
    responses : mapping
        Other responses for the robustness table, over the frame's rows, NaN where missing.
    n_cluster_draws : int
        Draws of the cluster bootstrap; fewer than 40 cannot reach p below 0.05; 0 leaves it out.
    seed : int
        Of both bootstraps.
    """

    name: str = "model"
    model_id: str | None = None
    intervals: Intervals = "wald"
    n_bootstrap: int = 200
    likelihood_ratio: bool = True
    compare: Sequence[str] | None = None
    means: Sequence[str] | None = None
    left_out: bool = True
    robustness: bool = True
    clusters: str | None = None
    responses: Mapping[str, Reals] = field(default_factory=dict)
    n_cluster_draws: int = 200
    seed: int = 1


@dataclass(frozen=True, eq=False)
class Results:
    """A fit, its tables by the names of `RESULT_TABLES`, and a summary to read."""

    fit: MixedFit
    tables: dict[str, pa.Table]
    summary: str


def fit_and_describe(
    frame: ModelFrame, family: Family, reml: bool, options: ResultOptions
) -> Results:
    """Fit a model and make everything that is reported of it.

    Parameters
    ----------
    frame : ModelFrame
        Of `egoalign.vary.frame.build_frame`.
    family : str
        ``gaussian`` or ``binomial``.
    reml : bool
        Restricted likelihood, in a Gaussian model.
    options : ResultOptions
        What else is made.

    Raises
    ------
    UserError
        The model cannot be fitted, or an option does not fit it.
    """
    from egoalign.vary.fit import fit_frame
    from egoalign.vary.influence import leave_one_out
    from egoalign.vary.likelihood_ratio import drop_each, type_three_tests
    from egoalign.vary.marginal_means import marginal_means
    from egoalign.vary.robustness import check_robustness
    from egoalign.vary.subset import clusters_of
    from egoalign.vary.summary import summary_text

    clusters = clusters_of(frame, options.clusters)
    fit = fit_frame(frame, family, reml)
    tests = type_three_tests(fit)
    if options.likelihood_ratio:
        tests += drop_each(fit, options.compare)
    means, contrasts = [], []
    for factor in _asked(options.means, frame.factors, "marginal means", "its factors are"):
        own_means, own_contrasts = marginal_means(fit, factor)
        means += own_means
        contrasts += own_contrasts
    left_out = list(leave_one_out(fit, clusters)) if options.left_out and clusters else []
    checked = (
        check_robustness(fit, clusters, options.responses, options.n_cluster_draws, options.seed)
        if options.robustness
        else []
    )
    rows = {
        MODEL_FITS: result_rows.fit_rows(fit),
        MODEL_EFFECTS: result_rows.effect_rows(fit),
        MODEL_COMPONENTS: result_rows.component_rows(_components(fit, options)),
        MODEL_VARIANCE: result_rows.variance_rows(fit),
        MODEL_RANDOM_EFFECTS: result_rows.random_effect_rows(fit),
        MODEL_TESTS: result_rows.tested_rows(tests),
        MODEL_MEANS: result_rows.mean_rows(means),
        MODEL_CONTRASTS: result_rows.contrast_rows(contrasts),
        MODEL_DIAGNOSTICS: result_rows.diagnostic_rows(fit, left_out),
        MODEL_ROBUSTNESS: result_rows.robustness_rows(checked),
    }
    tables = {
        table.name: _table(table, own, frame.response, options) for table, own in rows.items()
    }
    return Results(fit, tables, summary_text(fit))


def _asked(
    asked: Sequence[str] | None, there: Iterable[str], what: str, otherwise: str
) -> Sequence[str]:
    """Return what is asked for among what is there, or all of it."""
    there = list(there)
    for name in asked or []:
        if name not in there:
            raise UserError(
                f"{what}: no {name!r} in the model;{near_or_all(name, there, otherwise)}"
            )
    return there if asked is None else asked


def without_fit(
    formula: str, response: str, family: Family, reason: str, options: ResultOptions
) -> dict[str, pa.Table]:
    """Return the tables of a model that could not be fitted: the reason, and no other row."""
    row = {"formula": formula, "family": family, "reason": reason}
    return {
        table.name: _table(table, [row] if table is MODEL_FITS else [], response, options)
        for table in RESULT_TABLES
    }


def _table(
    table: Table, rows: list[dict[str, Any]], response: str, options: ResultOptions
) -> pa.Table:
    """Return rows as a table, with what was fitted in front."""
    fitted = {"name": options.name, "model_id": options.model_id, "response": response}
    return conform(table, [fitted | row for row in rows])


def _components(fit: MixedFit, options: ResultOptions) -> list[ComponentInterval]:
    """Return standard deviations and correlations, with the intervals asked for where possible."""
    from egoalign.vary.components import components_of, wald_intervals

    if not fit.frame.random or options.intervals == "none":
        return components_of(fit)
    if options.intervals == "bootstrap":
        from egoalign.vary.bootstrap import bootstrap_intervals, parametric_bootstrap

        return bootstrap_intervals(
            fit, parametric_bootstrap(fit, options.n_bootstrap, options.seed)
        )
    if fit.family == "binomial":
        note = f"no {options.intervals} interval in a binomial model: ask for bootstrap"
        return [replace(each, note=note) for each in components_of(fit)]
    if options.intervals == "profile":
        from egoalign.vary.profiles import profile_intervals

        return profile_intervals(fit)
    return wald_intervals(fit)
