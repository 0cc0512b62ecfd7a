"""Coefficients that demo corpora plant in their speech are recovered from 40 children."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from egoalign.config import DemoOptions
from egoalign.vary.fit import fit_frame
from egoalign.vary.frame import build_frame
from egoalign.vary.inference import infer_effects
from egoalign.vary.satterthwaite import f_test
from egoalign.vary.terms import MixedFit
from tests.unit.vary.demo_speech import FORMULA, PLANTED, PLANTED_SDS, drawn_speech, held

FIRST_SEED = 4000
"""Of the corpora of this file; chosen before the first run, as were the bands."""

CORPORA = 50
BAND = 0.99


def speech_fit(seed: int, formula: str = FORMULA) -> MixedFit:
    """Return the logistic model of one corpus: 40 children, 3 to 5 sessions of 2 to 4 minutes."""
    options = DemoOptions(seed=seed, children=40, sessions=(3, 5), duration_s=(120, 240))
    frame = build_frame(drawn_speech(options), formula, family="binomial")
    return fit_frame(frame, "binomial")


def test_the_planted_coefficients_are_recovered() -> None:
    """Five intervals of 95 %: in 99.9 % of corpora at least 3 hold the truth."""
    fit = speech_fit(FIRST_SEED)
    assert fit.converged
    assert sum(held(fit).values()) >= 3
    found = infer_effects(fit)
    place = {name: at for at, name in enumerate(fit.frame.names)}
    for name, value in PLANTED.items():
        assert abs(found.estimate[place[name]] - value) < 4 * found.se[place[name]]
        # The intervals are of use: another sign of the strong effects lies outside.
        if abs(value) >= 0.5:
            assert np.sign(found.low[place[name]]) == np.sign(value)
            assert np.sign(found.high[place[name]]) == np.sign(value)


def test_what_is_planted_as_zero_is_not_claimed() -> None:
    fit = speech_fit(FIRST_SEED, FORMULA.replace("speaker", "speaker + location + activity"))
    tests = [
        f_test(fit, np.eye(len(fit.frame.names))[[each == term for each in fit.frame.terms]]).p
        for term in ("location", "activity")
    ]
    assert min(tests) * 2 >= 0.05  # Holm's first step


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_intervals_hold_the_planted_coefficients_as_often_as_they_say() -> None:
    """Fifty corpora: 95 % intervals of five coefficients, and how far standard deviations are."""
    fits = [speech_fit(FIRST_SEED + number) for number in range(CORPORA)]
    hits = [hit for fit in fits for hit in held(fit).values()]
    tail = (1 - BAND) / 2
    low, high = binom.ppf([tail, 1 - tail], len(hits), 0.95)
    each = {name: sum(held(fit)[name] for fit in fits) for name in PLANTED}
    sds = {
        term.group: [np.sqrt(fit.components[at][0, 0]) for fit in fits]
        for at, term in enumerate(fits[0].frame.random)
    }
    print(f"{sum(hits)} of {len(hits)} (band {low:.0f} to {high:.0f}); of {CORPORA}: {each}")
    for group, found in sds.items():
        print(f"sd {group}: {np.mean(found):.3f} (planted {PLANTED_SDS[group]})")
    assert all(fit.converged for fit in fits)
    assert low <= sum(hits) <= high
    for group, found in sds.items():
        assert np.mean(found) == pytest.approx(PLANTED_SDS[group], rel=0.15)
