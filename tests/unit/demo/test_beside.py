"""What the demo's lab knows beside its recordings."""

from __future__ import annotations

import re

import numpy as np
import pytest

from egoalign.config import DemoOptions
from egoalign.demo.beside import COVERED, context_rows, norms_rows, time_of_day
from egoalign.demo.kinds import KIND_NAMES, PHOTO_KINDS
from egoalign.demo.plan import corpus_plan

SEED = 20251118
PLAN = corpus_plan(DemoOptions(seed=SEED))


def test_norms_are_of_the_seed_and_the_word():
    rows = {word: values for word, *values in norms_rows(SEED)}
    assert rows == {word: values for word, *values in norms_rows(SEED)}
    assert rows["ball"] != {word: values for word, *values in norms_rows(1)}["ball"]
    assert set(KIND_NAMES) | {kind.name for kind in PHOTO_KINDS} <= set(rows)
    assert {"look", "eat"} <= set(rows)
    assert not {"grandma", "thank"} & set(rows)


@pytest.mark.parametrize("seed", [SEED, 20251119])
def test_words_that_name_objects_have_the_norms_of_others(seed):
    names = {*KIND_NAMES, *(kind.name for kind in PHOTO_KINDS)}
    rows = norms_rows(seed)
    for place in (1, 2):
        named = [float(row[place]) for row in rows if row[0] in names]
        others = [float(row[place]) for row in rows if row[0] not in names]
        both = np.std(named + others) * np.sqrt(1 / len(named) + 1 / len(others))
        assert abs(np.mean(named) - np.mean(others)) < 3 * both


def test_clips_follow_each_other_and_end_before_the_recording():
    lengths = {(one.child_id, one.session_id): one.duration_s for one in PLAN.sessions}
    clips: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for child, session, start, end, _, _ in context_rows(PLAN):
        clips.setdefault((child, session), []).append((float(start), float(end)))
    assert {child for child, _ in clips} == {"D01", "D02"}
    for key, own in clips.items():
        assert own[0][0] == 0
        assert [start for start, _ in own[1:]] == [end for _, end in own[:-1]]
        assert all(start < end for start, end in own)
        assert own[-1][1] == pytest.approx(COVERED * lengths[key], abs=0.06)


def test_recordings_begin_by_day():
    for session in PLAN.sessions:
        assert re.fullmatch(r"(0[7-9]|1[0-8]):[0-5][0-9]", time_of_day(SEED, session))
