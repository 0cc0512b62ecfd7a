"""What is reported of Gaussian models against lme4 and lmerTest, as `fit_results.R` found it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from egoalign.vary.inference import infer_effects
from egoalign.vary.likelihood_ratio import drop_each, type_three_tests
from egoalign.vary.marginal_means import marginal_means
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
from tests.parity.test_gaussian import ours

HERE = Path(__file__).parent
FITS = read_fits(HERE / "results.json")

DF = 1e-2
"""Relative: both take second derivatives by differences, lmerTest of the criterion itself."""

DF_OF_F = 2e-4
"""Relative: so near only if a test's columns are combined as lmerTest combines them."""

F = 1e-3
"""Relative."""


def check_effects(fit: MixedFit, theirs: Reported) -> None:
    own = infer_effects(fit)
    expected = np.array(list(theirs["effects"].values()))
    assert own.estimate.size == len(expected)
    for at, (estimate, se, df, t, p) in enumerate(expected):
        assert own.estimate[at] == pytest.approx(estimate, rel=0, abs=OF_STANDARD_ERROR * se)
        assert own.se[at] == pytest.approx(se, rel=STANDARD_ERROR)
        assert own.df[at] == pytest.approx(df, rel=DF)
        # Of t what its estimate and its standard error may be off.
        assert own.statistic[at] == pytest.approx(t, rel=STANDARD_ERROR, abs=OF_STANDARD_ERROR)
        assert own.p[at] == pytest.approx(p, rel=P)


def check_tests(fit: MixedFit, theirs: Reported) -> None:
    own = {test.term: test for test in type_three_tests(fit)}
    assert {key_of(term) for term in own} == {key_of(term) for term in theirs["tests"]}
    expected = {key_of(term): numbers for term, numbers in theirs["tests"].items()}
    for term, test in own.items():
        df1, df2, statistic, p = expected[key_of(term)]
        assert test.kind == "type III F"
        assert test.df1 == df1
        assert test.statistic == pytest.approx(statistic, rel=F), term
        assert test.df2 == pytest.approx(df2, rel=DF_OF_F), term
        assert test.p == pytest.approx(p, rel=P), term


def check_means(fit: MixedFit, theirs: Reported) -> None:
    found = [marginal_means(fit, factor) for factor in fit.frame.factors]
    means = {f"{each.factor}|{each.level}": each for own, _ in found for each in own}
    assert set(means) == set(theirs["means"])
    for name, (estimate, se, df, low, high, _, _) in theirs["means"].items():
        check_estimate(means[name], estimate, se, df, (low, high))
    contrasts = {
        f"{each.factor}|{each.level} - {each.other}": each for _, own in found for each in own
    }
    assert set(contrasts) == set(theirs["contrasts"])
    for name, (estimate, se, df, low, high, p, p_holm) in theirs["contrasts"].items():
        check_estimate(contrasts[name], estimate, se, df, (low, high))
        assert contrasts[name].p == pytest.approx(p, rel=P), name
        assert contrasts[name].p_holm == pytest.approx(p_holm, rel=P), name


def check_estimate(
    own: Any, estimate: float, se: float, df: float, ends: tuple[float, float]
) -> None:
    assert own.estimate == pytest.approx(estimate, rel=0, abs=OF_STANDARD_ERROR * se), own
    assert own.se == pytest.approx(se, rel=STANDARD_ERROR), own
    assert own.df == pytest.approx(df, rel=DF), own
    # A bound is 2 standard errors away, of which each may be off.
    off = (OF_STANDARD_ERROR + 2 * STANDARD_ERROR) * se
    assert (own.low, own.high) == pytest.approx(ends, rel=0, abs=off), own


def check_likelihood_ratios(fit: MixedFit, theirs: Reported) -> None:
    own = {key_of(test.term): test for test in drop_each(fit)}
    expected = theirs["fixed"] | theirs["random"]
    assert set(own) == {key_of(term) for term in expected}
    for term, (statistic, df, p, *changes) in expected.items():
        test = own[key_of(term)]
        assert test.statistic == pytest.approx(statistic, rel=0, abs=CHI_SQUARED), term
        assert test.df1 == df
        assert test.p == pytest.approx(p, rel=P), term
        if changes:  # ranova gives none
            found = (test.aic_change, test.bic_change)
            assert found == pytest.approx(changes, rel=0, abs=CHI_SQUARED), term


def check_shares(fit: MixedFit, theirs: Reported) -> None:
    own = variance_shares(fit)
    groups = [key_of(term.group) for term in fit.frame.random]
    variances = {"fixed": own.fixed, "residual": own.residual}
    variances |= dict(zip(groups, own.random, strict=True))
    parts = {key_of(part): variance for part, (variance,) in theirs["variance"].items()}
    assert variances == pytest.approx(parts, rel=VARIANCE)
    found = (own.r2_marginal, own.r2_conditional)
    assert found == pytest.approx(theirs["shares"]["r2"], rel=0, abs=SHARE)
    icc = dict(zip(groups, own.icc, strict=True))
    expected = {key_of(group): share for group, (share,) in theirs["shares"]["icc"].items()}
    assert icc == pytest.approx(expected, rel=0, abs=SHARE)


def key_of(name: str) -> str:
    """Return a term or group with the parts of a:b in one order, for lme4 writes a/b as b:a."""
    head, bar, group = name.removesuffix(")").rpartition(" | ")
    return head + bar + ":".join(sorted(group.split(":")))


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
def test_reported_numbers_are_those_of_lmer_test(name: str, check: Any) -> None:
    check(ours(name), FITS[name])


@pytest.mark.parametrize("name", LEFT_OUT)
def test_effects_without_each_child_are_those_of_refits(name: str) -> None:
    check_children(ours(name), FITS[name])


@pytest.mark.full
def test_reported_numbers_are_those_of_lmer_test_run_now(tmp_path: Path) -> None:
    program = require_r("lme4", "lmerTest")
    out = tmp_path / "results.json"
    command = [program, "fit_results.R", str(out)]
    subprocess.run(command, cwd=HERE, check=True, capture_output=True)
    fits = read_fits(out)
    assert list(fits) == list(FITS)
    for name, theirs in fits.items():
        for check in CHECKS:
            check(ours(name), theirs)
        if name in LEFT_OUT:
            check_children(ours(name), theirs)
