"""Draw many corpora from a known model, and fit a model to each."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa

from egoalign.log import UserError, logger, progress
from egoalign.vary.components import ComponentInterval, components_of
from egoalign.vary.fit import fit_frame
from egoalign.vary.formula import Formula, parse_formula
from egoalign.vary.frame import build_frame
from egoalign.vary.inference import infer_effects
from egoalign.vary.profiles import profile_intervals
from egoalign.vary.simulate_corpus import draw_response, draw_rows, true_effects, true_random
from egoalign.vary.simulate_plan import Sizes, StudyPlan, response_of
from egoalign.vary.terms import MixedFit, ModelFrame

ALPHA = 0.05
"""Level of tests; intervals have level 1 - ALPHA."""

TRIED = Sizes(children=20, sessions=5, utterances=40, lemmas=60)
"""Sizes of the corpus at which a plan is tried before anything is simulated."""

Kind = Literal["fixed", "sd", "correlation"]


class Parameter(NamedTuple):
    """A parameter of a model: its kind, and its name within it."""

    kind: Kind
    name: str


@dataclass(frozen=True)
class Estimate:
    """What one fit says of a parameter; only fixed effects have a standard error and p."""

    value: float
    se: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None


@dataclass(frozen=True)
class Replicate:
    """One corpus, fitted.

    Attributes
    ----------
    truths : dict
        True value of each parameter that the true model says something about.
    estimates : dict
        By parameter.
    n_rows, n_sessions : int
        Rows that were fitted, and sessions among them.
    singular, converged : bool
        As the fit says.
    failure : str
        Why there is no fit; empty if there is one.
    """

    truths: dict[Parameter, float] = field(default_factory=dict)
    estimates: dict[Parameter, Estimate] = field(default_factory=dict)
    n_rows: int = 0
    n_sessions: int = 0
    singular: bool = False
    converged: bool = False
    failure: str = ""


@dataclass(frozen=True)
class Study:
    """What is simulated at one combination of sizes.

    Attributes
    ----------
    plan : StudyPlan
        The true model, and the sizes.
    formula : str
        What is fitted.
    contrasts : mapping
        Reference level or coding of each factor, so that it is the same in every corpus.
    profile : bool
        Standard deviations and correlations get profile intervals.
    """

    plan: StudyPlan
    formula: str
    contrasts: Mapping[str, Any]
    profile: bool = False


def prepare(plan: StudyPlan, formula: str | None = None, profile: bool = False) -> Study:
    """Return a study after a trial of its model on rows of a middling size.

    Parameters
    ----------
    plan : StudyPlan
        The true model.
    formula : str, optional
        What is fitted instead of the true model.
    profile : bool
        Whether standard deviations and correlations get profile intervals.

    Raises
    ------
    UserError
        The model cannot be drawn or fitted.
    """
    true = plan.true_formula
    fitted = parse_formula(formula) if formula else true
    if response_of(fitted) != response_of(true):
        raise UserError(
            f"formula '{fitted}': its response is {response_of(fitted)}, that of the true model "
            f"{response_of(true)}; expected the same"
        )
    tried = plan.sizes.model_copy(
        update={name: getattr(TRIED, name) for name in TRIED.model_fields_set} | {"hours": None}
    )
    rng = np.random.default_rng(0)
    rows = draw_rows(tried, plan.unit, rng)
    levels: dict[str, Any] = {}
    for each in (true, fitted):
        frame = _frame(rows, each, plan, plan.contrasts, rng)
        levels |= {name: found[0] for name, found in frame.factors.items()}
        if each is true:
            draw_response(plan, frame, rng)
    return Study(plan, str(fitted), levels | dict(plan.contrasts), profile)


def simulate(study: Study, seed: np.random.SeedSequence) -> Replicate:
    """Draw one corpus and fit it.

    Parameters
    ----------
    study : Study
        By `prepare`.
    seed : numpy.random.SeedSequence
        Of this corpus alone.
    """
    plan, rng = study.plan, np.random.default_rng(seed)
    true, fitted = plan.true_formula, parse_formula(study.formula)
    try:
        rows = draw_rows(plan.sizes, plan.unit, rng)
        truth = _frame(rows, true, plan, study.contrasts, rng)
        y = draw_response(plan, truth, rng)
        same = str(fitted) == str(true)
        frame = truth if same else _frame(rows, fitted, plan, study.contrasts, rng)
        with _quiet():
            fit = fit_frame(replace(frame, y=y), plan.family)
    except UserError as error:
        return Replicate(failure=str(error))
    sessions = rows.group_by(["child_id", "session_id"]).aggregate([])
    return Replicate(
        truths=_truths(plan, truth, frame),
        estimates=estimates_of(fit, study.profile),
        n_rows=frame.y.size,
        n_sessions=sessions.num_rows,
        singular=bool(fit.singular),
        converged=fit.converged,
    )


def run_studies(
    studies: Sequence[Study], n: int, seed: int, threads: int = 1
) -> list[list[Replicate]]:
    """Simulate each study n times.

    Every corpus has a seed of its own, so that results do not depend on the number of processes.

    Parameters
    ----------
    studies : sequence of Study
        One for each combination of sizes.
    n : int
        Corpora of each.
    seed : int
        Seed of all.
    threads : int
        Processes.

    Returns
    -------
    list of list of Replicate
        n of each study.
    """
    seeds = [child.spawn(n) for child in np.random.SeedSequence(seed).spawn(len(studies))]
    jobs = [(study, one) for study, own in zip(studies, seeds, strict=True) for one in own]
    done = list(progress(_run(jobs, threads), "corpora", len(jobs)))
    return [done[place * n : (place + 1) * n] for place in range(len(studies))]


def _run(jobs: Sequence[tuple[Study, Any]], threads: int) -> Iterator[Replicate]:
    """Simulate, in processes if there are to be several."""
    if threads == 1:
        yield from (simulate(*job) for job in jobs)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(threads, mp_context=get_context("spawn")) as pool:
        yield from pool.map(simulate, *zip(*jobs, strict=True))


def estimates_of(fit: MixedFit, profile: bool = False) -> dict[Parameter, Estimate]:
    """Return every parameter of a fit: fixed effects, standard deviations, correlations.

    Parameters
    ----------
    fit : MixedFit
        The fit.
    profile : bool
        Whether standard deviations and correlations get profile intervals.
    """
    found = infer_effects(fit, 1 - ALPHA)
    parts = (found.estimate, found.se, found.low, found.high, found.p)
    estimates = {
        Parameter("fixed", name): Estimate(*(float(part[at]) for part in parts))
        for at, name in enumerate(fit.frame.names)
    }
    for each in profile_intervals(fit, 1 - ALPHA) if profile else components_of(fit):
        if math.isnan(each.estimate):
            continue  # a correlation with what does not vary
        ends = (each.low, each.high)
        low, high = (None, None) if any(map(math.isnan, ends)) else ends
        estimates[_component(each)] = Estimate(each.estimate, low=low, high=high)
    return estimates


RESIDUAL = Parameter("sd", "residual")


def _component(each: ComponentInterval) -> Parameter:
    """Return which parameter a component of a fit is."""
    if each.kind == "sigma":
        return RESIDUAL
    return Parameter(each.kind, f"{each.group} {', '.join(each.columns)}")


def _truths(plan: StudyPlan, truth: ModelFrame, fitted: ModelFrame) -> dict[Parameter, float]:
    """Return the true values of a fitted model's parameters.

    Where the fitted model holds all of the true one, what it has beyond is truly 0; else a
    parameter that the true model lacks has no true value (the effect of age as a whole, where
    truly age between and age within children have effects of their own).
    """
    found: dict[Parameter, float] = {
        Parameter("fixed", name): float(value)
        for name, value in zip(truth.names, true_effects(plan, truth), strict=True)
    }
    if set(truth.names) <= set(fitted.names):
        found = {Parameter("fixed", name): 0.0 for name in fitted.names} | found
    for term, given in zip(truth.random, true_random(plan, truth), strict=True):
        for at, name in enumerate(term.columns):
            found[Parameter("sd", f"{term.group} {name}")] = given.sd[name]
            for before in term.columns[:at]:
                found[_correlation(term.group, before, name)] = given.correlation(before, name)
    if plan.residual_sd is not None:
        found[RESIDUAL] = plan.residual_sd
    return found


def _correlation(group: str, first: str, second: str) -> Parameter:
    return Parameter("correlation", f"{group} {first}, {second}")


def _frame(
    rows: pa.Table,
    formula: Formula,
    plan: StudyPlan,
    contrasts: Mapping[str, Any],
    rng: np.random.Generator,
) -> ModelFrame:
    """Return a formula over rows whose response is not drawn yet."""
    # The stand-in varies, or it would be noted that the response repeats.
    stand_in = rng.normal(size=rows.num_rows)
    if plan.family == "binomial":
        stand_in = (stand_in > 0).astype(np.float64)
    rows = rows.append_column(plan.response, pa.array(stand_in))
    used = {name: option for name, option in contrasts.items() if name in formula.expressions}
    scale: dict[str, Mapping[str, float]] = {
        name: dict(way.items()) for name, way in plan.scaling.items() if name in formula.expressions
    }
    try:
        return build_frame(rows, formula, family=plan.family, contrasts=used, scale=scale)
    except UserError as error:
        raise UserError(f"simulated rows: {error}") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out what a fit says of itself."""
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)
