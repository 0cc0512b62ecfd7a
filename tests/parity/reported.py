"""What the tests of reported numbers share: how near to R's they must be, and some checks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from egoalign.vary.influence import leave_one_out, residual_quantiles
from egoalign.vary.likelihood_ratio import aic, bic
from egoalign.vary.subset import clusters_of
from egoalign.vary.terms import MixedFit

Reported = dict[str, Any]


def read_fits(path: Path) -> dict[str, Reported]:
    fits: dict[str, Reported] = json.loads(path.read_text())["fits"]
    return fits


# lme4 finds theta to about 1e-6 by steps without derivatives, and estimates follow it.
OF_STANDARD_ERROR = 1e-4
"""Of estimates, means, contrasts and bounds of intervals, in their standard errors."""

STANDARD_ERROR = 1e-4
"""Relative."""

P = 1e-2
"""Relative: as the degrees of freedom it depends on; its logarithm falls with the square of z."""

CHI_SQUARED = 1e-3
"""Absolute: twice what two criteria or deviances may differ by."""

SHARE = 1e-4
"""Of R squared and intraclass correlations, absolute."""

VARIANCE = 1e-4
"""Relative: of each variance that is shared out."""

RESIDUAL = 1e-3
"""Of scaled residuals: conditional modes and sigma are as near as components are."""


def check_criteria(fit: MixedFit, theirs: Reported) -> None:
    assert aic(fit) == pytest.approx(theirs["aic"], rel=0, abs=CHI_SQUARED)
    assert bic(fit) == pytest.approx(theirs["bic"], rel=0, abs=CHI_SQUARED)


def check_residuals(fit: MixedFit, theirs: Reported) -> None:
    own = list(residual_quantiles(fit).values())
    np.testing.assert_allclose(own, theirs["residuals"], rtol=0, atol=RESIDUAL)


def check_children(fit: MixedFit, theirs: Reported) -> None:
    clusters = clusters_of(fit.frame, "child_id")
    assert clusters is not None
    own = {each.member: list(each.change.values()) for each in leave_one_out(fit, clusters)}
    assert set(own) == set(theirs["children"])
    for child, changes in theirs["children"].items():
        assert own[child] == pytest.approx(changes, rel=0, abs=OF_STANDARD_ERROR), child
