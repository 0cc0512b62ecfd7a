"""What is reported of logistic models against glmer, as `fit_results_binomial.R` found it."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import csv

from egoalign.vary.fit import fit_frame
from egoalign.vary.frame import build_frame
from egoalign.vary.inference import infer_effects
from egoalign.vary.likelihood_ratio import drop_each, type_three_tests
from egoalign.vary.marginal_means import Contrast, MarginalMean, marginal_means
from egoalign.vary.terms import MixedFit
from egoalign.vary.variance import variance_shares
from tests.means import require_r
from tests.parity.reported import (
    CHI_SQUARED,
    OF_STANDARD_ERROR,
    SHARE,
    STANDARD_ERROR,
    VARIANCE,
    P,
    Reported,
    check_children,
    check_criteria,
    check_residuals,
    read_fits,
)

HERE = Path(__file__).parent

FITS = read_fits(HERE / "results_binomial.json")

CHI_SQUARED_WALD = 1e-3
"""Relative, as F."""


@cache
def ours(name: str) -> MixedFit:
    table = csv.read_csv(HERE / f"{FITS[name]['table']}.csv")
    if "aligned" not in table.column_names:
        above = pc.greater(table["score"], 0.5)
        table = table.append_column("aligned", pc.cast(above, pa.int64()))
    frame = build_frame(table, FITS[name]["formula"], family="binomial")
    return fit_frame(frame, "binomial")


def check_effects(fit: MixedFit, theirs: Reported) -> None:
    own = infer_effects(fit)
    assert own.estimate.size == len(theirs["effects"])
    for at, (estimate, se, z, p) in enumerate(theirs["effects"].values()):
        assert own.estimate[at] == pytest.approx(estimate, rel=0, abs=OF_STANDARD_ERROR * se)
        assert own.se[at] == pytest.approx(se, rel=STANDARD_ERROR)
        assert own.df[at] == np.inf
        # Of z what its estimate and its standard error may be off.
        assert own.statistic[at] == pytest.approx(z, rel=STANDARD_ERROR, abs=OF_STANDARD_ERROR)
        assert own.p[at] == pytest.approx(p, rel=P)


def check_tests(fit: MixedFit, theirs: Reported) -> None:
    own = {test.term: test for test in type_three_tests(fit)}
    assert set(own) == set(theirs["tests"])
    for term, (statistic, df, p) in theirs["tests"].items():
        assert own[term].kind == "type III Wald"
        assert own[term].df1 == df
        assert own[term].statistic == pytest.approx(statistic, rel=CHI_SQUARED_WALD), term
        assert own[term].p == pytest.approx(p, rel=P), term


def check_means(fit: MixedFit, theirs: Reported) -> None:
    found = [marginal_means(fit, factor) for factor in fit.frame.factors]
    means = {f"{each.factor}|{each.level}|{each.scale}": each for own, _ in found for each in own}
    assert set(means) == set(theirs["means"])
    for name, (estimate, se, low, high, _) in theirs["means"].items():
        check_estimate(means[name], estimate, se, (low, high))
    contrasts = {
        f"{each.factor}|{each.level} - {each.other}|{each.scale}": each
        for _, own in found
        for each in own
    }
    assert set(contrasts) == set(theirs["contrasts"])
    for name, (estimate, se, low, high, p, p_holm) in theirs["contrasts"].items():
        check_estimate(contrasts[name], estimate, se, (low, high))
        assert contrasts[name].p == pytest.approx(p, rel=P), name
        assert contrasts[name].p_holm == pytest.approx(p_holm, rel=P), name


def check_estimate(
    own: MarginalMean | Contrast, estimate: float, se: float, ends: tuple[float, float]
) -> None:
    assert own.estimate == pytest.approx(estimate, rel=0, abs=OF_STANDARD_ERROR * se), own
    assert own.se == pytest.approx(se, rel=STANDARD_ERROR), own
    assert own.df == np.inf, own
    # A bound is 2 standard errors away, of which each may be off.
    off = (OF_STANDARD_ERROR + 2 * STANDARD_ERROR) * se
    assert (own.low, own.high) == pytest.approx(ends, rel=0, abs=off), own


def check_likelihood_ratios(fit: MixedFit, theirs: Reported) -> None:
    own = {test.term: test for test in drop_each(fit)}
    assert set(own) == set(theirs["ratios"])
    for term, (statistic, df, p, *changes) in theirs["ratios"].items():
        assert own[term].statistic == pytest.approx(statistic, rel=0, abs=CHI_SQUARED), term
        assert own[term].df1 == df
        assert own[term].p == pytest.approx(p, rel=P), term
        found = [own[term].aic_change, own[term].bic_change]
        assert found == pytest.approx(changes, rel=0, abs=CHI_SQUARED), term


def check_shares(fit: MixedFit, theirs: Reported) -> None:
    own = variance_shares(fit)
    groups = [term.group for term in fit.frame.random]
    variances = {"fixed": own.fixed, "residual": own.residual}
    variances |= dict(zip(groups, own.random, strict=True))
    parts = {part: variance for part, (variance,) in theirs["variance"].items()}
    assert variances == pytest.approx(parts, rel=VARIANCE)
    found = [own.r2_marginal, own.r2_conditional]
    assert found == pytest.approx(theirs["r2"], rel=0, abs=SHARE)
    expected = {group: share for group, (share,) in theirs["icc"].items()}
    assert dict(zip(groups, own.icc, strict=True)) == pytest.approx(expected, rel=0, abs=SHARE)


CHECKS = (
    check_criteria,
    check_residuals,
    check_effects,
    check_tests,
    check_means,
    check_likelihood_ratios,
    check_shares,
)
LEFT_OUT = [name for name, theirs in FITS.items() if theirs["children"]]


@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize("check", CHECKS)
def test_reported_numbers_are_those_of_glmer(name: str, check: Any) -> None:
    check(ours(name), FITS[name])


@pytest.mark.parametrize("name", LEFT_OUT)
def test_effects_without_each_child_are_those_of_refits(name: str) -> None:
    check_children(ours(name), FITS[name])


@pytest.mark.full
def test_reported_numbers_are_those_of_glmer_run_now(tmp_path: Path) -> None:
    program = require_r("lme4")
    out = tmp_path / "results_binomial.json"
    command = [program, "fit_results_binomial.R", str(out)]
    subprocess.run(command, cwd=HERE, check=True, capture_output=True)
    fits = read_fits(out)
    assert list(fits) == list(FITS)
    for name, theirs in fits.items():
        for check in CHECKS:
            check(ours(name), theirs)
        if name in LEFT_OUT:
            check_children(ours(name), theirs)
