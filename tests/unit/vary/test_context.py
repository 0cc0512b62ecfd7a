"""Clips joined to speech by overlap in time."""

from __future__ import annotations

import logging

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egoalign.config import ContextTable
from egoalign.log import UserError
from egoalign.vary.context import overlapping, read_context

HEADER = "child_id,session_id,start_s,end_s,activity,people\n"
SESSIONS = {("K1", "a"): None, ("K1", "b"): None}


def slowly(start, end, clip_start, clip_end):
    """Return what `overlapping` shall, by looking at every pair."""
    found = []
    for a, b in zip(start, end, strict=True):
        best, longest = -1, 0.0
        for k, (c, d) in enumerate(zip(clip_start, clip_end, strict=True)):
            shared = round(min(b, d) - max(a, c), 6) if b > a else 1.0 if c <= a < d else 0.0
            if shared > longest:
                best, longest = k, shared
        found.append(best)
    return found


TENTHS = st.integers(0, 60).map(lambda n: n / 10)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(TENTHS, st.integers(0, 30).map(lambda n: n / 10)), max_size=8),
    st.lists(st.tuples(TENTHS, st.integers(1, 40).map(lambda n: n / 10)), max_size=8),
)
def test_the_longest_overlap_is_found_and_ties_go_to_the_first(utterances, clips):
    clips = sorted(clips, key=lambda clip: clip[0])
    start, length = np.array(utterances).reshape(-1, 2).T
    clip_start, clip_length = np.array(clips).reshape(-1, 2).T
    end, clip_end = start + length, clip_start + clip_length
    expected = slowly(start, end, clip_start, clip_end)
    assert overlapping(start, end, clip_start, clip_end).tolist() == expected


def test_utterances_without_an_end_or_a_start():
    start, end = np.array([3.0, np.nan, 5.0]), np.array([np.nan, 4.0, np.nan])
    found = overlapping(start, end, np.array([0.0]), np.array([5.0]))
    assert found.tolist() == [0, -1, -1]


def read(tmp_path, text: str, columns=("activity", "people"), excluded=()):
    path = tmp_path / "clips.csv"
    path.write_text(text)
    return read_context(ContextTable(path=str(path), columns=list(columns)), SESSIONS, excluded)


def test_values_come_with_their_types_whatever_the_order_of_clips(tmp_path):
    text = HEADER + "K1,b,0,9,nap,1\nK1,a,10,20,meal,NA\nK1,a,0,10,play,3\n"
    context = read(tmp_path, text)
    start, end = np.array([1.0, 9.0, 30.0]), np.array([2.0, 12.0, 31.0])
    found = context.of(("K1", "a"), start, end)
    assert found.to_pydict() == {"activity": ["play", "meal", None], "people": [3, None, None]}
    assert found.schema.field("people").type == pa.int64()
    assert context.of(("K1", "c"), start, end).to_pydict() == {
        "activity": [None] * 3,
        "people": [None] * 3,
    }


def test_strangers_overlaps_and_excluded_sessions_are_told(tmp_path, caplog, monkeypatch):
    text = HEADER + "K1,a,0,10,play,1\nK1,a,5,9,meal,1\nK9,a,0,1,x,1\nK2,x,0,1,x,1\n"
    monkeypatch.setattr(logging.getLogger("egoalign"), "propagate", True)
    with caplog.at_level(logging.INFO, "egoalign"):
        read(tmp_path, text, excluded={("K2", "x")})
    assert "1 clips belong to no session of the corpus: K9/a" in caplog.text
    assert "1 clips begin before an earlier one of their session has ended" in caplog.text
    assert "2 clips of 1 of 2 sessions; 1 of excluded sessions passed over" in caplog.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER + "K9,a,0,1,x,1\n", "K9/a; expected child_id and session_id as in sessions.tsv"),
        (HEADER + "K1,a,5,5,x,1\n", "line 2: clip from '5' to '5'; expected seconds"),
        (HEADER + "K1,a,,5,x,1\n", "line 2: clip from '' to '5'"),
        (HEADER.replace("activity", "activty"), "column 'activity' is missing; did you mean"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, text, message):
    with pytest.raises(UserError) as caught:
        read(tmp_path, text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
