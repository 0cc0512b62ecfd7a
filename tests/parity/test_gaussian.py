"""Gaussian mixed models against lme4 and lmerTest, as `fit_gaussian.R` fitted them."""

from __future__ import annotations

import csv
import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import csv as arrow_csv

from egoalign.vary.fit import fit_frame
from egoalign.vary.frame import build_frame
from egoalign.vary.profiles import profile_intervals
from egoalign.vary.satterthwaite import f_test
from egoalign.vary.terms import MixedFit
from tests.means import require_r

HERE = Path(__file__).parent
with (HERE / "gaussian_models.csv").open() as lines:
    MODELS = {row["name"]: row for row in csv.DictReader(lines)}


def read_fits(path: Path) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in json.loads(path.read_text())["fits"]}


FITS = read_fits(HERE / "gaussian.json")
INTERIOR = [name for name, model in MODELS.items() if model["singular"] == "false"]

OF_STANDARD_ERROR = 1e-4
STANDARD_ERROR = 1e-4
COMPONENT = 1e-3
CRITERION = 1e-4
DF = 1e-2
INTERVAL = 5e-3
"""Of its width: lme4 finds the ends of an interval on splines through a profile."""


@cache
def ours(name: str, coding: str = "treatment") -> MixedFit:
    model = MODELS[name]
    table = arrow_csv.read_csv(HERE / f"gaussian_{model['table']}.csv")
    factors = [each for each in ("speaker", "activity") if each in model["formula"]]
    contrasts = dict.fromkeys(factors, "sum") if coding == "sum" else None
    frame = build_frame(table, model["formula"], contrasts=contrasts)
    return fit_frame(frame, reml=model["reml"] == "true")


def check_fit(name: str, theirs: dict[str, Any]) -> None:
    """Hold our fit to theirs; where estimates differ more, ours must have the lower criterion."""
    fit = ours(name)
    assert fit.converged
    assert fit.criterion - theirs["criterion"] < CRITERION
    assert len(fit.frame.names) == len(theirs["fixed"])
    se = np.array(theirs["se"])
    wrong = differences(fit, theirs, np.abs(fit.estimates - theirs["estimates"]) / se)
    if MODELS[name]["singular"] == "true":
        assert fit.singular
        assert all(note.startswith("singular fit: ") for note in fit.notes)
        wrong = {key: value for key, value in wrong.items() if key in ("criterion", "estimates")}
    assert not wrong or fit.criterion < theirs["criterion"] - CRITERION, wrong


def differences(fit: MixedFit, theirs: dict[str, Any], off: np.ndarray) -> dict[str, float]:
    """Return what differs by more than the issue allows, and by how much."""
    assert fit.df is not None
    found = {
        "criterion": (abs(fit.criterion - theirs["criterion"]), CRITERION),
        "estimates": (off.max(), OF_STANDARD_ERROR),
        "se": (relative(np.sqrt(np.diag(fit.covariance)), theirs["se"]), STANDARD_ERROR),
        "df": (relative(fit.df, theirs["df"]), DF),
        "sigma": (relative(fit.sigma**2, theirs["sigma"] ** 2), COMPONENT),
    }
    for term in theirs["terms"]:
        at = place(fit, term)
        own, expected = (
            fit.components[at],
            np.reshape(term["covariance"], (-1, len(term["columns"]))),
        )
        # Variances relative to themselves, covariances to the variances that they are between.
        scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
        found[f"{term['group']} {term['columns']}"] = (
            (np.abs(own - expected) / scale).max(),
            COMPONENT,
        )
    return {key: float(value) for key, (value, limit) in found.items() if not value <= limit}


def relative(own: Any, expected: Any) -> float:
    return float(np.max(np.abs(np.asarray(own) / np.asarray(expected) - 1)))


def place(fit: MixedFit, term: dict[str, Any]) -> int:
    """Return which of our random terms is theirs; lme4 writes a/b as b:a."""
    group = set(term["group"].split(":"))
    (at,) = (
        i
        for i, each in enumerate(fit.frame.random)
        if set(each.group.split(":")) == group and list(each.columns) == term["columns"]
    )
    return at


@pytest.mark.parametrize("name", MODELS)
def test_fits_are_those_of_lme4(name: str) -> None:
    check_fit(name, FITS[name])


@pytest.mark.parametrize("name", INTERIOR)
def test_conditional_modes_and_their_covariances_are_those_of_ranef(name: str) -> None:
    fit = ours(name)
    for term in FITS[name]["terms"]:
        at = place(fit, term)
        levels = [":".join(sorted(each.split(":"))) for each in term["levels"]]
        own = [":".join(sorted(each.split(":"))) for each in fit.frame.random[at].levels]
        order = [own.index(level) for level in levels]
        modes, covariances = fit.modes[at][order], fit.mode_covariances[at][order]
        sd = np.sqrt(np.diag(fit.components[at]))
        theirs = np.reshape(term["modes"], modes.shape)
        assert np.max(np.abs(modes - theirs) / sd) < COMPONENT
        between = np.reshape(term["mode_covariances"], covariances.shape)
        assert np.max(np.abs(covariances - between) / np.outer(sd, sd)) < COMPONENT


@pytest.mark.parametrize("name", [name for name in INTERIOR if FITS[name]["tests"]])
def test_f_tests_of_type_three_are_those_of_anova(name: str) -> None:
    # With columns that sum to zero over levels, they are the tests of each term's columns.
    fit = ours(name, "sum")
    for theirs in FITS[name]["tests"]:
        columns = [term == theirs["term"] for term in fit.frame.terms]
        test = f_test(fit, np.eye(len(columns))[columns])
        df1, df2, statistic, p = theirs["numbers"]
        assert test.df1 == df1
        assert test.df2 == pytest.approx(df2, rel=DF)
        assert test.statistic == pytest.approx(statistic, rel=1e-3)
        assert test.p == pytest.approx(p, rel=DF, abs=1e-8)


@pytest.mark.parametrize("name", [name for name, fit in FITS.items() if fit["profile"]])
def test_profile_intervals_are_those_of_confint(name: str) -> None:
    theirs: dict[str, list[float]] = FITS[name]["profile"]
    for own in profile_intervals(ours(name)):
        group = ":".join(reversed(own.group.split(":")))
        kind = {"sd": "sd", "correlation": "cor", "sigma": "sigma"}[own.kind]
        columns = ".".join(reversed(own.columns))
        low, high = theirs["sigma" if kind == "sigma" else f"{kind}_{columns}|{group}"]
        assert own.low == pytest.approx(low, abs=INTERVAL * (high - low)), own
        assert own.high == pytest.approx(high, abs=INTERVAL * (high - low)), own


@pytest.mark.full
def test_fits_are_those_of_lme4_run_now(tmp_path: Path) -> None:
    program = require_r("lme4", "lmerTest")
    out = tmp_path / "gaussian.json"
    command = [program, "fit_gaussian.R", str(out)]
    subprocess.run(command, cwd=HERE, check=True, capture_output=True)
    fits = read_fits(out)
    assert list(fits) == list(MODELS)
    for name, theirs in fits.items():
        check_fit(name, theirs)
