"""Speech of demo corpora, drawn from their plans without a picture, and what was planted in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from egoalign.config import DemoOptions
from egoalign.demo.drawn import DrawnSource
from egoalign.demo.plan import CENTRE_AGE_MONTHS, SPEECH, SessionPlan, corpus_plan, generator
from egoalign.demo.speech import Utterance, draw_looks, draw_speech
from egoalign.tables import months
from egoalign.vary.inference import infer_effects
from egoalign.vary.terms import MixedFit

FORMULA = (
    "refers ~ age_from_centre + speaker + (1 | child_id) + (1 | child_id:session_id) + (1 | kind)"
)

_SPEAKER = dict(SPEECH.speaker)
PLANTED = {
    "(Intercept)": SPEECH.intercept + _SPEAKER["female_adult"],
    "age_from_centre": SPEECH.age_slope_per_month,
} | {
    f"speaker[{name}]": effect - _SPEAKER["female_adult"]
    for name, effect in SPEECH.speaker
    if name != "female_adult"
}
"""Coefficients of `FORMULA` that the speech model has, by their names in a fit."""

PLANTED_SDS = {
    "child_id": SPEECH.child_sd,
    "child_id:session_id": SPEECH.session_sd,
    "kind": SPEECH.word_sd,
}

_SCENES = 77
_SCENE_S = 18.0
_LOOKED_AT, _PRESENT = 6, 17


def naming_rows(session: SessionPlan, utterances: list[Utterance]) -> list[dict[str, Any]]:
    """Return one row an utterance that names a kind."""
    return [
        {
            "child_id": session.child_id,
            "session_id": session.session_id,
            "age_from_centre": months(session.age_days) - CENTRE_AGE_MONTHS,
            "location": session.location,
            "activity": session.activity,
            "speaker": one.speaker,
            "kind": one.named.kind,
            "p_refers": one.named.p_refers,
            "refers": one.named.refers,
        }
        for one in utterances
        if one.named is not None
    ]


def drawn_speech(options: DemoOptions) -> pa.Table:
    """Return the naming utterances of a demo corpus, scenes of 18 s with 17 kinds, 6 looked at."""
    kinds = DrawnSource().kinds
    rows = []
    for session in corpus_plan(options).sessions:
        rng = generator(options.seed, _SCENES, session.child_no, session.session_no)
        utterances: list[Utterance] = []
        for start in np.arange(0.0, session.duration_s, _SCENE_S):
            present = [str(kind) for kind in rng.choice(kinds, _PRESENT, replace=False)]
            end = min(float(start) + _SCENE_S, session.duration_s)
            looks = draw_looks(rng, present[:_LOOKED_AT], float(start), end)
            utterances += draw_speech(rng, options.seed, session, looks, present, kinds)
        rows += naming_rows(session, utterances)
    return pa.Table.from_pylist(rows)


def held(fit: MixedFit, planted: dict[str, float] = PLANTED) -> dict[str, bool]:
    """Return of each planted coefficient whether its 95 % interval holds it."""
    found = infer_effects(fit)
    place = {name: at for at, name in enumerate(fit.frame.names)}
    return {
        name: bool(found.low[place[name]] <= value <= found.high[place[name]])
        for name, value in planted.items()
    }
