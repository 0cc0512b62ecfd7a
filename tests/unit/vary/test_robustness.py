"""Conclusions that should survive do, and those that should not do not."""

from __future__ import annotations

import numpy as np
import pytest

from egoalign.vary.fit import fit_frame
from egoalign.vary.frame import build_frame
from egoalign.vary.gee import fit_gee
from egoalign.vary.inference import infer_effects
from egoalign.vary.robustness import BOOTSTRAP, Checked, _from_draws, check_robustness
from egoalign.vary.subset import clusters_of
from tests.unit.vary.mixed_table import LOGISTIC, mixed_table

INTERCEPTS = "y ~ x + f + (1 | child) + (1 | word)"


def checked(n_draws: int = 40, **responses: str) -> dict[tuple[str, str], Checked]:
    """Return the rows of a mixed model's robustness table by check and effect."""
    table = mixed_table()
    fit = fit_frame(build_frame(table, INTERCEPTS))
    columns = {name: table[column].to_numpy() for name, column in responses.items()}
    rows = check_robustness(fit, clusters_of(fit.frame), columns, n_draws, 3)
    return {(row.check, row.effect): row for row in rows}


def test_each_check_speaks_of_each_effect_but_the_intercept() -> None:
    rows = checked(softer="softer", upside="upside")
    checks = ["main", "response softer", "response upside", "GEE", BOOTSTRAP]
    assert list(rows) == [(check, effect) for check in checks for effect in ("x", "f[b]", "f[c]")]
    assert rows["main", "f[b]"].conclusion == "positive"
    assert rows["main", "f[c]"].conclusion == "none"
    assert all(rows["main", effect].survives for effect in ("x", "f[b]", "f[c]"))
    assert rows["response softer", "f[b]"].survives
    turned = rows["response upside", "f[b]"]
    assert (turned.conclusion, turned.survives) == ("negative", False)
    assert turned.estimate == pytest.approx(-rows["main", "f[b]"].estimate, abs=1e-6)
    assert rows["response upside", "f[c]"].survives


def test_gee_rows_are_those_of_gee_and_a_response_has_its_own_units() -> None:
    table = mixed_table()
    rows = checked(0, softer="softer")
    frame = build_frame(table, INTERCEPTS)
    clusters = clusters_of(frame)
    assert clusters is not None
    for effect in fit_gee(frame, clusters.codes, "gaussian").effects[1:]:
        row = rows["GEE", effect.term]
        assert (row.estimate, row.se, row.p) == (effect.estimate, effect.se, effect.p)
    own = infer_effects(fit_frame(build_frame(table, INTERCEPTS.replace("y ~", "softer ~"))))
    row = rows["response softer", "f[b]"]
    assert (row.estimate, row.se, row.p) == pytest.approx(
        (own.estimate[2], own.se[2], own.p[2]), rel=1e-4
    )
    assert not any(check == BOOTSTRAP for check, _ in rows)


def test_the_bootstrap_is_near_the_standard_error_and_repeats_with_its_seed() -> None:
    first, again = checked(20), checked(20)
    for effect in ("f[b]", "f[c]"):
        row, main = first[BOOTSTRAP, effect], first["main", effect]
        assert row == again[BOOTSTRAP, effect]
        assert row.low < row.estimate < row.high
        assert 0.3 * main.se < row.se < 3 * main.se


def test_percentiles_and_p_of_draws() -> None:
    draws = np.arange(1.0, 101.0) - 2.5  # two of 100 below 0
    row = _from_draws("x", 40.0, draws)
    assert (row.low, row.high) == pytest.approx(tuple(np.quantile(draws, [0.025, 0.975])))
    assert row.p == pytest.approx(2 * 3 / 101)
    assert row.conclusion == "none"
    lost = np.where(np.arange(100) < 20, np.nan, draws)
    row = _from_draws("x", 40.0, lost)
    assert (row.conclusion, row.note) == (None, "80 of 100 draws could be fitted")
    assert np.isnan(row.low)


def test_a_check_that_cannot_be_made_says_why_and_the_others_stand() -> None:
    table = mixed_table()
    fit = fit_frame(build_frame(table, LOGISTIC, family="binomial"), "binomial")
    rows = check_robustness(
        fit, clusters_of(fit.frame), {"softer": table["softer"].to_numpy()}, 0, 1
    )
    by = {(row.check, row.effect): row for row in rows}
    lame = by["response softer", "x"]
    assert (lame.conclusion, lame.survives) == (None, None)
    assert lame.note is not None
    assert "holds other values than 0 and 1" in lame.note
    gee = by["GEE", "x"]
    assert gee.conclusion == "positive"
    assert gee.note is not None
    assert gee.note.startswith("marginal effects")
    assert abs(gee.estimate) < abs(by["main", "x"].estimate)


def test_few_clusters_leave_gee_without_a_conclusion() -> None:
    table = mixed_table(n_children=4)
    fit = fit_frame(build_frame(table, "y ~ x + f + (1 | child)"))
    rows = check_robustness(fit, clusters_of(fit.frame), {}, 0, 1)
    gee = next(row for row in rows if row.check == "GEE")
    assert gee.conclusion is None
    assert gee.note is not None
    assert "4 clusters for 4 fixed effects" in gee.note
