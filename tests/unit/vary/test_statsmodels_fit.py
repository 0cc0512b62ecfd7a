"""Which engine gives the estimates, and that both give the same."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from egoalign.config import VaryOptions
from egoalign.tables import EFFECTS, conform
from egoalign.vary import mixed
from egoalign.vary.design import Design, build_design
from egoalign.vary.mixed import Fit, fit_mixed
from egoalign.vary.models import fit_table
from egoalign.vary.nested import Nested, fit_nested
from egoalign.vary.statsmodels_fit import fit_statsmodels
from tests.unit.vary.made import made_alignment

STATSMODELS = "statsmodels MixedLM from the closed-form optimum"
ONE_SESSION = {"n_children": 8, "sessions": (1, 1)}
ONE_CHILD = {"n_children": 1, "sessions": (8, 8)}


def design_of(seed: int, **shape) -> Design:
    return build_design(made_alignment(seed, **shape), "score_max")


def boundary_design() -> Design:
    """Return a design in which children's means of what the predictors leave are equal."""
    design = design_of(1, child_sd=0.0)
    noise = np.random.default_rng(1).normal(size=design.y.size)
    groups = design.child[:, None] == np.arange(design.n_children)
    basis = np.column_stack([design.x, groups])
    return replace(design, y=noise - basis @ np.linalg.lstsq(basis, noise, rcond=None)[0])


def closed_form(design: Design) -> Fit:
    """Return the fit with statsmodels shut out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mixed, "MAX_ROWS", 0)
        return fit_mixed(design)


@pytest.mark.parametrize(
    ("seed", "shape"), [(1, {}), (2, {}), (3, {"n_children": 5}), (4, ONE_SESSION), (5, ONE_CHILD)]
)
def test_inside_the_boundary_statsmodels_agrees_with_the_closed_form(
    seed: int, shape: dict
) -> None:
    design = design_of(seed, **shape)
    order = np.random.default_rng(seed).permutation(design.y.size)
    columns = {name: getattr(design, name)[order] for name in ("y", "x", "child", "session")}
    design = replace(design, **columns)
    fit, closed = fit_mixed(design), closed_form(design)
    assert fit.engine == STATSMODELS
    assert closed.engine.startswith("closed-form REML")
    se = np.sqrt(np.diag(closed.covariance))
    assert np.abs((fit.estimates - closed.estimates) / se).max() < 1e-4
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(se, rel=1e-3)
    assert fit.covariance / np.outer(se, se) == pytest.approx(
        closed.covariance / np.outer(se, se), abs=1e-3
    )
    for name in ("child_sd", "session_sd", "residual_sd"):
        theirs, ours = getattr(fit, name), getattr(closed, name)
        assert (theirs is None) == (ours is None)
        if ours is not None:
            assert theirs**2 == pytest.approx(ours**2, rel=1e-3)
    assert fit.log_likelihood == pytest.approx(closed.log_likelihood, abs=1e-6)
    assert fit.residuals == pytest.approx(closed.residuals, abs=1e-4 * closed.residual_sd)


@pytest.mark.parametrize("shape", [{}, ONE_SESSION, ONE_CHILD])
def test_statsmodels_searches_by_itself_from_a_wrong_start(shape: dict) -> None:
    """The numbers are the search's own, not the start's handed back."""
    design = design_of(6, **shape)
    y = (design.y - design.y.mean()) / design.y.std()
    with_child, with_session = shape is not ONE_CHILD, shape is not ONE_SESSION
    data = (design.x, y, design.child, design.session)
    optimum = fit_nested(*data, with_child, with_session)
    wrong = replace(
        optimum,
        estimates=np.zeros_like(optimum.estimates),
        child_sd=1.5 * optimum.child_sd,
        session_sd=0.7 * optimum.session_sd,
    )
    fit = fit_statsmodels(*data, wrong)
    assert fit.log_likelihood == pytest.approx(optimum.log_likelihood, abs=1e-3)
    assert fit.child_sd == pytest.approx(optimum.child_sd, rel=0.02)
    assert fit.session_sd == pytest.approx(optimum.session_sd, rel=0.02)
    assert fit.estimates == pytest.approx(optimum.estimates, abs=0.01)


def test_small_variances_inside_the_boundary_are_not_taken_for_zero() -> None:
    """By itself statsmodels warns of a variance below 0.01, whatever the unit."""
    design = design_of(7, utterances=250, session_sd=0.004)
    fit = fit_mixed(design)
    assert fit.session_sd is not None
    assert (fit.session_sd / design.y.std()) ** 2 < 0.01
    assert fit.engine == STATSMODELS


def test_on_the_boundary_it_is_the_closed_form_and_says_so() -> None:
    fit = fit_mixed(boundary_design())
    assert fit.engine.startswith("closed-form REML: boundary, no variance between children")
    assert fit.child_sd is not None
    assert fit.child_sd < 1e-3 * fit.residual_sd


def test_without_groups_it_is_the_closed_form() -> None:
    fit = fit_mixed(design_of(8, n_children=1, sessions=(1, 1), utterances=60))
    assert fit.engine == "closed-form REML: no intercept of children or sessions"


def test_many_utterances_are_for_the_closed_form(monkeypatch: pytest.MonkeyPatch) -> None:
    design = design_of(1)
    monkeypatch.setattr(mixed, "MAX_ROWS", design.y.size)
    assert fit_mixed(design).engine == STATSMODELS
    monkeypatch.setattr(mixed, "MAX_ROWS", design.y.size - 1)
    n = design.y.size
    expected = f"closed-form REML: {n} utterances, statsmodels is used up to {n - 1}"
    assert fit_mixed(design).engine == expected


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"loss": 8.4}, "closed-form REML: statsmodels stopped short by 16.8 in -2 log L"),
        ({"loss": np.nan}, "closed-form REML: statsmodels stopped short by nan in -2 log L"),
        ({"converged": False}, "closed-form REML: statsmodels warned that it did not converge"),
        ({"loss": 4e-7}, STATSMODELS),
    ],
)
def test_a_worse_end_of_statsmodels_is_not_used(
    monkeypatch: pytest.MonkeyPatch, change: dict, reason: str
) -> None:
    def worse(x, y, child, session, start: Nested) -> Nested:
        return replace(
            start,
            residual_sd=2 * start.residual_sd,
            log_likelihood=start.log_likelihood - change.get("loss", 0.0),
            converged=change.get("converged", True),
        )

    design = design_of(1)
    closed = closed_form(design)
    monkeypatch.setattr(mixed, "fit_statsmodels", worse)
    fit = fit_mixed(design)
    assert fit.engine == reason
    used = 2 if reason == STATSMODELS else 1
    assert fit.residual_sd == pytest.approx(used * closed.residual_sd)


def test_the_engine_stands_in_the_table_and_in_the_summary() -> None:
    rows, _, text = fit_table(made_alignment(1), VaryOptions())
    stored = {row["term"]: row for row in conform(EFFECTS, rows).to_pylist()}
    assert (stored["engine"]["kind"], stored["engine"]["note"]) == ("fit", STATSMODELS)
    assert stored["intercept"]["note"] is None
    assert f"Fitted by: {STATSMODELS}\n" in text


def test_statsmodels_is_loaded_when_it_fits_and_not_before() -> None:
    code = "import sys, egoalign.vary.models; print('statsmodels' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
