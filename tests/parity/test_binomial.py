"""Logistic mixed models against lme4's glmer (Laplace), as `fit_binomial.R` fitted them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import csv

from egoalign.vary.frame import build_frame
from egoalign.vary.laplace import fit_laplace
from egoalign.vary.terms import MixedFit
from tests.means import require_r

HERE = Path(__file__).parent


def read_fits(path: Path) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in json.loads(path.read_text())["fits"]}


FITS = read_fits(HERE / "binomial.json")
SINGULAR = ("singular",)


def ours(name: str) -> MixedFit:
    table = csv.read_csv(HERE / f"binomial_{name}.csv")
    return fit_laplace(build_frame(table, FITS[name]["formula"], family="binomial"))


@pytest.mark.parametrize("name", FITS)
def test_fits_are_those_of_glmer(name: str) -> None:
    check_fit(name, FITS[name])


@pytest.mark.full
def test_fits_are_those_of_glmer_run_now(tmp_path: Path) -> None:
    program = require_r("lme4")
    out = tmp_path / "binomial.json"
    command = [program, "fit_binomial.R", str(out)]
    subprocess.run(command, cwd=HERE, check=True, capture_output=True)
    for name, theirs in read_fits(out).items():
        check_fit(name, theirs)


def check_fit(name: str, theirs: dict[str, Any]) -> None:
    """Hold our fit to theirs."""
    fit = ours(name)
    assert fit.converged
    assert fit.criterion - theirs["deviance"] < 1e-6
    se = np.array(theirs["se"])
    np.testing.assert_array_less(np.abs(fit.estimates - theirs["estimates"]), 1e-4 * se)
    assert bool(fit.singular) == (name in SINGULAR)
    if name in SINGULAR:
        return
    assert abs(fit.criterion - theirs["deviance"]) < 1e-6
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), se, rtol=1e-4)
    by_group = dict(zip(theirs["groups"], theirs["components"], strict=True))
    for term, covariance in zip(fit.frame.random, fit.components, strict=True):
        expected = np.array(by_group[term.group])
        np.testing.assert_allclose(covariance.ravel(), expected, atol=1e-3 * expected.max())
        np.testing.assert_allclose(np.diag(covariance).ravel(), expected[:: len(covariance) + 1],
                                   rtol=1e-3)  # fmt: skip


@pytest.mark.parametrize("name", [name for name in FITS if name not in SINGULAR])
def test_conditional_modes_and_their_variances_are_those_of_ranef(name: str) -> None:
    fit = ours(name)
    groups = [term.group for term in fit.frame.random]
    at = groups.index("child_id")
    sd = np.sqrt(np.diag(fit.components[at]))
    modes = np.array(FITS[name]["modes"]).reshape(fit.modes[at].shape)
    assert np.abs((fit.modes[at] - modes) / sd).max() < 1e-3
    variances = np.array(FITS[name]["mode_variances"]).reshape(fit.mode_covariances[at].shape)
    np.testing.assert_allclose(fit.mode_covariances[at], variances, atol=1e-3 * variances.max())
